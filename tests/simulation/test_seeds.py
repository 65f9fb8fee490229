"""A handful of seeds, the ones that once failed, and the promise that a seed is a seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.simulation import plan as plans
from tests.simulation.faults import FAULTS, Fired
from tests.simulation.mix import TROUBLE_COUNTS
from tests.simulation.mutants import MUTANTS
from tests.simulation.run import run_many, run_seed
from tests.simulation.shrink import shrink

ROOT = Path(__file__).resolve().parents[2]
REGRESSIONS = tomllib.loads(Path(__file__).with_name("regressions.toml").read_text(encoding="utf-8"))["regression"]


def a_few_seeds_with_everything() -> list[int]:
    """Seeds from 1 on, each of which adds a trouble that those before it did not have; and one with two hub processes."""
    wanted, chosen = {*TROUBLE_COUNTS, "two processes"}, []
    for seed in range(1, 500):
        mix = plans.draw(seed).mix
        brings = {name for name, _ in mix.troubles} | ({"two processes"} if mix.processes > 1 else set())
        if brings & wanted and len(brings & wanted) >= min(3, len(wanted)):
            chosen.append(seed)
            wanted -= brings
        if not wanted:
            break
    return chosen


@pytest.mark.timeout(180)
def test_no_seed_breaks_a_promise_and_every_fault_that_has_a_name_fires() -> None:
    seeds = a_few_seeds_with_everything()
    total = run_many([*seeds, *range(1_001, 1_009)], lambda _done: None)
    assert [(one.seed, one.rule, one.text) for one in total.violations] == []
    assert [name for name in FAULTS if not total.fired[name]] == []
    assert total.log_events > 200 * total.results


def test_a_fault_without_a_name_is_not_counted_in_silence() -> None:
    with pytest.raises(KeyError):
        Fired()["gremlins"] += 1


@pytest.mark.processes
def test_the_same_seeds_are_the_same_to_the_byte_in_another_process() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--start", "11", "--seeds", "3", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    other = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    here = run_many(range(11, 14), lambda _done: None)
    assert json.loads(other.stdout.splitlines()[-1])["trace_hash"] == here.digest


@pytest.mark.parametrize("known", REGRESSIONS, ids=lambda known: known["mutant"])
def test_a_seed_that_once_broke_a_promise_keeps_it(known: dict[str, object]) -> None:
    seed, mutant = int(str(known["seed"])), str(known["mutant"])
    assert run_seed(seed).rule == ""
    with MUTANTS[mutant]():
        assert run_seed(seed).rule, "this seed no longer shows that bug; look for another one"


def test_a_story_is_shortened_to_what_matters() -> None:
    with MUTANTS["epoch_used_twice"]():
        first = run_seed(1)
        assert first.rule == "epoch_twice"
        plan = plans.draw(1)
        shorter, short = shrink(plan, first, patience_s=6)
    assert short.rule == first.rule
    assert len(shorter.steps) < len(plan.steps) // 4
    assert "hub: grant to" in short.story or "visit" in short.story
