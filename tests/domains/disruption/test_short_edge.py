"""A trip that ends early: what is sold no more, what is given back free, and what the hub has to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.domains.disruption.service import Disruptions
from edge.domains.duties.service import Word
from edge.kernel.rebuild import dump
from sync.domains.disruption.operations import ShortTurn
from sync.kernel.errors import Refusal
from tests.domains.ticketing.test_rebooking_edge import LATER, rebook
from tests.domains.ticketing.test_refund_edge import HOUR_MS, check, refund
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, TODAY, Bench, make_bench

WHERE = (COACH_TRIP, TODAY)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 6), ALL_LEGS))
    found.grant(LATE_TRIP, seats={5: ALL_LEGS, 6: ALL_LEGS})
    return found


def tell(bench: Bench, ends_idx: int | None = 2) -> None:
    body = None if ends_idx is None else ShortTurn(ends_idx, "水箱漏水", 1).to_bytes()
    bench.operate("operator/1", f"short-turn/{COACH_TRIP}/{TODAY}", body)


def test_a_ride_beyond_the_last_stop_is_sold_no_more_and_one_before_it_is(bench: Bench) -> None:
    tell(bench)
    with pytest.raises(Refusal, match="trip_cancelled"):
        bench.sell(0, 4)
    sold = bench.sell(0, 2)
    assert sold.ride.disruption == "" and check(bench, sold) == ("green", None)
    tell(bench, None)
    assert bench.sell(0, 4).ride.disruption == ""


def test_who_has_not_left_yet_gets_the_money_back_or_another_ride_free(bench: Bench) -> None:
    whole, near, other = bench.sell(0, 4), bench.sell(0, 2), bench.sell(0, 4)
    tell(bench)
    assert bench.node.faults.of(bench.node.ticketing.find(near.number)) == ()
    assert refund(bench, whole, "trip_cancelled").refunded is not None
    assert rebook(bench, other, LATER, "trip_cancelled").ride.trip_no == LATE_TRIP
    with pytest.raises(Refusal, match="refund_done"):
        rebook(bench, other, LATER, "trip_cancelled", "another-key")


def test_a_ride_that_was_begun_is_for_the_hub_and_one_that_falls_out_is_not(bench: Bench) -> None:
    begun, out = bench.sell(1, 4), bench.sell(3, 4)
    tell(bench)
    bench.clock.pass_ms(5 * HOUR_MS)
    with pytest.raises(Refusal, match="refund_broken_off"):
        bench.node.refunds.offer(begun.number, "trip_cancelled")
    with pytest.raises(Refusal, match="refund_broken_off"):
        bench.node.rebooking.offer(begun.number, LATER, "trip_cancelled")
    made = bench.node.requests.ask(begun.number, "trip_cancelled", CLERK_NO, "request-of-the-rest")
    assert (made.kind, made.state) == ("departed", "waiting")
    offer = bench.node.refunds.offer(out.number, "trip_cancelled")
    assert (offer.fee_minor, offer.second) == (0, False)


def test_without_that_look_the_whole_fare_of_a_ride_half_made_would_go_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary."""
    begun = bench.sell(1, 4)
    tell(bench)
    bench.clock.pass_ms(5 * HOUR_MS)
    monkeypatch.setattr(type(bench.node.faults), "broke_off", lambda *_: False)
    offer = bench.node.refunds.offer(begun.number, "trip_cancelled")
    assert (offer.refunded_minor, offer.second) == (begun.price_minor, False)


def test_the_counter_sees_who_is_affected_and_how_each_is_helped(bench: Bench) -> None:
    waiting, near, boarded = bench.sell(2, 4), bench.sell(0, 2), bench.sell(0, 3)
    check(bench, boarded)
    tell(bench)
    (found,) = bench.node.affected.all()
    assert (found.said.kind, found.reason, found.ends_idx) == ("cut_short", "trip_cancelled", 2)
    assert [one.number for one in found.tickets] == [waiting.number]
    assert [one.number for one in found.broken] == [boarded.number]
    assert near.number not in [one.number for one in (*found.tickets, *found.broken)]


def test_the_box_on_board_goes_by_its_drivers_word_at_once(tmp_path: Path) -> None:
    box = make_bench(tmp_path, kind="vehicle")
    box.grant(COACH_TRIP, seats={1: ALL_LEGS})
    for word in (Word("start"), Word("cut_short", idx=2, reason="breakdown")):
        box.node.duties.say(WHERE, CLERK_NO, word)
    assert [way.ride.to_idx for way in box.node.walk_ups.ways(*WHERE, 0)] == [1, 2]
    box.node.duties.say(WHERE, CLERK_NO, Word("take_back"))
    assert [way.ride.to_idx for way in box.node.walk_ups.ways(*WHERE, 0)] == [1, 2, 3, 4]


def test_what_was_told_is_a_fold_of_the_operations(bench: Bench) -> None:
    tell(bench)
    before = dump(bench.node.database.read(), domains.REFERENCE_TABLES)
    assert Disruptions(bench.node.database).short_turn(*WHERE) == ShortTurn(2, "水箱漏水", 1)
    tell(bench, None)
    tell(bench)
    assert dump(bench.node.database.read(), domains.REFERENCE_TABLES) == before
