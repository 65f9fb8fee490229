"""Law 2, invariants 1, 3, 4 and 6: the hub's inventory told again in the order of its positions, cell by cell.

A cell is (trip, day, seat, leg), or a place on a leg where heads are counted. It is free, or in the hands of one log; a
grant takes free cells, a return gives back cells in hand that were not sold, a sale takes cells in hand until it is refunded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cbor2

from tests.simulation.checks.readings import (
    ABSENT,
    ALIGHTED,
    HANDED,
    REFUNDED,
    RETURNED,
    SOLD,
    STILL_BACK,
    TAKEN,
    TAKEN_BACK,
    UNDONE,
    Happened,
    Log,
    Readings,
)
from tests.simulation.codes import read_given
from tests.simulation.told import LAP
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

Where = tuple[int, int]
Cell = tuple[int, int]
SEATS_A_LAP = 10
MARKS = (ALIGHTED, ABSENT, UNDONE)
# What broke a rule of its own has moved nothing.
ASIDE = ("refund_", "handover_", "taken_")


@dataclass
class Trip:
    """One dated trip. ``hands``: cell → log → how many of it that log holds; ``sold``: the same of what it sold. ``unheard``,
    ``untaken``: handovers of which the giver, or the taker, has said nothing yet: whose they are, and their cells. ``refused``:
    what a log returned and the hub put aside. ``capacity``: of the vehicle that was
    meant to run at that step, ``most``: of the largest that ever was; ``seats``: of another vehicle than the planned one,
    empty before."""

    reserved: bool
    capacity: int
    legs: int
    most: int = 0
    seats: frozenset[int] = frozenset()
    granted: Counter[Cell] = field(default_factory=Counter)
    hands: dict[Log, Counter[Cell]] = field(default_factory=lambda: defaultdict(Counter))
    sold: dict[Log, Counter[Cell]] = field(default_factory=lambda: defaultdict(Counter))
    at_risk: Counter[Cell] = field(default_factory=Counter)
    returned: dict[int, Counter[Cell]] = field(default_factory=lambda: defaultdict(Counter))
    dared: Callable[[Cell], bool] = lambda _cell: False
    epoch: int = 0
    left: dict[tuple[Log, bytes], tuple[Cell, ...]] = field(default_factory=dict)
    laps: dict[Log, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    unheard: dict[int, tuple[Log, tuple[Cell, ...]]] = field(default_factory=dict)
    refused: dict[Log, Counter[Cell]] = field(default_factory=lambda: defaultdict(Counter))
    untaken: dict[int, tuple[Log, tuple[Cell, ...]]] = field(default_factory=dict)

    def room(self) -> int:
        """How many of each cell may be given out now."""
        return 1 if self.reserved else self.capacity

    def most_room(self) -> int:
        """How many of each cell there ever were."""
        return 1 if self.reserved else self.most

    def held_on(self, log: Log, leg: int) -> int:
        """How many seats or places of a leg are in one hand, those that it sold counted."""
        return sum(count for (_, on), count in self.hands[log].items() if on == leg)


@dataclass(frozen=True)
class Grant:
    """As the hub wrote it down. ``again``: before it was restored, and once more when its node showed it."""

    grant_id: int
    where: Where
    log: Log
    epoch: int
    until_ms: int
    cells: tuple[Cell, ...]
    again: bool


def judge(world: World, found: Readings) -> dict[Where, Trip]:
    """Tell it again; then compare with the sums that the hub kept, and look for what is stranded. Gives the trips as they are
    at the end."""
    trips, grants = _trips(world), _grants(world)
    doubtful = found.tainted_logs() | world.tainted_logs
    for step in sorted(_steps(world, found, grants), key=lambda step: step[0]):
        _tell(trips, grants, step, doubtful)
    _compare_returns(world, trips)
    for where, trip in trips.items():
        for giver, cells in trip.unheard.values():  # a giver that was never heard of again
            trip.hands[giver].subtract(cells)
        _judge_sum(where, trip, doubtful)
    _judge_stranded(world, found, trips, grants)
    return trips


def _judge_stranded(world: World, found: Readings, trips: dict[Where, Trip], grants: dict[int, Grant]) -> None:
    """What has left: what an honest box held of it and did not sell has come back."""
    honest = {disk.log for disk in found.disks if disk.current and not disk.tainted}
    honest = (honest | {log for log in found.keys if log[0] == found.own_no}) - world.tainted_logs
    selling = {grant.where for grant in grants.values() if grant.until_ms > world.time.now_ms}
    for where in sorted({grant.where for grant in grants.values()} - selling):
        trip = trips[where]
        for log, hands in trip.hands.items():
            # What somebody gave away at risk may be the seat of a ticket that the box itself sold in an older log.
            # And what was given to it by a code that nobody scanned, nobody sells.
            lost = Counter(cell for taker, cells in trip.untaken.values() if taker == log for cell in cells)
            known = trip.sold[log] + trip.at_risk + lost + trip.refused[log]
            left = [cell for cell, count in hands.items() if count > known[cell]]
            if left and log in honest:
                raise Violation("stranded", f"log {log} neither sold nor returned {len(left)} cells of trip {where}")


def _steps(world: World, found: Readings, grants: dict[int, Grant]) -> Iterator[tuple[int, str, Any]]:
    yield from ((grant.grant_id, "grant", grant) for grant in grants.values())
    # A refund that broke a rule frees nothing; that the ticket had boarded too, or had been paid out elsewhere, is for people
    # to settle.
    # So does a seat that was taken back on a word that was never given; where a restored hub has forgotten it, it was.
    forgotten = "taken_undecided" if world.fired["restored_hub"] else ""
    void = {pos for pos, code in found.quarantined.items()
            if code.startswith(ASIDE) and code not in (*STILL_BACK, "refund_paid_out", forgotten)}  # fmt: skip
    refused = [event for event in found.events if found.quarantined.get(event.pos) == "return_sold"]
    yield from ((event.pos, "refused", event) for event in refused)
    void |= {event.pos for event in refused}
    kinds = (SOLD, REFUNDED, TAKEN_BACK, RETURNED, HANDED, TAKEN, *MARKS)
    yield from ((event.pos, "event", event) for event in found.events if event.type in kinds and event.pos not in void)
    for row in world.hub.rows("SELECT release_id, trip_no, day, cells FROM risk_release"):
        yield row[0], "release", row
    for row in world.hub.rows("SELECT number, trip_no, day, capacity, body FROM vehicle_change"):
        yield row[0], "vehicle", row


def _tell(trips: dict[Where, Trip], grants: dict[int, Grant], step: tuple[int, str, Any], doubtful: set[Log]) -> None:
    _, kind, what = step
    if kind == "grant":
        _grant(trips[what.where], what, doubtful)
    elif kind == "release":
        trip = trips[what[1], what[2]]
        trip.at_risk.update(_spread(trip.reserved, what[3]))
    elif kind == "refused":
        trip = trips[what.body[1], what.body[2]]
        trip.refused[what.log].update(_cells(trip.reserved, what.body[3] or what.body[4]))
    elif kind == "vehicle":
        trip = trips[what[1], what[2]]
        trip.capacity, trip.seats = what[3], seats_of(what[4])
    elif what.type == RETURNED:
        _return(trips, grants, what, doubtful)
    elif what.type in (REFUNDED, TAKEN_BACK):
        _refund(trips, what)
    elif what.type in MARKS:
        _left(trips, what)
    elif what.type in (HANDED, TAKEN):
        _hand_over(trips, grants, what, doubtful)
    else:
        _sell(trips, what, doubtful)


def _grant(trip: Trip, grant: Grant, doubtful: set[Log]) -> None:
    if grant.epoch <= trip.epoch:
        raise Violation("epoch_twice", f"grant {grant.grant_id} of trip {grant.where} has epoch {grant.epoch} again")
    trip.epoch = grant.epoch
    for cell, count in Counter(grant.cells).items():
        trip.granted[cell] += count
        oversold = any(trip.sold[log][cell] > trip.hands[log][cell] for log in doubtful)
        # Of a return that a restored hub had forgotten it hears after the grant that followed: the sum at the end counts.
        excused = oversold or grant.again or trip.dared(cell)
        if trip.granted[cell] > trip.room() + trip.at_risk[cell] and not excused:
            owners = [log for log, hands in trip.hands.items() if hands[cell]]
            raise Violation("granted_twice", f"grant {grant.grant_id} of trip {grant.where} takes {cell} of {owners}")
        if trip.seats and cell[0] not in trip.seats and not grant.again:
            raise Violation("granted_gone", f"grant {grant.grant_id} of trip {grant.where}: the vehicle has no {cell}")
        trip.hands[grant.log][cell] += count


def _return(trips: dict[Where, Trip], grants: dict[int, Grant], event: Happened, doubtful: set[Log]) -> None:
    grant_id, trip_no, day, seats, counts = event.body[:5]
    grant = grants.get(grant_id)
    if grant is None and event.log in doubtful:
        return  # given to it by one of several boxes with one identity, and put aside
    if grant is None or grant.log != event.log or grant.where != (trip_no, day):
        raise Violation("return_unknown", f"log {event.log} returned of grant {grant_id}, which it never had")
    trip = trips[grant.where]
    for cell, count in Counter(_cells(trip.reserved, seats or counts)).items():
        trip.returned[grant_id][cell] += count
        trip.granted[cell] -= count
        trip.hands[event.log][cell] -= count
        if trip.hands[event.log][cell] < trip.sold[event.log][cell]:
            raise Violation("returned_sold", f"log {event.log} event {event.seq} returned {cell}, which it had sold")


def _sell(trips: dict[Where, Trip], event: Happened, doubtful: set[Log]) -> None:
    _, trip_no, day, from_idx, to_idx, seat = event.body[:6]
    trip = trips.get((trip_no, day))
    if trip is None:
        raise Violation("sold_outside", f"log {event.log} sold of trip {trip_no} day {day}, which the hub never opened")
    if seat == LAP:
        _sell_lap(trip, event, (from_idx, to_idx), doubtful)
        return
    for cell in [(seat, leg) for leg in range(from_idx, to_idx)]:
        trip.sold[event.log][cell] += 1
        if trip.sold[event.log][cell] > trip.hands[event.log][cell] and event.log not in doubtful:
            raise Violation(
                "sold_outside", f"log {event.log} event {event.seq} sold {cell} of trip {trip_no} day {day}"
            )


def _sell_lap(trip: Trip, event: Happened, ride: tuple[int, int], doubtful: set[Log]) -> None:
    """One child on a lap for ten seats that the log holds."""
    for leg in range(*ride):
        trip.laps[event.log][leg] += 1
        most = trip.held_on(event.log, leg) // SEATS_A_LAP
        if trip.laps[event.log][leg] > most and event.log not in doubtful:
            raise Violation(
                "laps", f"log {event.log} event {event.seq}: {trip.laps[event.log][leg]} of {most} children"
            )


def _left(trips: dict[Where, Trip], event: Happened) -> None:
    """A seat that was left is the box's that says so, from there on; what of it was sold before, stays sold. That nobody
    else sells it, and nobody before, is judged by what people were told."""
    ticket_id, trip_no, day = event.body[:3]
    trip = trips.get((trip_no, day))
    if trip is None:
        return
    if event.type == UNDONE:
        cells = trip.left.pop((event.log, ticket_id), ()) if event.body[3] != 0 else ()
        change = -1
    else:
        to_idx, seat, at_idx, frees = event.body[4:8]
        cells = tuple((seat, leg) for leg in range(at_idx, to_idx)) if frees and seat != LAP else ()
        trip.left[event.log, ticket_id] = cells
        change = 1
    for cell in cells:
        trip.hands[event.log][cell] += change
        trip.at_risk[cell] += change


def _hand_over(trips: dict[Where, Trip], grants: dict[int, Grant], event: Happened, doubtful: set[Log]) -> None:
    """The taker has the seats as soon as anybody says so; the giver has them up to its own word, and none of them sold then."""
    given = read_given(event.body[-1])
    trip = trips[given.where]
    parts = [(number, _cells(trip.reserved, seats or counts)) for number, seats, counts in given.parts]
    cells = tuple(cell for _, some in parts for cell in some)
    if given.number not in grants:
        grants[given.number] = Grant(given.number, given.where, given.taker, 0, given.until_ms, cells, True)
        trip.hands[given.taker].update(cells)
        for number, some in parts:
            trip.returned[number].update(some)
        trip.unheard[given.number], trip.untaken[given.number] = (given.giver, cells), (given.taker, cells)
    if event.type == TAKEN:
        trip.untaken.pop(given.number, None)
        return
    trip.unheard.pop(given.number, None)
    for number, some in parts:
        grant = grants.get(number)
        if grant is None or grant.log != event.log or grant.where != given.where:
            raise Violation("handed_unknown", f"log {event.log} gave seats of grant {number}, which it never had")
        trip.hands[event.log].subtract(some)
    short = [cell for cell in cells if trip.hands[event.log][cell] < trip.sold[event.log][cell]]
    if short and event.log not in doubtful:
        raise Violation("handed_sold", f"log {event.log} event {event.seq} gave {short[0]} away, which it had sold")


def _refund(trips: dict[Where, Trip], event: Happened) -> None:
    _, trip_no, day, from_idx, to_idx, seat = event.body[:6]
    if seat == LAP:
        for leg in range(from_idx, to_idx):
            trips[trip_no, day].laps[event.log][leg] -= 1
        return
    for cell in [(seat, leg) for leg in range(from_idx, to_idx)]:
        trips[trip_no, day].sold[event.log][cell] -= 1
        if trips[trip_no, day].sold[event.log][cell] < 0:
            raise Violation(
                "refunded_unsold", f"log {event.log} event {event.seq} took {cell} back, which it had not sold"
            )


def _compare_returns(world: World, trips: dict[Where, Trip]) -> None:
    """What the hub kept of returns is what came."""
    mine = {grant_id: +cells for trip in trips.values() for grant_id, cells in trip.returned.items()}
    kinds = {grant_id: trip.reserved for trip in trips.values() for grant_id in trip.returned}
    for grant_id, cells in world.hub.rows("SELECT grant_id, cells FROM grant_returned"):
        if Counter(_spread(kinds.get(grant_id, True), cells)) != mine.get(grant_id, Counter()):
            raise Violation("returns_differ", f"the hub's book of grant {grant_id} is not what was returned")


def _judge_sum(where: Where, trip: Trip, doubtful: set[Log]) -> None:
    """Each cell is free, in one hand, or sold: never two of them at once."""
    cells = {cell for some in (*trip.hands.values(), *trip.sold.values()) for cell in some}
    for cell in cells:
        taken = sum(
            max(trip.hands[log][cell], trip.sold[log][cell]) for log in {*trip.hands, *trip.sold} - doubtful
        )  # fmt: skip
        if taken > trip.most_room() + trip.at_risk[cell] and not trip.dared(cell):
            raise Violation("cell_twice", f"trip {where} has {taken} of cell {cell}")


def _trips(world: World) -> dict[Where, Trip]:
    rows = world.hub.rows("SELECT trip_no, day, kind, capacity, legs FROM dated_trip")
    found = {(row[0], row[1]): Trip(row[2] == "reserved", row[3], row[4], row[3]) for row in rows}
    query = "SELECT trip_no, day, before, capacity FROM vehicle_change ORDER BY number DESC"
    for trip_no, day, before, capacity in world.hub.rows(query):
        trip = found[trip_no, day]
        trip.capacity, trip.most = before, max(trip.most, before, capacity)
    for where, trip in found.items():
        # What was given away at risk stays so, although a restored hub has forgotten it.
        trip.dared = lambda cell, where=where: world.told.dared(where, cell[0], cell[1], cell[1] + 1)  # type: ignore[misc]
    return found


def _grants(world: World) -> dict[int, Grant]:
    rows = world.hub.rows(
        "SELECT g.grant_id, g.trip_no, g.day, g.node_no, g.node_epoch, g.epoch, g.sell_until_ms, g.cells, t.kind, g.purpose "
        "FROM seat_grant g JOIN dated_trip t ON t.trip_no = g.trip_no AND t.day = g.day"
    )
    return {
        row[0]: Grant(
            row[0],
            (row[1], row[2]),
            (row[3], row[4]),
            row[5],
            row[6],
            tuple(_spread(row[8] == "reserved", row[7])),
            row[9] == "again",
        )
        for row in rows
    }


def seats_of(body: bytes) -> frozenset[int]:
    """Numbers of the seats that a vehicle has; none for one without numbers."""
    return frozenset(seat[0] for seat in cbor2.loads(body)[2])


def _spread(reserved: bool, data: bytes) -> list[Cell]:
    flat = cbor2.loads(data)
    return _cells(reserved, list(zip(flat[::2], flat[1::2], strict=True)))


def _cells(reserved: bool, pairs: Any) -> list[Cell]:
    """(seat, leg) of each bit of (seat, mask); (0, leg) as often as (leg, places) says."""
    if reserved:
        return [(seat, leg) for seat, mask in pairs for leg in range(mask.bit_length()) if mask >> leg & 1]
    return [(0, leg) for leg, places in pairs for _ in range(places)]
