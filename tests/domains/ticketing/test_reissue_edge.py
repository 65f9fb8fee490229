"""A new paper for a damaged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.kernel.rebuild import dump, rebuild
from sync.domains.ticketing.events import REISSUED, TicketRefunded, TicketReissued, TicketSold
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.domains.ticketing.test_rebooking_edge import LATER, publish, rebook
from tests.domains.ticketing.test_refund_edge import HOUR_MS, check, gate_of, logged, refund
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS}, sell_until_ms=NOON_MS + HOUR_MS)
    found.grant(LATE_TRIP, seats={5: ALL_LEGS, 6: ALL_LEGS})
    return found


def reissue(bench: Bench, number: str, key: str = "key-of-this-reissue") -> ticket.TicketId:
    return bench.node.reissuing.reissue(number, "damaged", CLERK_NO, key).ticket_id


def test_the_new_paper_is_for_the_same_seat_and_no_cash_moves(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 3, seat=1)
    new = bench.node.reissuing.reissue(old.number, "damaged", CLERK_NO, "key-of-this-reissue")
    assert (new.seat, new.ride, new.price_minor) == (old.seat, old.ride, old.price_minor)
    assert ticket.parse(new.text).claims.superseded == (old.ticket_id,)
    said, back, sale = (logged(bench, kind)[-1] for kind in (TicketReissued, TicketRefunded, TicketSold))
    assert (said.serial, said.cause) == (sale.serial, 0) == (2, 0)  # type: ignore[attr-defined]
    assert (back.reason, back.fee_minor, back.rule) == (REISSUED, 0, "reissue/damaged")  # type: ignore[attr-defined]
    assert bench.node.ticketing.takings(None, TODAY).in_hand == {"CNY": old.price_minor}
    assert check(bench, old) == ("red", "refunded")
    assert check(gate, new) == ("green", None) and check(gate, old) == ("red", "superseded")


def test_a_seat_is_reissued_also_when_the_time_to_sell_it_is_over_and_goes_to_nobody_else(bench: Bench) -> None:
    old = bench.sell(0, 4, seat=1)
    bench.clock.pass_ms(2 * HOUR_MS)
    bench.node.inventory.give_back()
    reissue(bench, old.number)
    assert bench.node.inventory.give_back() == 0
    with pytest.raises(Refusal):
        bench.sell(0, 4, seat=1)


def test_once_only_and_neither_before_nor_after_a_refund(bench: Bench) -> None:
    old, other = bench.sell(seat=1), bench.sell(seat=2)
    new = reissue(bench, old.number)
    assert reissue(bench, old.number) == new and len(logged(bench, TicketReissued)) == 1
    for code, act in (("refund_done", lambda: reissue(bench, old.number, "another-key-for-it")),
                      ("refund_done", lambda: bench.node.refunds.offer(old.number, "passenger")),
                      ("refund_done", lambda: bench.node.rebooking.offer(old.number, LATER, "passenger")),
                      ("key_form", lambda: reissue(bench, other.number))):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            act()
    refund(bench, bench.node.ticketing.find(new.number))
    refund(bench, other)
    with pytest.raises(Refusal, match="refund_done"):
        reissue(bench, other.number, "another-key-for-it")


def test_what_may_not_be_reissued_is_refused_with_a_reason(bench: Bench) -> None:
    boarded, late = bench.sell(seat=1), bench.sell(seat=2)
    assert check(bench, boarded) == ("green", None)
    with pytest.raises(Refusal, match="refund_boarded"):
        bench.node.reissuing.check(boarded.number, "damaged")
    for cause, code in (("lost", "reissue_unnamed"), ("because", "reissue_cause"), ("", "reissue_cause")):
        with pytest.raises(Refusal, match=code):
            bench.node.reissuing.check(late.number, cause)
    bench.clock.pass_ms(5 * HOUR_MS)  # it left, but a late bus may still come
    assert bench.node.reissuing.check(late.number, "damaged").number == late.number
    bench.clock.pass_ms(6 * HOUR_MS)
    with pytest.raises(Refusal, match="reissue_past"):
        bench.node.reissuing.check(late.number, "damaged")


def test_a_reissue_is_no_rebooking(bench: Bench) -> None:
    publish(bench, from_day=TODAY, refundable=False)
    new = bench.node.ticketing.find(reissue(bench, bench.sell(seat=1).number).number)
    assert bench.node.refunds.offer(new.number, "passenger").fee_minor == 300
    moved = rebook(bench, new)
    again = bench.node.ticketing.find(reissue(bench, moved.number, "second-reissue").number)
    with pytest.raises(Refusal, match="refund_rebooked"):
        bench.node.refunds.offer(again.number, "passenger")
    with pytest.raises(Refusal, match="rebook_times"):
        bench.node.rebooking.offer(again.number, (COACH_TRIP, TODAY, 0, 4), "passenger")


def test_the_state_is_a_fold_of_the_log_with_reissues_in_it(bench: Bench) -> None:
    reissue(bench, rebook(bench, bench.sell(seat=1)).number)
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    parts = (node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, domains.STATE_TABLES)
    node.scribe.write(lambda unit: rebuild(unit.connection, *parts))
    assert dump(node.database.read(), tables) == before
