"""A new paper for the same ride and seat, free, in the place of one that was handed in damaged, or that its named traveller
lost; the old one is void.

In one commit the old ticket is given back in full and the new one sold for the same price, so that no cash moves and
everything that knows of refunds knows which of both papers is good.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from edge.domains.ticketing import store as sales
from edge.domains.ticketing.office import store
from edge.domains.ticketing.office.refunds import Refunds
from edge.domains.ticketing.office.travellers import ShownDocument, Travellers
from edge.domains.ticketing.service import Ticket, Ticketing, check_key
from edge.domains.timetable.service import Timetable
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing.events import (
    COUNTER,
    PAYMENTS,
    PROOFS,
    REISSUED,
    TicketRefunded,
    TicketReissued,
    TicketSold,
    TravellerNamed,
)
from sync.domains.ticketing.office.reissue import LOST, cause_index, reissue_rule
from sync.domains.ticketing.rules import valid_until_s
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS


class Reissuing:
    """Reissues of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        timetable: Timetable,
        travellers: Travellers,
        ticketing: Ticketing,
        refunds: Refunds,
    ) -> None:
        self._database, self._scribe, self._keeper, self._travellers = database, scribe, keeper, travellers
        self._timetable, self._ticketing, self._refunds = timetable, ticketing, refunds

    def check(self, number: str, cause: str) -> Ticket:
        """The ticket, if it may be reissued for ``cause`` (of :data:`sync.domains.ticketing.office.reissue.CAUSES`).

        Raises :class:`Refusal` as :meth:`Refunds.check`, ``reissue_cause``, ``reissue_past`` (it is good no longer),
        ``reissue_unnamed`` (lost, and nobody can say whose it was).
        """
        found = self._ticketing.find(number)
        self._check(self._database.read(), found, cause)
        return found

    def reissue(
        self, number: str, cause: str, clerk_no: int, key: str, document: ShownDocument | None = None
    ) -> Ticket:
        """Reissue; gives the new ticket, with the traveller of the old one. Durable when this returns; the same ``key`` again
        gives the same ticket. ``document``: of who lost it.

        Raises as :meth:`check`, ``key_form``, and as :meth:`Travellers.again` for a lost one.
        """
        check_key(key)
        old = self._ticketing.find(number)
        if sales.serial_of_key(self._database.read(), key) is None:
            self._check(self._database.read(), old, cause)
            named = self._traveller(old, cause, document)
            self._scribe.record(lambda unit: self._reissue(unit, old, cause, clerk_no, key, named))
        serial = store.exchanged_under(self._database.read(), sales.serial_of_key(self._database.read(), key), old)
        return self._ticketing.find(replace(old.ticket_id, serial=serial).number)

    def _reissue(
        self, unit: UnitOfWork, old: Ticket, cause: str, clerk_no: int, key: str, named: TravellerNamed | None
    ) -> None:
        if sales.serial_of_key(unit.connection, key) is not None:
            return
        self._ticketing.require_duty(unit.connection, clerk_no)
        self._check(unit.connection, old, cause)
        serial, ride = sales.next_serial(unit.connection), old.ride
        where = (ride.trip_no, ride.day, ride.from_idx, ride.to_idx, old.seat)
        until_s = self._until_s(old)
        # No money moves, so the new ticket is paid for as the old one was.
        price = (old.price_minor, old.currency, PAYMENTS.index(old.payment))
        unit.append(TicketReissued(old.ticket_id.to_bytes(), serial, cause_index(cause), clerk_no))
        unit.append(
            TicketRefunded(
                old.ticket_id.to_bytes(),
                *where,
                0,
                *price,
                REISSUED,
                reissue_rule(cause),
                clerk_no,
                self._keeper.sure(),
            )
        )
        rider, proof = RIDERS.index(old.rider), PROOFS.index(old.proof)
        unit.append(TicketSold(serial, *where, rider, *price, clerk_no, COUNTER, until_s, proof))
        self._travellers.add(unit, named, serial)
        sales.keep_key(unit.connection, key, serial)

    def _traveller(self, old: Ticket, cause: str, document: ShownDocument | None) -> TravellerNamed | None:
        """Whose the new paper is: what the old one says goes over as it is; who lost it shows the document."""
        if cause == LOST:
            return self._travellers.again(old, old.ride.trip_no, old.ride.day, document)
        return self._travellers.carried(old)

    def _check(self, connection: sqlite3.Connection, ticket: Ticket, cause: str) -> None:
        cause_index(cause)
        if cause == LOST and not self._travellers.check_of(ticket.ticket_id.serial):
            raise Refusal("reissue_unnamed", field="cause")
        self._refunds.check(connection, ticket)
        if self._keeper.sure() and self._keeper.wall_ms() // 1000 > self._until_s(ticket):
            raise Refusal("reissue_past", field="cause")

    def _until_s(self, ticket: Ticket) -> int:
        return valid_until_s(self._timetable.ends_ms(ticket.ride.trip_no, ticket.ride.day))
