"""Refunds that take a second clerk, and what goes back after departure."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest

from sync.domains.ticketing.events import TicketRefunded
from sync.domains.ticketing.rules import DEFAULT_REFUND_RULES
from sync.kernel.errors import Refusal
from sync.kernel.operations import Clerk
from tests.domains.ticketing.test_refund_edge import HOUR_MS, bench, logged
from tests.support.nodes import CLERK_NO, PIN, TODAY, Bench, pin_hash

__all__ = ["bench"]
SECOND_NO, INSPECTOR_NO = 12, 13


def with_colleagues(bench: Bench) -> None:
    for number, roles in ((SECOND_NO, ("clerk",)), (INSPECTOR_NO, ("gate",))):
        bench.operate("node/7", f"clerk/{number}", Clerk(number, "同事", roles, pin_hash()).to_bytes())


def test_a_second_clerk_agrees_with_number_and_pin_and_stands_in_the_event(bench: Bench) -> None:
    with_colleagues(bench)
    small = dataclasses.replace(DEFAULT_REFUND_RULES, from_day=TODAY, limit_minor=2_999)
    bench.operate("net", small.key, small.to_bytes())
    sold, cheap = bench.sell(), bench.sell(0, 1)
    assert bench.node.refunds.offer(sold.number, "passenger").second
    take = partial(bench.node.refunds.refund, sold.number, "passenger", 300, CLERK_NO, "refund-by-two")
    for approver, pin, code in (
        (None, "", "refund_second"), (CLERK_NO, PIN, "approver_same"), (INSPECTOR_NO, PIN, "approver_right"),
        (SECOND_NO, "0000", "pin_wrong"), (SECOND_NO, "", "pin_wrong"), (99, PIN, "pin_wrong"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            take(approver, pin)
    assert logged(bench, TicketRefunded) == []
    assert take(SECOND_NO, PIN).refunded is not None
    take(None, "")  # the same key again
    bench.node.refunds.refund(cheap.number, "passenger", 50, CLERK_NO, "refund-by-one", SECOND_NO, PIN)
    assert [event.approver_no for event in logged(bench, TicketRefunded)] == [SECOND_NO, 0]  # type: ignore[attr-defined]


def test_five_wrong_pins_of_a_second_clerk_lock_that_clerk_and_hand_nothing_back(bench: Bench) -> None:
    with_colleagues(bench)
    sold = bench.sell()
    bench.clock.pass_ms(3 * HOUR_MS)
    take = partial(bench.node.refunds.refund, sold.number, "trip_delayed", 0, CLERK_NO, "refund-by-two", SECOND_NO)
    for _ in range(5):
        with pytest.raises(Refusal, match="pin_wrong"):
            take("0000")
    with pytest.raises(Refusal, match="pin_locked"):
        take(PIN)
    assert bench.node.ticketing.find(sold.number).refunded is None


def test_after_departure_a_band_or_two_clerks_give_money_back(bench: Bench) -> None:
    with_colleagues(bench)
    half = dataclasses.replace(DEFAULT_REFUND_RULES, from_day=TODAY, bands=((0, 200, 100), (-60, 500, 0)))
    bench.operate("net", half.key, half.to_bytes())
    first, second = bench.sell(), bench.sell()
    bench.clock.pass_ms(4 * HOUR_MS)  # it left an hour ago
    assert bench.node.refunds.offer(first.number, "passenger").rule == "default/-60"
    offer = bench.node.refunds.offer(second.number, "trip_delayed")
    assert (offer.second, offer.refunded_minor) == (True, 3000)
    bench.clock.pass_ms(23 * HOUR_MS)
    with pytest.raises(Refusal, match="refund_departed"):
        bench.node.refunds.offer(second.number, "trip_delayed")
