"""Where most people go from here."""

from __future__ import annotations

from pathlib import Path

from tests.domains.ticketing.test_refund_edge import HOUR_MS
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, make_bench


def test_what_is_sold_most_comes_first_and_is_counted_again_after_an_hour(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 10), ALL_LEGS))
    bench.grant(FERRY_TRIP, counts={0: 9})
    assert bench.node.frequent.most(6) == []
    for _ in range(2):
        bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.sell(0, 4)
    bench.clock.pass_ms(HOUR_MS)
    assert [stop.stop_no for stop in bench.node.frequent.most(6)] == [6, 5]
    for _ in range(3):
        bench.sell(0, 2)
    assert [stop.stop_no for stop in bench.node.frequent.most(6)] == [6, 5]
    bench.clock.pass_ms(HOUR_MS)
    assert [stop.stop_no for stop in bench.node.frequent.most(2)] == [3, 6]
