"""Another vehicle on a dated trip: its seats are counted anew, and passengers whose seats are gone get others, or none.

Nothing that was sold or granted is taken away here. What nodes hold unsold is asked back; whoever sells a seat that is gone
before it has heard of the change has sold a good ticket, and its passenger comes last. So a passenger is seated only where
nobody else can sell, and each return or refund seats some more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.books.recalls import Recalls
from cloud.domains.inventory.tables import dated_trip, fault_told, reseat, vehicle_change
from cloud.kernel import streams
from cloud.kernel.database import chunks, insert_new, insert_rows, next_pos, select_pairs, upsert_rows
from cloud.kernel.ports import NewPlace, SoldTickets, Timetable
from sync.domains.disruption import rules
from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.domains.disruption.rules import Passenger, Places
from sync.domains.inventory.rules import FREE
from sync.domains.timetable.operations import SeatPlan
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.operations import trip_stream
from sync.kernel.ports import Clock

_CHANGE: Final = (
    "number", "trip_no", "day", "plan", "body", "before", "capacity", "note", "by", "made_ms",
)  # fmt: skip
_SEAT: Final = ("ticket_id", "trip_no", "day", "from_idx", "to_idx", "was", "seat", "placed", "fault", "late")
_FAULT: Final = ("ticket_id", "pos")
_MAY_RUN_DAYS: Final = 3
_CHANGED: Final = "SELECT DISTINCT trip_no, day FROM vehicle_change WHERE (trip_no, day) IN {pairs}"
_GONE: Final = sa.delete(reseat).where(reseat.c.ticket_id == sa.bindparam("gone"))


@dataclass(frozen=True, slots=True)
class Moved:
    """What another vehicle means to one ticket. ``seat`` 0 with ``placed``: free seating. ``late``: sold after the change."""

    ticket_id: bytes
    from_idx: int
    to_idx: int
    was: int
    seat: int
    placed: bool
    fault: bool
    late: bool


class Vehicles:
    """Changes of vehicles, and who sits where since."""

    def __init__(self, timetable: Timetable, tickets: SoldTickets, recalls: Recalls, clock: Clock) -> None:
        self._timetable, self._tickets, self._recalls, self._clock = timetable, tickets, recalls, clock

    def change(self, tx: Connection, book: Book, plan: str, note: str, by: str) -> VehicleChange:
        """Give a dated trip the vehicle with the seat plan of that name. Raises :class:`Refusal`: ``vehicle_unknown``,
        ``vehicle_kind`` (numbered seats for free seating, or the other way round), ``vehicle_same``."""
        seats = self._timetable.seat_plan(tx, plan)
        if seats is None:
            raise Refusal("vehicle_unknown", status=422, field="plan")
        if (seats.kind == FREE) == book.reserved:
            raise Refusal("vehicle_kind", status=422, field="plan")
        if plan == newest_plan(tx, (book.trip_no, book.day)):
            raise Refusal("vehicle_same", field="plan")
        number, now = next_pos(tx), self._clock.wall_ms()
        row = (number, book.trip_no, book.day, plan, seats.to_bytes(), book.capacity, seats.capacity, note, by, now)
        insert_rows(tx, vehicle_change, _CHANGE, [row])
        fewer = seats.capacity < book.capacity
        book.changes.append((number, book.capacity, seats.capacity))
        book.capacity, book.vehicles = seats.capacity, book.vehicles + 1
        mine = (dated_trip.c.trip_no == book.trip_no, dated_trip.c.day == book.day)
        tx.execute(sa.update(dated_trip).where(*mine).values(capacity=book.capacity, vehicles=book.vehicles))
        if not self.settle(tx, book) and fewer:
            self._recalls.all_back(tx, book)
        return VehicleChange(number, plan, seats.kind, seats.capacity, seats.seats, note, now)

    def settle(self, tx: Connection, book: Book) -> bool:
        """Seat whoever has no seat, as far as there are any, and tell the boxes; whether anything was asked back for it."""
        where = (book.trip_no, book.day)
        known = {one.ticket_id: one for one in moved_of(tx, where)}
        found = [
            (pos, replace(one, now=known[one.ticket_id].seat if one.ticket_id in known else 0))
            for pos, one in self._tickets.passengers(tx, *where)
        ]
        passengers = [one for _, one in found]
        book.moved, book.left_behind = {}, {}
        old, new = self._plans(tx, where)
        places = rules.reseat(passengers, book.free(), old, new)
        wanted = _wanted(found, places, book.changes[-1][0])
        self._tell(tx, where, known, wanted)
        for one in wanted.values():
            if one.seat and one.seat != one.was:
                c.add(book.moved, c.ride(one.seat, one.from_idx, one.to_idx), True)
                c.add(book.left_behind, c.ride(one.was, one.from_idx, one.to_idx), True)
        fresh = [one for one in wanted.values() if not one.placed and not _missed(known.get(one.ticket_id))]
        # Asked once for each passenger who stands: what comes back and does not help goes out again.
        return bool(fresh) and self._recalls.all_back(tx, book) > 0

    def resume(self, tx: Connection) -> None:
        """A restored hub grants again: seat whom it could not seat meanwhile, on every trip that may still run. Nothing else
        may be heard of such a trip before it leaves."""
        column, since = vehicle_change.c, days.day_at(self._clock.wall_ms(), "UTC") - _MAY_RUN_DAYS
        rows = tx.execute(sa.select(column.trip_no, column.day).where(column.day >= since).distinct())
        books = ledger.load(tx, sorted((row.trip_no, row.day) for row in rows))
        for book in books.values():
            self.settle(tx, book)

    def _plans(self, tx: Connection, where: Where) -> tuple[SeatPlan, SeatPlan]:
        """Where seats were, by the vehicles until now, and where they are."""
        column = vehicle_change.c
        mine = (column.trip_no == where[0], column.day == where[1])
        bodies = tx.execute(sa.select(column.body).where(*mine).order_by(column.number)).scalars()
        changes = [SeatPlan.from_bytes(bytes(body)) for body in bodies]
        planned = self._timetable.planned_seats(tx, where[0])
        before = [*([planned] if planned else []), *changes[:-1]]
        seats = {one[0]: one for plan in reversed(before) for one in plan.seats}
        return SeatPlan(changes[-1].kind, len(seats), tuple(seats.values())), changes[-1]

    def _tell(self, tx: Connection, where: Where, known: dict[bytes, Moved], wanted: dict[bytes, Moved]) -> None:
        news = [one for ticket_id, one in wanted.items() if known.get(ticket_id) != one]
        gone = [ticket_id for ticket_id in known if ticket_id not in wanted]
        rows = [
            (one.ticket_id, *where, one.from_idx, one.to_idx, one.was, one.seat, one.placed, one.fault, one.late)
            for one in news
        ]
        upsert_rows(tx, reseat, _SEAT[:1], _SEAT, rows)
        if gone:
            tx.execute(_GONE, [{"gone": ticket_id} for ticket_id in gone])
        bodies: list[tuple[str, bytes | None]] = [(f"reseat/{ticket_id.hex()}", None) for ticket_id in gone]
        for one in news:
            told = Reseated(*where, one.was, one.seat, one.placed, one.fault)
            bodies.append((f"reseat/{one.ticket_id.hex()}", told.to_bytes()))
        positions = streams.publish_many(tx, trip_stream(*where), bodies)[len(gone) :]
        faults = [(one.ticket_id, pos) for one, pos in zip(news, positions, strict=True) if one.fault]
        insert_new(tx, fault_told, _FAULT[:1], _FAULT, faults)


def moved_of(tx: Connection, where: Where) -> list[Moved]:
    """Tickets of a dated trip to which another vehicle means something, those without a place first."""
    column = reseat.c
    mine = (column.trip_no == where[0], column.day == where[1])
    rows = tx.execute(sa.select(reseat).where(*mine).order_by(column.placed, column.ticket_id))
    return [_moved(row) for row in rows]


def new_places(tx: Connection, ticket_ids: Sequence[bytes]) -> dict[bytes, NewPlace]:
    """What another vehicle means to those of these tickets to which it means something."""
    column, found = reseat.c, {}
    for some in chunks(ticket_ids):
        for row in tx.execute(sa.select(reseat).where(column.ticket_id.in_(some))):
            found[bytes(row.ticket_id)] = NewPlace(int(row.seat) if row.placed else None, bool(row.fault))
    return found


def stands(tx: Connection, ticket_id: bytes) -> bool:
    """Whether another vehicle has no place for a ticket, or for one that was paid together with it."""
    mine = (reseat.c.ticket_id == ticket_id, reseat.c.fault)
    return tx.execute(sa.select(reseat.c.trip_no).where(*mine)).first() is not None


def fault_since(tx: Connection, ticket_id: bytes) -> int | None:
    """The position since when it was told that another vehicle has no place for a ticket, or for one that was paid together
    with it, whatever was said later; None for never."""
    return tx.execute(sa.select(fault_told.c.pos).where(fault_told.c.ticket_id == ticket_id)).scalar()


def newest_plan(tx: Connection, where: Where) -> str | None:
    """Name of the seat plan of the vehicle that took the place of the planned one; None where that runs."""
    column = vehicle_change.c
    mine = (column.trip_no == where[0], column.day == where[1])
    return tx.execute(sa.select(column.plan).where(*mine).order_by(column.number.desc()).limit(1)).scalar()


def changed_among(tx: Connection, places: Iterable[Where]) -> set[Where]:
    """Those of some dated trips on which another vehicle runs than was planned."""
    rows = (row for some in chunks(dict.fromkeys(places)) for row in select_pairs(tx, _CHANGED, some))
    return {(int(row[0]), int(row[1])) for row in rows}


def labels_of(tx: Connection, timetable: Timetable, where: Where) -> dict[int, str]:
    """Seat → what stands on it, in the vehicle that runs or else in the planned one."""
    planned, name = timetable.planned_seats(tx, where[0]), newest_plan(tx, where)
    runs = timetable.seat_plan(tx, name) if name else None
    return {seat[0]: seat[1] for plan in (planned, runs) if plan is not None for seat in plan.seats}


def _moved(row: Row[Any]) -> Moved:
    ride = (bytes(row.ticket_id), row.from_idx, row.to_idx, row.was, row.seat)
    return Moved(*ride, bool(row.placed), bool(row.fault), bool(row.late))


def _missed(one: Moved | None) -> bool:
    return one is not None and not one.placed


def _wanted(found: Sequence[tuple[int, Passenger]], places: Places, changed: int) -> dict[bytes, Moved]:
    """What there is to say: of those who sit elsewhere, have no place, or paid together with one who has none."""
    fault = rules.at_fault([one for _, one in found], places)
    said = {}
    for pos, one in found:
        seat = places[one.ticket_id]
        if seat != one.seat or one.ticket_id in fault:
            ride = (one.ticket_id, one.from_idx, one.to_idx, one.seat)
            said[one.ticket_id] = Moved(*ride, seat or 0, seat is not None, one.ticket_id in fault, pos > changed)
    return said
