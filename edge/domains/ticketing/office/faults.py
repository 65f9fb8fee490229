"""For which faults of the carrier a ticket is taken back or exchanged free, on the word of the hub."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from edge.domains.disruption.service import Disruptions
from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office import store as office
from edge.domains.ticketing.office.shown import Ticket
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from sync.domains.disruption.rules import CANCELLED, CONNECTION_MISSED, VEHICLE_CHANGED, fault_of
from sync.domains.ticketing.events import EXCHANGED, GIVEN_BACK, PASSENGER, REASONS, TOLD
from sync.kernel.errors import Refusal

_OWN_FAULTS = frozenset({PASSENGER, GIVEN_BACK.index("station_error")})


class Place(NamedTuple):
    """Where a ticket stands in its booking of so many ``tickets``: ``first`` serial, ``people`` who ride, ``leg`` and
    ``person`` counted from 0."""

    first: int
    tickets: int
    people: int
    leg: int
    person: int

    @property
    def legs(self) -> int:
        """How many rides each of them has."""
        return self.tickets // self.people


class Faults:
    """Faults that this node was told of. ``holds``: whether a change is still made, as late as things are."""

    def __init__(
        self, database: Database, timetable: Timetable, holds: Callable[[Ride, Ride], bool], disruptions: Disruptions,
        keeper: TimeKeeper,
    ) -> None:  # fmt: skip
        self._database, self._timetable, self.holds = database, timetable, holds
        self._disruptions, self._keeper = disruptions, keeper

    def of(self, ticket: Ticket, connection: sqlite3.Connection | None = None) -> tuple[str, ...]:
        """Reasons (of REASONS) that the hub's word gives for a ticket, as a transaction sees it when its ``connection`` is
        given."""
        found = [] if self.broke_off(ticket.ride, ticket.boarded is not None) else [fault_of(ticket.ride.disruption)]
        if ticket.reseated is not None and ticket.reseated.fault:
            found.append(VEHICLE_CHANGED)
        if not ticket.past and self._missed(connection or self._database.read(), ticket.ticket_id.serial):
            found.append(CONNECTION_MISSED)
        return tuple(one for one in found if one)

    def broke_off(self, ride: Ride, boarded: bool = False) -> bool:
        """Whether a ride was begun, as far as the clock tells or its passenger was seen, and not made to its end: what was not
        carried of it is paid back on the hub's word, which knows who was aboard."""
        said = self._disruptions.short_turn(ride.trip_no, ride.day)
        begun = boarded or ride.leaves_ms <= self._keeper.wall_ms()
        return said is not None and ride.from_idx < said.ends_idx < ride.to_idx and begun

    def told(self, ticket: Ticket, reason: str, connection: sqlite3.Connection) -> bool:
        """Whether the hub's word gives ``reason`` for a ticket. Raises :class:`Refusal` ``refund_untold`` where nothing else
        could."""
        there = reason in self.of(ticket, connection)
        if reason in TOLD and not there:
            raise Refusal("refund_untold", field="reason")
        return there

    def choices(self, ticket: Ticket) -> tuple[str, ...]:
        """Reasons that may be given for a ticket, what the hub told of it first."""
        told = self.of(ticket)
        return (*told, *(one for one in REASONS if one not in told and one not in TOLD))

    def place(self, connection: sqlite3.Connection, serial: int) -> Place | None:
        """Where a ticket of the present log stands in a journey of several rides, that of its first paper for one that took
        another's place; None for a ticket by itself."""
        while (before := office.replaces(connection, serial)) is not None:
            serial = before.serial
        event = booked.booking_of(connection, serial, None)
        if event is None:
            return None
        rides = [self._where(connection, event.first_serial + n) for n in range(event.count)]
        people = rides.count(rides[0])
        if people == event.count or event.count % people:
            return None
        return Place(event.first_serial, event.count, people, *divmod(serial - event.first_serial, people))

    def newest(self, connection: sqlite3.Connection, serial: int) -> tuple[int, bool]:
        """The ticket that stands now for a ticket of the present log, and whether its passenger chose another ride."""
        chosen = False
        while (after := office.replaced_by(connection, serial)) is not None:
            moved = self._where(connection, serial) != self._where(connection, after.serial)
            chosen = chosen or (after.reason == PASSENGER and moved)
            serial = after.serial
        return serial, chosen

    def _missed(self, connection: sqlite3.Connection, serial: int) -> bool:
        """Whether the ride before this one in a journey fell out by the carrier's fault, or arrives too late for it."""
        place = self.place(connection, serial)
        if place is None or place.leg == 0:
            return False
        root = place.first + place.leg * place.people + place.person
        before, chosen = self.newest(connection, root - place.people)
        if chosen or self.newest(connection, root)[1]:
            return False
        back = store.refund(connection, before)
        if back is not None:
            return back.reason not in EXCHANGED and back.reason not in _OWN_FAULTS
        try:
            ride, onward = (self._timetable.ride(*self._where(connection, one)) for one in (before, serial))
        except Refusal:
            return False  # what has left the timetable is judged by people
        return ride.disruption == CANCELLED or not self.holds(ride, onward) or self._missed(connection, before)

    def _where(self, connection: sqlite3.Connection, serial: int) -> tuple[int, int, int, int]:
        row = store.sold(connection, serial)
        return (row.event.trip_no, row.event.day, row.event.from_idx, row.event.to_idx) if row else (0, 0, 0, 0)
