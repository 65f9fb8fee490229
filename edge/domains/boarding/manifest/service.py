"""The manifest of a dated trip: what this node knows of its tickets, and what the crew sees of its passengers.

A seat that is left goes on sale from that stop only on the box that runs the trip, and only where it may know that nobody
else was promised it: see ``docs/decisions`` on seats that are left on the way.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edge.domains.boarding.manifest import store
from edge.domains.boarding.manifest.store import Known, MarkRow
from edge.domains.duties.service import Duties
from edge.domains.inventory.service import Inventory
from edge.domains.register.service import Register
from edge.domains.timetable.service import Timetable, TripView
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.boarding import rules
from sync.domains.boarding.events import (
    ABSENCE,
    ALIGHTING,
    BOARDING,
    KEEPS,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
)
from sync.domains.boarding.rules import Room, Taken
from sync.domains.duties.rules import HANDED_OVER, PLANNED, RUNNING
from sync.domains.inventory.rules import LAP
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS, TicketId

_MARKS = {ABSENCE: rules.NO_SHOW, ALIGHTING: rules.ALIGHTED}
# (ticket id, from_idx, to_idx, seat, rider) of a dated trip.
OwnSales = Callable[[int, int], Iterable[tuple[bytes, int, int, int, int]]]
Names = Callable[[TicketId], str]


@dataclass(frozen=True)
class Line:
    """A passenger. ``state`` is of :data:`sync.domains.boarding.rules.STATES`; ``name``: masked, of a named traveller whose
    ticket was sold here; ``at_idx``: where the seat was left."""

    number: str
    ticket_id: bytes
    from_idx: int
    to_idx: int
    seat: int
    seat_label: str
    rider: str
    name: str
    state: str
    at_idx: int | None


@dataclass(frozen=True)
class StopCount:
    """At one stop: who gets on by ticket, who of them was seen, who gets off, and who is aboard behind it."""

    idx: int
    to_board: int
    boarded: int
    to_alight: int
    aboard: int


@dataclass(frozen=True)
class View:
    """A manifest. ``left_idx``: last stop that the vehicle left, -1 for none. ``runs``: this box runs the trip. ``over_idx``: the
    first stop behind which more are expected than may be carried, None for none."""

    trip: TripView
    lines: tuple[Line, ...]
    stops: tuple[StopCount, ...]
    states: dict[str, int]
    riders: dict[str, int]
    left_idx: int
    runs: bool
    capacity: int
    over_idx: int | None

    @property
    def aboard(self) -> int:
        """People aboard now, children on laps among them."""
        return self.states.get(rules.ABOARD, 0)

    def beyond(self, idx: int) -> list[Line]:
        """Whom a trip that ends at stop ``idx`` does not bring where they wanted to go, as far as is known here."""
        return [line for line in self.lines if line.to_idx > idx and line.state not in (rules.NO_SHOW, rules.ALIGHTED)]


class Manifest:
    """Manifests of a node. ``own``: tickets of a dated trip sold here; ``name``: a masked name, or nothing."""

    def __init__(
        self, database: Database, scribe: Scribe, timetable: Timetable, inventory: Inventory, duties: Duties,
        register: Register, own: OwnSales, name: Names,
    ) -> None:  # fmt: skip
        self._duties, self._register = duties, register
        self._database, self._scribe, self._timetable, self._inventory = database, scribe, timetable, inventory
        self._own, self._name = own, name

    def view(self, trip_no: int, day: int) -> View:
        """Who is on a dated trip. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``."""
        trip, connection = self._timetable.trip(trip_no, day), self._database.read()
        left, marked = self.left(trip_no, day), store.marks(connection, trip_no, day)
        known = self._known(connection, trip_no, day).values()
        lines = [self._line(trip_no, day, one, marked.get(one.ticket_id), left) for one in known]
        lines.sort(key=lambda line: (line.from_idx, line.seat == LAP, line.seat, line.number))
        people = [line for line in lines if line.state not in (rules.NO_SHOW, rules.MISSING)]
        room, taken = self.room(trip_no, day), _taken(known, marked)
        return View(
            trip, tuple(lines), tuple(_stop_count(call.idx, lines) for call in trip.calls),
            dict(Counter(line.state for line in lines)), dict(Counter(line.rider for line in people)), left,
            self.runs(trip_no, day), room.seats, room.over_idx(taken),
        )  # fmt: skip

    def room(self, trip_no: int, day: int) -> Room:
        """The fewer of the seats in the plan and the places for which the register has the vehicle that runs the trip."""
        plan = self._timetable.seat_plan(trip_no, day).capacity
        plate = self.vehicle(trip_no, day)
        known = self._register.vehicle_with_plate(plate) if plate else None
        rated = known[1].capacity if known else plan
        return Room(rated, known[1].plate) if known and rated < plan else Room(plan)

    def left(self, trip_no: int, day: int) -> int:
        """The last stop that the vehicle left, -1 for none: as its driver said, or as the gate said where no driver does."""
        run = self._duties.of(trip_no, day).run
        driven = -1 if run.phase == PLANNED else run.idx - (run.phase == RUNNING and run.standing)
        told = store.left(self._database.read(), trip_no, day)
        return max(driven, -1 if told is None else told)

    def runs(self, trip_no: int, day: int) -> bool:
        """Whether this box runs a dated trip: the hub gave it the duty, or a driver began it here, and did not hand it over."""
        found = self._duties.of(trip_no, day)
        return found.run.phase != HANDED_OVER and (bool(found.vehicle) or found.run.phase != PLANNED)

    def vehicle(self, trip_no: int, day: int) -> str:
        """The plate of the vehicle that runs a trip, where this box does; else empty."""
        return self._duties.of(trip_no, day).vehicle

    def aboard(self, trip_no: int, day: int) -> int:
        """People whom this box boarded and who are aboard, children on laps among them."""
        return self.view(trip_no, day).aboard

    def leave(self, trip_no: int, day: int, idx: int) -> None:
        """The vehicle left stop ``idx``; -1: it stands at its first one. Raises :class:`Refusal` ``stop_range``."""
        if not -1 <= idx < len(self._timetable.trip(trip_no, day).calls):
            raise Refusal("stop_range", status=422, field="idx")
        self._scribe.record(lambda unit: store.set_left(unit.connection, trip_no, day, None if idx < 0 else idx))

    def taken(self, connection: sqlite3.Connection, trip_no: int, day: int) -> Taken:
        """Who takes which leg, of those who are known here and have not left."""
        known = self._known(connection, trip_no, day).values()
        return _taken(known, store.marks(connection, trip_no, day))

    def no_show(self, trip_no: int, day: int, ticket_id: bytes, clerk_no: int) -> None:
        """The vehicle left without this passenger.

        Raises :class:`Refusal`: ``not_on_manifest``, ``stop_ahead`` (the stop where the passenger boards was not left yet),
        ``passenger_boarded``, ``passenger_marked``.
        """
        self._scribe.record(lambda unit: self._no_show(unit, trip_no, day, ticket_id, clerk_no))

    def all_absent(self, trip_no: int, day: int, clerk_no: int) -> int:
        """Mark all who should be aboard and were not seen; gives their number."""
        missing = [line.ticket_id for line in self.view(trip_no, day).lines if line.state == rules.MISSING]

        def work(unit: UnitOfWork) -> int:
            for ticket_id in missing:
                self._no_show(unit, trip_no, day, ticket_id, clerk_no)
            return len(missing)

        return self._scribe.record(work) if missing else 0

    def alight(self, trip_no: int, day: int, ticket_id: bytes, clerk_no: int) -> None:
        """A passenger gets off at the next stop, before the end of the ride.

        Raises :class:`Refusal`: ``not_on_manifest``, ``passenger_not_aboard``, ``passenger_marked``.
        """

        def work(unit: UnitOfWork) -> None:
            one, marked = self._find(unit.connection, trip_no, day, ticket_id)
            if one.boarded_ms is None:
                raise Refusal("passenger_not_aboard")
            if marked is not None:
                raise Refusal("passenger_marked")
            at_idx = rules.freed_from(one.from_idx, one.to_idx, self.left(trip_no, day), absent=False)
            frees = self._frees(unit.connection, trip_no, day, one, at_idx)
            ride = (one.from_idx, one.to_idx, one.seat, at_idx)
            unit.append(PassengerAlighted(ticket_id, trip_no, day, *ride, frees, clerk_no))

        self._scribe.record(work)

    def undo(self, trip_no: int, day: int, ticket_id: bytes, clerk_no: int) -> str:
        """Take back the last that was said of a passenger: the mark, else the boarding. Gives what it was (a state).

        Raises :class:`Refusal`: ``not_on_manifest``, ``nothing_to_undo``, ``seat_sold_on``.
        """
        return self._scribe.record(lambda unit: self._undo(unit, trip_no, day, ticket_id, clerk_no))

    def _no_show(self, unit: UnitOfWork, trip_no: int, day: int, ticket_id: bytes, clerk_no: int) -> None:
        one, marked = self._find(unit.connection, trip_no, day, ticket_id)
        left = self.left(trip_no, day)
        if one.boarded_ms is not None:
            raise Refusal("passenger_boarded")
        if marked is not None:
            raise Refusal("passenger_marked")
        if left < one.from_idx:
            raise Refusal("stop_ahead")
        at_idx = rules.freed_from(one.from_idx, one.to_idx, left, absent=True)
        frees = self._frees(unit.connection, trip_no, day, one, at_idx)
        unit.append(NoShowMarked(ticket_id, trip_no, day, one.from_idx, one.to_idx, one.seat, at_idx, frees, clerk_no))

    def _undo(self, unit: UnitOfWork, trip_no: int, day: int, ticket_id: bytes, clerk_no: int) -> str:
        one, marked = self._find(unit.connection, trip_no, day, ticket_id)
        if marked is not None:
            refuse_sold_on(unit.connection, self._inventory, (trip_no, day), one, marked)
            unit.append(MarkUndone(ticket_id, trip_no, day, marked.kind, clerk_no))
            return _MARKS[marked.kind]
        if one.boarded_ms is None:
            raise Refusal("nothing_to_undo")
        unit.append(MarkUndone(ticket_id, trip_no, day, BOARDING, clerk_no))
        return rules.ABOARD

    def _find(
        self, connection: sqlite3.Connection, trip_no: int, day: int, ticket_id: bytes
    ) -> tuple[Known, MarkRow | None]:
        one = self._known(connection, trip_no, day).get(ticket_id)
        if one is None:
            raise Refusal("not_on_manifest", status=404)
        return one, store.mark(connection, ticket_id)

    def _frees(self, connection: sqlite3.Connection, trip_no: int, day: int, one: Known, at_idx: int) -> int:
        """Whose the rest of a seat is. Nobody's where another ticket that is known here still counts on it, and where another
        vehicle came, in which people sit elsewhere than their codes say."""
        if one.seat == LAP or at_idx >= one.to_idx or not self.runs(trip_no, day):
            return KEEPS
        if self._timetable.vehicle_changed(trip_no, day) is not None:
            return KEEPS
        marked = store.marks(connection, trip_no, day)
        for other in self._known(connection, trip_no, day).values() if one.seat else ():
            until = _until(other, marked.get(other.ticket_id))
            same_seat = other.seat == one.seat and other.ticket_id != one.ticket_id
            if same_seat and other.from_idx < one.to_idx and at_idx < until:
                return KEEPS
        return self._inventory.claim(connection, TicketId.from_bytes(one.ticket_id), trip_no, day, one.seat)

    def _known(self, connection: sqlite3.Connection, trip_no: int, day: int) -> dict[bytes, Known]:
        """Tickets that are good as far as this node knows, and those that were boarded all the same."""
        found = store.known(connection, trip_no, day)
        for row in self._own(trip_no, day):
            found.setdefault(row[0], Known(*row, None))
        void = store.voids(connection, list(found))
        return {key: one for key, one in found.items() if key not in void or one.boarded_ms is not None}

    def _line(self, trip_no: int, day: int, one: Known, marked: MarkRow | None, left: int) -> Line:
        moved = self._timetable.reseated(one.ticket_id)
        seat = moved.seat if moved else one.seat
        ticket_id = TicketId.from_bytes(one.ticket_id)
        mark = _MARKS[marked.kind] if marked else ""
        return Line(
            ticket_id.number, one.ticket_id, one.from_idx, one.to_idx, one.seat,
            self._inventory.label(trip_no, day, seat), RIDERS[one.rider] if one.rider < len(RIDERS) else RIDERS[0],
            self._name(ticket_id), rules.state_of(one.from_idx, one.to_idx, one.boarded_ms is not None, mark, left),
            marked.at_idx if marked else None,
        )  # fmt: skip


def refuse_sold_on(
    connection: sqlite3.Connection, inventory: Inventory, where: tuple[int, int], one: Known, marked: MarkRow
) -> None:
    """Raises :class:`Refusal` ``seat_sold_on`` where somebody bought what a passenger had left."""
    freed = (one.seat, marked.at_idx, one.to_idx)
    if marked.frees != KEEPS and not inventory.still_open(connection, *where, freed):
        raise Refusal("seat_sold_on")


def _taken(known: Iterable[Known], marked: Mapping[bytes, MarkRow]) -> Taken:
    found = Taken(Counter(), Counter())
    for one in known:
        legs = range(one.from_idx, _until(one, marked.get(one.ticket_id)))
        (found.laps if one.seat == LAP else found.seats).update(legs)
    return found


def _until(one: Known, marked: MarkRow | None) -> int:
    return one.to_idx if marked is None else marked.at_idx


def _stop_count(idx: int, lines: list[Line]) -> StopCount:
    counted = [line for line in lines if line.state not in (rules.NO_SHOW, rules.MISSING)]
    rode = (rules.ABOARD, rules.ALIGHTED, rules.ARRIVED)
    return StopCount(
        idx,
        to_board=sum(line.from_idx == idx for line in lines),
        boarded=sum(line.from_idx == idx and line.state in rode for line in lines),
        to_alight=sum((line.to_idx if line.at_idx is None else line.at_idx) == idx for line in counted),
        aboard=sum(line.from_idx <= idx < (line.to_idx if line.at_idx is None else line.at_idx) for line in counted),
    )
