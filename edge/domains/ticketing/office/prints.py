"""Putting a ticket on paper. Each time is written down before the paper is shown; from the second on it says so itself."""

from __future__ import annotations

from typing import Final

from edge.domains.ticketing.office import printed
from edge.domains.ticketing.service import Ticketing
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing.events import TicketPrinted
from sync.kernel.errors import Refusal

MAX_COPIES: Final = 9
# A passenger who has paid gets a paper also from a box that can write no more: it can't refund either.
WRITES_NOTHING: Final = frozenset({"box_stopped", "disk_full"})


class Prints:
    """Papers of a node's tickets."""

    def __init__(self, database: Database, scribe: Scribe, ticketing: Ticketing) -> None:
        self._database, self._scribe, self._ticketing = database, scribe, ticketing

    def copy(self, number: str, clerk_no: int) -> int:
        """Which paper of the ticket this is, counted from 1 and written in the log; 0 where the box can write nothing.

        ``clerk_no`` 0: the passenger did it. Raises :class:`Refusal`: ``ticket_not_here``, ``ticket_refunded`` (nobody gets
        a paper of it), ``printed_often``.
        """
        ticket_id = self._ticketing.good(number).ticket_id.to_bytes()

        def work(unit: UnitOfWork) -> int:
            before = printed.copies(unit.connection, ticket_id)
            if before >= MAX_COPIES:
                raise Refusal("printed_often", times=before)
            unit.append(TicketPrinted(ticket_id, before + 1, clerk_no))
            return before + 1

        try:
            return self._scribe.record(work)
        except Refusal as refusal:
            if refusal.code in WRITES_NOTHING:
                return 0
            raise

    def copies(self, ticket_id: bytes) -> int:
        """How often a ticket was printed."""
        return printed.copies(self._database.read(), ticket_id)
