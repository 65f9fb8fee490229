"""`bench portal`: a hundred phones at once on the WiFi of one box.

All phones are connected, then all ask at the same moment: the probe that their makers built in, the page that it leads to, and
what the page is made of. ``p50_ms`` and ``p99_ms`` are those of the page, the first thing that a passenger sees, with the whole
crowd before it in the queue. Afterwards every phone opens the page again and again, beside a bare page of the same size.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge.bootstrap import build
from edge.kernel.settings import Settings
from sync.domains.boarding.operations import Duty
from sync.domains.notices.operations import Notice
from sync.kernel.operations import Operation
from tests.bench import phones
from tests.bench.counter import scratch
from tests.bench.load import percentile
from tests.bench.process import Server, node_server
from tests.bench.world import FIRST_COACH, NODE_NO, prepare
from tests.support.ports import free_port

Say = Callable[[str], None]
PROBE: Final = "/generate_204"
PAGE: Final = "/portal"
AGAIN: Final = 20


def run(count: int, rounds: int, say: Say) -> dict[str, Any]:
    """``requests_per_s``, its ``ratio`` to the bare limit; ``joined_p99_ms``: from the probe until the whole page is there;
    ``limit_p99_ms``: the bare page's first answer to the same crowd."""
    with scratch() as folder:
        _aboard(folder / "node", prepare(folder / "node"))
        port = free_port()
        server = node_server(folder / "node", "--portal-port", str(port))
        try:
            server.start()
            server.wait()
            weights = _weights(port)
            paths = [PROBE, PAGE, *list(weights)[1:]]
            joined, again, bare = _measure(folder, port, paths, weights[PAGE], (count, rounds), say)
            rss = server.rss_mib()
        finally:
            server.stop()
    pages = [one.steps_ms[1] for one in joined]
    whole = [[sum(steps) for steps in zip(*one.steps_ms, strict=True)] for one in joined]
    per_s, limit = median(one.per_s for one in again), median(one.per_s for one in bare)
    return {
        "phones": count,
        "p50_ms": round(median(percentile(one, 50) for one in pages), 2),
        "p99_ms": round(median(percentile(one, 99) for one in pages), 2),
        "probe_p99_ms": round(median(percentile(one.steps_ms[0], 99) for one in joined), 2),
        "joined_p99_ms": round(median(percentile(one, 99) for one in whole), 2),
        "page_bytes": sum(weights.values()),
        "requests_per_s": round(per_s, 1),
        "limit_per_s": round(limit, 1),
        "limit_p99_ms": round(median(percentile(one.steps_ms[0], 99) for one in bare), 2),
        "ratio": round(per_s / limit, 3),
        "node_rss_mib": round(rss, 1),
    }


def _measure(
    folder: Path, port: int, paths: list[str], page_bytes: int, size: tuple[int, int], say: Say
) -> tuple[list[phones.Crowd], list[phones.Crowd], list[phones.Crowd]]:
    """Rounds of joining and of opening the page again, each followed by the bare page, so that both meet the same weather."""
    count, rounds = size
    limit = Server(["-m", "tests.bench.barepage", "--bytes", str(page_bytes)], folder, "bare")
    joined, again, bare = [], [], []
    try:
        limit.start()
        limit.wait()
        phones.run(port, count, [PAGE])  # templates are read once
        for number in range(rounds):
            joined.append(phones.run(port, count, paths))
            again.append(phones.run(port, count, [PAGE] * AGAIN))
            bare.append(phones.run(limit.port, count, [PAGE] * AGAIN))
            say(f"round {number + 1} of {rounds}: {again[-1].per_s:.0f}/s, bare {bare[-1].per_s:.0f}/s")
    finally:
        limit.stop()
    return joined, again, bare


def _weights(port: int) -> dict[str, int]:
    """The page and everything that it is made of: path → bytes."""
    found = {PAGE: _fetch(port, PAGE)}
    parts = re.findall(rb'(?:<link[^>]* href|<img[^>]* src|<script[^>]* src)="([^"]+)"', found[PAGE])
    for path in dict.fromkeys(part.decode().replace("&amp;", "&") for part in parts):
        found[path] = _fetch(port, path)
    return {path: len(body) for path, body in found.items()}


def _fetch(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return bytes(answer.read())


def _aboard(data: Path, first_day: int) -> None:
    """The box runs a trip, and its operator has something to say."""
    node = build(Settings(data=data), record_start=False)
    text = {
        "zh-Hans": "本车次途中停车十分钟。",
        "zh-Hant": "本車次途中停車十分鐘。",
        "en": "We stop for ten minutes on the way.",
    }
    said = [Notice(number, 1, text, first_day - 1, first_day, number == 1, number) for number in (1, 2)]
    duty = Duty("粤H12345").to_bytes()
    operations = [Operation(f"node/{NODE_NO}", 10**9, f"duty/{FIRST_COACH}/{first_day}", duty)]
    operations += [Operation("operator/1", 10**9 + one.number, one.key, one.to_bytes()) for one in said]
    node.scribe.write(lambda unit: node.streams.apply(unit.connection, operations))
    node.database.close()
