"""Seats of tickets that the hub has paid out elsewhere: the box that sold them, and no other, puts them on sale again.

The word that makes a ticket void (``void/TICKET``) reaches its seller as it reaches the boxes of the trip. What the seller
does with it is what it does with a refund of its own: the next ticket of the seat names the old one as superseded, boards no
later than the old passenger would have, and the hub counts the seat free when it hears of that, and not before.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from functools import partial

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import taken
from edge.kernel import meta
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing.events import SeatTakenBack
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

Log = tuple[int, int]


class TakingBack:
    """``void_of``: tickets of a log that the hub says are void; ``boarded``: where a ticket was let in here, if it was."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        inventory: Inventory,
        void_of: Callable[[Log, sqlite3.Connection], list[TicketId]],
        boarded: Callable[[TicketId, sqlite3.Connection], tuple[int, str] | None],
    ) -> None:
        self._database, self._scribe, self._inventory = database, scribe, inventory
        self._void_of, self._boarded = void_of, boarded

    def run(self) -> int:
        """Take back what the hub has told of since. Runs before each visit; gives how many seats that were."""
        identity = meta.known_identity(self._database)
        if identity is None:
            return 0
        connection, made = self._database.read(), 0
        # No room on the disk, or the box stopped: the visit goes on, and the next tries again.
        with contextlib.suppress(Refusal):
            for ticket_id in self._void_of((identity.node_no, identity.epoch), connection):
                if self._may(connection, ticket_id):
                    made += self._scribe.record(partial(self._take, ticket_id=ticket_id))
        return made

    def _may(self, connection: sqlite3.Connection, ticket_id: TicketId) -> bool:
        """Whoever was let in here sits there, whatever was said; what was refunded here is on sale already."""
        given = store.refund(connection, ticket_id.serial) is not None or taken.is_taken(connection, ticket_id.serial)
        return not given and self._boarded(ticket_id, connection) is None

    def _take(self, unit: UnitOfWork, ticket_id: TicketId) -> int:
        sold = store.sold(unit.connection, ticket_id.serial)
        if sold is None or not self._may(unit.connection, ticket_id):
            return 0
        ride = sold.event
        unit.append(SeatTakenBack(ticket_id.to_bytes(), ride.trip_no, ride.day, ride.from_idx, ride.to_idx, ride.seat))
        self._inventory.take_back(unit.connection, ride.trip_no, ride.day)
        return 1
