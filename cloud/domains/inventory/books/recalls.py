"""Asking nodes to give seats back for others, and remembering who waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.tables import ask_waiting, seat_recall
from cloud.kernel import streams
from cloud.kernel.database import insert_rows, next_pos, upsert_rows
from cloud.kernel.nodes import HUB, NodeInfo
from cloud.kernel.tables import node
from sync.domains.inventory.events import SeatsAsked
from sync.domains.inventory.operations import Recall
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock

_RECALL = ("node_no", "trip_no", "day", "number", "places", "open")
_WAIT = ("pos", "node_no", "places", "trip_no", "day", "from_idx", "to_idx")
_THIS: Final = ask_waiting.c.pos == sa.bindparam("which")
_LESS: Final = sa.update(ask_waiting).where(_THIS).values(places=sa.bindparam("left"))
_SERVED: Final = sa.delete(ask_waiting).where(_THIS)
_WAITING: Final = (
    sa.select(ask_waiting)
    .where(ask_waiting.c.trip_no == sa.bindparam("trip_no"), ask_waiting.c.day == sa.bindparam("day"))
    .order_by(ask_waiting.c.pos)
)
_ON_TRIP: Final = (seat_recall.c.trip_no == sa.bindparam("trip"), seat_recall.c.day == sa.bindparam("on"))
_ASKED: Final = sa.select(seat_recall.c.node_no).where(*_ON_TRIP, seat_recall.c.open)
_ANSWERED: Final = (
    sa.update(seat_recall).where(seat_recall.c.node_no == sa.bindparam("node"), *_ON_TRIP).values(open=False)
)
_BOXES: Final = sa.select(node.c.node_no, node.c.epoch).where(node.c.kind != HUB)
_PLACES: Final = sa.select(node.c.node_no, node.c.epoch).where(node.c.kind != "vehicle")


class Recalls:
    """Requests to return seats. For others' sake a vehicle's box is never asked: it is the arbiter on board."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def wait(self, tx: Connection, pos: int, node_no: int, ask: SeatsAsked, count: int) -> None:
        """Remember that a node still lacks ``count`` seats for a ride."""
        ride = (ask.trip_no, ask.day, ask.from_idx, ask.to_idx)
        insert_rows(tx, ask_waiting, _WAIT, [(pos, node_no, count, *ride)])

    def waiting(self, tx: Connection, where: Where) -> Sequence[Row[Any]]:
        """Who waits for seats of a dated trip, the first first."""
        return tx.execute(_WAITING, {"trip_no": where[0], "day": where[1]}).all()

    def served(self, tx: Connection, pos: int, left: int) -> None:
        """What an ask still lacks; 0 ends it."""
        if left:
            tx.execute(_LESS, {"which": pos, "left": left})
        else:
            tx.execute(_SERVED, {"which": pos})

    def answered(self, tx: Connection, node_no: int, back: Iterable[Where]) -> None:
        """A node returned something of these trips: it may be asked again."""
        for trip_no, day in back:
            tx.execute(_ANSWERED, {"node": node_no, "trip": trip_no, "on": day})

    def ask_back(self, tx: Connection, book: Book, asker: NodeInfo, ask: SeatsAsked, count: int) -> None:
        """Ask those who hold most unsold seats for this ride to return ``count`` of them."""
        asked = self._asked(tx, book)
        for spare, node_no in self._holders(tx, book, asker, ask):
            if count <= 0:
                return
            if node_no not in asked:
                self._publish(tx, book, node_no, min(spare, count))
            count -= spare

    def all_back(self, tx: Connection, book: Book) -> int:
        """Ask everybody, the vehicle's box too, to return all that is unsold: another vehicle comes. Gives how many are asked."""
        present = {row.node_no: row.epoch for row in tx.execute(_BOXES)}
        asked = [one[0] for one in book.holders() if present.get(one[0]) == one[1] and book.open(one)]
        for node_no in asked:
            self._publish(tx, book, node_no, 0)
        return len(asked)

    def _holders(self, tx: Connection, book: Book, asker: NodeInfo, ask: SeatsAsked) -> list[tuple[int, int]]:
        """(seats for this ride, node_no) of the others' present logs, the largest first."""
        present = {row.node_no: row.epoch for row in tx.execute(_PLACES)}
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
        return set(tx.execute(_ASKED, {"trip": book.trip_no, "on": book.day}).scalars())

    def _publish(self, tx: Connection, book: Book, node_no: int, count: int) -> None:
        number = next_pos(tx)
        upsert_rows(tx, seat_recall, _RECALL[:3], _RECALL, [(node_no, book.trip_no, book.day, number, count, True)])
        body = Recall(number, count).to_bytes()
        streams.publish(tx, node_stream(node_no), f"recall/{book.trip_no}/{book.day}", body)
