"""What this node may sell of a trip, and what it gives back.

Five things change what is open: a grant of the hub, a sale, a refund, a return, and a seat that a passenger left on the
way where this node may sell it on (:mod:`edge.domains.inventory.aboard`). A hold (a seat kept while somebody
pays) is no promise to anybody: it only makes others wait, for a few minutes of monotonic time in this boot, and
the sale itself looks again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from edge.domains.inventory import store
from edge.domains.inventory.aboard import handed
from edge.domains.inventory.aboard import service as aboard
from edge.domains.inventory.aboard.handed import Staying
from edge.domains.timetable.service import Timetable
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.fleet import Issue
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.disruption.operations import VehicleChange
from sync.domains.duties.operations import GrantPart
from sync.domains.inventory import rules
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

_QUIET_MS = 3_600_000


@dataclass(frozen=True)
class Availability:
    """Places left in this node's hands for a ride."""

    kind: str
    places: int
    capacity: int


@dataclass(frozen=True)
class SeatCell:
    """A seat on the map. ``state``: open, sold (here), held (somebody is paying), elsewhere (not in our hands)."""

    seat: int
    label: str
    row: int
    column: int
    state: str


@dataclass(frozen=True)
class _Open:
    seats: dict[int, int]
    places: dict[int, int]
    held: dict[int, int]
    sold: dict[int, int]


class Inventory:
    """The inventory domain of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        timetable: Timetable,
        boot_id: bytes,
        hold_minutes: int,
    ) -> None:
        self._database, self._scribe, self._keeper, self._timetable = database, scribe, keeper, timetable
        self._boot, self._hold_ms = boot_id, hold_minutes * 60_000

    def availability(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> Availability:
        """Places open here for a ride. Raises :class:`Refusal` ``ride_order``, ``no_such_trip``."""
        wanted = _wanted(from_idx, to_idx)
        plan = self._timetable.seat_plan(trip_no, day)
        found = self._open(self._database.read(), trip_no, day, boards_idx=from_idx)
        if plan.kind == rules.FREE:
            return Availability(plan.kind, rules.places_for(found.places, from_idx, to_idx), plan.capacity)
        fitting = rules.seats_for(found.seats, wanted)
        return Availability(plan.kind, len(fitting), plan.capacity)

    def seat_map(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> list[SeatCell]:
        """Every seat of the vehicle with its state for this ride; empty for free seating."""
        wanted = _wanted(from_idx, to_idx)
        found = self._open(self._database.read(), trip_no, day, boards_idx=from_idx)
        cells = []
        for seat, label, row, column in self._timetable.seat_plan(trip_no, day).seats:
            state = "elsewhere"
            if found.seats.get(seat, 0) & wanted == wanted:
                state = "open"
            elif found.held.get(seat, 0) & wanted:
                state = "held"
            elif found.sold.get(seat, 0) & wanted:
                state = "sold"
            cells.append(SeatCell(seat, label, row, column, state))
        return cells

    def label(self, trip_no: int, day: int | None, seat: int) -> str:
        """What stands on the seat in the vehicle that runs on ``day``, or else (None) in the planned one; empty for free seating
        and a lap."""
        if seat in (0, rules.LAP):
            return ""
        seats = self._timetable.seat_plan(trip_no, day).seats
        return next((label for number, label, _, _ in seats if number == seat), str(seat))

    def ask(self, trip_no: int, day: int, from_idx: int, to_idx: int, count: int = 1) -> None:
        """Ask the hub for seats; the answer comes with an exchange."""
        self._timetable.ride(trip_no, day, from_idx, to_idx)
        bounded = min(max(count, 1), 50)
        self._scribe.record(lambda unit: unit.append(SeatsAsked(trip_no, day, from_idx, to_idx, bounded)))

    def take(
        self,
        connection: sqlite3.Connection,
        where: tuple[int, int, int, int],
        kind: str,
        seat: int | None,
        own_hold: int = 0,
    ) -> int:
        """The seat to sell for ``where`` = (trip_no, day, from_idx, to_idx), checked in the caller's transaction.

        0 for free seating; for a ``seat`` LAP as :meth:`take_lap`. Raises :class:`Refusal`: ``no_seat``, ``seat_taken``;
        ``grant_past`` where the time to sell what this box holds is over.
        """
        return self.take_all(connection, where, kind, (seat,), own_hold)[0]

    def take_all(
        self,
        connection: sqlite3.Connection,
        where: tuple[int, int, int, int],
        kind: str,
        seats: Sequence[int | None],
        own_hold: int = 0,
    ) -> list[int]:
        """As :meth:`take`, for some who ride together: all that is open is read once, and each takes of what the others left."""
        laps = seats.count(rules.LAP)
        taken = self._seats(connection, where, kind, seats, own_hold) if laps < len(seats) else [rules.LAP] * laps
        for which in range(laps):
            self.take_lap(connection, where, own_hold, which)
        return taken

    def _seats(
        self,
        connection: sqlite3.Connection,
        where: tuple[int, int, int, int],
        kind: str,
        seats: Sequence[int | None],
        own_hold: int,
    ) -> list[int]:
        ride, only = where[2:], seats[0] if len(seats) == 1 else None
        found = self._open(connection, *where[:2], own_hold, seat=only, boards_idx=where[2])
        there = dict(found.seats), dict(found.places)
        try:
            return rules.take_all(found.seats, found.places, ride, kind, seats)
        except Refusal:
            late = self._open(connection, *where[:2], own_hold, selling=False, seat=only, boards_idx=where[2])
            if (late.seats, late.places) == there:
                raise
            rules.take_all(late.seats, late.places, ride, kind, seats)
            raise Refusal("grant_past") from None

    def take_lap(
        self, connection: sqlite3.Connection, where: tuple[int, int, int, int], own_hold: int = 0, more: int = 0
    ) -> int:
        """In the place of a seat: room on a lap for a child that takes none, checked in the caller's transaction, ``more``
        being about to be sold with it.

        Raises :class:`Refusal` ``free_children_full``: the seats in this box's hands allow no more of them.
        """
        trip_no, day, from_idx, to_idx = where
        laps, rows = store.laps_gone(connection, trip_no, day), self._grants(connection, trip_no, day)
        for hold_id, seat, first, last in store.held(connection, trip_no, day, self._boot, self._fresh_since()):
            if seat == rules.LAP and hold_id != own_hold:
                for leg in range(first, last):
                    laps[leg] = laps.get(leg, 0) + 1
        if any(
            laps.get(leg, 0) + more >= rules.free_children(store.on_leg(rows, leg)) for leg in range(from_idx, to_idx)
        ):
            raise Refusal("free_children_full", field="rider")
        return rules.LAP

    def claim(self, connection: sqlite3.Connection, ticket_id: TicketId, trip_no: int, day: int, seat: int) -> int:
        """Whether this node may sell on what the holder of a ticket leaves: KEEPS (no), OWN or TAKEN_OVER."""
        identity = meta.known_identity(self._database)
        log = (identity.node_no, identity.epoch) if identity else (0, 0)
        return aboard.claim(connection, ticket_id, (trip_no, day), seat, log)

    def _node_no(self) -> int:
        identity = meta.known_identity(self._database)
        return identity.node_no if identity else 0

    def still_open(self, connection: sqlite3.Connection, trip_no: int, day: int, freed: tuple[int, int, int]) -> bool:
        """Whether nobody bought what was ``freed`` (seat, at_idx, to_idx) here."""
        seat, at_idx, to_idx = freed
        found = self._open(connection, trip_no, day, selling=False, seat=seat or None)
        if not seat:
            return rules.places_for(found.places, at_idx, to_idx) > 0
        wanted = rules.legs_mask(at_idx, to_idx)
        return found.seats.get(seat, 0) & wanted == wanted

    def issues(self, connection: sqlite3.Connection) -> list[Issue]:
        """For the status page: seats whose selling time is over and which wait for a line to go back."""
        heard_ms = max(meta.get(connection, "last_hub_ms", 0), self._scribe.hub_ms)
        now = self._keeper.wall_ms()
        past = self._past(connection, now) if now - heard_ms > _QUIET_MS else []
        return [Issue("grant_past", {"count": len(past)})] if past else []

    def hold(
        self, connection: sqlite3.Connection, hold_id: int, where: tuple[int, int, int, int], seat: int, item: int = 0
    ) -> None:
        """Keep a seat for one of the riders of an order while they pay."""
        trip_no, day, from_idx, to_idx = where
        connection.execute(
            "INSERT OR REPLACE INTO seat_hold (hold_id, item, trip_no, day, seat, from_idx, to_idx, boot, mono_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (hold_id, item, trip_no, day, seat, from_idx, to_idx, self._boot, self._keeper.since_start_ms()),
        )

    def release(self, connection: sqlite3.Connection, hold_id: int) -> None:
        """The order was paid or given up."""
        connection.execute("DELETE FROM seat_hold WHERE hold_id = ?", (hold_id,))

    def take_back(self, connection: sqlite3.Connection, trip_no: int, day: int) -> None:
        """A ticket was refunded. What its grant still covers is on sale again; if the grant's time is over, it goes back
        to the hub before the next visit, as all that was left of it."""
        store.reopen_grants(connection, trip_no, day)

    def give_back(self) -> int:
        """Return what is over its selling time or was recalled. Runs before each visit to the hub; gives the returns made."""
        connection = self._database.read()
        past, recalls = self._past(connection, self._keeper.wall_ms()), store.open_recalls(connection)
        count = 0
        for grant in past:
            count += self._scribe.write(partial(self._close, grant=grant))
        for recall in recalls:
            count += self._scribe.write(partial(self._answer, recall=recall))
        return count

    def give_all_back(self) -> int:
        """Return everything that is open, whatever its time: this log is about to end. Gives the returns made."""
        count = 0
        for where in store.dated_trips(self._database.read()):
            count += self._scribe.write(partial(self._return_all, where=where))
        return count

    def give_over(self, connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[tuple[GrantPart, ...], int]:
        """What this box could still sell of a dated trip, by grant, and until when (ms): to go to another box with the trip.
        Whoever is told of it appends the event that blocks it here, in the same transaction.

        A seat for which somebody is paying stays.
        """
        found = self._open(connection, trip_no, day)
        return handed.parts_of(
            self._grants(connection, trip_no, day), found.seats, found.places, self._keeper.wall_ms()
        )

    def staying(self, trip_no: int, day: int) -> Staying:
        """What of a dated trip does not go to another box with it."""
        connection = self._database.read()
        held = [one[1] for one in store.held(connection, trip_no, day, self._boot, self._fresh_since())]
        taken_over = aboard.taken_over(connection, trip_no, day)
        return handed.staying(held, taken_over, self._open(connection, trip_no, day).seats)

    def _return_all(self, unit: UnitOfWork, where: tuple[int, int]) -> int:
        return self._return(unit, *where, only=None, most=0)

    def _close(self, unit: UnitOfWork, grant: tuple[int, int, int]) -> int:
        grant_id, trip_no, day = grant
        made = self._return(unit, trip_no, day, only=grant_id, most=0)
        if not store.held(unit.connection, trip_no, day, self._boot, self._fresh_since()):
            store.close_grant(unit.connection, grant_id)
        return made

    def _answer(self, unit: UnitOfWork, recall: tuple[int, int, int, int]) -> int:
        trip_no, day, number, count = recall
        made = self._return(unit, trip_no, day, only=None, most=count)
        store.recall_answered(unit.connection, trip_no, day, number)
        return made

    def _return(self, unit: UnitOfWork, trip_no: int, day: int, only: int | None, most: int) -> int:
        """Return open cells: of one grant, or of all; ``most`` seats (0: all), taken from the highest seat number down.

        A grant that is closed keeps back the places without which living grants would have fewer to sell.
        """
        made = 0
        left = most or 1 << 30
        for grant in reversed(self._grants(unit.connection, trip_no, day)):
            if left <= 0 or (only is not None and grant.grant_id != only):
                continue
            found = self._open(unit.connection, trip_no, day, selling=False, whatever_runs=True)
            needed = self._open(unit.connection, trip_no, day).places if only is not None else {}
            seats = {seat: mask & found.seats.get(seat, 0) for seat, mask in grant.seats.items()}
            chosen = sorted(((seat, mask) for seat, mask in seats.items() if mask), reverse=True)[:left]
            places = {
                leg: min(n, found.places.get(leg, 0) - needed.get(leg, 0), left) for leg, n in grant.places.items()
            }
            counts = tuple((leg, n) for leg, n in sorted(places.items()) if n > 0)
            if chosen or counts:
                unit.append(GrantReturned(grant.grant_id, trip_no, day, tuple(sorted(chosen)), counts))
                left -= len(chosen) or max(n for _, n in counts)
                made += 1
        return made

    def _past(self, connection: sqlite3.Connection, now_ms: int) -> list[tuple[int, int, int]]:
        """Grants whose selling time is over, also as far as a delay has made it longer."""
        found = store.past_grants(connection, now_ms)
        return [
            (grant_id, trip_no, day)
            for grant_id, trip_no, day, until_ms in found
            if until_ms + self._late_ms(trip_no, day) <= now_ms
        ]

    def _late_ms(self, trip_no: int, day: int) -> int:
        """So much longer a trip is sold, because the hub has said that it comes late. Without that word it is sold as planned."""
        return self._timetable.told(trip_no, day)[1] * 60_000

    def _fresh_since(self) -> int:
        return self._keeper.since_start_ms() - self._hold_ms

    def _grants(self, connection: sqlite3.Connection, trip_no: int, day: int) -> list[store.GrantRow]:
        """What the hub gave is remembered; what went back since then is looked up."""
        granted = self._database.memory.get(
            ("granted", trip_no, day), lambda: store.granted(self._database.read(), trip_no, day)
        )
        return store.left_of(connection, granted)

    def _open(
        self,
        connection: sqlite3.Connection,
        trip_no: int,
        day: int,
        own_hold: int = 0,
        selling: bool = True,
        seat: int | None = None,
        whatever_runs: bool = False,
        boards_idx: int | None = None,
    ) -> _Open:
        """What is open: granted or left on the way, not returned, not sold, not held; when ``selling``, only from grants still
        in time; only what there is in the vehicle that runs, unless ``whatever_runs``.

        When ``seat`` is given, only what is said of that seat is right; when ``boards_idx``, only for rides from that stop.
        """
        now = self._keeper.wall_ms() - self._late_ms(trip_no, day)
        rows = self._grants(connection, trip_no, day) + aboard.taken_over(connection, trip_no, day)
        live = [row for row in rows if not selling or row.sell_until_ms > now]
        changed = None if whatever_runs else self._timetable.vehicle_changed(trip_no, day)
        if changed is not None:
            live = _in_vehicle(live, changed)
        kept: dict[int, int] = {}
        kept_places: dict[int, int] = {}
        for hold_id, held, from_idx, to_idx in store.held(connection, trip_no, day, self._boot, self._fresh_since()):
            if hold_id == own_hold:
                continue
            kept[held] = kept.get(held, 0) | rules.legs_mask(from_idx, to_idx)
            if not held:
                for leg in range(from_idx, to_idx):
                    kept_places[leg] = kept_places.get(leg, 0) + 1
        sold = store.sold_seats(connection, trip_no, day, seat)
        masks: dict[int, int] = {}
        for row in live:
            for number, mask in row.seats.items():
                masks[number] = masks.get(number, 0) | mask
        taken = {number: sold.get(number, 0) | kept.get(number, 0) for number in masks}
        places = store.open_places(rows, live, store.sold_places(connection, trip_no, day), kept_places)
        seats = rules.open_masks(masks, taken)
        if boards_idx:
            aboard.leave_given_back(connection, (trip_no, day), boards_idx, self._node_no(), seats, places)
        return _Open(seats, places, kept, sold)


def _in_vehicle(live: list[store.GrantRow], changed: VehicleChange) -> list[store.GrantRow]:
    """What may be sold of grants since another vehicle comes: its own seats; of places without seats, those granted since."""
    there = {seat for seat, _, _, _ in changed.seats}
    return [
        replace(row, seats={seat: mask for seat, mask in row.seats.items() if seat in there})
        for row in live
        if not row.places or row.grant_id > changed.number
    ]


def _wanted(from_idx: int, to_idx: int) -> int:
    if not from_idx < to_idx:
        raise Refusal("ride_order", status=422)
    return rules.legs_mask(from_idx, to_idx)
