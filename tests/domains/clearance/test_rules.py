"""What keeps a vehicle in the station."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sync.domains.clearance import rules
from sync.domains.clearance.operations import ClearanceRules
from sync.domains.clearance.rules import DEFAULT_RULES, Departure, Papers
from sync.kernel.errors import Refusal

DAY = 2_500
GOOD = Departure(DAY, True, DAY, DAY + 9, (Papers(DAY, DAY + 3),), 599, 399, 45, 45, True)


def test_a_departure_with_everything_in_order_lacks_nothing() -> None:
    assert rules.lacks(GOOD, DEFAULT_RULES) == ()
    assert rules.good_until(GOOD) == DAY


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"checked": False}, "inspection_failed"),
        ({"inspection_until_day": DAY - 1}, "inspection_over"),
        ({"inspection_until_day": 0}, "inspection_over"),
        ({"permit_until_day": DAY - 1}, "permit_over"),
        ({"drivers": (Papers(DAY - 1, DAY),)}, "licence_over"),
        ({"drivers": (Papers(DAY, 0),)}, "qualification_over"),
        ({"drivers": ()}, "drivers_short"),
        ({"motorway_km": 600}, "drivers_short"),
        ({"other_km": 400}, "drivers_short"),
        ({"aboard": 46}, "overloaded"),
        ({"belts": False}, "belts_open"),
    ],
)
def test_one_thing_wrong_is_named(change: dict[str, Any], code: str) -> None:
    assert rules.lacks(dataclasses.replace(GOOD, **change), DEFAULT_RULES) == (code,)


def test_what_no_rule_asks_for_is_not_looked_at_and_every_check_has_a_source() -> None:
    bad = dataclasses.replace(GOOD, checked=False, belts=False, aboard=99, drivers=())
    given = ClearanceRules("some", 1, (("overloaded", "a law"),), 600, 400)
    assert rules.lacks(bad, given) == ("overloaded",)
    assert {code for code, source in DEFAULT_RULES.checks if source} == set(rules.CHECKS)


def test_the_newest_set_that_holds_on_the_day_counts() -> None:
    sets = [dataclasses.replace(DEFAULT_RULES, name=str(day), from_day=day) for day in (5, DAY, DAY + 1)]
    assert rules.clearance_rules(sets, DAY).name == str(DAY)
    assert rules.clearance_rules([], DAY) is DEFAULT_RULES


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"checks": (("nonsense", "x"),)}, {"checks": (("overloaded", ""),)}, {"two_other_km": 0}],
)
def test_a_set_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    rules.check_clearance_rules(DEFAULT_RULES)
    with pytest.raises(Refusal, match="clearance_rules_odd"):
        rules.check_clearance_rules(dataclasses.replace(DEFAULT_RULES, **change))
