"""Asking nodes to give seats back for others, and remembering who waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.tables import ask_waiting, seat_recall
from cloud.kernel import streams
from cloud.kernel.database import next_pos, upsert_rows
from cloud.kernel.nodes import NodeInfo
from cloud.kernel.tables import node
from sync.domains.inventory.events import SeatsAsked
from sync.domains.inventory.operations import Recall
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock

_RECALL = ("node_no", "trip_no", "day", "number", "places", "open")


class Recalls:
    """Requests to return seats. A vehicle's box is never asked: it is the arbiter on board."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wait(self, tx: Connection, pos: int, node_no: int, ask: SeatsAsked, count: int) -> None:
        """Remember that a node still lacks ``count`` seats for a ride."""
        ride = {"trip_no": ask.trip_no, "day": ask.day, "from_idx": ask.from_idx, "to_idx": ask.to_idx}
        tx.execute(sa.insert(ask_waiting).values(pos=pos, node_no=node_no, places=count, **ride))

    def waiting(self, tx: Connection, where: Where) -> Sequence[Row[Any]]:
        """Who waits for seats of a dated trip, the first first."""
        column = ask_waiting.c
        mine = (column.trip_no == where[0], column.day == where[1])
        return tx.execute(sa.select(ask_waiting).where(*mine).order_by(column.pos)).all()

    def served(self, tx: Connection, pos: int, left: int) -> None:
        """What an ask still lacks; 0 ends it."""
        mine = ask_waiting.c.pos == pos
        tx.execute(
            sa.update(ask_waiting).where(mine).values(places=left) if left else sa.delete(ask_waiting).where(mine)
        )

    def answered(self, tx: Connection, node_no: int, back: Iterable[Where]) -> None:
        """A node returned something of these trips: it may be asked again."""
        for trip_no, day in back:
            column = seat_recall.c
            mine = (column.node_no == node_no, column.trip_no == trip_no, column.day == day)
            tx.execute(sa.update(seat_recall).where(*mine).values(open=False))

    def ask_back(self, tx: Connection, book: Book, asker: NodeInfo, ask: SeatsAsked, count: int) -> None:
        """Ask those who hold most unsold seats for this ride to return ``count`` of them."""
        asked = self._asked(tx, book)
        for spare, node_no in self._holders(tx, book, asker, ask):
            if count <= 0:
                return
            if node_no not in asked:
                self._publish(tx, book, node_no, min(spare, count))
            count -= spare

    def _holders(self, tx: Connection, book: Book, asker: NodeInfo, ask: SeatsAsked) -> list[tuple[int, int]]:
        """(seats for this ride, node_no) of the others' present logs, the largest first."""
        present = {row.node_no: row.epoch for row in tx.execute(sa.select(node).where(node.c.kind != "vehicle"))}
        found = []
        for holder in book.holders():
            if holder[0] == asker.node_no or present.get(holder[0]) != holder[1]:
                continue
            fitting = c.exact(book.open(holder), ask.from_idx, ask.to_idx, book.capacity, book.reserved)
            spare = c.places_on(fitting, ask.from_idx, book.reserved)
            if spare:
                found.append((spare, holder[0]))
        return sorted(found, key=lambda item: (-item[0], item[1]))

    def _asked(self, tx: Connection, book: Book) -> set[int]:
        column = seat_recall.c
        mine = (column.trip_no == book.trip_no, column.day == book.day, column.open)
        return set(tx.execute(sa.select(column.node_no).where(*mine)).scalars())

    def _publish(self, tx: Connection, book: Book, node_no: int, count: int) -> None:
        number = next_pos(tx)
        upsert_rows(tx, seat_recall, _RECALL[:3], _RECALL, [(node_no, book.trip_no, book.day, number, count, True)])
        body = Recall(number, count).to_bytes()
        streams.publish(tx, node_stream(node_no), f"recall/{book.trip_no}/{book.day}", body)
