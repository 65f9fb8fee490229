"""Exchanging a ticket for another ride where it was sold: show what it costs, then take that very offer.

In one commit the old ticket is given back and the new one sold, and the difference changes hands in cash; so the takings
are right by sales and refunds alone, and whatever knows of a refund knows that the old ticket is void. Where the old one
was paid by phone, its money goes back there, all of it, and the new one is paid in cash: no money changes its way.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store as sales
from edge.domains.ticketing.office import store
from edge.domains.ticketing.office.fares import Fares
from edge.domains.ticketing.office.faults import Faults
from edge.domains.ticketing.office.refunds import Refunds
from edge.domains.ticketing.office.travellers import ShownDocument, Travellers
from edge.domains.ticketing.service import Ticket, Ticketing, check_key
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import (
    CASH,
    COUNTER,
    PASSENGER,
    PAYMENTS,
    PROOFS,
    REBOOKED,
    TicketRebooked,
    TicketRefunded,
    TicketSold,
    TravellerNamed,
)
from sync.domains.ticketing.office import rebooking as rules
from sync.domains.ticketing.operations import RebookRules
from sync.domains.ticketing.rules import reason_index, valid_until_s
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

RideKey = tuple[int, int, int, int]
_CASH = PAYMENTS[CASH]


@dataclass(frozen=True)
class Offer:
    """What exchanging ``ticket`` for ``ride`` costs now. ``due_minor``: the passenger pays; below 0: is handed back."""

    ticket: Ticket
    ride: Ride
    reason: str
    fee_minor: int
    price_minor: int
    due_minor: int
    rule: str
    clock_sure: bool


@dataclass(frozen=True)
class Rebooked:
    """What became of an exchange: the ``old`` ticket, the ``new`` one, and what the passenger paid (below 0: got)."""

    old: Ticket
    new: Ticket
    due_minor: int


class Rebooking:
    """Rebookings of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        timetable: Timetable,
        inventory: Inventory,
        fares: Fares,
        travellers: Travellers,
        ticketing: Ticketing,
        refunds: Refunds,
        faults: Faults,
    ) -> None:
        self._fares, self._travellers, self._faults = fares, travellers, faults
        self._database, self._scribe, self._keeper, self._refunds = database, scribe, keeper, refunds
        self._timetable, self._inventory, self._ticketing = timetable, inventory, ticketing

    def rides(self, number: str, day: int) -> list[Ride]:
        """Rides of a service date between the same two stops for which a ticket may be exchanged, by departure."""
        ticket = self._ticketing.find(number)
        given, old = self._rules(self._database.read(), ticket), ticket.ride
        wanted = self._way(old.trip_no)
        return [
            ride
            for ride in self._timetable.rides(old.to_stop.stop_no, day, old.from_stop.stop_no)
            if (ride.trip_no, ride.day) != (old.trip_no, old.day)
            and ride.price_minor is not None
            and rules.fits(given, wanted, self._way(ride.trip_no))
        ]

    def offer(self, number: str, where: RideKey, reason: str) -> Offer:
        """What an exchange for the ride ``where`` = (trip_no, day, from_idx, to_idx) would cost now; nothing is changed.

        Raises :class:`Refusal` as :meth:`Refunds.check` and :func:`rules.rebook_terms`, ``rebook_same``, ``rebook_line``, and
        what a sale of that ride would raise.
        """
        return self._offer(self._database.read(), self._ticketing.find(number), where, reason)

    def rebook(
        self, number: str, where: RideKey, seat: int | None, reason: str, due_minor: int, clerk_no: int, key: str,
        document: ShownDocument | None = None,
    ) -> Ticket:  # fmt: skip
        """Take the offer that was shown: ``due_minor`` is still what changes hands, or nothing happens. Durable when this
        returns. The same ``key`` again gives the same new ticket.

        Raises as :meth:`offer`, and ``rebook_due_changed``, ``no_seat``, ``seat_taken``, ``key_form``, and as
        :meth:`Travellers.again` for a ticket with a name.
        """
        check_key(key)
        old = self._ticketing.find(number)
        if sales.serial_of_key(self._database.read(), key) is None:
            named = self._travellers.again(old, where[0], where[1], document)
            self._scribe.record(
                lambda unit: self.exchange(unit, old, where, seat, reason, due_minor, clerk_no, key, named)
            )
        serial = store.exchanged_under(self._database.read(), sales.serial_of_key(self._database.read(), key), old)
        return self._ticketing.find(_number(old, serial))

    def outcome(self, number: str) -> Rebooked:
        """What took the place of a ticket that was rebooked or reissued. Raises :class:`Refusal` ``rebook_none``."""
        old = self._ticketing.find(number)
        found = None if old.past else store.replaced_by(self._database.read(), old.ticket_id.serial)
        if found is None or old.refunded is None:
            raise Refusal("rebook_none", status=404)
        new = self._ticketing.find(_number(old, found.serial))
        return Rebooked(old, new, new.price_minor - (old.refunded.refunded_minor if old.payment == _CASH else 0))

    def exchange(
        self, unit: UnitOfWork, old: Ticket, where: RideKey, seat: int | None, reason: str, due_minor: int,
        clerk_no: int, key: str, named: TravellerNamed | None,
    ) -> None:  # fmt: skip
        """As :meth:`rebook`, in the caller's transaction. ``named``: what names the traveller of the new ticket."""
        if sales.serial_of_key(unit.connection, key) is not None:
            return
        self._ticketing.require_duty(unit.connection, clerk_no)
        offer = self._offer(unit.connection, old, where, reason)
        if offer.due_minor != due_minor:
            raise Refusal("rebook_due_changed", field="reason")
        serial, ride, sure = sales.next_serial(unit.connection), old.ride, offer.clock_sure
        back_minor = old.price_minor - offer.fee_minor
        back = (offer.fee_minor, back_minor, old.currency, self._refunds.way_back(unit, old.ticket_id, back_minor))
        times = self._times(unit.connection, old) + (reason_index(reason) == PASSENGER)
        unit.append(
            TicketRebooked(
                old.ticket_id.to_bytes(),
                serial,
                offer.fee_minor,
                reason_index(reason),
                offer.rule,
                times,
                clerk_no,
                sure,
            )
        )
        unit.append(
            TicketRefunded(
                old.ticket_id.to_bytes(), ride.trip_no, ride.day, ride.from_idx, ride.to_idx, old.seat, *back, REBOOKED,
                offer.rule, clerk_no, sure,
            )
        )  # fmt: skip
        self._inventory.take_back(unit.connection, ride.trip_no, ride.day)
        chosen = LAP if old.seat == LAP else seat
        taken = self._inventory.take(unit.connection, where, offer.ride.seat_kind, chosen)
        until_s = valid_until_s(self._timetable.ends_ms(where[0], where[1]))
        price = (offer.price_minor, old.currency, CASH)
        rider, proof = RIDERS.index(old.rider), PROOFS.index(old.proof)
        unit.append(TicketSold(serial, *where, taken, rider, *price, clerk_no, COUNTER, until_s, proof))
        self._travellers.add(unit, named, serial)
        sales.keep_key(unit.connection, key, serial)

    def _offer(self, connection: sqlite3.Connection, old: Ticket, where: RideKey, reason: str) -> Offer:
        index, given = reason_index(reason), self._rules(connection, old)
        self._refunds.check(connection, old)
        told = self._faults.told(old, reason, connection)
        if where == (old.ride.trip_no, old.ride.day, old.ride.from_idx, old.ride.to_idx):
            raise Refusal("rebook_same", field="reason")
        ride = self._ticketing.for_sale(*where)
        if not rules.fits(given, self._way(old.ride.trip_no), self._way(ride.trip_no)):
            raise Refusal("rebook_line", field="reason")
        sure, left_ms = self._keeper.sure(), old.ride.leaves_ms - self._keeper.wall_ms()
        prices = (old.price_minor, self._fares.price(ride, old.rider).minor)
        times = self._times(connection, old)
        terms = rules.rebook_terms(given, prices, index, times, left_ms, sure, told)
        due_minor = terms.due_minor if old.payment == _CASH else terms.price_minor
        return Offer(old, ride, reason, terms.fee_minor, terms.price_minor, due_minor, terms.rule, sure)

    def _rules(self, connection: sqlite3.Connection, ticket: Ticket) -> RebookRules:
        sold_day = days.day_at(ticket.sold_ms, ticket.ride.zone)
        agency_no = self._timetable.agency_no(ticket.ride.trip_no)
        return rules.rebook_rules(store.rebook_rules(connection), agency_no, sold_day)

    def _way(self, trip_no: int) -> rules.Way:
        route_no, route = self._timetable.route(trip_no)
        return rules.Way(route.agency_no, route.currency, route_no, route.seat_plan)

    def _times(self, connection: sqlite3.Connection, ticket: Ticket) -> int:
        """How often the passenger had this journey rebooked before."""
        found = store.replaces(connection, ticket.ticket_id.serial)
        return found.times if found else 0


def _number(old: Ticket, serial: int) -> str:
    """The number of another ticket of the same log."""
    return replace(old.ticket_id, serial=serial).number
