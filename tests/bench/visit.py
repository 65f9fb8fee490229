"""A node that visits the hub, as a process of its own: ``python -m tests.bench.visit DATA HUB_URL upload|single|idle|turn``.

The node is the real one, over its data folder; only the schedule is left out, so that each visit can be timed. ``turn``
is what the schedule does: a visit, and behind it the log is made smaller.
Prints one JSON object: what the visits took, and what the node itself counted at the HTTP level.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from edge.bootstrap import Node, build
from edge.kernel.settings import Settings
from edge.kernel.transport import HttpTransport
from tests.bench.stock import CLERK_NO, stock

IDLE_VISITS = 200


def main(data: Path, hub_url: str, what: str) -> dict[str, Any]:
    """After its start a box says what it is, and in the next visit that its clock is sure, having heard the hub. Where one
    more sale, or silence, is measured, these two do not count."""
    transport = HttpTransport(hub_url)
    node = build(Settings(data=data, hub_url=hub_url), transport=transport, record_start=False)
    if what in ("single", "idle"):
        _visit(node)
        _visit(node)
    if what == "single":
        sale = stock(data)[-1]
        node.ticketing.sell(sale.trip_no, sale.day, sale.from_idx, sale.to_idx, sale.seat, CLERK_NO, "one more sale")
    bodies = transport.body_up
    before = transport.bytes_up, transport.bytes_down, transport.requests
    begun, up = time.perf_counter(), 0
    for _ in range(IDLE_VISITS if what == "idle" else 1):
        up += node.schedule.turn().events_up if what == "turn" else _visit(node)
    return {
        "seconds": time.perf_counter() - begun,
        "events_up": up,
        "bytes_up": transport.bytes_up - before[0],
        "body_up": transport.body_up - bodies,
        "bytes_down": transport.bytes_down - before[1],
        "requests": transport.requests - before[2],
    }


def _visit(node: Node) -> int:
    outcome = node.exchange.visit()
    if outcome.error:
        raise RuntimeError(f"the visit failed: {outcome.error}")
    return outcome.events_up


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
