"""What a refund costs: rules as data, and the same answer on both ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.ticketing.events import PASSENGER, REASONS
from sync.domains.ticketing.operations import RefundRules
from sync.domains.ticketing.rules import (
    DEFAULT_REFUND_RULES,
    check_refund_rules,
    reason_index,
    refund_offer,
    refund_rules,
)  # fmt: skip
from sync.kernel.errors import Refusal

HOUR_MS = 3_600_000
bands = st.lists(
    st.tuples(st.integers(-1440, 10_000), st.integers(0, 1000), st.integers(0, 500)), min_size=1, max_size=4,
    unique_by=lambda band: band[0],
).map(lambda found: tuple(sorted(found, reverse=True)))  # fmt: skip
sets = st.builds(
    RefundRules, st.just("drawn"), st.just("test"), st.integers(0, 3000), st.none() | st.integers(1, 3), bands,
    st.sampled_from(["CNY", "HKD"]), st.integers(1, 50), st.integers(0, 10**7),
)  # fmt: skip


def offered(price: int, left_ms: int, reason: int = PASSENGER, sure: bool = True) -> tuple[int, int]:
    found = refund_offer(DEFAULT_REFUND_RULES, price, "CNY", reason, left_ms, sure)
    return found.fee_minor, found.refunded_minor


@pytest.mark.parametrize(
    ("price", "left_ms", "fee"),
    [
        (3000, 2 * HOUR_MS, 300), (3000, 2 * HOUR_MS - 1, 600), (3000, 1, 600), (3000, 48 * HOUR_MS, 300),
        (400, 3 * HOUR_MS, 50), (400, HOUR_MS, 100), (60, HOUR_MS, 60), (0, HOUR_MS, 0),
        (1005, 3 * HOUR_MS, 101), (1004, 3 * HOUR_MS, 100),
    ],
)  # fmt: skip
def test_the_bands_of_common_practice(price: int, left_ms: int, fee: int) -> None:
    assert offered(price, left_ms) == (fee, price - fee)


@pytest.mark.parametrize("reason", range(1, len(REASONS)))
def test_a_fault_of_carrier_or_station_costs_nothing_also_where_the_clock_is_in_doubt(reason: int) -> None:
    assert offered(3000, 1, reason) == (0, 3000)
    assert offered(3000, -HOUR_MS, reason, sure=False) == (0, 3000)


def test_nothing_goes_back_after_departure_unless_a_band_says_so() -> None:
    for left_ms in (0, -1, -HOUR_MS):
        with pytest.raises(Refusal, match="refund_departed"):
            offered(3000, left_ms)
    half = replace(DEFAULT_REFUND_RULES, bands=((0, 200, 0), (-60, 500, 0)))
    found = refund_offer(half, 3000, "CNY", PASSENGER, -HOUR_MS, True)
    assert (found.fee_minor, found.rule, found.second) == (1500, "default/-60", False)
    with pytest.raises(Refusal, match="refund_departed"):
        refund_offer(half, 3000, "CNY", PASSENGER, -HOUR_MS - 1, True)


def test_a_second_clerk_is_needed_above_the_limit_and_for_a_fault_that_is_claimed_after_departure() -> None:
    limit = DEFAULT_REFUND_RULES.limit_minor
    for reason in range(len(REASONS)):
        for price, second in ((limit, False), (limit + 1, True)):
            assert refund_offer(DEFAULT_REFUND_RULES, price, "CNY", reason, HOUR_MS, True).second == second
    for reason in range(1, len(REASONS)):
        assert refund_offer(DEFAULT_REFUND_RULES, 3000, "CNY", reason, 0, True).second
        assert not refund_offer(DEFAULT_REFUND_RULES, limit + 1, "CNY", reason, -(10**10), True, told=True).second
        with pytest.raises(Refusal, match="refund_departed"):
            refund_offer(DEFAULT_REFUND_RULES, 3000, "CNY", reason, -24 * HOUR_MS, True)


def test_a_fee_is_never_guessed_from_a_clock_in_doubt() -> None:
    with pytest.raises(Refusal, match="refund_clock_unsure"):
        offered(3000, 10 * HOUR_MS, sure=False)


def test_least_fee_and_rounding_are_meant_in_their_own_currency() -> None:
    coarse = replace(DEFAULT_REFUND_RULES, rounding_minor=50)
    assert refund_offer(coarse, 4_270, "CNY", PASSENGER, 3 * HOUR_MS, True).fee_minor == 450
    assert refund_offer(coarse, 4_270, "HKD", PASSENGER, 3 * HOUR_MS, True).fee_minor == 427
    assert refund_offer(coarse, 100, "HKD", PASSENGER, 3 * HOUR_MS, True).fee_minor == 10


def test_a_band_may_end_before_departure() -> None:
    early = replace(DEFAULT_REFUND_RULES, bands=((60, 100, 0),))
    assert refund_offer(early, 1000, "CNY", PASSENGER, HOUR_MS, True).fee_minor == 100
    with pytest.raises(Refusal, match="refund_departed"):
        refund_offer(early, 1000, "CNY", PASSENGER, HOUR_MS - 1, True)


@given(sets, st.integers(0, 10**7), st.sampled_from(["CNY", "HKD"]), st.integers(0, len(REASONS) - 1),
       st.integers(-HOUR_MS, 10**10), st.booleans())  # fmt: skip
def test_fee_and_refund_are_always_what_was_paid(
    drawn: RefundRules, price: int, currency: str, reason: int, left_ms: int, sure: bool
) -> None:
    check_refund_rules(drawn)
    try:
        found = refund_offer(drawn, price, currency, reason, left_ms, sure)
    except Refusal:
        return
    assert found.fee_minor + found.refunded_minor == price
    assert 0 <= found.fee_minor <= price
    assert reason == PASSENGER or found.fee_minor == 0
    assert found.rule.startswith("drawn/")


@given(st.lists(sets, max_size=5), st.integers(1, 3), st.integers(0, 3000))
def test_a_sale_is_judged_by_the_newest_set_of_its_day_the_operators_own_first(
    drawn: list[RefundRules], agency_no: int, day: int
) -> None:
    found = refund_rules(drawn, agency_no, day)
    held = [one for one in drawn if one.from_day <= day]
    own, common = ([one.from_day for one in held if one.agency_no == scope] for scope in (agency_no, None))
    assert found.from_day == max(own or common, default=DEFAULT_REFUND_RULES.from_day)
    later = [replace(one, from_day=day + 1 + one.from_day) for one in drawn]
    assert refund_rules([*drawn, *later], agency_no, day) == found


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        ({"bands": ()}, "bands"), ({"bands": ((0, 100, 0), (60, 50, 0))}, "bands"), ({"bands": ((0, 1001, 0),)}, "bands"),
        ({"bands": ((0, 100, -1),)}, "bands"), ({"rounding_minor": 0}, "rounding_minor"), ({"limit_minor": -1}, "limit_minor"),
        ({"bands": ((-1441, 1, 0),)}, "bands"),
        ({"fault_minutes_after": -1}, "fault_minutes_after"), ({"hub_decides": ("all",)}, "hub_decides"),
        ({"name": "a/b"}, "name"), ({"name": ""}, "name"), ({"source": " "}, "source"), ({"from_day": -1}, "from_day"),
    ],
)  # fmt: skip
def test_odd_rules_are_refused_by_name(odd: dict[str, object], what: str) -> None:
    assert check_refund_rules(DEFAULT_REFUND_RULES) is DEFAULT_REFUND_RULES
    with pytest.raises(Refusal, match="refund_rules_odd") as refused:
        check_refund_rules(replace(DEFAULT_REFUND_RULES, **odd))  # type: ignore[arg-type]
    assert refused.value.field == what


def test_a_reason_outside_the_list_is_refused() -> None:
    assert reason_index("trip_delayed") == 2
    with pytest.raises(Refusal, match="refund_reason"):
        reason_index("because")
