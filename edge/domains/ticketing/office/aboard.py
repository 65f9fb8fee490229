"""A sale on board, while the vehicle is on its way: what is left of the trip, to somebody who gets on now.

Only the box that runs the trip sells so. The seats are those that the hub handed it before departure, and those that
passengers left; the ticket is boarded in the same breath.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office.fares import Fares
from edge.domains.ticketing.office.shown import Ticket
from edge.domains.ticketing.office.travellers import ShownDocument, Travellers
from edge.domains.ticketing.service import Ticketing, check_key
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.boarding.rules import Room, Taken
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import ON_BOARD
from sync.domains.ticketing.office import fares as fare_rules
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS


@dataclass(frozen=True)
class Trip:
    """What boarding knows of trips: whether this box runs one, the last stop that it left (-1: none), how many it may carry, who
    rides on its legs, and how a code is boarded."""

    runs: Callable[[int, int], bool]
    left: Callable[[int, int], int]
    room: Callable[[int, int], Room]
    taken: Callable[[sqlite3.Connection, int, int], Taken]
    board: Callable[[str, int, int, int], object]


@dataclass(frozen=True)
class Way:
    """A ride from where the vehicle is, and the places that this box can sell for it."""

    ride: Ride
    places: int


@dataclass(frozen=True)
class WalkUp:
    """Who gets on: ``seat`` None for any; ``proof`` was seen for a concession."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    rider: str = RIDERS[fare_rules.ADULT]
    proof: str = ""
    seat: int | None = None
    document: ShownDocument | None = None


class WalkUps:
    """Sales on board."""

    def __init__(
        self, database: Database, scribe: Scribe, timetable: Timetable, inventory: Inventory, fares: Fares,
        ticketing: Ticketing, travellers: Travellers, trip: Trip,
    ) -> None:  # fmt: skip
        self._database, self._scribe, self._timetable, self._inventory = database, scribe, timetable, inventory
        self._fares, self._ticketing, self._travellers, self._trip = fares, ticketing, travellers, trip

    def stops_behind(self, trip_no: int, day: int) -> int:
        """The first stop from which a ride may still begin: on the leg that is being ridden somebody may have got on already.

        Raises :class:`Refusal` ``trip_not_run_here``.
        """
        if not self._trip.runs(trip_no, day):
            raise Refusal("trip_not_run_here", status=403)
        return max(self._trip.left(trip_no, day), 0)

    def ways(self, trip_no: int, day: int, from_idx: int) -> list[Way]:
        """Rides from a stop to each stop behind it that are for sale, the nearest first. Raises as :meth:`stops_behind`."""
        self.stops_behind(trip_no, day)
        room, taken = self._trip.room(trip_no, day).seats, self._trip.taken(self._database.read(), trip_no, day).seats
        found = []
        for call in self._timetable.trip(trip_no, day).calls[from_idx + 1 :]:
            try:
                self._scribe.require_room()
                ride = self._timetable.offered(trip_no, day, from_idx, call.idx)
            except Refusal:
                continue  # nobody gets on or off there, or there is no fare
            open_here = self._inventory.availability(trip_no, day, from_idx, call.idx).places
            found.append(Way(ride, max(min(open_here, *(room - taken[leg] for leg in range(from_idx, call.idx))), 0)))
        return found

    def sell(self, wish: WalkUp, clerk_no: int, key: str, tendered_minor: int | None = None) -> Ticket:
        """Sell and board. The same ``key`` again gives the same ticket. Durable, both, when this returns.

        Raises :class:`Refusal`: ``key_form``, ``trip_not_run_here``, ``walk_up_behind``, ``vehicle_full``,
        ``vehicle_rated_full``, ``free_children_full``, ``cash_short``, and as :meth:`Ticketing.sell`.
        """
        check_key(key)
        known = store.serial_of_key(self._database.read(), key)
        if known is None:
            if wish.from_idx < self.stops_behind(wish.trip_no, wish.day):
                raise Refusal("walk_up_behind", status=422, field="from")
            self._scribe.require_room()
            ride = self._timetable.offered(wish.trip_no, wish.day, wish.from_idx, wish.to_idx)
            fare = self._fares.of(ride, wish.rider, wish.proof)
            if tendered_minor is not None:
                rules.change_minor(fare.minor, tendered_minor)
            named = self._travellers.prepare(wish.trip_no, wish.day, wish.document)

            def work(unit: UnitOfWork) -> tuple[int, int | None]:
                again = store.serial_of_key(unit.connection, key)
                if again is not None:
                    return again
                seat = LAP if fare.rider == fare_rules.CHILD_FREE else wish.seat
                self._refuse_over_capacity(unit.connection, ride, seat)
                where = ride.where
                taken = self._inventory.take(unit.connection, where, ride.seat_kind, seat)
                sold = self._ticketing.record(unit, ride, taken, fare, named, clerk_no, ON_BOARD)
                store.keep_key(unit.connection, key, sold.event.serial)
                return sold.event.serial, None

            known = self._scribe.record(work)
        ticket = self._ticketing.ticket(*known)
        if ticket.boarded is None:
            self._trip.board(ticket.text, wish.trip_no, wish.day, clerk_no)
        return self._ticketing.ticket(*known)

    def _refuse_over_capacity(self, connection: sqlite3.Connection, ride: Ride, seat: int | None) -> None:
        """Never more people in seats than the vehicle may carry, whatever was granted, and no more children on laps than go with
        that many."""
        room, taken = self._trip.room(ride.trip_no, ride.day), self._trip.taken(connection, ride.trip_no, ride.day)
        legs = range(ride.from_idx, ride.to_idx)
        if seat == LAP:
            if any(taken.laps[leg] >= room.laps for leg in legs):
                raise Refusal("free_children_full", field="rider")
        elif any(taken.seats[leg] >= room.seats for leg in legs):
            full = Refusal("vehicle_rated_full", plate=room.plate, capacity=room.seats)
            raise full if room.plate else Refusal("vehicle_full")
