"""Tickets that were sold here for trips that do not run as planned: whose money goes back, or who takes another ride."""

from __future__ import annotations

from dataclasses import dataclass

from edge.domains.disruption.service import Disruptions
from edge.domains.ticketing import store
from edge.domains.ticketing.office.faults import Faults
from edge.domains.ticketing.service import Ticket, Ticketing
from edge.domains.timetable.service import Timetable, TripView
from edge.kernel import meta
from edge.kernel.database import Database
from sync.domains.disruption.operations import Disruption, ShortTurn, VehicleChange
from sync.domains.disruption.rules import CANCELLED, CUT_SHORT, VEHICLE_CHANGED, fault_of
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

# No ticket is sold longer before its trip.
_PRESALE_DAYS = 62


@dataclass(frozen=True)
class Affected:
    """A disturbed trip, and the tickets for it that were sold here and neither given back nor used yet. ``reason``: for which
    they are given back or exchanged free. ``moved``: tickets that are good, on another seat than their code says.
    ``seatless``: ids of the trip's tickets, sold wherever, that another vehicle has no place for or for who paid with them.
    ``broken``: tickets whose ride was begun and not made to its end; ``ends_idx``: where the trip ends before its last stop."""

    trip: TripView
    said: Disruption
    reason: str
    tickets: list[Ticket]
    moved: tuple[Ticket, ...] = ()
    seatless: frozenset[bytes] = frozenset()
    broken: tuple[Ticket, ...] = ()
    ends_idx: int | None = None


class AffectedTickets:
    """What the counter has to do about disruptions."""

    def __init__(
        self, database: Database, timetable: Timetable, disruptions: Disruptions, ticketing: Ticketing, faults: Faults
    ) -> None:
        self._database, self._timetable, self._disruptions = database, timetable, disruptions
        self._ticketing, self._faults = ticketing, faults

    def all(self) -> list[Affected]:
        """Disturbed trips from yesterday on, the soonest first, each with its tickets in the order of their sale."""
        since = self._timetable.today() - 1
        told, vehicles = self._disruptions.since(since), self._disruptions.vehicles_since(since)
        short = self._disruptions.short_turns_since(since)
        every = self._sold({(trip_no, day) for trip_no, day, _ in (*told, *vehicles, *short)})
        sold = {where: [one for one in tickets if one.boarded is None] for where, tickets in every.items()}
        found = []
        for trip_no, day, said in told:
            trip = self._trip(trip_no, day)
            if trip is not None:
                found.append(Affected(trip, said, fault_of(said.kind), sold.get((trip_no, day), [])))
        for trip_no, day, vehicle in vehicles:
            trip = self._trip(trip_no, day)
            if trip is not None:
                found.append(self._by_vehicle(trip, vehicle, sold.get((trip_no, day), [])))
        for trip_no, day, turn in short:
            trip = self._trip(trip_no, day)
            if trip is not None:
                found.append(self._by_short_turn(trip, turn, every.get((trip_no, day), [])))
        return sorted(found, key=lambda one: one.trip.calls[0].departs_ms)

    def _by_vehicle(self, trip: TripView, vehicle: VehicleChange, sold: list[Ticket]) -> Affected:
        told = self._disruptions.reseated_on(trip.trip_no, trip.day)
        said = Disruption(VEHICLE_CHANGED, 0, vehicle.note, vehicle.at_ms)
        waiting = [one for one in sold if one.reseated is not None and one.reseated.fault]
        moved = tuple(one for one in sold if one.seat_label != one.old_seat_label)
        seatless = frozenset(ticket_id for ticket_id, one in told.items() if one.fault)
        return Affected(
            trip, said, VEHICLE_CHANGED, waiting, tuple(one for one in moved if one not in waiting), seatless
        )

    def _by_short_turn(self, trip: TripView, turn: ShortTurn, sold: list[Ticket]) -> Affected:
        said = Disruption(CUT_SHORT, 0, turn.note, turn.at_ms)
        beyond = [one for one in sold if one.ride.to_idx > turn.ends_idx]
        begun = [one for one in beyond if self._faults.broke_off(one.ride, one.boarded is not None)]
        broken = {one.number for one in begun}
        waiting = [one for one in beyond if one.boarded is None and one.number not in broken]
        return Affected(trip, said, fault_of(CANCELLED), waiting, broken=tuple(begun), ends_idx=turn.ends_idx)

    def _trip(self, trip_no: int, day: int) -> TripView | None:
        """None for one of another operator: nothing of it is sold here."""
        try:
            return self._timetable.trip(trip_no, day)
        except Refusal:
            return None

    def _sold(self, disturbed: set[tuple[int, int]]) -> dict[tuple[int, int], list[Ticket]]:
        """Dated trip → what was sold of it here and not given back."""
        found: dict[tuple[int, int], list[Ticket]] = {}
        identity = meta.known_identity(self._database)
        if not disturbed or identity is None:
            return found
        zone, today = self._timetable.zone(), self._timetable.today()
        span = (days.instant_ms(today - _PRESALE_DAYS, 0, zone), days.instant_ms(today + 2, 0, zone))
        for row in store.sold_between(self._database.read(), *span):
            where = (row.event.trip_no, row.event.day)
            if where in disturbed:
                ticket_id = TicketId(identity.node_no, row.epoch or identity.epoch, row.event.serial)
                ticket = self._ticketing.find(ticket_id.number)
                if ticket.refunded is None:
                    found.setdefault(where, []).append(ticket)
        return found
