"""`bench sell` and `bench board`: one node over HTTP, as many clients as a busy counter has."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sync.kernel import days
from tests.bench import limits, load
from tests.bench.client import Connection
from tests.bench.process import node_server, sign_in
from tests.bench.world import Sale, booking_requests, prepare, sale_request, sales, tickets

Say = Callable[[str], None]
Limit = Callable[[Path, int, Path], float]
STARTS = 5
WARM_UP = 200


def sell(clients: int, rounds: int, size: int, say: Say) -> dict[str, Any]:
    """Sales over HTTP: grant check, durable event, signed ticket."""
    with scratch() as folder:
        first_day = prepare(folder / "node")
        requests: list[load.Request] = [sale_request(sale) for sale in sales(first_day)]
        ready_s = _ready_s(folder / "node", [requests.pop() for _ in range(STARTS)], say)
        found = measure(folder, requests, clients, rounds, size, limits.sales_per_s, say)
        return {**found, "ready_s": round(ready_s, 3)}


def book(clients: int, rounds: int, size: int, riders: int, names: bool, say: Say) -> dict[str, Any]:
    """Bookings over HTTP: every rider with a seat and a ticket, all in one commit; named by a document each if asked."""
    with scratch() as folder:
        first_day = prepare(folder / "node", names)
        requests: list[load.Request] = list(booking_requests(first_day, riders, names))
        wanted = WARM_UP + rounds * size
        if len(requests) < wanted:
            raise RuntimeError(f"there are seats for {len(requests)} bookings, not for {wanted}")

        def limit(node: Path, after_seq: int, where: Path) -> float:
            return limits.bookings_per_s(node, after_seq, where, riders)

        found = measure(folder, requests, clients, rounds, size, limit, say)
        return {**found, "riders": riders, "tickets_per_s": round(found["per_s"] * riders, 1), "names": int(names)}


def board(clients: int, rounds: int, size: int, say: Say) -> dict[str, Any]:
    """Boardings over HTTP of tickets that another node sold: signature, directory, first use, durable event."""
    with scratch() as folder:
        first_day = prepare(folder / "node")
        requests = [_check(sale, text) for sale, text in tickets(first_day, rounds * size + WARM_UP)]
        return measure(folder, requests, clients, rounds, size, limits.boardings_per_s, say)


def measure(
    folder: Path, requests: list[load.Request], clients: int, rounds: int, size: int, limit: Limit, say: Say
) -> dict[str, Any]:
    """Rounds of load behind a warm-up, each followed by the limit over the rows that it wrote, so that both meet the same
    weather."""
    server = node_server(folder / "node")
    found: list[load.Load] = []
    bare: list[float] = []
    try:
        server.start()
        server.wait()
        token = sign_in(server.port)
        load.run(server.port, token, requests[:WARM_UP], clients)
        for number in range(rounds):
            start = WARM_UP + number * size
            before = limits.head_of(folder / "node")
            cpu_ms = server.cpu_ms()
            found.append(load.run(server.port, token, requests[start : start + size], clients))
            cpu_ms = (server.cpu_ms() - cpu_ms) / size
            bare.append(limit(folder / "node", before, folder / f"limit{number}"))
            what = f"{found[-1].per_s:.0f}/s, limit {bare[-1]:.0f}/s, {cpu_ms:.2f} ms of the node's processor each"
            say(f"round {number + 1} of {rounds}: {what}")
        rss = server.rss_mib()
    finally:
        server.stop()
    return {
        "per_s": round(median(one.per_s for one in found), 1),
        "p50_ms": round(median(one.percentile_ms(50) for one in found), 2),
        "p99_ms": round(median(one.percentile_ms(99) for one in found), 2),
        "limit_per_s": round(median(bare), 1),
        "ratio": round(median(one.per_s for one in found) / median(bare), 3),
        "clients": clients,
        "node_rss_mib": round(rss, 1),
    }


def _ready_s(folder: Path, requests: list[load.Request], say: Say) -> float:
    """Seconds from the start of the process to the first ticket sold, the sign-in included; the median of some starts."""
    found = []
    for path, body in requests:
        server = node_server(folder)
        try:
            begun = server.start()
            server.wait()
            Connection(server.port, sign_in(server.port)).post(path, body)
            found.append(time.perf_counter() - begun)
        finally:
            server.stop()
        say(f"ready to sell after {found[-1]:.2f} s")
    return median(found)


def _check(sale: Sale, text: str) -> load.Request:
    day = days.date_of(sale.day).isoformat()
    return "/api/v1/boarding/checks", {"code": text, "trip_no": sale.trip_no, "day": day, "gate": "gate-1"}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="yipiao-bench-"))
    try:
        (folder / "node").mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
