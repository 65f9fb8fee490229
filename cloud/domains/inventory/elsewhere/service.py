"""What a place is told about seats in other hands: a look into the books, on demand."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.ledger import Book
from cloud.kernel import recovery
from cloud.kernel.database import Database
from cloud.kernel.intake import may_speak
from cloud.kernel.nodes import BY_KID
from cloud.kernel.ports import Timetable
from sync.domains.inventory.elsewhere import enquiry
from sync.domains.inventory.elsewhere.enquiry import Left, Wanted
from sync.domains.inventory.rules import RESERVED
from sync.kernel.errors import Refusal
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Clock, Signer


class SeatEnquiry:
    """Answers enquiries of nodes."""

    def __init__(self, database: Database, timetable: Timetable, clock: Clock, signer: Signer) -> None:
        self._database, self._timetable, self._clock, self._signer = database, timetable, clock, signer

    def answer(self, data: bytes) -> bytes:
        """The signed answer. Raises :class:`Malformed`, and :class:`Refusal` ``box_barred`` for a barred node."""
        with self._database.read() as tx:
            kid, rides = enquiry.decode(data, lambda kid: _key(tx, kid))
            who = tx.execute(BY_KID, {"kid": kid}).one()
            if not may_speak(who.status):
                raise Refusal("box_barred", status=403)
            unsure = recovery.recovering(tx)
            books = ledger.load(tx, {(trip_no, day) for trip_no, day, _, _ in rides})
            places = [None if unsure else self._left(tx, books[ride[:2]], ride, who.node_no) for ride in rides]
        return enquiry.encode_answer(Left(tuple(places), self._clock.wall_ms()), data, self._signer)

    def _left(self, tx: Connection, book: Book, ride: Wanted, node_no: int) -> int | None:
        """Places that the hub has free, and those that other nodes hold and have not sold."""
        trip_no, _, from_idx, to_idx = ride
        if not book.opened:
            facts = self._timetable.trip_facts(tx, trip_no)
            if facts is None or to_idx >= len(facts.stop_nos):
                return None
            book.reserved, book.capacity = facts.seat_plan_kind == RESERVED, facts.capacity
            book.legs = len(facts.stop_nos) - 1
        if to_idx > book.legs:
            return None
        others = [book.open(holder) for holder in book.holders() if holder[0] != node_no]
        fitting = [c.exact(some, from_idx, to_idx, book.capacity, book.reserved) for some in (book.free(), *others)]
        return sum(c.places_on(some, from_idx, book.reserved) for some in fitting)


def _key(tx: Connection, kid: bytes) -> VerifyKey | None:
    row = tx.execute(BY_KID, {"kid": kid}).first()
    return None if row is None else VerifyKey(row.public)
