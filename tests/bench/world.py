"""A node with real data to sell from, prepared in a folder before its process starts.

The folder holds what a node has after its enrolment and its first exchange: its key, the hub's certificate, the
timetable, clerks and signed grants. The hub's key is at hand here, so nothing else is made up.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge.bootstrap import Node, build
from edge.kernel import meta
from edge.kernel.scribe import UnitOfWork
from edge.kernel.settings import Settings
from sync.domains.boarding.operations import ManifestEntry
from sync.domains.inventory.operations import Grant, sign_grant
from sync.domains.ticketing.office.realname import period_of
from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Trip
from sync.kernel import certificate, days, operations, pins, seal, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Operation
from sync.kernel.ticket import Claims, TicketId
from tests.support.documents import full_name, resident_id

ZONE = "Asia/Shanghai"
NODE_NO, OTHER_NODE_NO = 7, 8
CLERK_NO, CLERKS, PIN = 11, 8, "258036"
COACHES, FERRIES, DAYS = 12, 4, 14
SEATS, LEGS, PLACES = 45, 4, 120
FIRST_COACH, FIRST_FERRY = 1_001, 2_001
HUB = Ed25519Signer(b"hub key of the benchmark, 32 byt")
OTHER = Ed25519Signer(b"another node of the benchmark...")


@dataclass(frozen=True)
class Sale:
    """One sale to be asked for; ``seat`` None leaves the choice to the node."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int | None


def names(text: str, english: str) -> dict[str, str]:
    """Names in the three languages."""
    return {"zh-Hans": text, "zh-Hant": text, "en": english}


def prepare(folder: Path, named: bool = False) -> int:
    """Make the node's folder; gives the first service day that has grants. ``named``: nobody rides without a name."""
    node = build(Settings(data=folder), record_start=False)
    first_day = days.day_at(node.clock.wall_ms(), ZONE) + 1
    _enrol(node, first_day)
    everything = [*_timetable(first_day), *_people(node), *_grants(node, first_day)]
    everything += _real_names(first_day) if named else ()
    found = [Operation(stream, pos, key, body) for pos, (stream, key, body) in enumerate(everything, start=1)]
    for start in range(0, len(found), 500):
        node.scribe.write(partial(_apply, node, found[start : start + 500]))
    node.database.close()
    return first_day


def _apply(node: Node, chunk: list[Operation], unit: UnitOfWork) -> int:
    return node.streams.apply(unit.connection, chunk)


def sales(first_day: int, seed: int = 1) -> list[Sale]:
    """All sales that the grants allow, in an order as mixed as that of many passengers.

    Coaches: two rides on each seat, the seat chosen on every other trip, left to the node on the rest. Ferries: places.
    """
    found: list[Sale] = []
    for day in range(first_day, first_day + DAYS):
        for trip_no in range(FIRST_COACH, FIRST_COACH + COACHES):
            for seat in range(1, SEATS + 1):
                chosen = seat if trip_no % 2 else None
                found += [Sale(trip_no, day, 0, 2, chosen), Sale(trip_no, day, 2, LEGS, chosen)]
        for trip_no in range(FIRST_FERRY, FIRST_FERRY + FERRIES):
            found += [Sale(trip_no, day, 0, 1, None)] * PLACES
    random.Random(seed).shuffle(found)
    return found


def sale_request(sale: Sale) -> tuple[str, dict[str, Any]]:
    """Path and body of the request that asks for a sale."""
    return "/api/v1/tickets", {
        "trip_no": sale.trip_no, "day": days.date_of(sale.day).isoformat(), "from_idx": sale.from_idx,
        "to_idx": sale.to_idx, "seat": sale.seat, "key": uuid.uuid4().hex,
    }  # fmt: skip


def booking_requests(first_day: int, riders: int, named: bool, seed: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """Bookings of ``riders`` each until the grants are used up: adults, and a child with a seat in each of more than two."""
    rides = [(trip_no, day, *way) for day in range(first_day, first_day + DAYS)
             for trip_no in range(FIRST_COACH, FIRST_COACH + COACHES) for way in ((0, 2), (2, LEGS))
             for _ in range(SEATS // riders)]  # fmt: skip
    rides += [(trip_no, day, 0, 1) for day in range(first_day, first_day + DAYS)
              for trip_no in range(FIRST_FERRY, FIRST_FERRY + FERRIES) for _ in range(PLACES // riders)]  # fmt: skip
    random.Random(seed).shuffle(rides)
    for number, (trip_no, day, from_idx, to_idx) in enumerate(rides):
        leg = {"trip_no": trip_no, "day": days.date_of(day).isoformat(), "from_idx": from_idx, "to_idx": to_idx}
        party = [_rider(number * riders + n, n, riders, named) for n in range(riders)]
        yield "/api/v1/bookings", {"legs": [leg], "riders": party, "key": uuid.uuid4().hex}


def _rider(which: int, place: int, riders: int, named: bool) -> dict[str, Any]:
    child = riders > 2 and place == riders - 1
    one: dict[str, Any] = {"rider": "child_with_seat", "proof": "birth_date"} if child else {"rider": "adult"}
    if named:
        one["document"] = {"document_type": "resident_id", "number": resident_id(which), "name": full_name(which)}
    return one


def _real_names(first_day: int) -> Iterator[tuple[str, str, bytes]]:
    """Rules that ask every rider for a document, and the keys to which the months' names are sealed."""
    given = RealNameRules("bench", "benchmark", 0, None, True, (3, 4), (), 365)
    yield "net", given.key, given.to_bytes()
    for period in sorted({period_of(day) for day in range(first_day - 1, first_day + DAYS)}):
        public = seal.public_of(seal.DEFAULT, bytes(range(32)))
        key = SealingKey(period, seal.DEFAULT.number, public, bytes(range(32)), True)
        yield "net", key.key, key.to_bytes()


def tickets(first_day: int, count: int) -> list[tuple[Sale, str]]:
    """``count`` tickets that another node sold, with its young certificate inside, as the gate would scan them."""
    carried = _certificate(OTHER_NODE_NO, OTHER, first_day)
    found = []
    for serial, sale in enumerate(sales(first_day, seed=2)[:count], start=1):
        claims = Claims(
            TicketId(OTHER_NODE_NO, 1, serial), sale.trip_no, sale.day, sale.from_idx, sale.to_idx, sale.seat or 0, 0,
            days.instant_ms(sale.day + 1, 0, ZONE) // 1000,
        )  # fmt: skip
        found.append((sale, ticket.issue(claims, OTHER, carried)))
    return found


def crowd_tickets(day: int, count: int) -> list[str]:
    """``count`` tickets of one sailing, sold by another node whose certificate every box has had for long."""
    until_s = days.instant_ms(day + 1, 0, ZONE) // 1000
    serials = range(day * count + 1, (day + 1) * count + 1)
    return [
        ticket.issue(Claims(TicketId(OTHER_NODE_NO, 1, one), FIRST_FERRY, day, 0, 1, 0, 0, until_s), OTHER)
        for one in serials
    ]


def crowd(folder: Path, sailings: range, count: int) -> None:
    """Put the tickets of :func:`crowd_tickets` on the node's manifests, as the hub would."""
    node = build(Settings(data=folder), record_start=False)
    pos = node.database.read().execute("SELECT max(pos) FROM stream_operation").fetchone()[0]
    for day in sailings:
        entry = ManifestEntry(0, 1, 0, FIRST_FERRY, day).to_bytes()
        ids = [
            TicketId(OTHER_NODE_NO, 1, serial).to_bytes().hex()
            for serial in range(day * count + 1, (day + 1) * count + 1)
        ]
        stream = operations.trip_stream(FIRST_FERRY, day)
        told = [Operation(stream, pos + n, f"manifest/{one}", entry) for n, one in enumerate(ids, start=1)]
        node.scribe.write(partial(_apply, node, told))
        pos += len(told)
    node.database.close()


def _certificate(node_no: int, signer: Ed25519Signer, first_day: int) -> bytes:
    return certificate.issue(Certificate(node_no, 1, signer.public, first_day - 1, first_day + 1_000), HUB)


def _enrol(node: Node, first_day: int) -> None:
    signed = _certificate(NODE_NO, node.signer, first_day)
    values = {"node_no": NODE_NO, "epoch": 1, "name": "bench", "hub_public": HUB.public, "certificate": signed,
              "last_hub_ms": node.clock.wall_ms()}  # fmt: skip
    node.scribe.write(lambda unit: meta.put(unit.connection, **values))


def _people(node: Node) -> Iterator[tuple[str, str, bytes]]:
    own = f"node/{NODE_NO}"
    first_day = days.day_at(node.clock.wall_ms(), ZONE) + 1
    for node_no, signer in ((NODE_NO, node.signer), (OTHER_NODE_NO, OTHER)):
        yield "net", f"key/{signer.kid.hex()}", _certificate(node_no, signer, first_day)
    profile = operations.Profile(NODE_NO, "station", names("端州汽车站", "Duanzhou Station"), (1,))
    yield own, "profile", profile.to_bytes()
    hashed = pins.hash_pin(PIN, b"salt of a bench.")
    for number in range(CLERK_NO, CLERK_NO + CLERKS):
        yield own, f"clerk/{number}", operations.Clerk(number, "陈晓", ("clerk", "agent", "gate"), hashed).to_bytes()


def _grants(node: Node, first_day: int) -> Iterator[tuple[str, str, bytes]]:
    """Whole vehicles: the largest grants that a node can have."""
    until_ms = node.clock.wall_ms() + 60 * days.DAY_MS
    seats = tuple((seat, (1 << LEGS) - 1) for seat in range(1, SEATS + 1))
    shapes: list[tuple[int, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = []
    shapes += [(trip_no, seats, ()) for trip_no in range(FIRST_COACH, FIRST_COACH + COACHES)]
    shapes += [(trip_no, (), ((0, PLACES),)) for trip_no in range(FIRST_FERRY, FIRST_FERRY + FERRIES)]
    grant_id = 0
    for day in range(first_day, first_day + DAYS):
        for trip_no, masks, counts in shapes:
            grant_id += 1
            grant = Grant(grant_id, NODE_NO, trip_no, day, 1, masks, counts, until_ms)
            yield f"node/{NODE_NO}", f"grant/{grant_id}", sign_grant(grant, HUB)


def _timetable(first_day: int) -> Iterator[tuple[str, str, bytes]]:
    net: dict[str, operations.Record] = {
        "agency/1": Agency("A", names("岭西客运", "Lingxi Coaches"), ZONE, "https://example.org/"),
        "service/1": Service(127, first_day - 30, first_day + 60, (), ()),
        "seatplan/coach-45": SeatPlan("reserved", SEATS, tuple(_seats())),
        "seatplan/ferry": SeatPlan("free", PLACES, ()),
    }
    for number, (text, english) in enumerate(_STOPS, start=1):
        net[f"stop/{number}"] = Stop(f"S{number}", names(text, english), 23_000_000, 113_000_000, None)
    operator: dict[str, operations.Record] = {
        "route/1": Route(1, "R1", names("端广线", "DG"), names("端州至广州", "Duanzhou–Guangzhou"), 3, "CNY",
                         "coach-45", True),
        "route/2": Route(1, "R2", {}, names("端州至桂山岛", "Duanzhou–Guishan"), 4, "CNY", "ferry", True),
        "pattern/1": Pattern(1, 0, (1, 2, 3, 4, 5), (0, 1200, 3000, 4800, 6600), (0, 1260, 3060, 4860, 6600),
                             (True,) * 5, (True,) * 5, (500, 1500, 2500, 3000, 1200, 2200, 2800, 1000, 1800, 900)),
        "pattern/2": Pattern(2, 0, (1, 6), (0, 3600), (0, 3600), (True, True), (True, True), (4000,)),
    }  # fmt: skip
    operator |= dict(_trips())
    for stream, records in (("net", net), ("operator/1", operator)):
        for key, record in records.items():
            yield stream, key, record.to_bytes()


_STOPS = (("端州", "Duanzhou"), ("鼎湖", "Dinghu"), ("三水", "Sanshui"), ("南海", "Nanhai"), ("广州", "Guangzhou"),
          ("桂山岛", "Guishan Island"))  # fmt: skip


def _seats() -> Iterable[tuple[int, str, int, int]]:
    for seat in range(1, SEATS + 1):
        row, column = divmod(seat - 1, 4)
        yield seat, f"{row + 1:02d}{'ABCD'[column]}", row + 1, column


def _trips() -> Iterator[tuple[str, Trip]]:
    for number in range(COACHES):
        headsigns = names("广州", "Guangzhou")
        trip_no = FIRST_COACH + number
        yield f"trip/{trip_no}", Trip(1, 1, (6 + number) * 3600, False, headsigns, f"C{number}")
    for number in range(FERRIES):
        headsigns = names("桂山岛", "Guishan Island")
        trip_no = FIRST_FERRY + number
        yield f"trip/{trip_no}", Trip(2, 1, (8 + 3 * number) * 3600, False, headsigns, f"F{number}")
