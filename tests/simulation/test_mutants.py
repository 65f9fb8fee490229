"""Each planted bug is caught: first with the seed that caught it last time, and if that seed has changed, by hunting."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.simulation.hunt import hunt
from tests.simulation.mutants import MUTANTS

CAUGHT = tomllib.loads(Path(__file__).with_name("caught.toml").read_text(encoding="utf-8"))["seed"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught(name: str) -> None:
    found = hunt(name, CAUGHT.get(name, 1), 1) or hunt(name)
    assert found is not None
    print(f"{name}: {found.result.rule} with seed {found.result.seed}")


def test_there_are_many_of_them_and_each_says_what_it_is() -> None:
    assert len(MUTANTS) >= 15
    assert [name for name, planted in MUTANTS.items() if not planted.__doc__] == []
