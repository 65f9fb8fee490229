"""Giving a ticket back where it was sold: show what it costs, then take that very offer; the seat is on sale again.

Both are worked out by the rules of the day of the sale. What one node can't know (a boarding elsewhere, as long as the
hub is away) the hub finds when the events of both have come, and shows as a conflict.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import store as office
from edge.domains.ticketing.office.faults import Faults
from edge.domains.ticketing.service import Ticket, Ticketing, check_key
from edge.domains.timetable.service import Timetable
from edge.kernel.accounts import Accounts
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import PASSENGER, TicketRefunded
from sync.domains.ticketing.office.rebooking import rebook_rules
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

# Who may agree as the second to a refund.
APPROVERS = ("clerk", "admin")


@dataclass(frozen=True)
class Offer:
    """What giving ``ticket`` back costs now, for ``reason`` (of :data:`sync.domains.ticketing.events.REASONS`). ``second``:
    another clerk has to agree, with a PIN."""

    ticket: Ticket
    reason: str
    fee_minor: int
    refunded_minor: int
    rule: str
    clock_sure: bool
    second: bool


class Refunds:
    """Refunds of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        timetable: Timetable,
        inventory: Inventory,
        ticketing: Ticketing,
        boarded: Callable[[TicketId, sqlite3.Connection], tuple[int, str] | None],
        way_back: Callable[[UnitOfWork, TicketId, int], int],
        accounts: Accounts,
        told_void: Callable[[TicketId, sqlite3.Connection], bool],
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._told_void = told_void
        self._way_back, self._accounts = way_back, accounts
        self._database, self._scribe, self._keeper, self._boarded = database, scribe, keeper, boarded
        self._timetable, self._inventory, self._ticketing = timetable, inventory, ticketing

    def offer(self, number: str, reason: str) -> Offer:
        """What a refund would cost now; nothing is changed.

        Raises :class:`Refusal`: ``ticket_not_here``, ``refund_done``, ``refund_broken_off``, ``refund_boarded``,
        ``refund_departed``, ``refund_clock_unsure``, ``refund_reason``, ``refund_rebooked``, ``refund_past`` (sold before the
        box was enrolled anew: only its office can speak for that log).
        """
        return self._offer(self._database.read(), self._ticketing.find(number), reason)

    def refund(
        self, number: str, reason: str, fee_minor: int, clerk_no: int, key: str, approver_no: int | None = None,
        approver_pin: str = "",
    ) -> Ticket:  # fmt: skip
        """Take the offer that was shown: the fee is still ``fee_minor``, or nothing happens. Durable when this returns.

        The same ``key`` again gives the same refund. Raises as :meth:`offer`, and ``refund_fee_changed``, ``key_form``; where a
        second clerk has to agree ``refund_second``, ``approver_same``, ``approver_right``, ``pin_wrong``, ``pin_locked``.
        """
        check_key(key)
        ticket = self._ticketing.find(number)
        if store.refund_of_key(self._database.read(), key) is None:
            second = 0 if approver_no is None else self._approver(clerk_no, approver_no, approver_pin)
            self._scribe.record(lambda unit: self._refund(unit, ticket, reason, fee_minor, clerk_no, second, key))
        self._refuse_other_ticket(self._database.read(), ticket, key)
        return self._ticketing.find(number)

    def _approver(self, clerk_no: int, approver_no: int, pin: str) -> int:
        """The second clerk, who is here and means it."""
        if approver_no == clerk_no:
            raise Refusal("approver_same", status=403, field="approver_no")
        if set(APPROVERS).isdisjoint(self._accounts.sign_in(approver_no, pin).roles):
            raise Refusal("approver_right", status=403, field="approver_no")
        return approver_no

    def _refund(
        self, unit: UnitOfWork, ticket: Ticket, reason: str, fee_minor: int, clerk_no: int, second: int, key: str
    ) -> None:
        if store.refund_of_key(unit.connection, key) is not None:
            return
        self._ticketing.require_duty(unit.connection, clerk_no)
        offer = self._offer(unit.connection, ticket, reason)
        if offer.fee_minor != fee_minor:
            raise Refusal("refund_fee_changed", field="fee_minor")
        if offer.second and not second:
            raise Refusal("refund_second", status=403, field="approver_no")
        ride = ticket.ride
        payment = self.way_back(unit, ticket.ticket_id, offer.refunded_minor)
        unit.append(
            TicketRefunded(
                ticket.ticket_id.to_bytes(), ride.trip_no, ride.day, ride.from_idx, ride.to_idx, ticket.seat,
                offer.fee_minor, offer.refunded_minor, ticket.currency, payment, rules.reason_index(reason), offer.rule,
                clerk_no, offer.clock_sure, second if offer.second else 0,
            )
        )  # fmt: skip
        self._inventory.take_back(unit.connection, ride.trip_no, ride.day)
        store.keep_refund_key(unit.connection, key, ticket.ticket_id.serial)

    def way_back(self, unit: UnitOfWork, ticket_id: TicketId, amount_minor: int) -> int:
        """The way (of PAYMENTS) by which ``amount_minor`` goes back to who paid for a ticket of this log: the one by which it
        came."""
        return self._way_back(unit, ticket_id, amount_minor)

    def check(self, connection: sqlite3.Connection, ticket: Ticket) -> None:
        """Refuse a ticket that is not this log's to take back, or not any more.

        Raises :class:`Refusal`: ``refund_past``, ``refund_done``, ``refund_broken_off`` (the ride was begun, and the trip ended
        before its end: the hub knows what is paid back), ``refund_boarded``, ``refund_decided`` (the hub has it paid out
        elsewhere).
        """
        if ticket.past:
            raise Refusal("refund_past", field="reason")
        if store.refund(connection, ticket.ticket_id.serial) is not None:
            raise Refusal("refund_done", field="reason")
        boarded = self._boarded(ticket.ticket_id, connection) is not None
        if self._faults.broke_off(ticket.ride, boarded):
            raise Refusal("refund_broken_off", field="reason")
        if boarded:
            raise Refusal("refund_boarded", field="reason")
        if self._told_void(ticket.ticket_id, connection):
            raise Refusal("refund_decided", field="reason")

    def _offer(self, connection: sqlite3.Connection, ticket: Ticket, reason: str) -> Offer:
        index = rules.reason_index(reason)
        self.check(connection, ticket)
        ride, sure = ticket.ride, self._keeper.sure()
        sold_day = days.day_at(ticket.sold_ms, ride.zone)
        agency_no = self._timetable.agency_no(ride.trip_no)
        given = rules.refund_rules(store.published_rules(connection), agency_no, sold_day)
        left_ms, told = ride.leaves_ms - self._keeper.wall_ms(), self._faults.told(ticket, reason, connection)
        if index == PASSENGER:
            self._refuse_rebooked(connection, ticket, agency_no, sold_day)
        found = rules.refund_offer(given, ticket.price_minor, ticket.currency, index, left_ms, sure, told)
        return Offer(ticket, reason, found.fee_minor, found.refunded_minor, found.rule, sure, found.second)

    def _refuse_rebooked(self, connection: sqlite3.Connection, ticket: Ticket, agency_no: int, sold_day: int) -> None:
        """Some stations take a ticket back no more once it was rebooked."""
        found = office.replaces(connection, ticket.ticket_id.serial)
        if found is None or not found.times:
            return
        if not rebook_rules(office.rebook_rules(connection), agency_no, sold_day).refundable:
            raise Refusal("refund_rebooked", field="reason")

    def _refuse_other_ticket(self, connection: sqlite3.Connection, ticket: Ticket, key: str) -> None:
        if store.refund_of_key(connection, key) != ticket.ticket_id.serial:
            raise Refusal("key_form", status=422, field="key")
