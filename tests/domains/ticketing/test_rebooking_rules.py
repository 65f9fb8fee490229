"""Until when, how often and for how much a ticket is exchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.ticketing.events import PASSENGER, REASONS
from sync.domains.ticketing.office.rebooking import (
    DEFAULT_REBOOK_RULES,
    Terms,
    Way,
    check_rebook_rules,
    fits,
    rebook_rules,
    rebook_terms,
)
from sync.domains.ticketing.operations import RebookRules
from sync.kernel.errors import Refusal

MINUTE_MS = 60_000
PAID = replace(DEFAULT_REBOOK_RULES, name="paid", most_times=3, free_times=1, fee_per_mille=55)
WAY = Way(1, "CNY", 4, "coach-45")
sets = st.builds(
    RebookRules, st.just("drawn"), st.just("test"), st.integers(0, 3000), st.none() | st.integers(1, 3),
    st.integers(0, 200), st.integers(0, 4), st.integers(0, 4), st.integers(0, 1000), st.booleans(), st.booleans(),
    st.booleans(),
)  # fmt: skip


def terms(given: RebookRules, old: int, new: int, times: int = 0, left_ms: int = 10**9, sure: bool = True) -> Terms:
    return rebook_terms(given, (old, new), PASSENGER, times, left_ms, sure)


def test_the_first_time_is_free_and_the_difference_is_settled() -> None:
    assert terms(DEFAULT_REBOOK_RULES, 3000, 3500) == Terms(0, 3000, 3500, "default/1")
    assert terms(DEFAULT_REBOOK_RULES, 3000, 3500).due_minor == 500
    assert terms(DEFAULT_REBOOK_RULES, 3000, 2200).due_minor == -800


def test_later_times_cost_a_share_of_the_old_price_until_there_are_no_more() -> None:
    assert terms(PAID, 3010, 3010, times=1) == Terms(166, 2844, 3010, "paid/2")
    assert terms(PAID, 10, 10, times=2).fee_minor == 1
    with pytest.raises(Refusal, match="rebook_times"):
        terms(PAID, 3000, 3000, times=3)
    with pytest.raises(Refusal, match="rebook_times"):
        terms(DEFAULT_REBOOK_RULES, 3000, 3000, times=1)


def test_the_cut_off_is_a_minute_count_before_departure() -> None:
    assert terms(DEFAULT_REBOOK_RULES, 1, 1, left_ms=30 * MINUTE_MS).fee_minor == 0
    with pytest.raises(Refusal, match="rebook_late"):
        terms(DEFAULT_REBOOK_RULES, 1, 1, left_ms=30 * MINUTE_MS - 1)
    with pytest.raises(Refusal, match="rebook_clock_unsure"):
        terms(DEFAULT_REBOOK_RULES, 1, 1, sure=False)


@pytest.mark.parametrize("reason", range(1, len(REASONS)))
def test_a_fault_has_no_fee_and_no_higher_price_and_ends_with_the_departure_unless_the_hub_told(reason: int) -> None:
    for times, left_ms, sure, told in ((0, 1, True, False), (9, -(10**9), True, True), (9, 0, False, False)):
        assert rebook_terms(PAID, (3000, 3500), reason, times, left_ms, sure, told).due_minor == 0
        assert rebook_terms(PAID, (3000, 2000), reason, times, left_ms, sure, told).due_minor == -1000
    with pytest.raises(Refusal, match="rebook_late"):
        rebook_terms(PAID, (3000, 3500), reason, 0, 0, True)


def test_a_ride_fits_by_operator_and_currency_always_and_by_line_and_class_as_the_rules_say() -> None:
    loose = replace(DEFAULT_REBOOK_RULES, same_line=False, same_class=False)
    others = {"agency_no": 2, "currency": "HKD", "route_no": 5, "vehicle": "ferry"}
    for field, value in others.items():
        other = replace(WAY, **{field: value})  # type: ignore[arg-type]
        assert not fits(DEFAULT_REBOOK_RULES, WAY, other)
        assert fits(loose, WAY, other) == (field in ("route_no", "vehicle"))
    assert fits(DEFAULT_REBOOK_RULES, WAY, WAY)
    assert not fits(replace(loose, same_line=True), WAY, replace(WAY, route_no=5))
    assert not fits(replace(loose, same_class=True), WAY, replace(WAY, vehicle="ferry"))


@given(sets, st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(range(len(REASONS))), st.integers(0, 5),
       st.integers(-(10**8), 10**8), st.booleans())  # fmt: skip
def test_whatever_the_rules_the_money_adds_up(
    drawn: RebookRules, old: int, new: int, reason: int, times: int, left_ms: int, sure: bool
) -> None:
    check_rebook_rules(drawn)
    try:
        found = rebook_terms(drawn, (old, new), reason, times, left_ms, sure)
    except Refusal:
        return
    assert found.fee_minor + found.back_minor == old and min(found.fee_minor, found.back_minor) >= 0
    assert found.due_minor == found.price_minor - old + found.fee_minor
    assert found.price_minor == new or (reason != PASSENGER and found.price_minor == old < new)


@given(st.lists(sets, max_size=5), st.integers(1, 3), st.integers(0, 3000))
def test_the_newest_set_of_the_day_of_the_sale_holds_the_operators_own_first(
    drawn: list[RebookRules], agency_no: int, day: int
) -> None:
    found = rebook_rules(drawn, agency_no, day)
    own, common = ([one.from_day for one in drawn if one.from_day <= day and one.agency_no == scope]
                   for scope in (agency_no, None))  # fmt: skip
    assert found.from_day == max(own or common, default=0)


@pytest.mark.parametrize(
    "odd",
    [{"name": ""}, {"name": "a/b"}, {"source": " "}, {"from_day": -1}, {"cutoff_minutes": -1}, {"most_times": 101},
     {"free_times": -1}, {"fee_per_mille": 1001}],
)  # fmt: skip
def test_odd_rules_are_refused_by_name(odd: dict[str, object]) -> None:
    assert check_rebook_rules(DEFAULT_REBOOK_RULES) is DEFAULT_REBOOK_RULES
    with pytest.raises(Refusal, match="rebook_rules_odd") as refused:
        check_rebook_rules(replace(DEFAULT_REBOOK_RULES, **odd))  # type: ignore[arg-type]
    assert refused.value.field == next(iter(odd))
