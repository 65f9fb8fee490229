"""`bench growth`: what a long history costs. Two nodes, each with a hub's process of its own, are alike in everything but the
length of their logs; what is measured alternates between them, so that both meet the same weather."""

from __future__ import annotations

import itertools
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from edge.bootstrap import Node, build
from edge.domains.ticketing.service import Ticket
from edge.kernel import meta
from edge.kernel.clock import RealClock
from edge.kernel.settings import Settings
from edge.kernel.transport import HttpTransport
from sync.domains.boarding.events import BoardingRefused, TicketBoarded
from sync.domains.boarding.rules import ALREADY_USED
from sync.domains.ratings.events import TripRated
from sync.domains.ticketing.events import CASH, COUNTER, TicketSold
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId
from tests.bench import feed
from tests.bench.counter import scratch
from tests.bench.hub import Hub, databases
from tests.bench.stock import CLERK_NO, stock
from tests.bench.world import PIN, Sale

Say = Callable[[str], None]
SHORT = 10_000
SIZE = 25
TOGETHER = 1_000
PACE_MS = 40
# Many large ferries and thirty days of grants, so that a million events can be good ones.
FERRIES = 14
SETTINGS = {"COME_BACK_MS": "1000", "BLOCK_STATION": "5000", "SHARE_PERCENT": "100", "GRANT_HOURS": "720"}
PLANS = '[plans.large]\nkind = "free"\ncapacity = 5000\n[by_route]\nF = "large"\n'
KINDS = ("sell", "board", "idle", "hand_in", "find", "start")


def run(events: int, rounds: int, say: Say) -> dict[str, Any]:
    """Both sides filled, then ``rounds`` in turns. A ratio is the long side's median over the short side's."""
    with scratch() as room:
        short = _Side(room / "short", min(SHORT, max(events // 4, 1)), rounds, say)
        long = _Side(room / "long", events, rounds, say)
        with short, long:
            for number in range(rounds):
                for side in (short, long) if number % 2 else (long, short):
                    side.round()
                say(f"round {number + 1} of {rounds}")
            found = {f"{kind}_ratio": _ratio(long.took[kind], short.took[kind]) for kind in KINDS}
        for kind in KINDS:
            say(f"{kind}: {median(short.took[kind]):.2f} ms, {median(long.took[kind]):.2f} ms")
    return {**found, "events": events}


def _ratio(long: list[float], short: list[float]) -> float:
    return round(median(long) / median(short), 3)


class _Pace(RealClock):
    """The machine's clock, but events that are written together happened one after the other."""

    ahead_ms = 0

    def wall_ms(self) -> int:
        """See :class:`RealClock`."""
        return super().wall_ms() + self.ahead_ms

    def mono_ms(self) -> int:
        """See :class:`RealClock`."""
        return super().mono_ms() + self.ahead_ms


class _Side:
    """A hub, its node, and how long things took there: kind → ms."""

    def __init__(self, folder: Path, events: int, rounds: int, say: Say) -> None:
        folder.mkdir()
        self.folder, self.events, self._say = folder, events, say
        self.took: dict[str, list[float]] = defaultdict(list)
        self._left = rounds * (SIZE + 1)
        self._keys, self._dice = itertools.count(1), random.Random(9)

    def __enter__(self) -> _Side:
        self._databases = databases("sqlite", self.folder)
        url, _ = self._databases.__enter__()
        self.hub = Hub(self.folder, url, SETTINGS)
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.__exit__()
        self._databases.__exit__(None, None, None)

    def _fill(self) -> None:
        self._say(f"{self.folder.name}: a hub, a node, and its grants")
        path = feed.write(self.folder / "feed", "广州", FERRIES)
        (path / "seat_plans.toml").write_text(PLANS, encoding="utf-8")
        self.hub.open(path)
        self.hub.enrol("station", self.hub.stop_no("S1"))
        self.hub.command("add-clerk", "陈晓", "--pin", PIN, "--node", "bench", "--role", "clerk", "--json")
        _visit(self._node())
        sales = stock(self.hub.node)
        self.sales = sales[: self._left]
        _write(self._node(), self.events, sales[self._left :], self._say)
        self._hand_in()
        self.node = self._node()

    def _node(self) -> Node:
        url = f"http://127.0.0.1:{self.hub.server.port}"
        settings = Settings(data=self.hub.node, hub_url=url)
        return build(settings, transport=HttpTransport(url, timeout_s=60), record_start=False)

    def _hand_in(self) -> None:
        """All up to the hub, and the log made small."""
        node, begun = self._node(), time.perf_counter()
        _visit(node)
        self._say(f"{self.folder.name}: handed in after {time.perf_counter() - begun:.0f} s")
        if refused := self.hub.command("quarantine", "--json")["quarantined"]:
            raise RuntimeError(f"the hub put events into quarantine: {refused[0]}")
        before = None
        while before != (before := _rows(node)):
            _visit(node)
        size = node.settings.database.stat().st_size
        self._say(f"{self.folder.name}: {before} rows left in the log, {size / 2**20:.0f} MiB")

    def round(self) -> None:
        """Sales, boardings, an exchange that hands them in, exchanges with nothing to say, look-ups of old tickets, a start."""
        node = self.node
        for ticket in [self._timed("sell", partial(self._sell, sale)) for sale in self._some(SIZE)]:
            where = (ticket.ride.trip_no, ticket.ride.day)
            verdict = self._timed("board", partial(node.boarding.check, ticket.text, *where, "gate", CLERK_NO))
            if verdict.reason:
                raise RuntimeError(f"the gate said {verdict.reason}")
        _visit(node)
        for sale in self._some(1):
            self._sell(sale)
        self._timed("hand_in", partial(_visit, node))
        for _ in range(SIZE):
            self._timed("idle", partial(_visit, node))
            self._timed("find", partial(node.ticketing.find, self._old_number()))
        self.node = self._timed("start", self._node)

    def _sell(self, sale: Sale) -> Ticket:
        key = f"growth-{next(self._keys):08d}"
        where = (sale.trip_no, sale.day, sale.from_idx, sale.to_idx)
        return self.node.ticketing.sell(*where, sale.seat, CLERK_NO, key)

    def _old_number(self) -> str:
        return TicketId(*_log(self.node), self._dice.randrange(self.events // 3) + 1).number

    def _some(self, count: int) -> list[Sale]:
        found, self.sales = self.sales[:count], self.sales[count:]
        return found

    def _timed(self, kind: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        found = work()
        self.took[kind].append((time.perf_counter() - begun) * 1000)
        return found


def _visit(node: Node) -> None:
    outcome = node.schedule.turn()
    if outcome.error:
        raise RuntimeError(f"the visit failed: {outcome.error}")


def _rows(node: Node) -> int:
    return int(node.database.read().execute("SELECT count(*) FROM event_log").fetchone()[0])


def _log(node: Node) -> tuple[int, int]:
    identity = meta.known_identity(node.database)
    if identity is None:
        raise RuntimeError("the node was not enrolled")
    return identity.node_no, identity.epoch


def _write(node: Node, count: int, sales: list[Sale], say: Say) -> None:
    """So many events through the scribe, many in a transaction: of ten, five sell, four are at the gate, one rates."""
    clock = _Pace()
    node.clock.clock = clock
    events = itertools.islice(_events(node, iter(sales)), count)
    written = 0
    while chunk := list(itertools.islice(events, TOGETHER)):

        def append(unit: Any, chunk: list[Event] = chunk) -> None:
            for event in chunk:
                clock.ahead_ms += PACE_MS
                unit.append(event)

        node.scribe.record(append)
        written += len(chunk)
        if written % 100_000 == 0:
            say(f"{written} written")
    if written != count:
        raise RuntimeError(f"the grants reach for {written} events only")
    node.database.close()


def _events(node: Node, sales: Iterator[Sale]) -> Iterator[Event]:
    log = _log(node)
    dice = random.Random(7)
    until_s = node.clock.wall_ms() // 1000 + 86_400 * 60
    rides: dict[tuple[int, int, int, int], int] = {}
    for serial, sale in enumerate(sales, start=1):
        where = (sale.trip_no, sale.day, sale.from_idx, sale.to_idx)
        if where not in rides:
            rides[where] = node.timetable.ride(*where).price_minor or 0
        seat = sale.seat or 0
        yield TicketSold(serial, *where, seat, 0, rides[where], "CNY", CASH, CLERK_NO, COUNTER, until_s)
        ticket_id = TicketId(*log, serial).to_bytes()
        if dice.random() < 0.7:
            yield TicketBoarded(ticket_id, *where, seat, "gate", CLERK_NO, "AB23", True)
            if dice.random() < 0.15:
                yield BoardingRefused(ALREADY_USED, ticket_id, sale.trip_no, sale.day, "gate", CLERK_NO)
            if dice.random() < 0.25:
                yield TripRated(ticket_id, sale.trip_no, sale.day, dice.randrange(1, 6), ("clean",), "", "zh-Hans")
