"""What a pull does to sales: a node takes a timetable in which every trip has changed while its counter is busy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.bench import load
from tests.bench.hub import Hub
from tests.bench.process import node_server, sign_in
from tests.bench.proxy import Proxy
from tests.bench.stock import CLERK_NO, stock
from tests.bench.world import sale_request

Say = Callable[[str], None]
CLIENTS, BESIDE, QUIET_S = 8, 1_500, 1.2
# An answer without operations has 200 bytes.
LARGE_BYTES = 2_000


def beside_sales(hub: Hub, sold: int, pulls: int, say: Say) -> dict[str, Any]:
    """Sales at the counter, at first without a line, then while the node pulls a timetable in which every trip changed."""
    server = node_server(hub.node, "--hub", hub.proxy.url, "--exchange-every", "1")
    requests: list[load.Request] = [sale_request(sale) for sale in stock(hub.node)[sold : sold + pulls * BESIDE]]
    if len(requests) < pulls * BESIDE:
        raise RuntimeError("the grants do not reach for the sales beside the pulls")
    quiet: list[float] = []
    busy: list[float] = []
    try:
        server.start()
        server.wait()
        token = sign_in(server.port, CLERK_NO)
        for number in range(pulls):
            hub.proxy.hold()
            hub.import_feed(f"南沙{number}")
            calm, pull = _one_pull(hub.proxy, server.port, token, requests[number * BESIDE : (number + 1) * BESIDE])
            quiet, busy = quiet + calm.durations_ms, busy + pull.durations_ms
            say(f"pull {number + 1} of {pulls}: {pull.seconds:.1f} s, {len(pull.durations_ms)} sales beside it")
        rss = {"node_rss_mib": round(server.rss_mib(), 1), "hub_rss_mib": round(hub.server.rss_mib(), 1)}
    finally:
        hub.proxy.release()
        server.stop()
    if not quiet or not busy:
        raise RuntimeError("the sales were over before the pull began; give it more of them")
    calm_ms, busy_ms = load.percentile(quiet, 99), load.percentile(busy, 99)
    say(f"p99 of a sale {calm_ms:.1f} ms without a line, {busy_ms:.1f} ms during a pull")
    return {**rss, "sale_p99_ratio_during_pull": round(busy_ms / calm_ms, 2)}


def _one_pull(proxy: Proxy, port: int, token: str, requests: list[load.Request]) -> tuple[load.Load, load.Load]:
    """What the clients saw before the line was let through, and while the node pulled."""
    released: list[float] = []
    timer = threading.Timer(QUIET_S, lambda: released.append(proxy.release()))
    seen = load.run(port, token, requests, CLIENTS, begun=timer.start)
    timer.join()
    return seen.between(0, released[0]), seen.between(released[0], _end_of_pull(proxy, released[0]))


def _end_of_pull(proxy: Proxy, since: float) -> float:
    """When the node came again after the last large answer: by then it had applied that."""
    visits = [visit for visit in proxy.visits if visit.begun >= since]
    large = max((number for number, visit in enumerate(visits) if visit.down > LARGE_BYTES), default=0)
    return visits[large + 1].begun if large + 1 < len(visits) else time.perf_counter()
