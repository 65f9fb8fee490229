"""Whatever is sold, given back and sold again, in any order: the money adds up, and no seat has two owners."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domains.inventory import store as seats
from edge.domains.ticketing.service import Ticket
from sync.domains.ticketing.events import REASONS
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench, make_bench

GIVEN, PLACES = (1, 2), 2
sale = st.tuples(st.just("sell"), st.sampled_from([None, *GIVEN]), st.integers(0, 3), st.integers(1, 4))
ferry = st.just(("ferry",))
back = st.tuples(st.just("refund"), st.integers(0, 30), st.sampled_from(REASONS))
recall = st.tuples(st.just("recall"), st.integers(0, 2))
days = st.lists(st.one_of(sale, sale, back, back, ferry, recall), max_size=24)


def play(bench: Bench, steps: list[tuple[object, ...]]) -> tuple[list[Ticket], Counter[int], int]:
    """All tickets in the order of their sale, which of them were given back, and the cash in the drawer."""
    sold: list[Ticket] = []
    given_back: Counter[int] = Counter()
    drawer = recalls = 0
    for number, (what, *rest) in enumerate(steps):
        try:
            if what == "sell":
                sold.append(bench.sell(*rest[1:], seat=rest[0]))  # type: ignore[arg-type, misc]
                drawer += sold[-1].price_minor
            elif what == "ferry":
                sold.append(bench.sell(0, 1, trip_no=FERRY_TRIP))
                drawer += sold[-1].price_minor
            elif what == "refund" and sold:
                one, reason = sold[int(str(rest[0])) % len(sold)], str(rest[1])
                fee = bench.node.refunds.offer(one.number, reason).fee_minor
                done = bench.node.refunds.refund(one.number, reason, fee, CLERK_NO, f"refund-{number:04d}").refunded
                assert done is not None and done.fee_minor == fee
                given_back[one.ticket_id.serial] += 1
                drawer -= done.refunded_minor
            elif what == "recall":
                recalls += 1
                body = seats.Recall(recalls, int(str(rest[0]))).to_bytes()
                bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", body)
                bench.node.inventory.give_back()
        except Refusal:
            continue
    return sold, given_back, drawer


@settings(max_examples=60, deadline=None)
@given(days)
def test_money_adds_up_and_no_seat_has_two_owners(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        bench = make_bench(Path(name))
        bench.grant(COACH_TRIP, seats=dict.fromkeys(GIVEN, ALL_LEGS))
        bench.grant(FERRY_TRIP, counts={0: PLACES})
        sold, given_back, drawer = play(bench, steps)
        takings = bench.node.ticketing.takings(None, TODAY)
        assert takings.in_hand.get("CNY", 0) == drawer
        assert takings.totals.get("CNY", 0) - takings.handed_back.get("CNY", 0) == drawer
        assert not [serial for serial, times in given_back.items() if times > 1]
        valid = [one for one in sold if one.ticket_id.serial not in given_back]
        owners = Counter(
            (one.seat, leg) for one in valid if one.seat for leg in range(one.ride.from_idx, one.ride.to_idx)
        )
        assert not [cell for cell, count in owners.items() if count > 1]
        assert sum(one.seat == 0 for one in valid) <= PLACES
        assert [one.ticket_id.serial for one in sold] == list(range(1, len(sold) + 1))
        judge_supersedes(sold, valid)
        colours = {
            one.ticket_id.serial: bench.node.boarding.check(one.text, one.ride.trip_no, TODAY, "gate", CLERK_NO).colour
            for one in sold
        }
        assert {serial for serial, colour in colours.items() if colour == "red"} == set(given_back)
        bench.node.database.close()


def judge_supersedes(sold: list[Ticket], valid: list[Ticket]) -> None:
    """A ticket names only earlier ones that were given back; every other ticket of its seat and legs, up to three."""
    good = {one.ticket_id for one in valid}
    for one in sold:
        named = ticket.parse(one.text).claims.superseded
        older = [
            other.ticket_id
            for other in sold
            if other.ticket_id.serial < one.ticket_id.serial
            and (other.ride.trip_no, other.seat) == (one.ride.trip_no, one.seat)
            and other.ride.from_idx < one.ride.to_idx
            and one.ride.from_idx < other.ride.to_idx
        ]
        assert set(named) <= set(older) and not set(named) & good
        if one.seat:
            assert len(named) == min(len(older), ticket.MAX_SUPERSEDED)
