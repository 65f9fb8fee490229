"""How a node says that it is: to its people and to the hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.kernel import meta
from sync.catalogue import LANGUAGES
from sync.kernel import certificate
from sync.kernel.certificate import Certificate
from sync.kernel.days import DAY_MS
from tests.edge.hub import connect
from tests.support.nodes import ALL_LEGS, COACH_TRIP, NOON_MS, TODAY, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def codes(bench: Bench) -> list[str]:
    return [issue.code for issue in bench.node.fleet.status().issues]


def test_a_good_box_has_nothing_to_say(bench: Bench) -> None:
    status = bench.node.fleet.status()
    assert (status.node_no, status.name, status.can_sell, status.clock_sure, status.issues) == (
        7,
        "node 7",
        True,
        True,
        (),
    )
    assert status.waiting == status.head_seq == 1
    assert status.hub_age_s is None


def test_the_age_of_the_last_visit_is_counted_by_the_monotonic_clock(bench: Bench) -> None:
    connect(bench)
    bench.node.exchange.visit()
    bench.clock.mono += 90_000
    bench.clock.wall -= 500_000
    assert bench.node.fleet.status().hub_age_s == 90


def test_a_hub_that_is_away_is_not_the_boxs_fault(bench: Bench) -> None:
    """Liveness never depends on the hub: it sells on, and says after three days how long it has been alone."""
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    for _ in range(3):
        assert bench.node.exchange.visit().error == "hub_away"
    assert bench.node.fleet.status().can_sell
    bench.sell()
    bench.clock.pass_ms(3 * DAY_MS)
    assert codes(bench) == []
    bench.clock.pass_ms(DAY_MS)
    (issue,) = bench.node.fleet.status().issues
    assert (issue.code, issue.details) == ("hub_long_away", {"days": 4})


def test_each_issue_is_named(bench: Bench) -> None:
    bench.node.scribe.write(
        lambda unit: meta.put(unit.connection, hub_status="log_forked", unreadable="stop/1\nstop/2")
    )
    bench.clock.wall = 0
    bench.restart()
    bench.node.scribe.stopped = "a seat has two owners"
    found = {issue.code: issue.details for issue in bench.node.fleet.status().issues}
    assert found == {
        "box_stopped": {"reason": "a seat has two owners"}, "log_forked": {}, "clock_unsure": {},
        "operation_unreadable": {"count": 2, "first": "stop/1"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "code",
    ["not_enrolled", "box_stopped", "log_forked", "log_rewound", "revoked", "quarantined", "clock_unsure", "hub_long_away",
     "operation_unreadable"],
)  # fmt: skip
def test_each_issue_has_a_sentence_and_a_next_step(bench: Bench, code: str) -> None:
    for language in LANGUAGES:
        for key in (f"issue_{code}", f"issue_{code}_step"):
            assert bench.node.catalogue.text(key, language, days=4, count=1, first="x", reason="y") != key


def test_what_the_hub_is_told_holds_no_secret_and_is_bounded(bench: Bench) -> None:
    report = bench.node.fleet.report()
    assert set(report) >= {"software", "issues", "clock_sure"}
    assert len(repr(report)) < 500


def test_a_certificate_past_its_date_is_said_and_stops_no_sale(bench: Bench) -> None:
    bench.grant(COACH_TRIP, day=TODAY + 701, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 800 * DAY_MS)
    bench.clock.pass_ms(701 * DAY_MS)
    bench.node.clock.saw_hub(bench.clock.wall_ms())
    status = bench.node.fleet.status()
    assert "certificate_past" in [issue.code for issue in status.issues] and status.can_sell
    own = bench.node.signer
    longer = certificate.issue(Certificate(7, 1, own.public, TODAY - 3, TODAY + 1_800), bench.hub)
    bench.operate("net", f"key/{own.kid.hex()}", longer)  # as the hub renews it
    assert "certificate_past" not in [issue.code for issue in bench.node.fleet.status().issues]
