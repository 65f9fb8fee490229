"""What must be in a drawer, as pure sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.shifts import rules
from sync.domains.shifts.events import CashMoved, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.shifts.rules import DENOMINATIONS, Drawer, check_pieces, movement, office_rules, worth
from sync.domains.ticketing.events import BookingSold, TicketRefunded, TicketSold
from sync.kernel.errors import Refusal
from sync.kernel.events import Event, NodeStarted

SOLD = TicketSold(1, 101, 2518, 0, 4, 12, 0, 3_000, "CNY", 0, 11, 0, 0)
BACK = TicketRefunded(bytes(8), 101, 2518, 0, 4, 12, 300, 2_700, "CNY", 0, 0, "default/120", 11, True)
GIVEN = OfficeRules("gd", "a notice", 100, None, True, "CNY", 500)
amounts = st.integers(0, 10**6)
events = st.one_of(
    st.builds(lambda minor, clerk, payment: replace(SOLD, price_minor=minor, clerk_no=clerk, payment=payment),
              amounts, st.sampled_from([11, 12]), st.sampled_from([0, 1])),
    st.builds(lambda minor, clerk: replace(BACK, refunded_minor=minor, clerk_no=clerk), amounts, st.sampled_from([11, 12])),
    st.builds(lambda number, into, minor: CashMoved(number, 11, into, "CNY", minor, 0), st.sampled_from([1, 2]),
              st.booleans(), amounts),
)  # fmt: skip


@given(amounts, st.lists(events))
def test_what_must_be_there_is_the_float_and_all_that_moved_and_nothing_of_others(
    begun: int, some: list[Event]
) -> None:
    drawer = Drawer(1, 11)
    for event in (ShiftOpened(1, 11, (("CNY", begun),), 0, ""), *some):
        drawer.add(event)
    total = begun
    for event in some:
        if isinstance(event, CashMoved) and event.shift_no == 1:
            total += event.amount_minor if event.into else -event.amount_minor
        elif isinstance(event, TicketSold) and event.clerk_no == 11:
            total += event.price_minor
        elif isinstance(event, TicketRefunded) and event.clerk_no == 11:
            total -= event.refunded_minor
    assert sum(drawer.expected().values()) == total
    assert sum(one.sold_minor - one.refunded_minor for one in drawer.trips.values()) == sum(
        one.sold_minor - one.refunded_minor for one in drawer.kinds.values()
    )


def test_extras_of_a_booking_are_in_the_drawer_and_are_no_tickets() -> None:
    drawer = Drawer(1, 11)
    for event in (SOLD, BookingSold(1, 1, 3_700, "CNY", 0, 11, 0, (("luggage", 1, 500), ("insurance", 1, 200)))):
        drawer.add(event)
    assert drawer.expected() == {("CNY", 0): 3_700}
    assert (drawer.sum_of(("CNY", 0)).sold, drawer.trips[101, "CNY"].sold_minor) == (1, 3_000)


def test_an_event_that_moves_no_money_is_none() -> None:
    assert movement(NodeStarted(bytes(8), "0")) is None


@given(st.lists(st.tuples(st.sampled_from(DENOMINATIONS["HKD"]), st.integers(0, 500)), unique_by=lambda one: one[0]))
def test_pieces_are_worth_what_they_are_worth(some: list[tuple[int, int]]) -> None:
    pieces = check_pieces(("HKD", minor, count) for minor, count in some)
    assert worth(pieces).get("HKD", 0) == sum(minor * count for minor, count in some)
    assert all(count for _, _, count in pieces)


def test_the_newest_rules_that_hold_and_the_places_own_first() -> None:
    later, own = replace(GIVEN, name="later", from_day=110), replace(GIVEN, name="own", place_no=3)
    found = [
        office_rules([GIVEN, later, own], place, day).name for place, day in ((1, 99), (1, 100), (1, 110), (3, 110))
    ]
    assert found == ["default", "gd", "later", "own"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "a/b"), ("source", " "), ("currency", "yuan"), ("currency", "元"), ("from_day", -1),
     ("difference_limit_minor", -1)],
)  # fmt: skip
def test_odd_rules_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(Refusal) as refused:
        rules.check_office_rules(replace(GIVEN, **{field: value}))
    assert (refused.value.code, refused.value.field) == ("office_rules_odd", field)


def test_a_limit_holds_in_its_own_currency_only() -> None:
    assert not rules.above_limit(GIVEN, "CNY", -500)
    assert rules.above_limit(GIVEN, "CNY", -501) and rules.above_limit(GIVEN, "HKD", 1)
