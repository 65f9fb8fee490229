"""A hub with the sample timetable, nodes of every kind and state, and something to see on every page of its console."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cloud.app import create_app
from cloud.bootstrap import Hub, build
from cloud.domains.sellers.books import accounts
from cloud.domains.sellers.books.accounts import SCOPES
from cloud.domains.sellers.service import Once, Wish
from cloud.domains.timetable import service as timetable
from cloud.domains.timetable.gtfs import compile_feed
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import nodes
from cloud.kernel.accounts import Accounts
from cloud.kernel.clerks import Clerks
from cloud.kernel.settings import Settings
from sync.domains.boarding.events import BoardingRefused, TicketBoarded
from sync.domains.inventory.operations import read_grant
from sync.domains.ratings.events import TripRated
from sync.domains.timetable.rules import fare_minor
from sync.kernel.events import ClerkLocked, NodeStarted
from sync.kernel.ticket import TicketId
from tests.cloud.world import Box, TestClock, TestIds
from tests.domains.register.files import SAMPLE_FILES

SAMPLE = Path(timetable.__file__).parent / "sample_feed"
PASSPHRASE = "five quiet herons wade"
MINUTE_MS = 60_000
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """Somebody at a browser: follows no script, sends the form token of the page that was read."""

    client: FlaskClient

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def post(self, path: str, form: str | None = None, **data: Any) -> TestResponse:
        """Send ``data`` to ``path`` with the token of the page ``form`` (the same when not named)."""
        found = TOKEN.search(self.client.get(form or path).text)
        token = found[1] if found else ""
        return self.client.post(path, data={"csrf_token": token, **data})

    def sign_in(self, name: str, passphrase: str = PASSPHRASE) -> Person:
        assert self.post("/console/sign-in", name=name, passphrase=passphrase).status_code == 302
        return self


@dataclass
class ConsoleWorld:
    hub: Hub
    app: Flask
    clock: TestClock
    ids: TestIds
    accounts: Accounts
    boxes: dict[str, Box] = field(default_factory=dict)
    trip: tuple[int, int] = (0, 0)
    ferry: tuple[int, int] = (0, 0)

    def person(self) -> Person:
        return Person(self.app.test_client())

    def add_admin(self, name: str, role: str = "admin") -> Person:
        """Somebody who has changed the one-time passphrase and is signed in."""
        once = self.accounts.add(name, role, "test")
        person = self.person().sign_in(name, once)
        person.post("/console/passphrase", old=once, new=PASSPHRASE, repeated=PASSPHRASE)
        return self.person().sign_in(name)

    def add_box(self, name: str, kind: str, stops: list[int], enrol: bool = True) -> Box:
        with self.hub.database.write() as tx:
            node_no = self.hub.nodes.add(tx, name, kind, stops, {"zh-Hans": name, "en": name})
            code = self.hub.enrolment.new_code(tx, node_no)
        self.boxes[name] = Box(self.hub, node_no, code, name)
        if enrol:
            self.boxes[name].enrol().append(NodeStarted(b"boot" * 4, "yipiao 0.1.0"))
        return self.boxes[name]


@contextlib.contextmanager
def empty_world(url: str, folder: Path, **settings: Any) -> Iterator[ConsoleWorld]:
    """A hub at its first start."""
    clock, ids = TestClock(), TestIds()
    hub = build(Settings(data=folder / "hub", database=url, **settings), clock, ids)
    try:
        accounts = Accounts(hub.database, clock, ids)
        yield ConsoleWorld(hub, create_app(hub), clock, ids, accounts)
    finally:
        hub.close()


def fill(world: ConsoleWorld) -> ConsoleWorld:
    """Two days in the life of a network."""
    hub = world.hub
    import_feed(hub.database, compile_feed(SAMPLE), now_ms=world.clock.now_ms, source="sample_feed")
    with hub.database.read() as tx:
        found = timetable.search_stops(tx, "", "zh-Hans", 1000)
        busy = _stop_with(tx, [stop.stop_no for stop in found], "reserved", world.clock.now_ms)
        pier = _stop_with(tx, [stop.stop_no for stop in found], "free", world.clock.now_ms)
    station = world.add_box("肇庆站-1", "station", [busy])
    village = world.add_box("石塘村邮点", "village", [busy])
    ferry = world.add_box("青湾码头-1", "pier", [pier])
    world.add_box("粤H-20231", "vehicle", [])
    world.add_box("仓库备用机", "station", [busy], enrol=False)
    silent = world.add_box("山口村邮点", "village", [busy])
    for box in (station, village, ferry, silent):
        box.visit()
    _sell(world, station, village)
    with hub.database.write() as tx:
        hub.inventory.grant(tx, nodes.find(tx, silent.node_no), world.trip, 3)
    silent.visit()
    _sell_ferry(world, ferry)
    world.clock.now_ms += 40 * MINUTE_MS
    station.waiting = 0
    for box in (station, village, ferry):
        box.visit()
    _add_people(world, station, village)
    _sell_for_others(world)
    _fill_register(world)
    with hub.database.write() as tx:
        hub.nodes.revoke(tx, world.boxes["粤H-20231"].node_no, "设备被盗")
    return world


def _stop_with(tx: Any, stop_nos: list[int], kind: str, now_ms: int) -> int:
    """A stop from which trips of a kind leave soon."""
    for stop_no in stop_nos:
        for dated in timetable.dated_trips_at(tx, [stop_no], now_ms, now_ms + 86_400_000, 3):
            facts = timetable.trip_facts(tx, dated.trip_no)
            if facts is not None and facts.seat_plan_kind == kind and dated.stop_idx == 0:
                return stop_no
    raise AssertionError(f"no stop with {kind} trips")


def _sell(world: ConsoleWorld, station: Box, village: Box) -> None:
    """Good sales, a seat that the village never held, a ticket boarded twice, words of passengers."""
    grant = _first(station)
    world.trip = (grant.trip_no, grant.day)
    with world.hub.database.read() as tx:
        facts = timetable.trip_facts(tx, grant.trip_no)
    assert facts is not None
    last = facts.leg_count
    seats = [seat for seat, mask in grant.seats if mask & ((1 << last) - 1) == (1 << last) - 1]
    for number, seat in enumerate(seats[:6]):
        ride = (0, last) if number % 2 else (0, max(last - 1, 1))
        price = fare_minor(facts.pattern, *ride) or 0
        station.sell(grant.trip_no, seat, *ride, day=grant.day, price_minor=price, currency=facts.currency)
    tickets = [TicketId(station.node_no, station.epoch, serial).to_bytes() for serial in (1, 2, 3)]
    for ticket, seat in zip(tickets, seats, strict=False):
        boarded = TicketBoarded(ticket, *world.trip, 0, last, seat, "门1", 1, "AB12", True)
        station.append(boarded)
        if seat == seats[0]:
            village.append(boarded)
    station.append(BoardingRefused("already_used", tickets[0], *world.trip, "门1", 1))
    said = ("司机开得很稳，\n车里也干净。", "", "Left eight minutes late.")
    for ticket, level, tags, comment in zip(
        tickets, (5, 4, 2), (("clean", "safe_driving"), (), ("late",)), said, strict=True
    ):
        language = "en" if comment.isascii() and comment else "zh-Hans"
        station.append(TripRated(ticket, *world.trip, level, tags, comment, language))
    station.append(ClerkLocked(7, 5, world.clock.now_ms + 10 * MINUTE_MS))
    station.visit()
    village.sell(grant.trip_no, seats[0], 0, last, day=grant.day, price_minor=5000)
    village.append(b"\x83\x01\x02\x03")
    village.visit()


def _sell_ferry(world: ConsoleWorld, ferry: Box) -> None:
    grant = _first(ferry)
    world.ferry = (grant.trip_no, grant.day)
    with world.hub.database.read() as tx:
        facts = timetable.trip_facts(tx, grant.trip_no)
    assert facts is not None
    price = fare_minor(facts.pattern, 0, 1) or 0
    for _ in range(3):
        ferry.sell(grant.trip_no, 0, 0, 1, day=grant.day, price_minor=price, currency=facts.currency)
    ferry.visit()


def _first(box: Box) -> Any:
    """The first grant that a box holds."""
    grants = [read_grant(body, box.hub.signer.verify_key) for body in box.keys("grant").values()]
    return min(grants, key=lambda grant: (grant.day, grant.grant_id))


def _sell_for_others(world: ConsoleWorld) -> None:
    """A seller that sold two places on the ferry and gave one back."""
    hub = world.hub
    with hub.database.write() as tx:
        number = hub.sellers.add(tx, "竹林旅行", 500_000, 50)
        hub.sellers.new_key(tx, number, "website", SCOPES)
        hub.sellers.pay(tx, number, "CNY", 1_000, "slip 1", "test")
        ride = timetable.ride(tx, *world.ferry, 0, 1)
        wish = Wish(*world.ferry, 0, 1, ride.price_minor, ride.currency)
        who = accounts.find(tx, number)
        made = hub.selling.book(tx, who, [wish, wish], "", Once("order-01", b"1"))
        hub.selling.ticket(tx, who, made.booking_id, Once("order-02", b"2"))
        fee = hub.selling.refund_offers(tx, who, made.booking_id)[0].fee_minor
        hub.selling.refund(tx, who, made.booking_id, 0, fee, Once("order-03", b"3"))
        hub.selling.book(tx, who, [wish], "K7MW2P", Once("order-04", b"4"))


def _fill_register(world: ConsoleWorld) -> None:
    """The sample register, and the card of a coach."""
    with world.hub.database.write() as tx:
        for path in SAMPLE_FILES:
            world.hub.register.import_file(tx, path.name, path.read_bytes(), "test")
        coach = world.hub.register.search(tx, "粤H12341")[0]
        world.hub.cards.issue(tx, coach.number, "test")


def _add_people(world: ConsoleWorld, station: Box, village: Box) -> None:
    clerks = Clerks(world.clock, world.ids)
    with world.hub.database.write() as tx:
        clerks.add(tx, "陈小燕", ["clerk", "gate"], [station.node_no])
        clerks.add(tx, "李国强", ["agent"], [village.node_no], "246810")
        number, _ = clerks.add(tx, "Wong Siu Ming", ["clerk"], [station.node_no, village.node_no])
        clerks.leave(tx, number)
