"""What people were told, kept apart from all databases: this is what must be true afterwards."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cbor2

from edge.domains.ticketing.office.travellers import ShownDocument
from edge.domains.ticketing.service import Ticket
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.codes import Given
    from tests.simulation.hubs import HubSide
    from tests.simulation.world import World

Disk = tuple[str, int]
Where = tuple[int, int]
Place = tuple[int, int]
# Whose tickets the hub's own node sells, in the place of a box's name; and a child on a lap, in the place of a seat.
HUB: Final = "hub"
LAP: Final = 65_535
PAID_OUT: Final = "SELECT ticket_id FROM refund_request WHERE paid_ms IS NOT NULL"


@dataclass(slots=True)
class Paper:
    """A ticket in somebody's hand. ``unsure``: sold by a box whose log is not the only one of its identity.

    ``lost``: an older backup was put over the disk that knew of it. ``back_minor``: what was handed back for it.
    ``asked``: it was given back, or somebody asked for that and got no answer. ``document``: that its traveller showed.
    ``booking``: of a seller, what the hub knows it by. ``left_idx``: from there on its seat is ``left_to`` that disk alone,
    and to those that got it from there with the trip.
    """

    disk: Disk
    kid: bytes
    ticket_id: bytes
    number: str
    code: str
    short_code: str
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    price_minor: int
    currency: str
    departs_ms: int
    unsure: bool
    lost: bool = False
    asked: bool = False
    back_minor: int = 0
    payment: str = "cash"
    document: ShownDocument | None = None
    booking: str = ""
    left_idx: int | None = None
    left_to: tuple[Disk, ...] = ()

    @property
    def where(self) -> Where:
        """The dated trip."""
        return self.trip_no, self.day

    @property
    def text(self) -> str:
        """For the story."""
        place = "a lap" if self.seat == LAP else f"seat {self.seat}" if self.seat else "a place"
        return f"{self.number} on trip {self.trip_no} day {self.day}, {place}, stops {self.from_idx}–{self.to_idx}"


class Drawn(NamedTuple):
    """A slip that a clerk handed in: of which disk, log and shift; (currency, payment) → what must be in the drawer."""

    disk: Disk
    log: tuple[int, int]
    shift_no: int
    clerk_no: int
    lines: dict[tuple[str, int], int]


class Facts(NamedTuple):
    """The log of a disk and how long it is; what was sold, boarded, rated, refunded, and paid out according to it."""

    log: tuple[int, int] | None
    head: int
    sold: set[Place]
    boarded: set[bytes]
    rated: set[bytes]
    refunded: set[Place]
    paid: set[bytes]


class Told:
    """All that was said, and what may never be said twice."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.papers: list[Paper] = []
        self.of: dict[Disk, dict[bytes, Paper]] = {}
        self.boarded: dict[Disk, set[bytes]] = {}
        self.rated: dict[Disk, set[bytes]] = {}
        self.refunded: dict[Disk, dict[bytes, str]] = {}
        self.superseded: dict[Disk, set[bytes]] = {}
        self.at_risk: dict[Where, dict[int, int]] = {}
        self.written_off: set[Disk] = set()
        self.clashes: Counter[str] = Counter()
        self._cells: dict[tuple[int, int, int, int], Paper] = {}
        # Disk and cell that was left to it → where the passenger was to board.
        self._left: dict[tuple[Disk, tuple[int, int, int, int]], int] = {}
        self._places: dict[tuple[int, int, int], list[Paper]] = {}
        self.capacity: dict[Where, int] = {}
        # Disk → what went along with bookings, and what was paid out on the hub's word, by its first ticket or its request.
        self.extras: dict[Disk, dict[bytes, tuple[int, str, str]]] = {}
        self.paid: dict[Disk, dict[bytes, tuple[str, int, str]]] = {}
        self.drawers: list[Drawn] = []

    def sold(self, box: Box, kid: bytes, ticket: Ticket, capacity: int, document: ShownDocument | None = None) -> Paper:
        """Somebody walks away with this ticket."""
        ride, disk = ticket.ride, (box.name, box.renewals)
        paper = Paper(
            disk, kid, ticket.ticket_id.to_bytes(), ticket.number, ticket.text, ticket.short_code, ride.trip_no, ride.day,
            ride.from_idx, ride.to_idx, ticket.seat, ticket.price_minor, ticket.currency, ride.departs_ms, box.tainted,
            payment=ticket.payment, document=document,
        )  # fmt: skip
        return self.issued(paper, capacity)

    def issued(self, paper: Paper, capacity: int) -> Paper:
        """A ticket is in somebody's hand; the same again changes nothing."""
        mine = self.of.setdefault(paper.disk, {})
        paper.unsure = paper.unsure or (paper.disk, paper.where) in self._world.codes.unsure
        if paper.ticket_id in mine and not mine[paper.ticket_id].lost:
            return self._again(mine[paper.ticket_id], paper)
        if paper.document is not None:
            self._refuse_twice(paper, mine.values())
        mine[paper.ticket_id] = paper
        self.papers.append(paper)
        if paper.seat == LAP:
            return paper
        if paper.seat:
            self._take_seat(paper)
        else:
            self._take_place(paper, capacity)
        return paper

    def vehicle(self, where: Where, planned: int, capacity: int) -> None:
        """Another vehicle comes for a dated trip: what it takes may be sold, and what was sold for the larger one stays so."""
        self.capacity[where] = max(self.capacity.get(where, 0), planned, capacity)

    def along(self, box: Box, first: Paper, minor: int) -> None:
        """What extras of the booking that begins with this ticket cost."""
        if minor:
            mine = self.extras.setdefault((box.name, box.renewals), {})
            mine[first.ticket_id] = minor, first.currency, first.payment

    def board(self, box: Box, ticket_id: bytes) -> None:
        """Somebody was let in."""
        mine = self.boarded.setdefault((box.name, box.renewals), set())
        if ticket_id in mine and not box.tainted:
            raise Violation("boarded_twice", f"{box.name} let ticket {ticket_id.hex()} in twice")
        mine.add(ticket_id)

    def rate(self, box: Box, ticket_id: bytes) -> None:
        """Somebody's word was taken."""
        mine = self.rated.setdefault((box.name, box.renewals), set())
        if ticket_id in mine and not box.tainted:
            raise Violation("rated_twice", f"{box.name} took two ratings for ticket {ticket_id.hex()}")
        mine.add(ticket_id)

    def refund(self, box: Box | None, paper: Paper, fee_minor: int, back_minor: int, key: str) -> None:
        """Money went back for a ticket, under this key, at a box or (None) at the hub."""
        mine, name, sure = self.refunded.setdefault(paper.disk, {}), paper.disk[0], box is None or not box.tainted
        if fee_minor + back_minor != paper.price_minor or min(fee_minor, back_minor) < 0:
            raise Violation("refund_sum", f"{paper.text}: fee {fee_minor}, back {back_minor}")
        if mine.get(paper.ticket_id, key) != key and sure:
            raise Violation("refunded_twice", f"{name} took {paper.text} back twice")
        if paper.ticket_id in self.boarded.get(paper.disk, set()) and sure:
            raise Violation("refunded_boarded", f"{name} took {paper.text} back, which it had let in")
        mine[paper.ticket_id] = key
        paper.back_minor, paper.asked = back_minor, True

    def took_back(self, paper: Paper) -> bool:
        """Whether its box said that it took this ticket back."""
        return paper.ticket_id in self.refunded.get(paper.disk, {})

    def pay_out(self, box: Box, ticket_id: bytes, number: str, paid_minor: int, currency: str) -> None:
        """Cash was handed out on the word of the hub, for the request of this number."""
        mine = self.paid.setdefault((box.name, box.renewals), {})
        known = mine.setdefault(ticket_id, (number, paid_minor, currency))
        if known != (number, paid_minor, currency) and not box.tainted:
            raise Violation("paid_out_twice", f"{box.name} paid {known} and {number} for ticket {ticket_id.hex()}")

    def read(self, box: Box, superseded: Iterable[bytes]) -> None:
        """A gate has read a good ticket that names these as void."""
        self.superseded.setdefault((box.name, box.renewals), set()).update(superseded)

    def left(self, box: Box, ticket_id: bytes, freed: tuple[int, int] | None) -> None:
        """A crew said that a passenger left the seat; ``freed``: from which stop on it may sell it, None: it may not."""
        disk = (box.name, box.renewals)
        for paper in self.papers:
            if paper.ticket_id != ticket_id:
                continue
            paper.left_idx, paper.left_to = (freed[0], (disk,)) if freed else (None, ())
            for leg in range(paper.from_idx, paper.to_idx) if paper.seat else ():
                cell = (*paper.where, paper.seat, leg)
                self._left.pop((disk, cell), None)
                if freed and leg >= freed[0]:
                    self._left[disk, cell] = paper.from_idx

    def handed(self, box: Box, given: Given, giver: Disk) -> None:
        """A box got what was left of a trip, also the seats that passengers had left at the box that gave it."""
        taker, cells = (box.name, box.renewals), {(*given.where, seat, leg) for seat, leg in given.cells}
        for (disk, cell), from_idx in list(self._left.items()):
            if disk == giver and cell in cells:
                self._left[taker, cell] = from_idx
        for paper in self.papers:
            if not paper.seat and paper.where == given.where and giver in paper.left_to:
                paper.left_to = (*paper.left_to, taker)

    def perhaps_left(self, ticket_id: bytes) -> None:
        """Nobody knows whether that was written down."""
        for paper in self.papers:
            paper.unsure = paper.unsure or paper.ticket_id == ticket_id

    def is_void(self, box: Box, ticket_id: bytes) -> bool:
        """Whether this box was told that a ticket is void: it refunded it, or read a newer one for its seat."""
        disk = (box.name, box.renewals)
        return ticket_id in self.refunded.get(disk, {}) or ticket_id in self.superseded.get(disk, set())

    def booted(self, box: Box) -> None:
        """Durable before shown: what a box said before it went down, it knows when it comes up."""
        if box.node is None:
            return
        disk, read = (box.name, box.renewals), box.node.database.read()
        sold = {key for key, one in self.of.get(disk, {}).items() if not one.lost}
        for name, told, kept in (
            ("sold", {place_of(one) for one in sold}, places_on(read)),
            ("boarded", self._aboard(disk), first_column(read, "SELECT ticket_id FROM boarded")),
            ("rated", self.rated.get(disk, set()), first_column(read, "SELECT ticket_id FROM rating")),
            ("refunded", {place_of(one) for one in self.refunded.get(disk, {})}, places_on(read, "refund")),
            ("paid out", set(self.paid.get(disk, {})), first_column(read, PAID_OUT)),
        ):
            gone = sorted(told - kept)
            if gone:
                raise Violation("told_and_lost", f"{box.name} no longer knows that it {name} {gone[0]!r}")

    def _aboard(self, disk: Disk) -> set[bytes]:
        return self.boarded.get(disk, set()) | self._world.codes.aboard.get(disk, set())

    def put_back(self, box: Box, there: Facts) -> None:
        """An older state is on the disk: what it told since then may be known to nobody."""
        disk = (box.name, box.renewals)
        for paper in self.of.get(disk, {}).values():
            paper.lost = paper.lost or place_of(paper.ticket_id) not in there.sold
        self.boarded[disk] = self.boarded.get(disk, set()) & there.boarded
        self.rated[disk] = self.rated.get(disk, set()) & there.rated
        kept = self.refunded.get(disk, {})
        self.refunded[disk] = {one: key for one, key in kept.items() if place_of(one) in there.refunded}
        self.paid[disk] = {one: paid for one, paid in self.paid.get(disk, {}).items() if one in there.paid}
        self.superseded.pop(disk, None)

    def hub_put_back(self, hub: HubSide) -> None:
        """The hub's own node sold, and the hub was restored from an older backup: nobody else knows of what it sold since."""
        sold = {bytes(row[0]) for row in hub.rows("SELECT ticket_id FROM ticket")}
        back = {bytes(row[0]) for row in hub.rows("SELECT ticket_id FROM refund")}
        for disk, papers in self.of.items():
            if disk[0] != HUB:
                continue
            for paper in papers.values():
                paper.lost = paper.lost or paper.ticket_id not in sold
            kept = self.refunded.get(disk, {})
            self.refunded[disk] = {one: key for one, key in kept.items() if one in back}

    def risks(self, hub: HubSide) -> None:
        """Read from the hub's book of releases what somebody gave away at risk: trip → seat → legs, or leg → places."""
        rows = hub.rows("SELECT r.trip_no, r.day, d.kind, r.cells FROM risk_release r JOIN dated_trip d "
                        "ON d.trip_no = r.trip_no AND d.day = r.day")  # fmt: skip
        found: dict[Where, dict[int, int]] = {}
        kinds: dict[Where, bool] = {}
        for trip_no, day, kind, cells in rows:
            kinds[trip_no, day] = kind == "reserved"
            flat, there = cbor2.loads(cells), found.setdefault((trip_no, day), {})
            for key, value in zip(flat[::2], flat[1::2], strict=True):
                there[key] = there.get(key, 0) | value if kind == "reserved" else there.get(key, 0) + value
        for where, some in found.items():
            # What a hub gave away before it was restored stays given away, although it has forgotten.
            known = self.at_risk.setdefault(where, {})
            for key, value in some.items():
                known[key] = known.get(key, 0) | value if kinds[where] else max(known.get(key, 0), value)

    def dared(self, where: Where, seat: int, from_idx: int, to_idx: int) -> bool:
        """Whether somebody gave any of this ride away at risk."""
        given = self.at_risk.get(where, {})
        if seat:
            return any(given.get(seat, 0) >> leg & 1 for leg in range(from_idx, to_idx))
        return any(given.get(leg, 0) for leg in range(from_idx, to_idx))

    def _again(self, first: Paper, again: Paper) -> Paper:
        if first.code != again.code and not (first.unsure or again.unsure):
            raise Violation("ticket_changed", f"{first.text} and {again.text} have one number")
        return first

    def _refuse_twice(self, paper: Paper, others: Iterable[Paper]) -> None:
        """A box sells one ticket of a trip to one document."""
        for one in others:
            same = one.where == paper.where and one.document == paper.document and not (one.asked or one.lost)
            if same and not (one.unsure or paper.unsure) and place_of(one.ticket_id)[0] == place_of(paper.ticket_id)[0]:
                raise Violation("document_twice", f"{paper.disk[0]} sold {one.text} and {paper.text} to one document")

    def _take_seat(self, paper: Paper) -> None:
        for leg in range(paper.from_idx, paper.to_idx):
            cell = (paper.trip_no, paper.day, paper.seat, leg)
            first = self._cells.setdefault(cell, paper)
            # Who bought what was refunded boards no later than who gave it back, and was not seen either.
            if self._is_back(first) or first.from_idx <= self._left.get((paper.disk, cell), -1):
                first = self._cells[cell] = paper
            if first is not paper:
                released = self.at_risk.get(paper.where, {}).get(paper.seat, 0) >> leg & 1
                self._clash("seat_sold_twice", [first, paper], bool(released), f"{first.text} and {paper.text}")

    def _is_back(self, paper: Paper) -> bool:
        """Whether a ticket was given back, or its seller has its seat on sale again because the hub has it paid out elsewhere:
        a word that the hub has indeed given, unless it was restored since."""
        if paper.asked:
            return True
        box = next((one for one in self._world.boxes if (one.name, one.renewals) == paper.disk and one.node), None)
        if box is None or box.node is None:
            return False
        void = "SELECT 1 FROM void_seen WHERE by_id = x'' AND ticket_id = ?"
        if box.node.database.read().execute(void, (paper.ticket_id,)).fetchone():
            words = self._world.hub.rows("SELECT ticket_id FROM refund_decision WHERE approved")
            given = self._world.fired["restored_hub"] or paper.ticket_id in {bytes(row[0]) for row in words}
            paper.asked = bool(given)
        return paper.asked

    def _take_place(self, paper: Paper, capacity: int) -> None:
        most = self.capacity.setdefault(paper.where, capacity)
        for leg in range(paper.from_idx, paper.to_idx):
            there = self._places.setdefault((*paper.where, leg), [])
            if len(there) >= most:  # who came back on the hub's word is looked up only where it matters
                there[:] = [one for one in there if not self._is_back(one)]
            there[:] = [*(one for one in there if not (one.asked or _left_to(one, leg, paper))), paper]
            released = self.at_risk.get(paper.where, {}).get(leg, 0)
            if len(there) > most:
                text = f"{len(there)} tickets for {most} places of trip {paper.trip_no} day {paper.day} leg {leg}"
                self._clash("places_oversold", there, len(there) <= most + released, f"{text}: {paper.text}")

    def _clash(self, rule: str, papers: list[Paper], released: bool, text: str) -> None:
        """Two people with one seat: only where somebody took the risk, or wrote a disk off that the hub had
        forgotten, or a disk was copied or put back."""
        if released:
            self.clashes["at_risk"] += 1
        elif any(one.unsure or one.lost for one in papers):
            self.clashes["copied_or_restored_disk"] += 1
        elif any(one.disk in self.written_off for one in papers):
            self.clashes["written_off_disk"] += 1
        else:
            raise Violation(rule, text)


def _left_to(first: Paper, leg: int, paper: Paper) -> bool:
    """Whether a seat was left on this leg to the box that now sells it."""
    return first.left_idx is not None and leg >= first.left_idx and paper.disk in first.left_to


def serial_of(ticket_id: bytes) -> int:
    """The serial in a ticket's id."""
    return int.from_bytes(ticket_id[4:], "big")


def place_of(ticket_id: bytes) -> Place:
    """Epoch and serial in a ticket's id."""
    return ticket_id[3], serial_of(ticket_id)


def places_on(reader: sqlite3.Connection, table: str = "ticket") -> set[Place]:
    """Epoch and serial of every ticket (or refund) that a disk knows of."""
    epoch = reader.execute("SELECT coalesce(max(value), 0) FROM meta WHERE name = 'epoch'").fetchone()[0]
    present = {(epoch, serial) for serial in first_column(reader, f"SELECT serial FROM {table}")}
    return present | set(reader.execute(f"SELECT epoch, serial FROM past_{table}").fetchall())


def first_column(reader: sqlite3.Connection, query: str) -> set[Any]:
    """The values that a query finds."""
    return {row[0] for row in reader.execute(query)}
