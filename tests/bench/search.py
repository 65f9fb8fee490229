"""`bench search`: journeys on a real feed, asked of a node over HTTP."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from cloud.domains.timetable import tables
from cloud.kernel.database import Database
from edge.kernel.clock import RealClock
from sync.domains.timetable.operations import Agency
from sync.kernel import days
from tests.bench import load
from tests.bench.counter import scratch
from tests.bench.hub import Hub, databases
from tests.bench.process import node_server

Say = Callable[[str], None]


def run(feed: Path, clients: int, rounds: int, size: int, say: Say) -> dict[str, Any]:
    """A place of the feed holds all operators in reach; passengers ask from there and from anywhere to anywhere."""
    with scratch() as folder, databases("sqlite", folder) as (url, _), Hub(folder, url) as hub:
        hub.open(feed)
        told = hub.enrol("pier", _busiest_stop(hub))
        say(f"a node holds {told['operations']} records")
        requests = _requests(hub.node, rounds * size)
        server = node_server(hub.node)
        try:
            begun = server.start()
            server.wait()
            load.run(server.port, "", requests[:1], 1)
            first_s = time.perf_counter() - begun
            found = []
            for number in range(rounds):
                found.append(load.run(server.port, "", requests[number * size : (number + 1) * size], clients))
                say(f"round {number + 1} of {rounds}: {found[-1].per_s:.0f}/s")
            rss = server.rss_mib()
        finally:
            server.stop()
    return {
        "per_s": round(median(one.per_s for one in found), 1),
        "p50_ms": round(median(one.percentile_ms(50) for one in found), 2),
        "p99_ms": round(median(one.percentile_ms(99) for one in found), 2),
        "feed": feed.name,
        "clients": clients,
        "first_answer_s": round(first_s, 2),
        "node_rss_mib": round(rss, 1),
    }


def _busiest_stop(hub: Hub) -> int:
    """Where most patterns call."""
    database = Database(hub.url)
    try:
        with database.read() as tx:
            column, count = tables.pattern_stop.c.stop_no, sa.func.count()
            return int(
                tx.execute(sa.select(column).group_by(column).order_by(count.desc(), column)).scalars().first() or 0
            )
    finally:
        database.close()


def _requests(data: Path, count: int) -> list[load.Request]:
    """From here and from anywhere, to anywhere, tomorrow, from different times on; the order is mixed."""
    drawn = random.Random(11)
    with sqlite3.connect(data / "node.sqlite") as connection:
        stops = [row[0] for row in connection.execute("SELECT DISTINCT stop_no FROM pattern_stop ORDER BY 1")]
        body = connection.execute("SELECT body FROM agency ORDER BY agency_no LIMIT 1").fetchone()[0]
    zone = Agency.from_bytes(body).timezone
    day = days.day_at(RealClock().wall_ms(), zone) + 1
    found: list[load.Request] = []
    for number in range(count):
        origin, target = drawn.sample(stops, 2)
        after_ms = days.instant_ms(day, drawn.randrange(5, 21) * 3_600, zone)
        path = f"/api/v1/journeys?to_stop_no={target}&day={days.date_of(day).isoformat()}&after_ms={after_ms}"
        found.append((path + (f"&from_stop_no={origin}" if number % 2 else ""), None))
    return found
