"""`bench gate`: a long queue before one trip, and several gates of one place that let it in through their node.

Each round is another sailing with ``tickets`` sold for it, all on the box's manifest. Every gate has a connection of its
own and shows the next ticket as soon as it has its verdict; a green that was answered is on the disk.
"""

from __future__ import annotations

from typing import Any

from sync.kernel import days
from tests.bench import limits, load
from tests.bench.counter import WARM_UP, Say, measure, scratch
from tests.bench.world import FIRST_FERRY, crowd, crowd_tickets, prepare


def run(gates: int, rounds: int, tickets: int, say: Say) -> dict[str, Any]:
    """Verdicts a second, and how long each took from the scan to the answer."""
    with scratch() as folder:
        first_day = prepare(folder / "node")
        warming = -(-WARM_UP // tickets)
        sailings = range(first_day, first_day + warming + rounds)
        crowd(folder / "node", sailings, tickets)
        scans = [
            _scan(day, text, idx % gates) for day in sailings for idx, text in enumerate(crowd_tickets(day, tickets))
        ]
        return measure(
            folder, scans[warming * tickets - WARM_UP :], gates, rounds, tickets, limits.boardings_per_s, say
        )


def _scan(day: int, text: str, gate: int) -> load.Request:
    sailing = {"trip_no": FIRST_FERRY, "day": days.date_of(day).isoformat()}
    return "/api/v1/boarding/checks", {"code": text, **sailing, "gate": f"gate-{gate + 1}"}
