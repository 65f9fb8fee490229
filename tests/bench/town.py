"""A hub with a large fleet, prepared in its database before its process starts.

Every node goes the way that a box goes: added, given a code, enrolled with a key of its own, its streams and its seats
looked over; then it is granted seats of a departure of tomorrow. All with the hub's own code, many nodes a transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.bootstrap import Hub, build
from cloud.domains.inventory.books import cells
from cloud.domains.inventory.books.grants import GrantBatch, open_books
from cloud.domains.timetable import service as timetable
from cloud.domains.timetable import tables
from cloud.domains.timetable.gtfs.compile import compile_feed
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import fleet, nodes, streams
from cloud.kernel.database import head_pos
from cloud.kernel.settings import Settings
from sync.kernel import days, enrolment
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import NET
from tests.bench import feed
from tests.bench.crowd import Node
from tests.bench.world import ZONE

SEATS_EACH = 4  # two sales leave as many as the hub refills at
NODES_A_TRIP = 11
_TRIPS_A_STEP = 20
_LIST = "fleet.json"
_DAY_MS = 86_400_000


def prepare(folder: Path, url: str | None, count: int, say: Callable[[str], None]) -> list[Node]:
    """The fleet: the one whose list stands in ``folder`` already, else ``count`` nodes newly made. All are caught up."""
    hub = open_hub(folder, url)
    try:
        listed = folder / _LIST
        if listed.exists():
            told = json.loads(listed.read_text(encoding="utf-8"))
        else:
            _import(hub, folder)
            told = _settle_in(hub, count, say)
            listed.write_text(json.dumps(told), encoding="utf-8")
        with hub.database.read() as tx:
            floor = head_pos(tx)
        if len(told) != count:
            raise RuntimeError(f"{listed} has {len(told)} nodes")
        return [Node(signer_of(node_no), floor, *rest) for node_no, *rest in told]
    finally:
        hub.close()


def open_hub(folder: Path, url: str | None) -> Hub:
    """The hub's own parts on its database. It gives no seats by the clock: each node is given its own below."""
    return build(Settings(data=folder, database=url or "", grant_hours=0))


def signer_of(node_no: int) -> Ed25519Signer:
    """The key of a node of the fleet."""
    return Ed25519Signer(hashlib.sha256(f"node {node_no} of the benchmark".encode()).digest())


def one_more(folder: Path, url: str | None) -> int:
    """Enrol one more box: its key is news for every node of the fleet. Gives the position of the news."""
    hub = open_hub(folder, url)
    try:
        with hub.database.write() as tx:
            _enrol(hub, tx, f"late {head_pos(tx)}", [])
            return streams.heads(tx, [NET])[NET]
    finally:
        hub.close()


def held(folder: Path, url: str | None) -> dict[str, int]:
    """What the hub counts: events, quarantined, of unknown type."""
    hub = open_hub(folder, url)
    try:
        with hub.database.read() as tx:
            return fleet.counts(tx)
    finally:
        hub.close()


def _import(hub: Hub, folder: Path) -> None:
    path = feed.write(folder / "feed", "广州")
    with (path / "fare_rules.txt").open("a", encoding="utf-8") as rules:
        rules.write("COACH,L\n")  # the line with the many departures, which is not for sale otherwise
    compiled = compile_feed(path, lambda *_: None, None)
    import_feed(
        hub.database, compiled, now_ms=hub.clock.wall_ms(), pinned_days=hub.inventory.pinned_days, source="bench"
    )


def _settle_in(hub: Hub, count: int, say: Callable[[str], None]) -> list[list[Any]]:
    """[node number, epoch, trip, day, stop at which the ride ends, seats] of each node."""
    with hub.database.read() as tx:
        stop = tx.execute(sa.select(tables.stop.c.stop_no).where(tables.stop.c.feed_id == "S7")).scalar_one()
        now = hub.clock.wall_ms()
        begins = days.instant_ms(days.day_at(now, ZONE) + 1, 0, ZONE)
        needed = -(-count // NODES_A_TRIP)
        trips = timetable.dated_trips_at(tx, [stop], begins, begins + _DAY_MS, needed)
    told: list[list[Any]] = []
    for start in range(0, len(trips), _TRIPS_A_STEP):
        with hub.database.write() as tx:
            some = [(trip_no, day) for trip_no, day, _, _ in trips[start : start + _TRIPS_A_STEP]]
            for where, book in open_books(tx, timetable, some).items():
                batch = GrantBatch(tx, hub.signer, hub.clock)
                for _ in range(min(NODES_A_TRIP, count - len(told))):
                    info = _enrol(hub, tx, f"bench {len(told)}", [stop])
                    chosen = cells.block(book.free(), 0, book.legs, SEATS_EACH, book.reserved)
                    batch.add(book, info, chosen, "manual", book.calls_ms[0])
                    told.append([info.node_no, info.epoch, *where, book.legs, sorted(chosen)])
                batch.flush()
        say(f"{len(told)} of {count} nodes enrolled")
    if len(told) < count:
        raise RuntimeError(f"there are departures for {len(told)} nodes only")
    return told


def _enrol(hub: Hub, tx: Connection, name: str, stop_nos: list[int]) -> nodes.NodeInfo:
    node_no = hub.nodes.add(tx, name, "station", stop_nos, {"en": name})
    secret = enrolment.secret_of(hub.enrolment.new_code(tx, node_no))
    public = signer_of(node_no).public
    enrolment.decode_welcome(hub.enrolment.enrol(tx, enrolment.encode_request(secret, public)), secret, public)
    hub.inventory.provision(tx, nodes.find(tx, node_no))
    return nodes.find(tx, node_no)
