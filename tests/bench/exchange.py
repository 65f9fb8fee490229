"""`bench exchange`: a real node, a real hub, and a counting line between them."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.bootstrap import build
from edge.kernel.clock import RealClock
from edge.kernel.settings import Settings
from tests.bench import intake
from tests.bench.counter import scratch
from tests.bench.hub import Hub, databases, last_json
from tests.bench.pull import beside_sales
from tests.bench.stock import CLERK_NO, stock
from tests.bench.visit import IDLE_VISITS
from tests.bench.world import PIN

Say = Callable[[str], None]
KEYS = (
    "events_per_s", "end_to_end_events_per_s", "limit_per_s", "ratio", "bytes_per_event", "single_sale_bytes",
    "single_sale_http_bytes",
    "idle_requests", "idle_bytes_up", "idle_bytes_down", "idle_hub_cpu_ms", "node_db_bytes_per_event",
    "raw_bytes_per_event", "node_rss_mib", "hub_rss_mib", "bootstrap_10000_s", "sale_p99_ratio_during_pull",
)  # fmt: skip


def run(events: int, pulls: int, hub_db: str, say: Say) -> dict[str, Any]:
    """The whole sequence: bootstrap, sales, upload, one sale, silence, pulls beside sales."""
    with scratch() as folder, databases(hub_db, folder) as (url, limit), Hub(folder, url) as hub:
        found: dict[str, Any] = {}
        say("importing a timetable, starting the hub")
        hub.open()
        found |= _bootstrap(hub, say)
        size = _size(hub.node)
        found |= _sell(hub.node, events, say)
        found |= _upload(hub, say)
        found |= _compacted(hub, size, events)
        found["limit_per_s"] = round(intake.events_per_s(url, limit))
        found["ratio"] = round(found["events_per_s"] / found["limit_per_s"], 3)
        found |= _single(hub) | _idle(hub, say) | beside_sales(hub, events, pulls, say)
        return {key: found[key] for key in KEYS}


def _bootstrap(hub: Hub, say: Say) -> dict[str, Any]:
    """A new box, from its start with a code to the end of its first visit."""
    made = hub.command("add-node", "bench", "--kind", "station", "--stop", str(hub.stop_no("S1")), "--json")
    clerk = hub.command("add-clerk", "陈晓", "--pin", PIN, "--node", "bench", "--role", "clerk", "--json")
    if clerk["clerk_no"] != CLERK_NO:
        raise RuntimeError(f"the first clerk has the number {clerk['clerk_no']}")
    words = ["-m", "edge.cli", "node", "enrol", "--data", str(hub.node), "--hub", hub.proxy.url, made["code"]]
    begun = time.perf_counter()
    told = last_json([sys.executable, *words])
    seconds = time.perf_counter() - begun
    say(f"a new node pulled {told['operations']} operations in {seconds:.1f} s")
    return {"bootstrap_10000_s": round(seconds * 10_000 / told["operations"], 2)}


class _Pace(RealClock):
    """The machine's clock, but with up to a second between one sale and the next: a burst would pack too well."""

    def __init__(self) -> None:
        self._ahead_ms, self._random = 0, random.Random(5)

    def pass_time(self) -> None:
        """Until the next passenger."""
        self._ahead_ms += self._random.randrange(1_000)

    def wall_ms(self) -> int:
        """See :class:`RealClock`."""
        return super().wall_ms() + self._ahead_ms

    def mono_ms(self) -> int:
        """See :class:`RealClock`."""
        return super().mono_ms() + self._ahead_ms


def _sell(data: Path, events: int, say: Say) -> dict[str, Any]:
    """Sales straight at the node's service, the hub away."""
    clock = _Pace()
    node = build(Settings(data=data), clock, record_start=False)
    head = node.scribe.log.head.seq
    for number, sale in enumerate(stock(data)[:events], start=1):
        clock.pass_time()
        node.ticketing.sell(sale.trip_no, sale.day, sale.from_idx, sale.to_idx, sale.seat, CLERK_NO, uuid.uuid4().hex)
        if number % 5_000 == 0:
            say(f"{number} sold")
    node.database.close()
    with sqlite3.connect(data / "node.sqlite") as connection:
        query = "SELECT count(*), sum(length(event)) FROM event_log WHERE seq > ?"
        made, raw = connection.execute(query, (head,)).fetchone()
    if made != events:
        raise RuntimeError(f"{made} events instead of {events}")
    return {"raw_bytes_per_event": round(raw / events, 1)}


def _upload(hub: Hub, say: Say) -> dict[str, Any]:
    """All sales up. The hub holds, has checked and has applied them when this ends: none in quarantine."""
    told, visits = hub.visit("upload")
    up = sum(visit.up for visit in visits)
    say(
        f"{told['events_up']} events in {told['seconds']:.2f} s and {len(visits)} requests: {up} bytes up at the socket, "
        f"{told['bytes_up']} as the node counts HTTP; {sum(visit.down for visit in visits)} down"
    )
    if refused := hub.command("quarantine", "--json")["quarantined"]:
        raise RuntimeError(f"the hub put events into quarantine: {refused[0]}")
    # What the hub takes is measured at its door; the node's own work on both sides of a request is in the second figure.
    at_the_hub_s = sum(visit.ended - visit.begun for visit in visits)
    return {
        "events_per_s": round(told["events_up"] / at_the_hub_s),
        "end_to_end_events_per_s": round(told["events_up"] / told["seconds"]),
        "bytes_per_event": round(up / told["events_up"], 1),
    }


def _compacted(hub: Hub, before: int, events: int) -> dict[str, Any]:
    """By how much the node's files have grown once the hub has the sales and the node has made its log small."""
    hub.visit("turn")
    return {"node_db_bytes_per_event": round((_size(hub.node) - before) / events, 1)}


def _single(hub: Hub) -> dict[str, Any]:
    """One sale, told to the hub in a visit of its own: bytes of the message, and with what HTTP adds."""
    told, visits = hub.visit("single")
    return {"single_sale_bytes": told["body_up"], "single_sale_http_bytes": visits[-1].up}


def _idle(hub: Hub, say: Say) -> dict[str, Any]:
    """Visits with nothing to say on either side."""
    cpu = hub.server.cpu_ms()
    told, visits = hub.visit("idle")
    cpu = hub.server.cpu_ms() - cpu
    quiet = visits[-told["requests"] :]
    say(
        f"{IDLE_VISITS} idle visits; as the node counts HTTP: {told['bytes_up'] / IDLE_VISITS:.0f} bytes up, "
        f"{told['bytes_down'] / IDLE_VISITS:.0f} down"
    )
    return {
        "idle_requests": round(told["requests"] / IDLE_VISITS, 2),
        "idle_bytes_up": round(sum(visit.up for visit in quiet) / len(quiet)),
        "idle_bytes_down": round(sum(visit.down for visit in quiet) / len(quiet)),
        "idle_hub_cpu_ms": round(cpu / len(visits), 2),
    }


def _size(data: Path) -> int:
    with sqlite3.connect(data / "node.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return sum(path.stat().st_size for path in data.glob("node.sqlite*"))
