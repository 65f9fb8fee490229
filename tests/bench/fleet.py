"""`bench fleet`: a real hub's process, and tens of thousands of simulated nodes over loopback.

Idle exchanges, exchanges with one sale each, and an outage after which everybody comes at the same moment. The nodes share
the two processors with the hub; what can be signed before the clock runs is signed before.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cloud.kernel.system import SystemIds, hub_signer
from edge.kernel.settings import Settings as NodeSettings
from sync.kernel.exchange import Response
from sync.kernel.keys import VerifyKey
from tests.bench import town
from tests.bench.counter import scratch
from tests.bench.crowd import Crowd, Node, Seen, Stones
from tests.bench.hub import database_url
from tests.bench.load import percentile
from tests.bench.process import Server

Say = Callable[[str], None]
WIDTH = 16  # connections at the same time while rates are measured
CROWD = 1_000  # and when everybody comes at once: about what the server lets wait
IDLE_VISITS, SALE_VISITS, BARE_VISITS = 10_000, 3_000, 3_000
SALES_PERCENT = 20
KEYS = (
    "nodes", "idle_exchanges_per_s", "limit_per_s", "ratio", "p99_ms", "hub_cpu_ms_per_exchange", "sale_exchanges_per_s",
    "sale_p99_ms", "sale_hub_cpu_ms", "hub_rss_mib", "outage_recovery_s", "outage_all_s", "put_off", "put_off_most",
    "longest_turn_s", "longest_past_turn_s", "hung_up",
)  # fmt: skip


def run(count: int, hub_db: str, data: Path | None, say: Say) -> dict[str, Any]:
    """Everything, in the order of the keys. With ``data`` the prepared hub stays there, and a copy of it is used."""
    with database_url(hub_db) as url, scratch() as room:
        folder = room / "hub"
        if data is not None:
            town.prepare(data, None, count, say)
            shutil.copytree(data, folder)
        nodes = town.prepare(folder, url, count, say)
        before = town.held(folder, url)
        where = ["--data", str(folder), *(["--database", url] if url else [])]
        bench = _Bench(Server(["-m", "cloud.cli", "run", *where], folder, "hub"), folder, url, nodes, say)
        try:
            found = {"nodes": count} | bench.rates() | bench.outage()
        finally:
            bench.server.stop()
        _check(before, town.held(folder, url), bench.sold)
        return {key: found[key] for key in KEYS}


class _Bench:
    def __init__(self, server: Server, folder: Path, url: str | None, nodes: list[Node], say: Say) -> None:
        self.server, self.sold = server, 0
        self._folder, self._url, self._nodes, self._say = folder, url, nodes, say
        self._key: VerifyKey = hub_signer(folder, SystemIds()).verify_key
        self._random = random.Random(7)

    def rates(self) -> dict[str, Any]:
        """Idle exchanges and exchanges with a sale: a second, and what one costs the hub's process."""
        self._start()
        idle, idle_cpu = self._measure(IDLE_VISITS, sale=False)
        self._say(f"idle: {idle.per_s:.0f}/s, {idle_cpu:.2f} ms of the hub each")
        bare = self._bare()
        self._say(f"bare limit: {bare.per_s:.0f}/s")
        sale, sale_cpu = self._measure(SALE_VISITS, sale=True)
        self._say(f"with a sale: {sale.per_s:.0f}/s, {sale_cpu:.2f} ms of the hub each")
        return {
            "idle_exchanges_per_s": round(idle.per_s, 1),
            "limit_per_s": round(bare.per_s, 1),
            "ratio": round(idle.per_s / bare.per_s, 3),
            "p99_ms": round(percentile(idle.durations_ms, 99), 1),
            "hub_cpu_ms_per_exchange": round(idle_cpu, 2),
            "sale_exchanges_per_s": round(sale.per_s, 1),
            "sale_p99_ms": round(percentile(sale.durations_ms, 99), 1),
            "sale_hub_cpu_ms": round(sale_cpu, 2),
            "hub_rss_mib": round(self.server.rss_mib(), 1),
        }

    def outage(self) -> dict[str, Any]:
        """The hub goes away, there are sales meanwhile and news for everybody; it comes again, and so do all at once."""
        self.server.stop()
        news_pos = town.one_more(self._folder, self._url)
        sellers = set(self._random.sample(range(len(self._nodes)), len(self._nodes) * SALES_PERCENT // 100))
        for number in sellers:
            self._nodes[number].sell()
        self.sold += len(sellers)
        self._start()
        come = _Coming(self._nodes, sellers, news_pos, self._random)
        crowd = Crowd(self.server.port, self._key, CROWD, _back_off_s)
        seen = crowd.visit(come.everybody(), come.after)
        self._say(f"all sales are in after {come.sales_s:.0f} s, everybody is content after {come.all_s:.0f} s")
        return come.found() | {"hung_up": seen.away, "hub_rss_mib": round(self.server.rss_mib(), 1)}

    def _start(self) -> None:
        self.server.start()
        self.server.wait()

    def _measure(self, most: int, sale: bool) -> tuple[Seen, float]:
        chosen = self._random.sample(self._nodes, min(most, len(self._nodes)))
        if sale:
            for node in chosen:
                node.sell()
            self.sold += len(chosen)
        signed = [(node, 0.0, node.request()) for node in chosen]
        crowd = Crowd(self.server.port, self._key, WIDTH, _back_off_s)
        before = self.server.cpu_ms()
        seen = crowd.visit(signed, lambda *_: None)
        return seen, (self.server.cpu_ms() - before) / len(seen.durations_ms)

    def _bare(self) -> Seen:
        server = Server(["-m", "tests.bench.bare"], self._folder, "bare")
        try:
            server.start()
            server.wait()
            node = self._nodes[0]
            requests = [(node, 0.0, node.request())] * BARE_VISITS
            return Stones(server.port, self._key, WIDTH, _back_off_s).visit(requests, lambda *_: None)
        finally:
            server.stop()


class _Coming:
    """Everybody comes back. A node is content once it has handed in its sale and has the news; when it was put off, it
    obeys as ``Schedule`` does."""

    def __init__(self, nodes: list[Node], sellers: set[int], news_pos: int, dice: random.Random) -> None:
        self._nodes, self._news_pos, self._dice = nodes, news_pos, dice
        self._begun_s = time.perf_counter()
        self._sellers = {id(nodes[number]) for number in sellers}
        self._sales_waits_s: list[float] = []
        self._turns_s: list[float] = []
        self._late_s = [0.0]
        self._told: Counter[int] = Counter()
        self.all_s = 0.0

    @property
    def sales_s(self) -> float:
        """Until the last sale was acknowledged."""
        return max(self._sales_waits_s, default=0.0)

    def everybody(self) -> Iterator[tuple[Node, float, bytes | None]]:
        """All nodes, at the same moment, in no order."""
        shuffled = list(self._nodes)
        self._dice.shuffle(shuffled)
        return ((node, self._begun_s, None) for node in shuffled)

    def after(self, node: Node, answer: Response, due_s: float, now: float) -> float | None:
        """What a node does after an answer: nothing more, or come again at its turn."""
        if id(node) in self._sellers:
            self._sellers.remove(id(node))
            self._sales_waits_s.append(now - self._begun_s)
        if id(node) in self._told:
            self._late_s.append(now - due_s)
        self.all_s = now - self._begun_s
        if node.floor >= self._news_pos:
            return None
        self._told[id(node)] += 1
        turn_s = answer.come_back_ms / 1000
        self._turns_s.append(turn_s)
        return now + turn_s + min(turn_s * 0.15, 10.0) * self._dice.random()

    def found(self) -> dict[str, Any]:
        """Seconds until all sales were in, until everybody was content; the longest turn, and the longest wait past one."""
        return {
            "outage_recovery_s": round(self.sales_s, 1),
            "outage_all_s": round(self.all_s, 1),
            "put_off": len(self._told),
            "put_off_most": max(self._told.values(), default=0),
            "longest_turn_s": round(max(self._turns_s, default=0.0), 1),
            "longest_past_turn_s": round(max(self._late_s), 1),
        }


def _back_off_s(node: Node) -> float:
    """As a node's schedule has it, with the node's own setting."""
    every = float(NodeSettings.exchange_every_s)
    return min(every * 2 ** (min(node.failures, 6) - 1), 900.0) * (0.85 + 0.3 * random.random())


def _check(before: dict[str, int], after: dict[str, int], sold: int) -> None:
    """Every sale is there, and none is in quarantine."""
    if after["quarantined"] or after["unknown_events"] or after["events"] - before["events"] != sold:
        raise RuntimeError(f"{sold} sales were handed in; the hub had {before} and has {after}")
