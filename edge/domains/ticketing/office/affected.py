"""Tickets that were sold here for trips that do not run as planned: whose money goes back, or who takes another ride."""

from __future__ import annotations

from dataclasses import dataclass

from edge.domains.disruption.service import Disruptions
from edge.domains.ticketing import store
from edge.domains.ticketing.service import Ticket, Ticketing
from edge.domains.timetable.service import Timetable, TripView
from edge.kernel import meta
from edge.kernel.database import Database
from sync.domains.disruption.operations import Disruption
from sync.domains.disruption.rules import fault_of
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

# No ticket is sold longer before its trip.
_PRESALE_DAYS = 62


@dataclass(frozen=True)
class Affected:
    """A disturbed trip, and the tickets for it that were sold here and neither given back nor used yet. ``reason``: for which
    they are given back or exchanged free."""

    trip: TripView
    said: Disruption
    reason: str
    tickets: list[Ticket]


class AffectedTickets:
    """What the counter has to do about disruptions."""

    def __init__(
        self, database: Database, timetable: Timetable, disruptions: Disruptions, ticketing: Ticketing
    ) -> None:
        self._database, self._timetable, self._disruptions = database, timetable, disruptions
        self._ticketing = ticketing

    def all(self) -> list[Affected]:
        """Disturbed trips from yesterday on, the soonest first, each with its tickets in the order of their sale."""
        found = []
        sold = self._sold()
        for trip_no, day, said in self._disruptions.since(self._timetable.today() - 1):
            try:
                trip = self._timetable.trip(trip_no, day)
            except Refusal:
                continue  # of another operator: nothing of it is sold here
            tickets = [self._ticketing.find(number) for number in sold.get((trip_no, day), ())]
            waiting = [one for one in tickets if one.refunded is None and one.boarded is None]
            found.append(Affected(trip, said, fault_of(said.kind), waiting))
        return found

    def _sold(self) -> dict[tuple[int, int], list[str]]:
        """Dated trip → numbers of what was sold of it here, for the disturbed trips."""
        disturbed = {(trip_no, day) for trip_no, day, _ in self._disruptions.since(self._timetable.today() - 1)}
        found: dict[tuple[int, int], list[str]] = {}
        identity = meta.known_identity(self._database)
        if not disturbed or identity is None:
            return found
        zone, today = self._timetable.zone(), self._timetable.today()
        span = (days.instant_ms(today - _PRESALE_DAYS, 0, zone), days.instant_ms(today + 2, 0, zone))
        for row in store.sold_between(self._database.read(), *span):
            where = (row.event.trip_no, row.event.day)
            if where in disturbed:
                ticket_id = TicketId(identity.node_no, row.epoch or identity.epoch, row.event.serial)
                found.setdefault(where, []).append(ticket_id.number)
        return found
