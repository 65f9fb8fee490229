"""The hub's domains, each named once: the table of contents for a newcomer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.boarding import tables as boarding_tables
from cloud.domains.boarding.apply import BoardingApplier
from cloud.domains.boarding.manifest.apply import MarkApplier
from cloud.domains.boarding.service import boarded_on
from cloud.domains.clearance import tables as clearance_tables
from cloud.domains.clearance.apply import ClearanceApplier
from cloud.domains.disruption import tables as disruption_tables
from cloud.domains.disruption.service import told_since
from cloud.domains.duties import tables as duties_tables
from cloud.domains.duties.apply import DutyApplier, disturbed_since
from cloud.domains.inventory import tables as inventory_tables
from cloud.domains.inventory.apply import InventoryApplier
from cloud.domains.inventory.books.vehicles import fault_since
from cloud.domains.payments import tables as payments_tables
from cloud.domains.payments.apply import PaymentApplier
from cloud.domains.ratings import tables as ratings_tables
from cloud.domains.ratings.apply import RatingsApplier
from cloud.domains.register import tables as register_tables
from cloud.domains.register.apply import RegisterApplier
from cloud.domains.sellers import tables as sellers_tables
from cloud.domains.sellers.apply import SellersApplier
from cloud.domains.shifts import tables as shifts_tables
from cloud.domains.shifts.apply import ShiftApplier
from cloud.domains.ticketing import tables as ticketing_tables
from cloud.domains.ticketing.apply import TicketingApplier
from cloud.domains.ticketing.office.bookings import BookingApplier
from cloud.domains.ticketing.office.conduct import ConductApplier
from cloud.domains.ticketing.office.faults import FaultApplier
from cloud.domains.ticketing.office.refunds import RefundApplier
from cloud.domains.ticketing.office.travellers import TravellerApplier
from cloud.domains.ticketing.service import clerk_of, rides_of
from cloud.domains.timetable import tables as timetable_tables
from cloud.domains.timetable.reading.fares import LineFares, line_fares
from cloud.kernel import accounts, audit, clerks, guesses, tables
from cloud.kernel.fold import Applier
from cloud.kernel.nodeevents import NodeApplier
from sync.domains import EVENTS

DOMAINS: Final = (
    "disruption", "register", "notices", "timetable", "inventory", "shifts", "ticketing", "payments", "boarding", "duties",
    "clearance", "ratings", "sellers",
)  # fmt: skip

TABLES: Final = (
    tables, accounts, audit, clerks, guesses,
    disruption_tables, timetable_tables, inventory_tables, ticketing_tables, boarding_tables, ratings_tables, sellers_tables,
    shifts_tables, payments_tables, register_tables, duties_tables, clearance_tables,
)  # fmt: skip


class SeatApplier(InventoryApplier):
    """Inventory with the hub's tickets at hand: domains meet here."""

    @staticmethod
    def rides(tx: Connection, ticket_ids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int, int, int, int]]:
        """As they were sold."""
        return rides_of(tx, ticket_ids)


class SaleApplier(TicketingApplier):
    """Ticketing with the timetable at hand: domains meet here."""

    @staticmethod
    def lines(tx: Connection, trip_nos: Sequence[int]) -> Mapping[int, LineFares]:
        """As the timetable says."""
        return line_fares(tx, trip_nos)


class PartyApplier(BookingApplier):
    """The same for bookings."""

    @staticmethod
    def lines(tx: Connection, trip_nos: Sequence[int]) -> Mapping[int, LineFares]:
        """As the timetable says."""
        return line_fares(tx, trip_nos)


class ClaimApplier(FaultApplier):
    """Faults that boxes claim, with what was told of trips and of tickets."""

    @staticmethod
    def told_of_ticket(tx: Connection, ticket_id: bytes) -> int | None:
        """As the inventory says."""
        return fault_since(tx, ticket_id)

    @staticmethod
    def told_of_trips(tx: Connection, trips: Sequence[tuple[int, int]], node_no: int) -> int | None:
        """As disruptions and duties say."""
        found = (told_since(tx, trips), disturbed_since(tx, trips, node_no))
        return min((since for since in found if since is not None), default=None)


class DrawerApplier(ShiftApplier):
    """Shifts, with all events at hand that move money."""

    registry = EVENTS


class VoiceApplier(RatingsApplier):
    """Ratings, with what proves that somebody was on board, and who sold the ticket."""

    @staticmethod
    def boarded(tx: Connection, ticket_ids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int, int]]:
        """As the gates say."""
        return boarded_on(tx, ticket_ids)

    @staticmethod
    def seller(tx: Connection, ticket_id: bytes) -> int:
        """As the office says."""
        return clerk_of(tx, ticket_id)


# In the order in which they see an event: whether a refund is a good one is known before its seat is free, and whether a
# seat was the node's to sell, and whether it may sell on account, before the sale is counted.
APPLIERS: Final[tuple[type[Applier], ...]] = (
    NodeApplier,
    PaymentApplier,
    RefundApplier,
    SeatApplier,
    SellersApplier,
    SaleApplier,
    PartyApplier,
    TravellerApplier,
    BoardingApplier,
    MarkApplier,
    ClearanceApplier,
    DutyApplier,
    VoiceApplier,
    RegisterApplier,
    ConductApplier,
    ClaimApplier,
    DrawerApplier,
)
