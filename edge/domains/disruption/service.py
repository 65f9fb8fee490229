"""Trips of which the hub said that they do not run as planned."""

from __future__ import annotations

from collections.abc import Callable

from edge.domains.disruption import store
from edge.kernel.database import Database
from sync.domains.disruption.operations import Disruption, Reseated, ShortTurn, VehicleChange
from sync.domains.disruption.rules import CANCELLED, KINDS


class Disruptions:
    """What this node was told. A kind that it does not know changes nothing.

    ``aboard``: what the driver says of a trip that runs here, ``ends``: and at which stop it ends before its last one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.aboard: Callable[[int, int], Disruption | None] = _nothing
        self.ends: Callable[[int, int], ShortTurn | None] = _nothing

    def of(self, trip_no: int, day: int) -> Disruption | None:
        """What was said of a dated trip: the driver's word goes before the hub's, which comes of it, unless that is that the
        trip does not run."""
        known: dict[tuple[int, int], Disruption] = self._database.memory.get("disruptions", self._all)
        told = known.get((trip_no, day)) if known else None
        own = self.aboard(trip_no, day)
        if own is None or (told is not None and told.kind == CANCELLED):
            return told
        return own if own.minutes else None

    def since(self, day: int) -> list[tuple[int, int, Disruption]]:
        """``(trip_no, day, what was said)`` of service dates from ``day`` on, the soonest first."""
        found = store.since(self._database.read(), day)
        return [(trip_no, on, said) for trip_no, on, said in found if said.kind in KINDS]

    def vehicle_of(self, trip_no: int, day: int) -> VehicleChange | None:
        """The vehicle that took the place of the planned one."""
        known: dict[tuple[int, int], VehicleChange] = self._database.memory.get(
            "vehicles", lambda: store.vehicles(self._database.read())
        )
        return known.get((trip_no, day)) if known else None

    def vehicles_since(self, day: int) -> list[tuple[int, int, VehicleChange]]:
        """``(trip_no, day, vehicle)`` of service dates from ``day`` on, the soonest first."""
        found = store.vehicles(self._database.read()).items()
        return [(trip_no, on, change) for (trip_no, on), change in found if on >= day]

    def short_turn(self, trip_no: int, day: int) -> ShortTurn | None:
        """Where a dated trip ends before its last stop: as its driver says here, else as the hub told."""
        told: dict[tuple[int, int], ShortTurn] = self._database.memory.get(
            "short turns", lambda: store.short_turns(self._database.read())
        )
        return self.ends(trip_no, day) or (told.get((trip_no, day)) if told else None)

    def short_turns_since(self, day: int) -> list[tuple[int, int, ShortTurn]]:
        """``(trip_no, day, where it ends)`` of service dates from ``day`` on, as the hub told, the soonest first."""
        found = store.short_turns(self._database.read()).items()
        return [(trip_no, on, said) for (trip_no, on), said in found if on >= day]

    def falls_out(self, trip_no: int, day: int, to_idx: int) -> bool:
        """Whether a ride that goes to this stop is not made to its end, since the trip ends before."""
        said = self.short_turn(trip_no, day)
        return said is not None and to_idx > said.ends_idx

    def reseated(self, ticket_id: bytes) -> Reseated | None:
        """What another vehicle means to a ticket; None where it sits as its code says."""
        # Asked for each sale and at each gate, and there are hardly ever any.
        if not self._database.memory.get("anybody reseated", lambda: store.anybody_reseated(self._database.read())):
            return None
        return store.reseated(self._database.read(), ticket_id)

    def reseated_on(self, trip_no: int, day: int) -> dict[bytes, Reseated]:
        """Ticket id → the same, for all of a dated trip; those without a place first."""
        return store.reseated_on(self._database.read(), trip_no, day)

    def _all(self) -> dict[tuple[int, int], Disruption]:
        return {(trip_no, on): said for trip_no, on, said in self.since(0)}


def _nothing(_trip_no: int, _day: int) -> None:
    return None
