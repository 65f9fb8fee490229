"""A hub that was restored from an older backup, as the node sees it: it shows what it holds, reads anew, and sells on."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.domains.inventory import store
from edge.kernel import presenting
from edge.kernel.presenting import Presenter
from sync.kernel import exchange
from sync.kernel.operations import Operation
from tests.edge.hub import SmallHub, away, connect, kept
from tests.support.nodes import COACH_TRIP, TODAY, Bench, make_bench

BASE = 1 << 32


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def hub(bench: Bench) -> SmallHub:
    """A hub that has said everything that the node holds."""
    found = connect(bench)
    rows = bench.node.database.read().execute("SELECT stream, pos, key, body FROM stream_operation ORDER BY pos")
    found.operations = [Operation(*row) for row in rows]
    return found


def seats(bench: Bench) -> set[int]:
    found = store.granted(bench.node.database.read(), COACH_TRIP, TODAY)
    return {seat for row in found for seat in row.seats}


def issues(bench: Bench) -> list[str]:
    return [one.code for one in bench.node.fleet.status().issues]


def take_back(hub: SmallHub) -> None:
    """The hub says the grants that it was shown again, at new positions."""
    for said in hub.presented:
        for one in said.items:
            if one.key.startswith("grant/"):
                hub.say(one.stream, one.key, one.body)


def test_what_the_hub_forgot_is_presented_and_what_it_knew_is_not(bench: Bench, hub: SmallHub) -> None:
    since = bench.pos
    number = bench.grant(COACH_TRIP, seats={1: 0b1111, 2: 0b1111})
    hub.restore(since, BASE)
    assert bench.node.exchange.visit().error is None
    items = [one for said in hub.presented for one in said.items]
    assert [one.key for one in items] == [f"grant/{number}"] and hub.presented[-1].last
    assert hub.presented[0].base == 0 and hub.presented[0].floor >= bench.pos


def test_sales_go_on_while_the_hub_recovers_and_are_handed_in(bench: Bench, hub: SmallHub) -> None:
    bench.grant(COACH_TRIP, seats={1: 0b1111, 2: 0b1111})
    hub.restore(0, BASE)
    bench.sell(seat=1)
    hub.line.extend([SmallHub.answer, away])
    bench.node.exchange.visit()
    assert "hub_restored" in issues(bench) and bench.node.fleet.status().can_sell
    bench.sell(seat=2)
    assert bench.node.exchange.visit().error is None
    assert hub.log == kept(bench.node)


def test_what_the_hub_does_not_say_again_is_gone_once_all_was_read(bench: Bench, hub: SmallHub) -> None:
    since = bench.pos
    bench.grant(COACH_TRIP, seats={1: 0b1111})
    bench.operate("net", "stop/99", None)
    hub.restore(since, BASE)
    hub.page = 3
    assert bench.node.exchange.visit().error is None
    read = bench.node.database.read()
    assert read.execute("SELECT count(*) FROM stream_operation WHERE pos <= ?", (BASE,)).fetchone() == (0,)
    assert seats(bench) == set() and "hub_restored" not in issues(bench)
    mine = dict(read.execute("SELECT stream, digest FROM stream_digest"))
    assert len(mine) == 3 and bench.node.timetable.stop(1).names["en"] == "Duanzhou"


def test_a_grant_that_the_hub_takes_back_stays_good_all_the_while(bench: Bench, hub: SmallHub) -> None:
    since = bench.pos
    bench.grant(COACH_TRIP, seats={1: 0b1111})
    hub.restore(since, BASE)
    found = hub.change

    def told(request: exchange.Request, response: exchange.Response) -> exchange.Response:
        assert seats(bench) == {1}
        return found(request, response)

    hub.change = told
    original = hub._presented

    def presented(body: bytes) -> bytes:
        answer = original(body)
        if hub.presented[-1].last:
            take_back(hub)
        return answer

    hub._presented = presented  # type: ignore[method-assign]
    assert bench.node.exchange.visit().error is None
    assert seats(bench) == {1}


def test_without_the_sweep_the_node_keeps_what_the_hub_no_longer_says(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the sweep."""
    since = bench.pos
    bench.grant(COACH_TRIP, seats={1: 0b1111})
    hub.restore(since, BASE)
    monkeypatch.setattr(Presenter, "sweep", lambda *_: None)
    bench.node.exchange.visit()
    assert seats(bench) == {1}


def test_much_is_presented_in_parts_and_goes_on_where_the_line_broke(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = bench.pos
    for seat in range(1, 8):
        bench.grant(COACH_TRIP, seats={seat: 0b1111})
    hub.restore(since, BASE)
    monkeypatch.setattr(presenting, "MAX_ITEMS", 2)
    original, sent = hub._presented, 0

    def breaks(body: bytes) -> bytes:
        nonlocal sent
        sent += 1
        if sent == 3:
            raise TimeoutError
        return original(body)

    hub._presented = breaks  # type: ignore[method-assign]
    assert bench.node.exchange.visit().error == "exchange_failed"
    assert bench.node.exchange.visit().error is None
    keys = [one.key for said in hub.presented for one in said.items]
    assert keys == [f"grant/{number}" for number in range(1, 8)]
    assert max(len(said.items) for said in hub.presented) == 2


def test_a_hub_restored_once_more_meanwhile_is_shown_everything_again(bench: Bench, hub: SmallHub) -> None:
    since = bench.pos
    number = bench.grant(COACH_TRIP, seats={1: 0b1111})
    hub.restore(since, BASE)
    bench.node.exchange.visit()
    bench.pos = max(row[0] for row in bench.node.database.read().execute("SELECT pos FROM stream_operation"))
    hub.presented.clear()
    hub.restore(bench.pos, 3 * BASE)
    bench.grant(COACH_TRIP, seats={2: 0b1111})
    bench.node.exchange.visit()
    assert [one.key for said in hub.presented for one in said.items] == [f"grant/{number + 1}"]


def test_a_hub_that_only_ever_says_that_it_was_restored_is_not_asked_without_end(bench: Bench, hub: SmallHub) -> None:
    hub.restore(0, BASE)
    hub.change = lambda _request, response: response.__class__(
        **{name: getattr(response, name) for name in response.__slots__} | {"status": exchange.RESTORED}
    )
    outcome = bench.node.exchange.visit()
    assert outcome.error == "hub_restored" and len(hub.requests) < 5 and len(hub.presented) < 5
