"""Amounts in whole minor units: parsed, shown and split without a float."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import money
from sync.kernel.errors import Malformed


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("71.40", "HKD", 7140), ("71.4", "CNY", 7140), ("71", "CNY", 7100), ("0", "CNY", 0), (" 5.00 ", "CNY", 500),
        ("0.01", "EUR", 1), ("1500", "JPY", 1500), ("1500.00", "JPY", 1500), ("1.234", "KWD", 1234), ("1.2", "KWD", 1200),
        ("5.000000", "CNY", 500), ("007", "CNY", 700), ("999999999999", "CNY", 99999999999900), ("3.50", "XXX", 350),
    ],
)  # fmt: skip
def test_a_decimal_text_is_so_many_minor_units(text: str, currency: str, minor: int) -> None:
    assert money.parse_minor(text, currency) == minor


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("71.405", "CNY"), ("1.2345", "KWD"), ("0.001", "HKD")])
def test_more_decimals_than_the_currency_has_are_refused_and_not_rounded(text: str, currency: str) -> None:
    with pytest.raises(Malformed) as raised:
        money.parse_minor(text, currency)
    assert raised.value.code == "money_decimals"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "1,50",
        "1.",
        ".5",
        "1e3",
        "1 000",
        "1_000",
        "abc",
        "1.2.3",
        "NaN",
        "inf",
        "0x10",
        "1" * 13,
        "1.1234567",
        "¥5",
        "5元",
        "\ud800",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as raised:
        money.parse_minor(text, "CNY")
    assert raised.value.code == "money_text"


@given(st.integers(0, 10**11), st.sampled_from(["CNY", "JPY", "KWD", "HKD"]))
def test_what_is_shown_reads_back_to_the_unit(minor: int, currency: str) -> None:
    assert money.parse_minor(money.decimal_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "CNY", "0.00"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (7140, "HKD", "71.40"),
        (1500, "JPY", "1500"),
        (-1500, "JPY", "-1500"),
        (1, "KWD", "0.001"),
    ],
)
def test_an_amount_is_shown_with_its_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert money.decimal_text(minor, currency) == text


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_parts_add_up_to_the_whole_and_are_fair_to_the_unit(total: int, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert total * weight // sum(weights) <= part <= total * weight // sum(weights) + 1
        assert weight or not part


def test_the_largest_remainders_get_what_is_left_and_the_first_of_equals() -> None:
    assert money.split(100, [1, 1, 1]) == [34, 33, 33]
    assert money.split(5, [1, 1]) == [3, 2]
    assert money.split(10, [7, 2, 1]) == [7, 2, 1]
    assert money.split(1, [1, 2]) == [0, 1]
    assert money.split(0, [1, 2]) == [0, 0]


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0, 0]), (1, [-1, 2]), (-1, [1])])
def test_what_can_not_be_split_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(Malformed, match="money_split"):
        money.split(total, weights)
