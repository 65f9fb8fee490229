"""What one domain of the hub needs of another, named here so that none imports the other; bootstrap.py joins them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.engine import Connection

from cloud.kernel.nodes import NodeInfo
from sync.domains.disruption.operations import VehicleChange
from sync.domains.disruption.rules import Passenger
from sync.domains.inventory.operations import Grant
from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.office.fares import Price
from sync.domains.ticketing.operations import RefundRules
from sync.domains.timetable.operations import SeatPlan
from sync.kernel.documents import Document
from sync.kernel.ports import Ids


class TripFacts(Protocol):
    """One trip as the timetable has it. Sequences have one item a stop."""

    @property
    def trip_no(self) -> int: ...
    @property
    def agency_no(self) -> int: ...
    @property
    def stop_nos(self) -> Sequence[int]: ...
    @property
    def seat_plan_kind(self) -> str: ...
    @property
    def capacity(self) -> int: ...
    @property
    def for_sale(self) -> bool: ...

    def runs(self, day: int) -> bool:
        """Whether the trip runs on service day ``day``."""

    def departs_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the departure from stop ``idx``."""

    def arrives_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the arrival at stop ``idx``."""


class Timetable(Protocol):
    """The timetable as the other domains see it."""

    def trip_facts(self, tx: Connection, trip_no: int) -> TripFacts | None:
        """The trip, published or not; None when there never was one of that number."""

    def dated_trips_at(
        self, tx: Connection, stop_nos: Sequence[int], from_ms: int, until_ms: int, limit: int
    ) -> Sequence[tuple[int, int, int, int]]:
        """(trip_no, day, stop_idx, departs_ms) of departures from any of the stops in the span, the soonest first."""

    def ride(self, tx: Connection, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        """One ride. Raises :class:`sync.kernel.errors.Refusal` when it is not for sale."""

    def way(self, tx: Connection, trip_no: int) -> tuple[int, str, int, str]:
        """Operator, currency, route and vehicle of a trip: they decide for which rides its tickets may be exchanged."""

    def ends_of(self, tx: Connection, trip_no: int, from_idx: int, to_idx: int) -> tuple[int, int, str]:
        """The stops of a ride, for sale or not, and the time zone of its clocks."""

    def operator(self, tx: Connection, trip_no: int) -> tuple[int, str]:
        """Number and time zone of the operator of a trip that there was once."""

    def seat_plan(self, tx: Connection, name: str) -> SeatPlan | None:
        """The seats of a vehicle by the name of its plan."""

    def planned_seats(self, tx: Connection, trip_no: int) -> SeatPlan | None:
        """The seats of the vehicle that a trip has by the timetable."""

    def agencies_around(self, tx: Connection, stop_nos: Sequence[int], changes: int, most: int) -> Collection[int]:
        """Operators at the stops, and up to ``most`` more that ``changes`` changes reach."""


@dataclass(frozen=True, slots=True)
class Ride:
    """A ride that may be sold: from one stop of a dated trip to another. ``price_minor``: of an adult.
    Times are UTC milliseconds, ``ends_ms`` that of the arrival at the trip's last stop."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    from_stop_no: int
    to_stop_no: int
    departs_ms: int
    arrives_ms: int
    ends_ms: int
    agency_no: int
    route_no: int
    route_type: int
    zone: str
    price_minor: int
    currency: str
    reserved: bool

    @property
    def where(self) -> tuple[int, int]:
        """The dated trip."""
        return self.trip_no, self.day


@dataclass(frozen=True, slots=True)
class RideWish:
    """What is to be taken out of the inventory: one place of a dated trip, on a seat if one was chosen."""

    where: tuple[int, int]
    from_idx: int
    to_idx: int
    seat: int | None = None


@dataclass(frozen=True, slots=True)
class Fare:
    """What one rider pays. ``rider`` indexes RIDERS, ``proof`` (what was seen) PROOFS."""

    minor: int
    rider: int
    proof: int


@dataclass(frozen=True, slots=True)
class ExchangeAsked:
    """A ticket that is to be exchanged ``left_ms`` before its departure. ``ways``: of the old trip and of the new one
    (:meth:`Timetable.way`); ``prices_minor`` alike; ``fault``: the reason that the hub itself gave, or an empty text."""

    ticket_id: bytes
    sold_day: int
    ways: tuple[tuple[int, str, int, str], tuple[int, str, int, str]]
    prices_minor: tuple[int, int]
    left_ms: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeTerms:
    """``price_minor`` is paid for the new ticket, ``back_minor`` goes back for the old one. ``reason`` is of CHOSEN;
    ``times``: how often the journey was rebooked, this time counted."""

    fee_minor: int
    back_minor: int
    price_minor: int
    reason: int
    rule: str
    times: int


class Faults(Protocol):
    """What the hub said of trips as those see it who take tickets back."""

    def fault_of(self, tx: Connection, ticket_id: bytes, trip_no: int, day: int) -> str:
        """The carrier's fault (of REASONS) that the hub told of a ticket or of its dated trip; empty for none."""


class Places(Protocol):
    """The timetable as one searches it."""

    def rides(
        self,
        tx: Connection,
        from_nos: Collection[int],
        to_nos: Collection[int],
        from_ms: int,
        until_ms: int,
        limit: int,
    ) -> Sequence[Ride]:
        """Direct rides between stops that leave in the span, by departure."""

    def search_stops(
        self, tx: Connection, text: str, language: str, limit: int, offset: int = 0
    ) -> Sequence[tuple[int, str, str, str]]:
        """(stop_no, feed_id, name, station) of published stops by name."""

    def stop_names(self, tx: Connection, stop_nos: Iterable[int], language: str) -> dict[int, str]:
        """Names of stops by number."""

    def main_zone(self, tx: Connection) -> str:
        """The time zone that most operators keep."""


class Seats(Protocol):
    """The inventory as those see it who sell at the hub."""

    def take(self, tx: Connection, info: NodeInfo, rides: Sequence[RideWish]) -> Sequence[Grant | None]:
        """One grant a ride, of exactly its cells, or (None) the promise of a lap; all of them, or a refusal."""

    def free_lap(self, tx: Connection, where: tuple[int, int], from_idx: int, to_idx: int) -> None:
        """A child to whom a lap was promised does not come."""

    def left(
        self, tx: Connection, trip_no: int, day: int, from_idx: int, to_idx: int
    ) -> tuple[int, tuple[int, ...], int]:
        """How many rides the hub can still sell there, the numbers of their seats, and how many children on laps."""

    def moved(self, tx: Connection, ticket_ids: Sequence[bytes]) -> Mapping[bytes, NewPlace]:
        """What another vehicle means to those of these tickets to which it means something."""

    def labels(self, tx: Connection, where: tuple[int, int]) -> Mapping[int, str]:
        """Seat → what stands on it, in the vehicle that runs or else in the planned one."""


@dataclass(frozen=True, slots=True)
class NewPlace:
    """Where a passenger sits in another vehicle than the one that was sold. ``seat`` None: there is no place; 0: any.
    ``fault``: the ticket may be given back or exchanged free."""

    seat: int | None
    fault: bool


class Vehicles(Protocol):
    """The inventory as those see it who send another vehicle."""

    def change_vehicle(self, tx: Connection, where: tuple[int, int], plan: str, note: str, by: str) -> VehicleChange:
        """Another vehicle runs: seats are counted anew, and passengers seated."""

    def vehicle_changed(self, tx: Connection, where: tuple[int, int]) -> bool:
        """Whether another vehicle runs than the timetable says."""


class Office(Protocol):
    """The ticket office as those see it who sell at the hub."""

    def check_children(self, riders: Sequence[str]) -> None:
        """Refuse children without a seat that have no grown-up on the same ride."""

    def last_serial(self, tx: Connection, node_no: int, epoch: int) -> int:
        """The highest ticket serial of a log; 0 for none."""

    def published_refund_rules(self, tx: Connection) -> Sequence[RefundRules]:
        """All sets of refund rules that were published."""

    def fare_for(self, tx: Connection, ride: Ride, rider: str, proof: str, day: int) -> Fare:
        """What ``rider`` pays on calendar day ``day``, after a look at ``proof``. Raises
        :class:`sync.kernel.errors.Refusal` where there is no such concession, or no such proof."""

    def offered(self, tx: Connection, ride: Ride, day: int) -> dict[str, Price]:
        """Rider → price and proofs, of all for whom there is one."""

    def proofs(self, tx: Connection, ride: Ride, rider: str, day: int) -> tuple[str, ...]:
        """Of which proofs one has to be seen before ``rider`` is sold a ticket; none where there is no such concession."""

    def unproved(self, tx: Connection, ride: Ride, rider: str, day: int) -> Fare:
        """As :meth:`fare_for`, where nobody can look at a proof yet: it is seen where the money is taken."""

    def exchange_terms(self, tx: Connection, asked: ExchangeAsked) -> ExchangeTerms:
        """What it costs to exchange a ticket. Raises :class:`sync.kernel.errors.Refusal` where that can't be."""

    def name_traveller(self, tx: Connection, document: Document, trip_no: int, day: int, ids: Ids) -> TravellerNamed:
        """What names a traveller on a dated trip; its serial is 0 until there is a sale. Raises
        :class:`sync.kernel.errors.Refusal` ``sealing_key_missing``."""

    def travels(self, tx: Connection, trip_no: int, day: int, check: bytes) -> bool:
        """Whether a traveller with this check value has a good ticket for a dated trip, sold wherever."""

    def demands_name(self, tx: Connection, agency_no: int, route_no: int, route_type: int, day: int) -> bool:
        """Whether travellers on a line are named when they buy on calendar day ``day``."""


class Boardings(Protocol):
    """The gates as those see them who refund at the hub."""

    def has_boarded(self, tx: Connection, ticket_id: bytes) -> bool:
        """Whether anybody boarded with a ticket, as far as the hub has heard."""

    def tell_bound(self, tx: Connection, ticket_id: bytes, trip_no: int, day: int, at_ms: int) -> None:
        """From now on a ticket boards as its phone shows it only."""


class Duties(Protocol):
    """What vehicles run, as inventory sees it."""

    def duties_of(self, tx: Connection, node_no: int) -> Sequence[tuple[int, int]]:
        """(trip_no, day) of the duties of a vehicle's node."""


class VehicleDuties(Duties, Protocol):
    """The same, for those who decide it."""

    def assign_duty(
        self, tx: Connection, info: NodeInfo, trip_no: int, day: int, vehicle: str, drivers: Sequence[int] = ()
    ) -> None:
        """This box runs this trip."""

    def remove_duty(self, tx: Connection, info: NodeInfo, trip_no: int, day: int) -> None:
        """The box does not run this trip after all."""

    def vehicles_of(self, tx: Connection, trip_no: int, day: int) -> Sequence[tuple[int, str, tuple[int, ...]]]:
        """(node_no, plate, drivers) of the boxes that run a dated trip."""


class Delays(Protocol):
    """Telling everybody that a trip is late or ends early, as those see it who hear of it from its driver."""

    def late(self, tx: Connection, where: tuple[int, int], minutes: int, note: str, by: str) -> None:
        """A dated trip comes ``minutes`` late, 0: on time again. What a person decided of it at the hub stands above that."""

    def short(self, tx: Connection, where: tuple[int, int], ends_idx: int | None, note: str) -> None:
        """A dated trip ends at this stop, None: at its last one after all."""


class SoldTickets(Protocol):
    """Tickets as boarding sees them."""

    def good_tickets(self, tx: Connection, trip_no: int, day: int) -> Mapping[bytes, tuple[int, int, int, int]]:
        """Ticket id → (from_idx, to_idx, seat, rider) of the tickets of a dated trip that are not quarantined."""

    def passengers(self, tx: Connection, trip_no: int, day: int) -> Sequence[tuple[int, Passenger]]:
        """The same tickets in the order in which the hub heard of them, with their positions and who was paid for together."""
