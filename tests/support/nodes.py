"""A real node for tests: enrolled by a hub key of the test's own, with a small timetable and grants given by hand.

Nothing of the node is replaced but its clock, its randomness and the line to the hub.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from edge.bootstrap import Node, build
from edge.domains.ticketing.service import Ticket
from edge.kernel import meta
from edge.kernel.settings import Settings
from sync.domains.boarding.operations import Duty
from sync.domains.inventory.operations import Grant, sign_grant
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Trip
from sync.kernel import certificate, days, operations, pins
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Fault
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Operation
from sync.kernel.ports import Transport

NOON_MS = 1_795_406_400_000  # 2026-11-23 12:00 in Guangdong
TODAY = days.day_at(NOON_MS, "Asia/Shanghai")
ZONE = "Asia/Shanghai"
PIN = "2580"
CLERK_NO = 11
COACH_TRIP, FERRY_TRIP, LATE_TRIP = 101, 102, 103
HUB_SEED = b"hub key of the tests, 32 bytes.."
ALL_LEGS = 0b1111  # of the coach: five stops


class FakeClock:
    """A clock that a test moves."""

    def __init__(self, wall_ms: int = NOON_MS) -> None:
        self.wall, self.mono = wall_ms, 5_000

    def wall_ms(self) -> int:
        return self.wall

    def mono_ms(self) -> int:
        return self.mono

    def pass_ms(self, ms: int) -> None:
        self.wall += ms
        self.mono += ms


class CountingIds:
    """Predictable "randomness"."""

    def __init__(self, seed: int = 0) -> None:
        self.count = seed * 1_000_000

    def token(self, size: int) -> bytes:
        self.count += 1
        return (self.count.to_bytes(8, "big") * (size // 8 + 1))[:size]


class NoLine:
    """The hub is away."""

    def post(self, path: str, body: bytes) -> bytes:
        raise Fault("hub_away")


@dataclass
class Bench:
    """A node with the hub's key at hand, so that a test can be the hub."""

    node: Node
    hub: Ed25519Signer
    clock: FakeClock
    pos: int = 0
    grants: int = 0
    boots: int = 1
    sales: int = 0
    epochs: dict[tuple[int, int], int] = field(default_factory=dict)

    def restart(self, transport: Transport | None = None) -> Node:
        """The process is gone and another comes up over the same data: a new boot."""
        self.boots += 1
        ids = CountingIds(1_000 * self.boots)
        self.node = build(self.node.settings, self.clock, ids, transport or NoLine())
        return self.node

    def sell(
        self,
        from_idx: int = 0,
        to_idx: int = 4,
        seat: int | None = None,
        trip_no: int = COACH_TRIP,
        day: int = TODAY,
        key: str | None = None,
    ) -> Ticket:
        """One ticket across the counter, under a key of its own unless one is given."""
        self.sales += 1
        key = key or f"sale-{self.boots}-{self.sales:06d}"
        return self.node.ticketing.sell(trip_no, day, from_idx, to_idx, seat, CLERK_NO, key)

    def operate(self, stream: str, key: str, body: bytes | None) -> None:
        """What the hub would send."""
        self.operate_all([(stream, key, body)])

    def operate_all(self, said: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Several operations in one transaction: (stream, key, body)."""
        operations = [Operation(stream, self.pos + i, key, body) for i, (stream, key, body) in enumerate(said, 1)]
        self.pos += len(operations)
        self.node.scribe.write(lambda unit: self.node.streams.apply(unit.connection, operations))

    def grant(
        self,
        trip_no: int,
        day: int = TODAY,
        seats: dict[int, int] | None = None,
        counts: dict[int, int] | None = None,
        sell_until_ms: int = NOON_MS + 40 * days.DAY_MS,
        fewer_laps: tuple[tuple[int, int], ...] = (),
    ) -> int:
        """Give the node seats (seat → leg mask) or places (leg → count); gives the grant's id."""
        self.grants += 1
        epoch = self.epochs[(trip_no, day)] = self.epochs.get((trip_no, day), 0) + 1
        node_no = self.node.identity.node_no if self.node.identity else 0
        found = Grant(
            self.grants, node_no, trip_no, day, epoch, tuple(sorted((seats or {}).items())),
            tuple(sorted((counts or {}).items())), sell_until_ms, fewer_laps,
        )  # fmt: skip
        self.operate(f"node/{node_no}", f"grant/{self.grants}", sign_grant(found, self.hub))
        return self.grants


def names(zh: str, hant: str, en: str) -> dict[str, str]:
    """Names in the three languages."""
    return {"zh-Hans": zh, "zh-Hant": hant, "en": en}


def make_bench(
    folder: Path,
    node_no: int = 7,
    kind: str = "station",
    clock: FakeClock | None = None,
    transport: Transport | None = None,
    gate_device: str = "",
) -> Bench:
    """An enrolled node at "Duanzhou" with a 45-seat coach (5 stops), a ferry (2 stops) and a coach late at night."""
    clock, line = clock or FakeClock(), transport or NoLine()
    settings = Settings(data=folder, hub_url="", gate_device=gate_device)
    if type(clock) is not FakeClock or clock.wall != NOON_MS:
        return _made(settings, node_no, kind, clock, line)
    folder.mkdir(parents=True, exist_ok=True)
    pos, files = _pattern(node_no, kind)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    ids = CountingIds(node_no)
    node = build(settings, clock, ids, line, record_start=False)  # the copy has its start in the log
    ids.count += 1  # its key was drawn, too
    node.clock.saw_hub(clock.wall_ms())
    return Bench(node, Ed25519Signer(HUB_SEED), clock, pos)


@cache
def _pattern(node_no: int, kind: str) -> tuple[int, dict[str, bytes]]:
    """The hub's position, and the files of a node made the long way: copying it spares a test a dozen commits."""
    with tempfile.TemporaryDirectory() as name:
        bench = _made(Settings(data=Path(name), hub_url=""), node_no, kind, FakeClock(), NoLine())
        bench.node.database.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        paths = (bench.node.settings.database, bench.node.settings.key_file)
        return bench.pos, {path.name: path.read_bytes() for path in paths}


def _made(settings: Settings, node_no: int, kind: str, clock: FakeClock, line: Transport) -> Bench:
    bench = Bench(build(settings, clock, CountingIds(node_no), line), Ed25519Signer(HUB_SEED), clock)
    enrol(bench, node_no)
    publish_timetable(bench)
    profile = operations.Profile(node_no, kind, names("端州汽车站", "端州汽車站", "Duanzhou Station"), (1,))
    clerk = operations.Clerk(CLERK_NO, "陈晓", ("clerk", "agent", "gate"), pin_hash())
    said = {"profile": profile.to_bytes(), f"clerk/{CLERK_NO}": clerk.to_bytes()}
    if kind == "vehicle":
        said |= {f"duty/{trip_no}/{TODAY}": Duty("粤H12345").to_bytes() for trip_no in (COACH_TRIP, LATE_TRIP)}
    bench.operate_all((f"node/{node_no}", key, body) for key, body in said.items())
    return bench


@cache
def pin_hash() -> str:
    """The hash of PIN, worked out once: it costs what a hash of a PIN has to cost."""
    return pins.hash_pin(PIN, b"salt of the test")


def enrol(bench: Bench, node_no: int) -> None:
    """Make the node known, as its enrolment would."""
    node, hub = bench.node, bench.hub
    own = Certificate(node_no, 1, node.signer.public, TODAY - 3, TODAY + 700)
    signed = certificate.issue(own, hub)
    node.scribe.write(
        lambda unit: meta.put(
            unit.connection, node_no=node_no, epoch=1, name=f"node {node_no}", hub_public=hub.public,
            certificate=signed, last_hub_ms=bench.clock.wall_ms(),
        )
    )  # fmt: skip
    node.clock.saw_hub(bench.clock.wall_ms())
    bench.operate("net", f"key/{node.signer.kid.hex()}", signed)


def coach_seat(number: int) -> tuple[int, str, int, int]:
    """A seat of a coach with four in a row: 5 is ``02A``."""
    row, column = (number + 3) // 4, (number - 1) % 4
    return number, f"{row:02d}{'ABCD'[column]}", row, column


def publish_timetable(bench: Bench) -> None:
    """The timetable of the tests on its streams."""
    net: dict[str, operations.Record] = {
        "agency/1": Agency("A", names("岭西客运", "嶺西客運", "Lingxi Coaches"), ZONE, "https://example.org/"),
        "stop/1": Stop("S1", names("端州", "端州", "Duanzhou"), 23_050_000, 112_460_000, None),
        "stop/2": Stop("S2", names("鼎湖", "鼎湖", "Dinghu"), 23_150_000, 112_560_000, None),
        "stop/3": Stop("S3", names("三水", "三水", "Sanshui"), 23_160_000, 112_890_000, None),
        "stop/4": Stop("S4", names("南海", "南海", "Nanhai"), 23_030_000, 113_140_000, None),
        "stop/5": Stop("S5", names("广州", "廣州", "Guangzhou"), 23_130_000, 113_260_000, None),
        "stop/6": Stop("S6", names("桂山岛", "桂山島", "Guishan Island"), 22_140_000, 113_820_000, None),
        "service/1": Service(127, TODAY - 400, TODAY + 400, (), ()),
        "seatplan/coach-45": SeatPlan("reserved", 45, tuple(coach_seat(number) for number in range(1, 46))),
        "seatplan/ferry": SeatPlan("free", 120, ()),
    }  # fmt: skip
    everywhere = (True,) * 5
    fares = (500, 1500, 2500, 3000, 1200, 2200, 2800, 1000, 1800, 900)
    operator: dict[str, operations.Record] = {
        "route/1": Route(1, "R1", names("端广线", "端廣線", "DG"), names("端州至广州", "端州至廣州", "Duanzhou–Guangzhou"),
                         3, "CNY", "coach-45", True),
        "route/2": Route(1, "R2", {}, names("端州至桂山岛", "端州至桂山島", "Duanzhou–Guishan"), 4, "CNY", "ferry", True),
        "pattern/1": Pattern(1, 0, (1, 2, 3, 4, 5), (0, 1200, 3000, 4800, 6600), (0, 1260, 3060, 4860, 6600),
                             everywhere, everywhere, fares),
        "pattern/2": Pattern(2, 0, (1, 6), (0, 3600), (0, 3600), (True, True), (True, True), (4000,)),
        f"trip/{COACH_TRIP}": Trip(1, 1, 15 * 3600, False, names("广州", "廣州", "Guangzhou"), "T1"),
        f"trip/{FERRY_TRIP}": Trip(2, 1, 16 * 3600, False, names("桂山岛", "桂山島", "Guishan"), "T2"),
        f"trip/{LATE_TRIP}": Trip(1, 1, 24 * 3600 + 600, False, names("广州", "廣州", "Guangzhou"), "T3"),
    }  # fmt: skip
    bench.operate_all(
        (stream, key, record.to_bytes())
        for stream, records in (("net", net), ("operator/1", operator))
        for key, record in records.items()
    )
