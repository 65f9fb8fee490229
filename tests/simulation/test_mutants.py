"""Each planted bug is caught: first with the seed that caught it last time, and if that seed has changed, by hunting."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from cloud.kernel.exchange import Exchange
from tests.simulation.hunt import hunt, stumbled
from tests.simulation.mutants import MUTANTS
from tests.simulation.run import run_seed, warm_up

CAUGHT = tomllib.loads(Path(__file__).with_name("caught.toml").read_text(encoding="utf-8"))["seed"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught(name: str) -> None:
    found = hunt(name, CAUGHT.get(name, 1), 1) or hunt(name)
    assert found is not None
    print(f"{name}: {found.result.rule} with seed {found.result.seed}")


def test_a_judge_must_object_an_error_of_the_mutant_itself_is_not_enough() -> None:
    warm_up()
    with _raising_in("tests/simulation/mutants/clumsy.py"):
        mutants_own = run_seed(1)
    with _raising_in("cloud/kernel/exchange.py"):
        of_the_code = run_seed(1)
    assert mutants_own.rule and stumbled(mutants_own)
    assert of_the_code.rule and not stumbled(of_the_code)


@contextlib.contextmanager
def _raising_in(file: str) -> Iterator[None]:
    """The hub's answer fails with an error whose innermost line stands in ``file``."""
    names: dict[str, Any] = {}
    exec(compile("def respond(*_words):\n    raise KeyError('nobody home')\n", file, "exec"), names)  # noqa: S102
    with mock.patch.object(Exchange, "_respond", names["respond"]):
        yield


def test_there_are_many_of_them_and_each_says_what_it_is() -> None:
    assert len(MUTANTS) >= 15
    assert [name for name, planted in MUTANTS.items() if not planted.__doc__] == []
