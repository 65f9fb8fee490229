"""What riders pay here today: the published fare and the set of rules that holds for the line's operator."""

from __future__ import annotations

from dataclasses import dataclass

from edge.domains.ticketing.office import store
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.database import Database
from sync.domains.ticketing.office import fares
from sync.domains.ticketing.operations import FareRules
from sync.domains.timetable.rules import service_kind
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS


@dataclass(frozen=True)
class Fare:
    """What one rider pays for one ride. ``rider`` indexes RIDERS, ``proof`` PROOFS; ``rule`` names what gave the price."""

    rider: int
    proof: int
    minor: int
    rule: str


class Fares:
    """Fares of a node."""

    def __init__(self, database: Database, timetable: Timetable) -> None:
        self._database, self._timetable = database, timetable

    def rules(self, trip_no: int, day: int | None = None) -> FareRules:
        """The set by which a ticket of this trip is sold on calendar day ``day``, today unless it is given."""
        sold_day = self._timetable.today() if day is None else day
        published = self._database.memory.get("fare rules", lambda: store.fare_rules(self._database.read()))
        return fares.fare_rules(published, self._timetable.agency_no(trip_no), sold_day)

    def of(self, ride: Ride, rider: str, proof: str = "") -> Fare:
        """What ``rider`` pays for ``ride``, after a look at ``proof`` (of PROOFS).

        Raises :class:`Refusal`: ``not_for_sale``, ``rider_unknown``, ``rider_not_here``, ``proof_needed``.
        """
        if ride.price_minor is None:
            raise Refusal("not_for_sale")
        if rider == RIDERS[fares.ADULT]:
            return Fare(fares.ADULT, 0, ride.price_minor, "fare")
        price = self.price(ride, rider)
        return Fare(RIDERS.index(rider), fares.proof_index(price, proof), price.minor, price.rule)

    def unproved(self, ride: Ride, rider: str) -> Fare:
        """As :meth:`of`, for an order whose proof is looked at when it is paid."""
        if ride.price_minor is None:
            raise Refusal("not_for_sale")
        price = self.price(ride, rider)
        return Fare(RIDERS.index(rider), 0, price.minor, price.rule)

    def proof(self, ride: Ride, rider: int, seen: str) -> int:
        """Index of the proof that was seen for ``rider`` (an index). Raises :class:`Refusal` ``proof_needed``."""
        return fares.proof_index(self.price(ride, RIDERS[rider]), seen)

    def price(self, ride: Ride, rider: str, day: int | None = None) -> fares.Price:
        """The price for ``rider``, and what has to be seen for it, by the rules of calendar day ``day`` or of today. Raises
        as :func:`fares.price_of`."""
        service = service_kind(ride.route_type, ride.seat_kind)
        return fares.price_of(self.rules(ride.trip_no, day), rider, service, ride.price_minor or 0, ride.currency)

    def offered(self, ride: Ride) -> dict[str, fares.Price]:
        """Rider → price, for each that this line is sold to."""
        found = {}
        for rider in RIDERS:
            try:
                found[rider] = self.price(ride, rider)
            except Refusal:
                continue
        return found
