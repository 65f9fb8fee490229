"""`bench office`: a mixed day of eight clerks at one node over HTTP.

Of a hundred transactions 60 are sales, 15 searches for a journey, 10 refunds, 5 rebookings and 10 look-ups, mixed. A refund and a
rebooking are two requests each, as at the counter: the offer, and taking it. The tickets that are given back, exchanged and
looked up were sold before the measurement.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from edge.bootstrap import Node, build
from edge.domains.ticketing.service import Ticket
from edge.kernel.settings import Settings
from sync.domains.ticketing.events import REASONS
from sync.kernel import days
from tests.bench import limits, load
from tests.bench.counter import scratch
from tests.bench.load import Transaction
from tests.bench.process import node_server, sign_in
from tests.bench.world import (
    CLERK_NO,
    CLERKS,
    COACHES,
    FIRST_COACH,
    FIRST_FERRY,
    ZONE,
    Sale,
    prepare,
    sale_request,
    sales,
)

Say = Callable[[str], None]
OF_A_HUNDRED: Final = {"sell": 60, "search": 15, "refund": 10, "rebook": 5, "find": 10}
_STOPS: Final = 6
_SEARCHED_DAYS: Final = 4


def run(clerks: int, rounds: int, size: int, say: Say) -> dict[str, Any]:
    """Transactions a second and how long they took; ``ratio`` is to bare sales of the same run."""
    with scratch() as folder:
        first_day = prepare(folder / "node")
        day = _Day(folder / "node", first_day, rounds * size, say)
        server = node_server(folder / "node")
        found: list[load.Load] = []
        bare: list[float] = []
        try:
            server.start()
            server.wait()
            tokens = [sign_in(server.port, CLERK_NO + number % CLERKS) for number in range(clerks)]
            for number in range(rounds):
                before = limits.head_of(folder / "node")
                found.append(load.run_all(server.port, tokens, day.transactions[number * size :][:size], clerks))
                bare.append(limits.sales_per_s(folder / "node", before, folder / f"limit{number}"))
                say(f"round {number + 1} of {rounds}: {found[-1].per_s:.0f}/s")
            rss = server.rss_mib()
        finally:
            server.stop()
    return {
        "transactions_per_s": round(median(one.per_s for one in found), 1),
        "p50_ms": round(median(one.percentile_ms(50) for one in found), 2),
        "p99_ms": round(median(one.percentile_ms(99) for one in found), 2),
        "limit_per_s": round(median(bare), 1),
        "ratio": round(median(one.per_s for one in found) / median(bare), 3),
        "clerks": clerks,
        "node_rss_mib": round(rss, 1),
    }


class _Day:
    """What the clerks will do: ``transactions`` in a mixed order, over tickets that are sold here, in process."""

    def __init__(self, data: Path, first_day: int, count: int, say: Say) -> None:
        self._random, self._first_day = random.Random(7), first_day
        # A rebooking takes whatever seat is free, so nobody asks for a certain one.
        self._stock = (replace(sale, seat=None) for sale in sales(first_day))
        kinds = [kind for kind, share in OF_A_HUNDRED.items() for _ in range(-(-count * share // 100))]
        self._random.shuffle(kinds)
        node = build(Settings(data=data), record_start=False)
        try:
            self.transactions = [self._one(node, kind) for kind in kinds[:count]]
        finally:
            node.database.close()
        say(f"{count} transactions of {_counts(kinds[:count])}")

    def _one(self, node: Node, kind: str) -> Transaction:
        if kind == "sell":
            return (sale_request(next(self._stock)),)
        if kind == "search":
            return (self._search(),)
        if kind == "find":
            return ((f"/api/v1/tickets?ticket={_sold(node, next(self._stock)).number}", None),)
        return self._refund(node) if kind == "refund" else self._rebook(node)

    def _search(self) -> load.Request:
        origin, target = self._random.sample(range(1, _STOPS + 1), 2)
        day = self._first_day + self._random.randrange(_SEARCHED_DAYS)
        after_ms = days.instant_ms(day, self._random.randrange(5, 15) * 3_600, ZONE)
        query = f"to_stop_no={target}&from_stop_no={origin}&day={days.date_of(day).isoformat()}&after_ms={after_ms}"
        return f"/api/v1/journeys?{query}", None

    def _refund(self, node: Node) -> Transaction:
        ticket = _sold(node, next(self._stock))
        offer = node.refunds.offer(ticket.number, REASONS[0])
        path = f"/api/v1/tickets/{ticket.number}/refund"
        return (path, None), (path, {"fee_minor": offer.fee_minor, "key": uuid.uuid4().hex})

    def _rebook(self, node: Node) -> Transaction:
        sale = next(one for one in self._stock if one.trip_no < FIRST_FERRY)
        ticket = _sold(node, sale)
        other = FIRST_COACH + (sale.trip_no - FIRST_COACH + 1) % COACHES
        ride = {
            "trip_no": other,
            "day": days.date_of(sale.day).isoformat(),
            "from_idx": sale.from_idx,
            "to_idx": sale.to_idx,
        }
        offer = node.rebooking.offer(ticket.number, (other, sale.day, sale.from_idx, sale.to_idx), REASONS[0])
        path = f"/api/v1/tickets/{ticket.number}/rebooking"
        asked = "&".join(f"{name}={value}" for name, value in ride.items())
        return (f"{path}?{asked}", None), (path, {**ride, "due_minor": offer.due_minor, "key": uuid.uuid4().hex})


def _counts(kinds: list[str]) -> str:
    """How many of each kind, for people."""
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in OF_A_HUNDRED)


def _sold(node: Node, sale: Sale) -> Ticket:
    return node.ticketing.sell(
        sale.trip_no, sale.day, sale.from_idx, sale.to_idx, sale.seat, CLERK_NO, uuid.uuid4().hex
    )
