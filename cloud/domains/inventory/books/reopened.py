"""Dated trips that a hub opened for sale after its backup was made, opened again for the grants that nodes show of them.

As the timetable has them, where it still does. A trip that only a forgotten timetable had is made out of its grants: as
large as they are together, so that no sale of it is called one too many. Nobody is granted more of such a trip, because no
timetable offers it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.grants import store_trips
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.tables import dated_trip
from cloud.kernel.database import next_pos
from cloud.kernel.ports import Timetable, TripFacts
from sync.domains.inventory.operations import Grant
from sync.domains.inventory.rules import RESERVED
from sync.kernel import cbor


def open_again(tx: Connection, timetable: Timetable, books: dict[Where, Book], grants: Sequence[Grant]) -> None:
    """Open, or enlarge, what is needed for ``grants``, which don't stand in the books yet."""
    wanted: dict[Where, list[Grant]] = {}
    for one in grants:
        wanted.setdefault((one.trip_no, one.day), []).append(one)
    fresh = []
    for where, some in wanted.items():
        book, facts = books[where], timetable.trip_facts(tx, where[0])
        known = facts is not None and (facts.seat_plan_kind == RESERVED) == bool(some[0].seats)
        if book.opened and (known or book.reserved != bool(some[0].seats)):
            continue
        _shape(book, some, facts if known else None)
        if book.opened:
            _enlarge(tx, book)
        else:
            book.opened = next_pos(tx)
            fresh.append(book)
    store_trips(tx, fresh)


def _shape(book: Book, grants: Sequence[Grant], facts: TripFacts | None) -> None:
    book.reserved = bool(grants[0].seats)
    held = book.taken()
    for one in grants:
        if bool(one.seats) == book.reserved:
            c.add(held, dict(one.seats or one.counts), book.reserved)
    calls: list[int] = []
    if facts is not None:
        book.capacity, stops = facts.capacity, len(facts.stop_nos)
        book.legs = stops - 1
        calls = [facts.departs_ms(book.day, idx) for idx in range(stops - 1)]
        calls.append(facts.arrives_ms(book.day, stops - 1))
    else:
        book.capacity = max(book.capacity, _capacity(held, book.reserved))
    book.legs = max(book.legs, _legs(held, book.reserved))
    until = max([*calls, *book.calls_ms, *(one.sell_until_ms for one in grants)])
    book.calls_ms = (*calls, *[until] * (book.legs + 1 - len(calls)))


def _capacity(held: Cells, reserved: bool) -> int:
    return max(held) if reserved else max(held.values())


def _legs(held: Cells, reserved: bool) -> int:
    return max(mask.bit_length() for mask in held.values()) if reserved else max(held) + 1


def _enlarge(tx: Connection, book: Book) -> None:
    mine = (dated_trip.c.trip_no == book.trip_no, dated_trip.c.day == book.day)
    values: dict[str, object] = {
        "capacity": book.capacity,
        "legs": book.legs,
        "departs_ms": book.departs_ms,
        "ends_ms": book.ends_ms,
    }
    values |= {"calls_ms": cbor.encode(list(book.calls_ms))}
    tx.execute(sa.update(dated_trip).where(*mine).values(**values))
