"""A hub with a clock, randomness and timetable of the test's own, and boxes that speak the real protocol with it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from cloud.bootstrap import Hub, build
from cloud.domains.inventory.books.overview import TripInventory
from cloud.domains.timetable.service import FoundStop
from cloud.kernel import nodes
from cloud.kernel.database import Database
from cloud.kernel.ports import Ride
from cloud.kernel.settings import Settings
from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import Grant, read_grant
from sync.domains.ticketing.events import TicketSold
from sync.kernel import chain, digest, enrolment, exchange, presentation
from sync.kernel.certificate import read as read_certificate
from sync.kernel.events import Event, Stamp
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Operation, Subscriptions
from sync.kernel.presentation import Presentation, Wanted
from tests.cloud.plans import Plans

START_MS = 1_785_000_000_000
DAY = 2400
HOUR_MS = 3_600_000
FARE_MINOR = 1_000


class TestClock:
    """Stands still until told."""

    __test__ = False

    def __init__(self) -> None:
        self.now_ms = START_MS

    def wall_ms(self) -> int:
        return self.now_ms

    def mono_ms(self) -> int:
        return self.now_ms - START_MS


class TestIds:
    """Random bytes that are the same in every run."""

    __test__ = False

    def __init__(self, seed: str = "test") -> None:
        self._seed, self._count = seed, 0

    def token(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._seed} {self._count}".encode()).digest(size)


@dataclass
class Trip:
    """A trip that runs every day from ``start_ms`` after the world's start; an hour a leg."""

    trip_no: int
    stop_nos: tuple[int, ...] = (1, 2, 3, 4)
    seat_plan_kind: str = "reserved"
    capacity: int = 10
    for_sale: bool = True
    agency_no: int = 1
    start_ms: int = 12 * HOUR_MS

    def runs(self, day: int) -> bool:
        return day >= DAY

    def departs_ms(self, day: int, idx: int) -> int:
        return START_MS + (day - DAY) * 24 * HOUR_MS + self.start_ms + idx * HOUR_MS

    def arrives_ms(self, day: int, idx: int) -> int:
        return self.departs_ms(day, idx) - 60_000


class TestTimetable(Plans):
    """Trips by number."""

    __test__ = False

    def __init__(self, trips: Sequence[Trip] = ()) -> None:
        self.trips = {trip.trip_no: trip for trip in trips}

    def trip_facts(self, _tx: Connection, trip_no: int) -> Trip | None:
        return self.trips.get(trip_no)

    def dated_trips_at(
        self, _tx: Connection, stop_nos: Collection[int], from_ms: int, until_ms: int, limit: int
    ) -> list[tuple[int, int, int, int]]:
        found = [
            (trip.trip_no, day, idx, trip.departs_ms(day, idx))
            for trip in self.trips.values()
            for day in range(DAY, DAY + 5)
            for idx, stop_no in enumerate(trip.stop_nos[:-1])
            if stop_no in stop_nos and from_ms <= trip.departs_ms(day, idx) < until_ms
        ]
        return sorted(found, key=lambda item: item[3])[:limit]

    def ride(self, _tx: Connection, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        trip = self.trips[trip_no]
        return Ride(
            trip_no, day, from_idx, to_idx, trip.stop_nos[from_idx], trip.stop_nos[to_idx],
            trip.departs_ms(day, from_idx), trip.arrives_ms(day, to_idx), trip.arrives_ms(day, len(trip.stop_nos) - 1),
            trip.agency_no, 1, 3, "Asia/Shanghai", FARE_MINOR * (to_idx - from_idx), "CNY", trip.seat_plan_kind == "reserved",
        )  # fmt: skip

    def way(self, _tx: Connection, trip_no: int) -> tuple[int, str, int, str]:
        trip = self.trips[trip_no]
        return trip.agency_no, "CNY", 1, trip.seat_plan_kind

    def ends_of(self, _tx: Connection, trip_no: int, from_idx: int, to_idx: int) -> tuple[int, int, str]:
        stops = self.trips[trip_no].stop_nos
        return stops[from_idx], stops[to_idx], "Asia/Shanghai"

    def operator(self, _tx: Connection, trip_no: int) -> tuple[int, str]:
        return self.trips[trip_no].agency_no, "Asia/Shanghai"

    def rides(
        self,
        tx: Connection,
        from_nos: Collection[int],
        to_nos: Collection[int],
        from_ms: int,
        until_ms: int,
        limit: int,
    ) -> list[Ride]:
        found = []
        for trip_no, day, idx, _ in self.dated_trips_at(tx, from_nos, from_ms, until_ms, limit):
            stops = self.trips[trip_no].stop_nos
            ends = [later for later in range(idx + 1, len(stops)) if stops[later] in to_nos]
            found += [self.ride(tx, trip_no, day, idx, ends[0])] if ends else []
        return found

    def search_stops(self, tx: Connection, text: str, language: str, limit: int, offset: int = 0) -> list[FoundStop]:
        names = self.stop_names(tx, {no for trip in self.trips.values() for no in trip.stop_nos}, language)
        found = [FoundStop(no, str(no), name, "") for no, name in sorted(names.items()) if text in name]
        return found[offset : offset + limit]

    def stop_names(self, _tx: Connection, stop_nos: Iterable[int], _language: str) -> dict[int, str]:
        return {no: f"Stop {no}" for no in stop_nos}

    def main_zone(self, _tx: Connection) -> str:
        return "Asia/Shanghai"

    def agencies_around(self, _tx: Connection, stop_nos: Sequence[int], _changes: int, _most: int) -> list[int]:
        return sorted({trip.agency_no for trip in self.trips.values() if set(stop_nos) & set(trip.stop_nos)})


class Box:
    """The node's end: a log, a cursor, and what the operations reduce to."""

    def __init__(self, hub: Hub, node_no: int, code: str, seed: str) -> None:
        self.hub, self.node_no, self.code = hub, node_no, code
        self.signer = Ed25519Signer(hashlib.sha256(seed.encode()).digest())
        self.log: list[bytes] = []
        self.hashes: list[bytes] = [chain.GENESIS]
        self.acked = self.floor = self.number = self.serial = 0
        self.exceptions: dict[str, int] = {}
        self.store: dict[str, dict[str, tuple[int, bytes | None]]] = {}
        self.quarantined: dict[int, str] = {}
        self.subscribed: set[str] = {f"node/{node_no}"}
        self.waiting: int | None = None

    def enrol(self) -> Box:
        """Introduce the box with its code."""
        secret = enrolment.secret_of(self.code)
        data = enrolment.encode_request(secret, self.signer.public)
        with self.hub.database.write() as tx:
            answer = self.hub.enrolment.enrol(tx, data)
        welcome = enrolment.decode_welcome(answer, secret, self.signer.public)
        assert read_certificate(welcome.certificate, self.hub.signer.verify_key).public == self.signer.public
        self.epoch, self.certificate = welcome.epoch, welcome.certificate
        return self

    def present(self, last: bool = True, prefixes: Sequence[str] = presentation.PREFIXES) -> Wanted:
        """Show a restored hub what it has forgotten, as a node does, and begin to read anew; the hub's word."""
        wanted = self.say(Presentation(0, self.floor, "box", self.body(f"node/{self.node_no}", "profile")))
        items = [
            Operation(stream, pos, key, body)
            for stream in (f"node/{self.node_no}", "net")
            for key, (pos, body) in self.store.get(stream, {}).items()
            if wanted.since < pos <= wanted.base and key.split("/")[0] in prefixes
        ]
        answer = self.say(Presentation(wanted.base, self.floor, "box", None, tuple(items), last))
        assert answer == wanted
        self.exceptions = dict.fromkeys(self.subscribed, 0) if self.floor else {}
        return wanted

    def say(self, said: Presentation) -> Wanted:
        """One presentation and its verified answer."""
        data = presentation.encode(said, self.certificate, self.signer)
        return presentation.decode_answer(self.hub.presenting.answer(data), data, self.hub.signer.verify_key)

    def sweep(self, base: int) -> None:
        """Forget what was not said again."""
        for keys in self.store.values():
            for key in [key for key, (pos, _) in keys.items() if pos <= base]:
                del keys[key]

    def append(self, event: Event | bytes) -> int:
        """Put an event (or raw bytes) at the end of the log; its sequence."""
        seq = len(self.log) + 1
        data = event if isinstance(event, bytes) else EVENTS.encode(event, Stamp(seq << 16, seq, 0))
        self.log.append(data)
        self.hashes.append(chain.link(self.hashes[-1], data))
        return seq

    def sell(self, trip_no: int, seat: int, from_idx: int = 0, to_idx: int = 3, day: int = DAY, **more: Any) -> int:
        """Record a sale, whatever the grants say."""
        self.serial += 1
        sold = TicketSold(self.serial, trip_no, day, from_idx, to_idx, seat, 0, 5000, "CNY", 0, 1, 0, 1_800_000_000)
        return self.append(replace(sold, **more))

    def request(self, most: int = exchange.MAX_EVENTS, **changes: Any) -> Request:
        """The next request as a node would make it."""
        self.number += 1
        events = tuple(self.log[self.acked : self.acked + most])
        reported = {"software": "test"} | ({} if self.waiting is None else {"waiting": self.waiting})
        made = Request(
            self.epoch, self.number, self.acked + 1, self.hashes[self.acked], events, self.floor,
            dict(self.exceptions), reported,
        )  # fmt: skip
        return replace(made, **changes)

    def send(self, request: Request) -> Response:
        """One request and its verified answer; the box does not act on it."""
        data = exchange.encode_request(request, self.signer)
        answer = self.hub.exchange.answer(data)
        key = self.hub.signer.verify_key
        return exchange.decode_response(answer, data, lambda kid: key if kid == key.kid else None)

    def take(self, answer: Response) -> None:
        """Act on an answer."""
        for one in answer.operations:
            keys = self.store.setdefault(one.stream, {})
            if one.pos > keys.get(one.key, (0, None))[0]:
                keys[one.key] = (one.pos, one.body)
        self.floor, self.exceptions = answer.floor, dict(answer.exceptions)
        self.quarantined |= dict(answer.quarantined)
        if answer.status in (exchange.OK, exchange.RESEND):
            self.acked = min(answer.acked_seq, len(self.log))
        wanted = self.body(f"node/{self.node_no}", "subscriptions")
        now = set(Subscriptions.from_bytes(wanted).streams) if wanted else set()
        for name in now - self.subscribed:
            self.exceptions.setdefault(name, 0)
        for name in self.subscribed - now:
            self.store.pop(name, None)
        self.subscribed = now

    def visit(self, most: int = exchange.MAX_EVENTS) -> Response:
        """Exchange until neither side has more; the last answer."""
        for _ in range(1_000):
            answer = self.send(self.request(most))
            self.take(answer)
            if answer.status not in (exchange.OK, exchange.RESEND):
                return answer
            if not answer.more and not self.exceptions and self.acked >= len(self.log):
                return answer
        raise AssertionError("an exchange that never ends")

    def body(self, stream: str, key: str) -> bytes | None:
        """What the box holds under a key."""
        return self.store.get(stream, {}).get(key, (0, None))[1]

    def keys(self, prefix: str, stream: str | None = None) -> dict[str, bytes]:
        """Live keys of one kind on a stream (the node's own when not named)."""
        held = self.store.get(stream or f"node/{self.node_no}", {})
        return {key: body for key, (_, body) in held.items() if body is not None and key.split("/")[0] == prefix}

    def grants(self, trip_no: int | None = None, day: int = DAY) -> list[Grant]:
        """The grants that the box holds, oldest first."""
        found = [read_grant(body, self.hub.signer.verify_key) for body in self.keys("grant").values()]
        mine = [grant for grant in found if trip_no is None or (grant.trip_no, grant.day) == (trip_no, day)]
        return sorted(mine, key=lambda grant: grant.grant_id)

    def seats(self, trip_no: int, day: int = DAY) -> dict[int, int]:
        """Seat → leg mask of all grants of a dated trip, as they were given."""
        found: dict[int, int] = {}
        for grant in self.grants(trip_no, day):
            for seat, mask in grant.seats:
                found[seat] = found.get(seat, 0) | mask
        return found

    def give_back(self, grant: Grant, seats: Sequence[tuple[int, int]] | None = None, counts: Any = None) -> int:
        """Record the return of a grant, or of some of its cells."""
        if seats is None and counts is None:
            seats, counts = grant.seats, grant.counts
        return self.append(
            GrantReturned(grant.grant_id, grant.trip_no, grant.day, tuple(seats or ()), tuple(counts or ()))
        )

    def digest(self, stream: str) -> bytes:
        """Digest of what the box holds of a stream."""
        total = 0
        for key, (_, body) in self.store.get(stream, {}).items():
            total = digest.replace(total, key, None, body)
        return total.to_bytes(16, "big")


@dataclass
class World:
    """A hub and what surrounds it."""

    hub: Hub
    clock: TestClock
    timetable: TestTimetable
    ids: TestIds
    boxes: dict[str, Box] = field(default_factory=dict)

    def box(self, name: str, kind: str = "station", stops: Sequence[int] = (1,), low_water: int = 2) -> Box:
        """A new node, enrolled."""
        with self.hub.database.write() as tx:
            node_no = self.hub.nodes.add(tx, name, kind, stops, {"en": name}, None, low_water)
            code = self.hub.enrolment.new_code(tx, node_no)
        self.boxes[name] = Box(self.hub, node_no, code, name).enrol()
        return self.boxes[name]

    def replace_box(self, old: Box, seed: str) -> Box:
        """A new box for the same node."""
        with self.hub.database.write() as tx:
            code = self.hub.enrolment.new_code(tx, old.node_no)
        return Box(self.hub, old.node_no, code, seed).enrol()

    def grant(self, box: Box, trip_no: int, places: int, from_idx: int = 0, to_idx: int | None = None) -> Grant:
        """A grant by hand."""
        with self.hub.database.write() as tx:
            info = nodes.find(tx, box.node_no)
            return self.hub.inventory.grant(tx, info, (trip_no, DAY), places, from_idx, to_idx)

    def trip(self, trip_no: int, day: int = DAY) -> TripInventory:
        """The books of a dated trip."""
        with self.hub.database.read() as tx:
            return self.hub.seats.trip(tx, trip_no, day)

    def rows(self, table: Any) -> list[Mapping[str, Any]]:
        """All rows of a table by primary key."""
        with self.hub.database.read() as tx:
            return [dict(row) for row in tx.execute(table.select().order_by(*table.primary_key.columns)).mappings()]

    def again(self, **changes: Any) -> World:
        """A second hub process on the same database and key."""
        settings = replace(self.hub.settings, **changes)
        return World(
            build(settings, self.clock, self.ids, self.timetable, self.timetable), self.clock, self.timetable, self.ids
        )


def adds_up(found: TripInventory) -> None:
    """Law: granted + free + consumed + suspect is everything."""
    assert found.free + found.granted + found.consumed + found.suspect == found.all
    assert min(found.free, found.granted, found.consumed, found.suspect) >= 0


@functools.cache
def _migrated() -> Path:
    """A SQLite database with all tables and no rows, made once: most of a test's time would go into making it."""
    folder = tempfile.mkdtemp(prefix="yipiao-schema-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@contextlib.contextmanager
def new_world(url: str, folder: Path, trips: Sequence[Trip] = (), **settings: Any) -> Iterator[World]:
    """A hub on an empty database. Without other settings it grants nothing by itself."""
    given = {"grant_hours": 0, "come_back_ms": 60_000} | settings
    if url.startswith("sqlite"):
        shutil.copyfile(_migrated(), url.removeprefix("sqlite:///"))
    clock, ids, timetable = TestClock(), TestIds(), TestTimetable(trips or [Trip(7)])
    hub = build(Settings(data=folder / "hub", database=url, **given), clock, ids, timetable, timetable)
    try:
        yield World(hub, clock, timetable, ids)
    finally:
        hub.close()
