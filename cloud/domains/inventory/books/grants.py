"""Making grants: number, sign, store and publish, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import laps, ledger
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.ledger import Book, GrantLine, Where
from cloud.domains.inventory.tables import dated_trip, seat_grant
from cloud.kernel import recovery, streams
from cloud.kernel.database import insert_rows, next_pos
from cloud.kernel.nodes import HUB, NodeInfo
from cloud.kernel.ports import Timetable, TripFacts
from sync.domains.inventory.operations import Grant, sign_grant
from sync.domains.inventory.rules import FREE, RESERVED
from sync.kernel import cbor
from sync.kernel.errors import invariant
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock, Signer

_TRIP = ("trip_no", "day", "pos", "kind", "capacity", "legs", "departs_ms", "ends_ms", "calls_ms", "grant_epoch")
_GRANT = (
    "grant_id",
    "trip_no",
    "day",
    "node_no",
    "node_epoch",
    "epoch",
    "sell_until_ms",
    "purpose",
    "made_ms",
    "cells",
    "fewer_laps",
)
# A hub that was restored goes on with epochs above all that it can have given: they follow its positions.
EPOCH_SHIFT = 16
_EPOCH = (
    sa.update(dated_trip)
    .where(dated_trip.c.trip_no == sa.bindparam("trip"), dated_trip.c.day == sa.bindparam("on"))
    .values(grant_epoch=sa.bindparam("epoch"))
)


def open_books(
    tx: Connection, timetable: Timetable, places: Iterable[Where], known: Mapping[Where, Book] | None = None
) -> dict[Where, Book]:
    """Books of dated trips that may be sold; those that the hub never sold of are opened. Others are left out.

    ``known`` are books that this transaction has read already.
    """
    known = known or {}
    wanted = list(places)
    books = {where: known[where] for where in wanted if where in known}
    books |= ledger.load(tx, [where for where in wanted if where not in known])
    facts: dict[int, TripFacts | None] = {}
    fresh = []
    for book in books.values():
        if book.opened:
            continue
        if book.trip_no not in facts:
            facts[book.trip_no] = timetable.trip_facts(tx, book.trip_no)
        if _open(tx, book, facts[book.trip_no]):
            fresh.append(book)
    store_trips(tx, fresh)
    return {where: book for where, book in books.items() if book.opened}


def store_trips(tx: Connection, fresh: Iterable[Book]) -> None:
    """Write down dated trips that were opened."""
    rows = [
        (one.trip_no, one.day, one.opened, RESERVED if one.reserved else FREE, one.capacity, one.legs,
         one.departs_ms, one.ends_ms, cbor.encode(list(one.calls_ms)), one.grant_epoch)
        for one in fresh
    ]  # fmt: skip
    insert_rows(tx, dated_trip, _TRIP, rows)


def store_grants(tx: Connection, rows: Sequence[tuple[object, ...]], epochs: Mapping[Where, int]) -> None:
    """Write down grants, and the last epoch of each of their trips."""
    insert_rows(tx, seat_grant, _GRANT, rows)
    if epochs:
        tx.execute(_EPOCH, [{"trip": trip, "on": day, "epoch": epoch} for (trip, day), epoch in epochs.items()])


class GrantBatch:
    """Grants made in one transaction; nothing is stored before :meth:`flush`."""

    def __init__(self, tx: Connection, signer: Signer, clock: Clock) -> None:
        self._tx, self._signer, self._now_ms = tx, signer, clock.wall_ms()
        self._rows: list[tuple[object, ...]] = []
        self._bodies: dict[int, list[tuple[str, bytes]]] = {}
        self._epochs: dict[Where, int] = {}
        self._least: int | None = None

    def add(self, book: Book, info: NodeInfo, cells: Cells, purpose: str, until_ms: int) -> Grant:
        """Grant ``cells`` of a dated trip to a node's present log, for sale until ``until_ms``.

        The book counts them as the node's from now on.
        """
        invariant(bool(cells) and c.covers(book.free(), cells, book.reserved), "only what is free is granted")
        if self._least is None:
            self._least = recovery.base_pos(self._tx) >> EPOCH_SHIFT
        book.grant_epoch = max(book.grant_epoch, self._least) + 1
        pairs = tuple(sorted(cells.items()))
        seats, counts = (pairs, ()) if book.reserved else ((), pairs)
        where, holder = (book.trip_no, book.day), (info.node_no, info.epoch)
        fewer = {} if info.kind == HUB else laps.fewer_for(book, holder, cells)
        grant = Grant(
            next_pos(self._tx), info.node_no, *where, book.grant_epoch, seats, counts, until_ms, tuple(sorted(fewer.items()))
        )  # fmt: skip
        book.grants.append(GrantLine(grant.grant_id, holder, until_ms, dict(cells), fewer_laps=fewer))
        self._epochs[where] = book.grant_epoch
        terms = (grant.epoch, until_ms, purpose, self._now_ms)
        self._rows.append((grant.grant_id, *where, *holder, *terms, c.encode(cells), kept_laps(fewer)))
        signed = sign_grant(grant, self._signer)
        self._bodies.setdefault(info.node_no, []).append((f"grant/{grant.grant_id}", signed))
        return grant

    def flush(self) -> None:
        """Store and publish."""
        store_grants(self._tx, self._rows, self._epochs)
        for node_no, bodies in self._bodies.items():
            streams.publish_many(self._tx, node_stream(node_no), bodies)


def kept_laps(fewer: Mapping[int, int]) -> bytes | None:
    """As it stands beside a grant; None for nothing."""
    return c.encode(fewer) if fewer else None


def _open(tx: Connection, book: Book, facts: TripFacts | None) -> bool:
    shaped = shape_book(book, facts)
    if shaped:
        book.opened = next_pos(tx)
    return shaped


def shape_book(book: Book, facts: TripFacts | None) -> bool:
    """Give a book that nobody opened the seats and times of its trip; False where that is not for sale on this day."""
    if facts is None or not facts.for_sale or facts.capacity < 1 or not facts.runs(book.day):
        return False
    book.reserved, book.capacity = facts.seat_plan_kind == RESERVED, facts.capacity
    book.legs = len(facts.stop_nos) - 1
    departures = [facts.departs_ms(book.day, idx) for idx in range(book.legs)]
    book.calls_ms = (*departures, facts.arrives_ms(book.day, book.legs))
    return True
