"""Who pays what: rules as data, and the same answer on both ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.inventory.rules import free_children
from sync.domains.ticketing.office.fares import (
    DEFAULT_FARE_RULES,
    check_children,
    check_fare_rules,
    extra_minor,
    fare_rules,
    price_of,
    proof_index,
    shares,
)
from sync.domains.timetable.rules import service_kind
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS


def price(rider: str, service: str = "coach", full: int = 3001, currency: str = "CNY") -> int:
    return price_of(DEFAULT_FARE_RULES, rider, service, full, currency).minor


@pytest.mark.parametrize(
    ("rider", "service", "minor"),
    [
        ("adult", "coach", 3001), ("child_with_seat", "coach", 1501), ("child_free", "ferry", 0),
        ("disabled_soldier", "coach", 1501), ("disabled_soldier", "ferry", 1501), ("disabled_soldier", "city_bus", 0),
        ("blind", "city_bus", 0), ("blind", "ferry", 0),
    ],
)  # fmt: skip
def test_what_riders_pay_by_default(rider: str, service: str, minor: int) -> None:
    assert price(rider, service) == minor


def test_a_blind_person_has_no_concession_on_a_coach_and_a_dog_nowhere() -> None:
    with pytest.raises(Refusal, match="rider_not_here"):
        price("blind", "coach")
    for name in ("dog", "", "ADULT"):
        with pytest.raises(Refusal, match="rider_unknown"):
            price(name)


def test_a_concession_needs_one_of_its_proofs_and_an_adult_none() -> None:
    soldier = price_of(DEFAULT_FARE_RULES, "disabled_soldier", "coach", 3000, "CNY")
    assert proof_index(soldier, "soldier_card") == 3
    for seen in ("", "height", "disability_card"):
        with pytest.raises(Refusal, match="proof_needed"):
            proof_index(soldier, seen)
    assert proof_index(price_of(DEFAULT_FARE_RULES, "adult", "coach", 3000, "CNY"), "height") == 0


@given(st.integers(0, 10**7), st.integers(0, 1000), st.integers(1, 100), st.sampled_from(["CNY", "HKD"]))
def test_a_share_is_rounded_to_its_unit_and_never_more_than_the_fare(
    full: int, share: int, unit: int, currency: str
) -> None:
    rules = replace(DEFAULT_FARE_RULES, concessions=(("blind", share, (), ()),), rounding_minor=unit)
    found = price_of(rules, "blind", "coach", full, currency).minor
    assert 0 <= found <= full
    unit = unit if currency == "CNY" else 1
    assert found == full or (found % unit == 0 and abs(1000 * found - full * share) <= 500 * unit)


@given(st.lists(st.sampled_from(RIDERS), max_size=9))
def test_each_grown_up_brings_one_child_at_most(riders: list[str]) -> None:
    grown = sum(rider in ("adult", "disabled_soldier", "blind") for rider in riders)
    if riders.count("child_free") > grown:
        with pytest.raises(Refusal, match="child_needs_adult"):
            check_children(riders)
    else:
        check_children(riders)


@given(st.lists(st.integers(0, 60), max_size=12))
def test_all_boxes_together_never_carry_more_free_children_than_the_vehicle_may(parts: list[int]) -> None:
    assert sum(map(free_children, parts)) <= free_children(sum(parts))


def test_free_children_are_a_tenth_of_the_seats_rounded_down() -> None:
    assert [free_children(seats) for seats in (45, 7, 10, 9, 0)] == [4, 0, 1, 0, 0]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**5), min_size=1, max_size=4))
def test_shares_of_extras_sum_to_the_whole(extras: int, fares: list[int]) -> None:
    found = shares(extras, fares)
    assert sum(found) == extras and len(found) == len(fares) and min(found) >= 0


def test_the_newest_set_of_the_day_holds_and_the_operators_own_comes_first() -> None:
    old, new, own = (replace(DEFAULT_FARE_RULES, name=name) for name in ("old", "new", "own"))
    old, new, own = replace(old, from_day=10), replace(new, from_day=20), replace(own, from_day=15, agency_no=3)
    published = (new, old, own)
    assert [fare_rules(published, 1, day).name for day in (9, 10, 19, 20)] == ["default", "old", "old", "new"]
    assert [fare_rules(published, 3, day).name for day in (14, 15, 30)] == ["old", "own", "own"]


def test_extras_cost_what_the_set_says_and_only_in_its_currency() -> None:
    assert extra_minor(DEFAULT_FARE_RULES, "luggage", 2, "CNY") == 1000
    for code, count, currency, refusal in (
        ("piano", 1, "CNY", "extra_unknown"), ("luggage", 1, "HKD", "extra_unknown"), ("luggage", 0, "CNY", "extra_count"),
        ("luggage", 21, "CNY", "extra_count"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=refusal):
            extra_minor(DEFAULT_FARE_RULES, code, count, currency)


@pytest.mark.parametrize(
    ("route_type", "kind", "service"),
    [
        (3, "reserved", "coach"), (200, "reserved", "coach"), (3, "free", "city_bus"), (704, "free", "city_bus"),
        (4, "free", "ferry"), (1000, "reserved", "ferry"), (1, "free", "rail"), (100, "reserved", "rail"),
    ],
)  # fmt: skip
def test_what_a_line_is_to_its_passengers(route_type: int, kind: str, service: str) -> None:
    assert service_kind(route_type, kind) == service


def test_the_defaults_make_sense_and_odd_sets_are_refused() -> None:
    check_fare_rules(DEFAULT_FARE_RULES)
    odd: tuple[dict[str, Any], ...] = (
        {"name": ""}, {"name": "a/b"}, {"source": " "}, {"rounding_minor": 0}, {"from_day": -1},
        {"concessions": (("adult", 500, (), ()),)}, {"concessions": (("blind", 1001, (), ()),)},
        {"concessions": (("child_free", 1, (), ()),)}, {"concessions": (("blind", 0, ("tram",), ()),)},
        {"concessions": (("blind", 0, (), ("word",)),)}, {"extras": (("x", -1, {"en": "x"}),)}, {"extras": (("x", 1, {}),)},
        {"extras": (("x", 1, {"en": "x"}), ("x", 2, {"en": "x"}))},
    )  # fmt: skip
    for changes in odd:
        with pytest.raises(Refusal, match="fare_rules_odd"):
            check_fare_rules(replace(DEFAULT_FARE_RULES, **changes))
