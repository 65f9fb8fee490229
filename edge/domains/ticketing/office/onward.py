"""The rest of a through journey, exchanged free in one act where the carrier broke it: other rides for all who ride, leg by
leg, from the first one that can't be made any more to the first planned one that can; all of them or none."""

from __future__ import annotations

from dataclasses import dataclass

from edge.domains.disruption.service import Disruptions
from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store as sales
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.faults import Faults, Place
from edge.domains.ticketing.office.rebooking import Offer, Rebooking, RideKey
from edge.domains.ticketing.service import Ticket, Ticketing, check_key
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.disruption.rules import CANCELLED, CONNECTION_MISSED
from sync.domains.inventory.rules import LAP
from sync.kernel import days as calendar
from sync.kernel.errors import Refusal

_LISTED = 100
_PRESALE_DAYS = 62


@dataclass(frozen=True)
class Leg:
    """One ride in the place of another, for all who hold ``tickets``."""

    tickets: tuple[Ticket, ...]
    ride: Ride
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Rest:
    """What takes the place of the rest of a journey. ``due_minor``: all of them pay; below 0: is handed back."""

    legs: tuple[Leg, ...]
    due_minor: int
    currency: str

    @property
    def rides(self) -> tuple[RideKey, ...]:
        """The new rides."""
        return tuple((leg.ride.trip_no, leg.ride.day, leg.ride.from_idx, leg.ride.to_idx) for leg in self.legs)


class Onward:
    """Journeys of a node that can't be made as planned."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        timetable: Timetable,
        disruptions: Disruptions,
        inventory: Inventory,
        ticketing: Ticketing,
        rebooking: Rebooking,
        faults: Faults,
    ) -> None:
        self._database, self._scribe, self._timetable, self._inventory = database, scribe, timetable, inventory
        self._disruptions = disruptions
        self._ticketing, self._rebooking, self._faults = ticketing, rebooking, faults

    def offer(self, number: str) -> Rest:
        """What the rest of a journey from this ticket's ride on would be exchanged for now; nothing is changed.

        Raises :class:`Refusal`: ``onward_none`` (no journey, or nothing broke it), ``onward_named`` (each traveller shows a
        document, one by one), ``onward_no_ride``, and as :meth:`Rebooking.offer`.
        """
        ticket = self._ticketing.find(number)
        place = None if ticket.past else self._faults.place(self._database.read(), ticket.ticket_id.serial)
        if place is None or not self._faults.of(ticket):
            raise Refusal("onward_none", field="reason")
        legs = tuple(self._legs(ticket, place))
        due_minor = sum(offer.due_minor for leg in legs for offer in leg.offers)
        return Rest(legs, due_minor, ticket.currency)

    def take(self, number: str, rides: tuple[RideKey, ...], due_minor: int, clerk_no: int, key: str) -> Ticket:
        """Take the offer that was shown: the same ``rides`` for the same money, or nothing happens. Durable when this
        returns. Gives the first new ticket; the same ``key`` again gives the same one.

        Raises as :meth:`offer`, ``rebook_due_changed``, ``no_seat``, ``shift_needed``, ``key_form``.
        """
        check_key(key)
        done = sales.serial_of_key(self._database.read(), _key(key, 0))
        if done is None:
            rest = self.offer(number)
            if (rest.rides, rest.due_minor) != (rides, due_minor):
                raise Refusal("rebook_due_changed", field="reason")
            self._scribe.record(lambda unit: self._take(unit, rest, clerk_no, key))
            done = sales.serial_of_key(self._database.read(), _key(key, 0))
        return self._ticketing.ticket(*(done or (0, None)))

    def broken(self) -> list[Ticket]:
        """One ticket of each journey that was sold here and broke: of its first ride that can't be made."""
        connection, today = self._database.read(), self._timetable.today()
        if not self._disruptions.since(today - 1):
            return []
        since_ms = calendar.instant_ms(today - _PRESALE_DAYS, 0, self._timetable.zone())
        found = []
        for first, count in booked.several_since(connection, since_ms):
            place = self._faults.place(connection, first)
            ticket = None if place is None else self._first_broken(place, range(first, first + count), today - 1)
            if ticket is not None:
                found.append(ticket)
        return found[:_LISTED]

    def _first_broken(self, place: Place, serials: range, since: int) -> Ticket | None:
        connection = self._database.read()
        for serial in serials:
            newest, _ = self._faults.newest(connection, serial)
            row = sales.sold(connection, newest)
            if row is None or row.event.day < since or sales.refund(connection, newest) is not None:
                continue
            ticket = self._ticketing.ticket(newest)
            onward = serial - place.first >= place.people
            if ticket.boarded is None and (
                CONNECTION_MISSED in self._faults.of(ticket) if onward else self._fell_out(ticket)
            ):
                return ticket
        return None

    def _fell_out(self, ticket: Ticket) -> bool:
        return ticket.ride.disruption == CANCELLED

    def _legs(self, ticket: Ticket, place: Place) -> list[Leg]:
        """Leg by leg until the planned one can be made."""
        found: list[Leg] = []
        before = self._before(place)
        for leg in range(place.leg, place.legs):
            tickets = self._standing(place, leg)
            if not tickets:
                break
            old = tickets[0].ride
            runs = old.disruption != CANCELLED and (before is None or self._faults.holds(before, old))
            if found and runs:
                break
            reason = next(iter(self._faults.of(tickets[0])), CONNECTION_MISSED)
            ride = self._next(tickets, before)
            where = ride.where
            offers = tuple(self._rebooking.offer(one.number, where, reason) for one in tickets)
            found.append(Leg(tickets, ride, offers))
            before = ride
        if not found:
            raise Refusal("onward_none", field="reason")
        return found

    def _before(self, place: Place) -> Ride | None:
        """The ride on which they come, where there is one."""
        if place.leg == 0:
            return None
        serial, _ = self._faults.newest(self._database.read(), place.first + (place.leg - 1) * place.people)
        ticket = self._ticketing.ticket(serial)
        return ticket.ride if ticket.refunded is None and ticket.ride.disruption != CANCELLED else None

    def _standing(self, place: Place, leg: int) -> tuple[Ticket, ...]:
        """The good tickets of a leg, one a person."""
        connection, first = self._database.read(), place.first + leg * place.people
        newest = [self._faults.newest(connection, first + person)[0] for person in range(place.people)]
        tickets = [self._ticketing.ticket(serial) for serial in newest]
        good = tuple(one for one in tickets if one.refunded is None and one.boarded is None)
        if any(one.traveller is not None for one in good):
            raise Refusal("onward_named", field="reason")
        return good

    def _next(self, tickets: tuple[Ticket, ...], before: Ride | None) -> Ride:
        """The first ride that they reach and that has room for all of them."""
        seats, old = sum(one.seat != LAP for one in tickets), tickets[0].ride
        for day in (old.day, old.day + 1):
            for ride in self._rebooking.rides(tickets[0].number, day):
                where = ride.where
                if before is not None and not self._faults.holds(before, ride):
                    continue
                if ride.leaves_ms >= old.departs_ms and self._inventory.availability(*where).places >= seats:
                    return ride
        raise Refusal("onward_no_ride", field="reason")

    def _take(self, unit: UnitOfWork, rest: Rest, clerk_no: int, key: str) -> None:
        for count, (where, offer) in enumerate(
            (where, offer) for where, leg in zip(rest.rides, rest.legs, strict=True) for offer in leg.offers
        ):
            self._rebooking.exchange(
                unit, offer.ticket, where, None, offer.reason, offer.due_minor, clerk_no, _key(key, count), None
            )


def _key(key: str, count: int) -> str:
    return f"{key}/{count}"
