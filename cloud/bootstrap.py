"""One hub process, wired once: settings in, everything else out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains import APPLIERS
from cloud.domains.boarding import service as boardings
from cloud.domains.boarding.service import BoardingService
from cloud.domains.disruption.service import Disruptions, cancelled, disturbed, fault_of_trip
from cloud.domains.duties import service as duties_service
from cloud.domains.duties.service import DutiesService
from cloud.domains.inventory.books.again import GrantsAgain
from cloud.domains.inventory.books.overview import InventoryView
from cloud.domains.inventory.books.vehicles import stands
from cloud.domains.inventory.elsewhere.service import SeatEnquiry
from cloud.domains.inventory.service import InventoryService, Parts
from cloud.domains.ratings.answers.deciding import Cases
from cloud.domains.ratings.answers.second import SecondWords
from cloud.domains.ratings.scoring import live
from cloud.domains.ratings.scoring.live import Scoreboard
from cloud.domains.ratings.scoring.tally import Crew
from cloud.domains.register.cards.issuing import TrustCards
from cloud.domains.register.publish import Publishing
from cloud.domains.register.service import RegisterService
from cloud.domains.register.tables import NUMBERED as REGISTERED
from cloud.domains.sellers import service as selling
from cloud.domains.sellers.books import bookings
from cloud.domains.sellers.books.accounts import SellerAccounts
from cloud.domains.sellers.books.exchanges import Exchanges
from cloud.domains.sellers.books.holding import Holding
from cloud.domains.sellers.books.offers import Offers
from cloud.domains.sellers.tables import seller
from cloud.domains.ticketing import service as ticketing
from cloud.domains.ticketing.office.broken import BrokenOff
from cloud.domains.ticketing.office.deciding import Deciding
from cloud.domains.ticketing.office.sealing import Sealing
from cloud.domains.timetable import service as timetable
from cloud.domains.timetable.reading.fares import line_fares
from cloud.kernel import recovery, tables
from cloud.kernel.clerks import Clerks, clerk
from cloud.kernel.contact import Contacts
from cloud.kernel.database import Database
from cloud.kernel.enrolment import Enrolment
from cloud.kernel.exchange import Exchange, Steps
from cloud.kernel.fold import Fold
from cloud.kernel.intake import Intake
from cloud.kernel.nodes import Nodes
from cloud.kernel.ownnode import OwnNode
from cloud.kernel.ports import Places, Timetable
from cloud.kernel.presenting import Presenting
from cloud.kernel.recovery import Recovery
from cloud.kernel.settings import Settings
from cloud.kernel.system import SystemClock, SystemIds, hub_secret, hub_signer
from cloud.kernel.tails import Tails
from papers.press import Press
from sync.domains import EVENTS
from sync.domains.disruption.rules import VEHICLE_CHANGED
from sync.kernel.days import day_at
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ports import Clock, Ids

log = logging.getLogger("cloud")
# What the keys of the months are wrapped in: beside the database, never in it.
IDENTITY_FILE: Final = "identity.key"
LAPSE_EVERY_S: Final = 5
SCORES_EVERY_S: Final = 60
# Numbers that a hub which was restored leaves out: a lost one may have given them.
NUMBERED: Final = (
    (tables.node.c.node_no, 500),
    (tables.place.c.place_no, 500),
    (clerk.c.clerk_no, 10_000),
    (seller.c.seller_no, 500),
    *((column, 100_000) for column in (*timetable.NUMBERED, *REGISTERED)),
)


@dataclass(frozen=True)
class RatingsOffice:
    """What is done about ratings, and what they make."""

    cases: Cases
    second_words: SecondWords
    board: Scoreboard


@dataclass(frozen=True)
class Hub:
    """Everything that a hub process is made of. Routes, pages and commands take what they need from here."""

    settings: Settings
    clock: Clock
    ids: Ids
    signer: Ed25519Signer
    database: Database
    contacts: Contacts
    nodes: Nodes
    enrolment: Enrolment
    fold: Fold
    recovery: Recovery
    presenting: Presenting
    exchange: Exchange
    tails: Tails
    inventory: InventoryService
    seats: InventoryView
    enquiry: SeatEnquiry
    boarding: BoardingService
    duties: DutiesService
    disruptions: Disruptions
    register: RegisterService
    registering: Publishing
    cards: TrustCards
    deciding: Deciding
    ratings: RatingsOffice
    sealing: Sealing
    sellers: SellerAccounts
    own: OwnNode
    selling: selling.Selling
    exchanges: Exchanges
    holding: Holding
    places: Places
    rides: Timetable
    offers: Offers
    press: Press
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin what runs beside the requests."""
        works = {"contacts": self._keep_contacts, "bookings": self._keep_bookings, "scores": self._keep_scores}
        for name, work in works.items():
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Write what is only in memory, and let the database go."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self._flush()
        self.database.close()

    def _keep_contacts(self) -> None:
        while not self._stop.wait(self.settings.contact_flush_ms / 1000):
            self._flush()

    def _keep_bookings(self) -> None:
        while not self._stop.wait(LAPSE_EVERY_S):
            try:
                self.lapse()
            except Exception as error:  # the next round tries again; what is held stays held
                log.warning("bookings not looked over: %s", error)

    def _keep_scores(self) -> None:
        told = 0
        while not self._stop.wait(SCORES_EVERY_S):
            try:
                told = self.tell_scores(told)
            except Exception as error:  # the next round tries again; the nodes go on with what they were told
                log.warning("scores not told: %s", error)

    def tell_scores(self, told: int = 0) -> int:
        """Tell the nodes the public scores, if there is any rating behind position ``told``; gives that of the newest."""
        with self.database.read() as tx:
            newest = live.newest(tx)
            if newest <= told or recovery.recovering(tx):
                return told
        with self.database.write() as tx:
            self.ratings.board.publish(tx, day_at(self.clock.wall_ms(), timetable.main_zone(tx)))
        return newest

    def lapse(self) -> int:
        """Let go what sellers held too long; gives the number of bookings. Nothing is written when there is none."""
        with self.database.read() as tx:
            if recovery.recovering(tx) or not bookings.any_overdue(tx, self.clock.wall_ms()):
                return 0
        with self.database.write() as tx:
            return self.selling.lapse(tx)

    def _flush(self) -> None:
        try:
            self.contacts.flush(self.database)
        except Exception as error:  # soft state: the next contact brings it again
            log.warning("contacts not written: %s", error)


class HubFaults:
    """What the hub told of tickets: of a trip by its disruptions, of a seat by its inventory."""

    def fault_of(self, tx: Connection, ticket_id: bytes, trip_no: int, day: int) -> str:
        """The carrier's fault that was told of a ticket or of its dated trip; empty for none."""
        return fault_of_trip(tx, trip_no, day) or (VEHICLE_CHANGED if stands(tx, ticket_id) else "")


def build(
    settings: Settings, clock: Clock | None = None, ids: Ids | None = None, trips: Timetable | None = None,
    places: Places = timetable,
) -> Hub:  # fmt: skip
    """A hub on ``settings``, its database brought up to date. Tests pass their own clock, randomness and timetable."""
    clock, ids, trips = clock or SystemClock(), ids or SystemIds(), trips or timetable
    signer, database = hub_signer(settings.data, ids), Database(settings.database_url)
    database.migrate()
    contacts, nodes = Contacts(), Nodes(clock, ticketing.last_serial)
    boarding = BoardingService(nodes, trips, ticketing)
    inventory = InventoryService(Parts(trips, boarding, nodes, settings, clock, signer, disturbed, ticketing))
    fold = Fold(EVENTS, APPLIERS)
    cases = Cases(trips, places, clock)
    tails = Tails(fold, nodes, clock, (inventory.decide, boarding.decide, cases.decide))
    wrapping = partial(hub_secret, settings.data / IDENTITY_FILE, ids)
    sealing = Sealing(wrapping, settings.sealing_suite, clock, ids)
    cards = TrustCards(clock, timetable.main_zone, signer, settings.card_url, timetable.agency_numbers)
    registering = Publishing(nodes, timetable.agency_numbers, timetable.agencies_at)
    enrolment = Enrolment(settings, clock, ids, signer, inventory.withdraw_older)
    disruptions = Disruptions(nodes, trips, clock, boarding.tell_manifest, inventory)
    deciding = Deciding(clock, boardings.was_boarded, cancelled, stands, _broken(disruptions))
    duties = DutiesService(boarding, Clerks(clock, ids), disruptions, clock)
    steps = Steps(
        (inventory.decide, boarding.decide, duties.decide, deciding.decide_new, cases.decide, tails.take),
        (enrolment.renew, inventory.provision, registering.provide, sealing.provide),
    )
    intake = Intake(fold, nodes, tails, clock)
    own = OwnNode(EVENTS, nodes, enrolment, intake, (inventory.decide, boarding.decide), clock, signer)
    parts = selling.Parts(own, inventory, trips, ticketing, boardings, HubFaults(), settings, clock, ids)
    shop = selling.Selling(parts)
    rescue = Recovery(nodes, clock, ids, NUMBERED, inventory.resume)
    again = GrantsAgain(trips, signer.verify_key, clock)
    return Hub(
        settings=settings,
        clock=clock,
        ids=ids,
        signer=signer,
        database=database,
        contacts=contacts,
        nodes=nodes,
        enrolment=enrolment,
        fold=fold,
        recovery=rescue,
        presenting=Presenting(
            database, rescue, nodes, clock, signer, signer.verify_key, again.take_back, inventory.withdraw_older
        ),
        exchange=Exchange(database, intake, rescue, contacts, steps, settings, clock, signer),
        tails=tails,
        inventory=inventory,
        seats=InventoryView(contacts, settings, clock, disturbed),
        enquiry=SeatEnquiry(database, trips, clock, signer),
        boarding=boarding,
        duties=duties,
        deciding=deciding,
        ratings=_ratings(cases, own),
        register=RegisterService(nodes, clock, timetable.main_zone, wrapping, registering, cards),
        registering=registering,
        cards=cards,
        disruptions=disruptions,
        sealing=sealing,
        sellers=SellerAccounts(clock, ids),
        own=own,
        selling=shop,
        exchanges=Exchanges(parts, shop),
        holding=Holding(parts),
        places=places,
        rides=trips,
        offers=Offers(places, trips, inventory, ticketing, clock),
        press=Press(settings.pdf_font, settings.threads),
    )


def _broken(disruptions: Disruptions) -> BrokenOff:
    return BrokenOff(disruptions.ends_of, duties_service.place_of, boardings.was_boarded, line_fares)


def _ratings(cases: Cases, own: OwnNode) -> RatingsOffice:
    second = SecondWords(own, EVENTS, boardings.boarded_on)
    return RatingsOffice(cases, second, Scoreboard(timetable.lines_of, _crews))


def _crews(tx: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Crew]:
    """What ran dated trips and who drove them, as their drivers said; else the vehicle that was to run them."""
    planned, run = boardings.planned_vehicles(tx, places), duties_service.crews_of(tx, list(places))
    found = {place: Crew(vehicle) for place, vehicle in planned.items()}
    for place, (vehicle, drivers) in run.items():
        found[place] = Crew(vehicle or planned.get(place, ""), tuple(map(str, drivers)))
    return found
