"""Builds a node from its parts, once. Tests and the simulation pass their own clock, randomness and transport."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from edge import domains
from edge.domains.boarding.devices import Scanning
from edge.domains.boarding.manifest.service import Manifest
from edge.domains.boarding.service import Boarding
from edge.domains.clearance.service import Clearance
from edge.domains.disruption.service import Disruptions
from edge.domains.duties.handover.service import Handovers
from edge.domains.duties.rest.service import Rest
from edge.domains.duties.service import Duties
from edge.domains.inventory.elsewhere.service import Enquiry
from edge.domains.inventory.service import Inventory
from edge.domains.notices.service import Notices
from edge.domains.payments.gateway.client import Gateway, read_key
from edge.domains.payments.gateway.rounds import Rounds
from edge.domains.payments.service import Payments
from edge.domains.ratings.service import Ratings
from edge.domains.register.cards.service import Cards
from edge.domains.register.service import Register
from edge.domains.shifts.service import Shifts
from edge.domains.ticketing.office.aboard import Trip, WalkUps
from edge.domains.ticketing.office.affected import AffectedTickets
from edge.domains.ticketing.office.bookings import Bookings
from edge.domains.ticketing.office.fares import Fares
from edge.domains.ticketing.office.faults import Faults
from edge.domains.ticketing.office.frequent import Frequent
from edge.domains.ticketing.office.onward import Onward
from edge.domains.ticketing.office.owned import OwnSales
from edge.domains.ticketing.office.paying import Paying
from edge.domains.ticketing.office.prints import Prints
from edge.domains.ticketing.office.rebooking import Rebooking
from edge.domains.ticketing.office.refunds import Refunds
from edge.domains.ticketing.office.reissue import Reissuing
from edge.domains.ticketing.office.requests import Requests
from edge.domains.ticketing.office.taking import TakingBack
from edge.domains.ticketing.office.travellers import Travellers
from edge.domains.ticketing.service import Ticketing
from edge.domains.timetable.journeys.service import Journeys
from edge.domains.timetable.service import Timetable
from edge.kernel import accounts, fleet, meta
from edge.kernel.clock import RealClock, RealIds, TimeKeeper
from edge.kernel.compaction import Compaction
from edge.kernel.database import Database, Migration
from edge.kernel.directory import Directory
from edge.kernel.enrolment import key_fits, present_key
from edge.kernel.exchange import Exchanger, Schedule
from edge.kernel.renewal import Domains, Renewal
from edge.kernel.scribe import Scribe
from edge.kernel.settings import SOFTWARE, Settings
from edge.kernel.space import Space
from edge.kernel.streams import Streams
from edge.kernel.transport import ENQUIRY_TIMEOUT_S, EXCHANGE_TIMEOUT_S, HttpTransport
from edge.kernel.wifi import Wifi
from edge.kernel.wifi import read_key as read_wifi_key
from papers.press import Press
from sync.catalogue import HUB_ONLY, Catalogue, load
from sync.domains import EVENTS
from sync.kernel import hlc
from sync.kernel.errors import Fault
from sync.kernel.events import NodeStarted
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ports import Clock, Ids, Transport
from sync.kernel.ticket import TicketId

LATER_SCHEMAS = range(2, 10)
# A passenger stands before the page: rather "not now" than a page that never comes.
_GATEWAY_TIMEOUT_S = 8.0


@dataclass
class Node:
    """Everything that a process of a node needs."""

    settings: Settings
    clock: TimeKeeper
    ids: Ids
    database: Database
    scribe: Scribe
    signer: Ed25519Signer
    streams: Streams
    directory: Directory
    fleet: fleet.Fleet
    accounts: accounts.Accounts
    disruptions: Disruptions
    register: Register
    cards: Cards
    notices: Notices
    timetable: Timetable
    journeys: Journeys
    duties: Duties
    handovers: Handovers
    inventory: Inventory
    fares: Fares
    elsewhere: Enquiry
    shifts: Shifts
    travellers: Travellers
    ticketing: Ticketing
    payments: Payments
    rounds: Rounds
    bookings: Bookings
    prints: Prints
    refunds: Refunds
    rebooking: Rebooking
    onward: Onward
    reissuing: Reissuing
    requests: Requests
    taking: TakingBack
    affected: AffectedTickets
    faults: Faults
    frequent: Frequent
    boarding: Boarding
    manifest: Manifest
    walk_ups: WalkUps
    clearance: Clearance
    ratings: Ratings
    scanning: Scanning
    catalogue: Catalogue
    exchange: Exchanger
    schedule: Schedule
    renewal: Renewal
    wifi: Wifi
    press: Press

    def moment(self) -> tuple[object, int, int]:
        """What a page rests on: another one after every event, after every word of the hub, and after every second."""
        told: object = self.database.memory.get("moment", object)
        return told, self.scribe.log.head.seq, self.clock.since_start_ms() // 1000

    @property
    def identity(self) -> meta.Identity | None:
        """Who this node is; None before its enrolment."""
        return meta.identity(self.database.read())


def build(
    settings: Settings,
    clock: Clock | None = None,
    ids: Ids | None = None,
    transport: Transport | None = None,
    record_start: bool = True,
    gateway_line: Transport | None = None,
) -> Node:
    """A node over ``settings.data``. A server records its start in the log; a tool that only looks does not."""
    settings.data.mkdir(parents=True, exist_ok=True)
    clock, ids = clock or RealClock(), ids or RealIds()
    database = open_database(settings)
    keeper = TimeKeeper(clock, known_ms(database.writer), written_ms(database.writer))
    scribe = Scribe(database, keeper, domains.appliers(), Space(settings.data, settings.reserve_mib << 20))
    scribe.hub_ms = meta.get(database.writer, "last_hub_ms", 0)
    boot_id = ids.token(8)
    gateway = _gateway(settings, clock, ids, gateway_line)
    parts = _domains(settings, database, scribe, keeper, ids, boot_id, gateway)
    exchange = Exchanger(
        database, scribe, parts["streams"], keeper, parts["signer"], transport or _transport(settings),
        report=parts["fleet"].report, before=_after_word(parts["taking"], parts["inventory"].give_back),
    )  # fmt: skip
    parts["fleet"].exchanger = exchange
    parts["fleet"].watch = (parts["inventory"].issues, parts["boarding"].issues, parts["payments"].issues)
    elsewhere = Enquiry(database, keeper, parts["signer"], transport or _transport(settings, ENQUIRY_TIMEOUT_S))
    renewal = Renewal(
        database, scribe, parts["streams"], exchange, settings.key_file, ids,
        Domains(domains.end_log, parts["ticketing"].end_log, _after_word(parts["taking"], parts["inventory"].give_all_back)),
    )  # fmt: skip
    if not key_fits(meta.identity(database.writer), parts["signer"]):
        scribe.stopped = "key_differs"
    if record_start and not scribe.stopped:
        scribe.begin(NodeStarted(boot_id, SOFTWARE))
    return Node(
        settings=settings, clock=keeper, ids=ids, database=database, scribe=scribe, exchange=exchange,
        schedule=Schedule(exchange, Compaction(database, scribe).run, settings.exchange_every_s, ids),
        renewal=renewal, elsewhere=elsewhere, wifi=_wifi(settings, parts["fleet"], keeper),
        press=Press(settings.pdf_font, settings.threads), **parts,
    )  # fmt: skip


def open_database(settings: Settings) -> Database:
    """The node's database with its schema up to date."""
    database = Database(settings.database)
    database.migrate(_steps())
    return database


@cache
def _steps() -> tuple[tuple[str, Migration], ...]:
    """What the schema is made of, by names that stay."""
    steps: list[tuple[str, Migration]] = [
        ("kernel", files("edge.kernel").joinpath("schema.sql").read_text(encoding="utf-8"))
    ]
    for name in domains.DOMAINS:
        folder = files(f"edge.domains.{name}")
        # What was added later stands in a file of its own: boxes in the field have the first one already.
        for part, file in ((name, "schema.sql"), *((f"{name}_{n}", f"schema_{n}.sql") for n in LATER_SCHEMAS)):
            if folder.joinpath(file).is_file():
                steps.append((part, folder.joinpath(file).read_text(encoding="utf-8")))
    return (*steps, *domains.MIGRATIONS)


def known_ms(connection: sqlite3.Connection) -> int:
    """The newest instant that the database knows to have passed: the last hub time; without any, its own last event."""
    return int(meta.get(connection, "last_hub_ms", 0)) or written_ms(connection)


def written_ms(connection: sqlite3.Connection) -> int:
    """What the last event of the log claims."""
    row = connection.execute("SELECT event FROM event_log ORDER BY seq DESC LIMIT 1").fetchone()
    return hlc.wall_ms_of(EVENTS.decode(row[0]).stamp.hlc) if row else 0


def _domains(
    settings: Settings, database: Database, scribe: Scribe, keeper: TimeKeeper, ids: Ids, boot_id: bytes,
    gateway: Gateway | None,
) -> dict[str, Any]:  # fmt: skip
    signer = present_key(settings.key_file, meta.identity(database.writer), ids)
    directory, own = Directory(database), fleet.Fleet(database, scribe, keeper)
    disruptions, register = Disruptions(database), Register(database)
    timetable = Timetable(database, own, keeper, disruptions)
    inventory = Inventory(database, scribe, keeper, timetable, boot_id, settings.hold_minutes)
    travellers = Travellers(database, keeper, timetable, directory, ids)
    duties = Duties(database, scribe, keeper, timetable, Rest(database, keeper, timetable))
    disruptions.aboard, disruptions.ends = duties.told_aboard, duties.ends_aboard
    boarding = Boarding(database, scribe, keeper, directory, timetable, inventory, travellers, duties)
    journeys, fares = Journeys(database, timetable, keeper), Fares(database, timetable)
    shifts, catalogue = Shifts(database, scribe, timetable), load(without=HUB_ONLY)
    ticketing = Ticketing(
        database, scribe, keeper, signer, timetable, inventory, fares, travellers, boot_id, boarding.boarded,
        shifts.require_open,
    )  # fmt: skip
    bookings = Bookings(database, scribe, inventory, fares, ticketing, travellers, journeys.connects)
    payments = Payments(database, scribe, keeper, ids, Paying(ticketing, inventory, bookings, travellers), gateway)
    faults = Faults(database, timetable, journeys.holds, disruptions, keeper)
    people = accounts.Accounts(database, scribe, keeper, ids, boot_id)
    refunds = Refunds(
        database, scribe, keeper, timetable, inventory, ticketing, boarding.boarded, payments.give_back, people,
        boarding.told_void, faults,
    )  # fmt: skip
    rebooking = Rebooking(database, scribe, keeper, timetable, inventory, fares, travellers, ticketing, refunds, faults)
    manifest = _manifest(database, scribe, timetable, inventory, duties, register, travellers)
    aboard = Trip(manifest.runs, manifest.left, manifest.room, manifest.taken, _boards(boarding))
    return {
        "signer": signer,
        "streams": Streams(domains.projections()),
        "directory": directory,
        "fleet": own,
        "accounts": people,
        "disruptions": disruptions,
        "register": register,
        "cards": Cards(database, scribe, keeper, register, timetable.today),
        "notices": Notices(database),
        "timetable": timetable,
        "journeys": journeys,
        "duties": duties,
        "handovers": Handovers(database, scribe, duties, inventory, directory, signer, ids, boarding.aboard),
        "inventory": inventory,
        "boarding": boarding,
        "manifest": manifest,
        "walk_ups": WalkUps(database, scribe, timetable, inventory, fares, ticketing, travellers, aboard),
        "clearance": Clearance(database, scribe, timetable, register, people, manifest.aboard),
        "fares": fares,
        "shifts": shifts,
        "travellers": travellers,
        "ticketing": ticketing,
        "payments": payments,
        "rounds": Rounds(payments, keeper),
        "bookings": bookings,
        "prints": Prints(database, scribe, ticketing),
        "refunds": refunds,
        "reissuing": Reissuing(database, scribe, keeper, timetable, travellers, ticketing, refunds),
        "rebooking": rebooking,
        "onward": Onward(database, scribe, timetable, disruptions, inventory, ticketing, rebooking, faults),
        "requests": Requests(database, scribe, timetable, ticketing, refunds),
        "taking": TakingBack(database, scribe, inventory, boarding.void_of, boarding.boarded),
        "affected": AffectedTickets(database, timetable, disruptions, ticketing, faults),
        "ratings": Ratings(database, scribe, keeper, directory, timetable, boarding, signer),
        "faults": faults,
        "frequent": Frequent(database, timetable, keeper),
        "scanning": Scanning(database, scribe, keeper, boarding, catalogue, settings.gate_device, directory),
        "catalogue": catalogue,
    }


def _after_word(taking: TakingBack, give_back: Callable[[], int]) -> Callable[[], int]:
    """Before seats go back to the hub, those come back that its word has made void."""

    def run() -> int:
        taking.run()
        return give_back()

    return run


def _manifest(
    database: Database, scribe: Scribe, timetable: Timetable, inventory: Inventory, duties: Duties,
    register: Register, travellers: Travellers,
) -> Manifest:  # fmt: skip
    """The manifest with what ticketing knows of this node's own sales: domains meet here."""

    def name(ticket_id: TicketId) -> str:
        identity = meta.known_identity(database)
        if identity is None or (ticket_id.node_no, ticket_id.epoch) != (identity.node_no, identity.epoch):
            return ""
        masked = travellers.masked(ticket_id.serial)
        return masked.name if masked else ""

    return Manifest(
        database, scribe, timetable, inventory, duties, register, OwnSales(database, timetable).of_trip, name
    )


def _boards(boarding: Boarding) -> Callable[[str, int, int, int], object]:
    """How a ticket that was sold on board is boarded at once."""
    return lambda code, trip_no, day, clerk_no: boarding.check(code, trip_no, day, "on_board", clerk_no)


def _gateway(settings: Settings, clock: Clock, ids: Ids, line: Transport | None) -> Gateway | None:
    if not settings.gateway_url:
        return None
    line = line or HttpTransport(settings.gateway_url, timeout_s=_GATEWAY_TIMEOUT_S)
    key = read_key(settings.data / settings.gateway_key_file)
    return Gateway(line, clock, ids, settings.gateway_merchant_no, key, settings.gateway_notify_url)


def _wifi(settings: Settings, own: fleet.Fleet, keeper: TimeKeeper) -> Wifi:
    if not settings.wifi_gateway:
        return Wifi(own, keeper)
    return Wifi(own, keeper, settings.wifi_gateway, read_wifi_key(settings.data / settings.wifi_key_file))


def _transport(settings: Settings, timeout_s: float = EXCHANGE_TIMEOUT_S) -> Transport:
    return HttpTransport(settings.hub_url, timeout_s) if settings.hub_url else NoHub()


class NoHub:
    """A node that was told of no hub: it works, and says so."""

    def post(self, path: str, body: bytes) -> bytes:
        """Always away."""
        raise Fault("hub_not_set", retry=False)
