"""No float comes near money."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.money import float_money
from tests.tooling.tree import ROOMS, python_files, read


def test_money_is_never_a_float() -> None:
    paths = python_files(*ROOMS, "tests/demo", "tests/bench")
    wrong = [line for path in paths for line in float_money(path, read(path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "x = price_minor / 100",
        "x = float(sale.price_minor)",
        "price_minor = 0.0",
        "x = fare_minor * 1.5",
        "x_fen /= 2",
    ],
)
def test_a_float_of_money_is_seen(source: str) -> None:
    assert float_money(Path("edge/x.py"), source)


def test_whole_minor_units_are_fine() -> None:
    assert float_money(Path("edge/x.py"), "x, y = divmod(price_minor, 100)\nz = price_minor // 100") == []
