"""Facts kept in memory: never older than the last commit that may have changed them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from edge.kernel.memory import MAX_FACTS, Memory
from sync.domains.timetable.operations import Stop
from sync.kernel.errors import Refusal
from tests.support.nodes import CLERK_NO, PIN, Bench, make_bench, names


def test_a_fact_is_read_once_until_it_is_forgotten() -> None:
    memory, reads = Memory(), itertools.count(1)
    for _ in range(3):
        assert memory.get("fact", lambda: next(reads)) == 1
    memory.forget()
    assert memory.get("fact", lambda: next(reads)) == 2


def test_a_look_up_that_is_late_to_remember_remembers_nothing() -> None:
    """It read before a commit; the commit made the memory forget; then it puts down what it had read."""
    memory = Memory()

    def slow() -> str:
        memory.forget()
        return "old"

    assert memory.get("fact", slow) == "old"
    assert memory.get("fact", lambda: "new") == "new"


def test_neither_nothing_nor_an_error_is_remembered() -> None:
    memory = Memory()
    with pytest.raises(Refusal):
        memory.get("fact", _refuse)
    assert memory.get("fact", lambda: None) is None
    assert memory.get("fact", lambda: "found") == "found"


def test_the_memory_is_bounded() -> None:
    memory = Memory()
    for number in range(MAX_FACTS + 10):
        memory.get(number, lambda: "fact")
    assert len(memory._facts) <= MAX_FACTS


def test_what_the_hub_changes_is_seen_at_once(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    assert _stop(bench) == "Sanshui"
    bench.operate("net", "stop/3", Stop("S3", names("三", "三", "Renamed"), None, None, None).to_bytes())
    assert _stop(bench) == "Renamed"
    bench.operate("net", "stop/3", None)
    with pytest.raises(Refusal, match="no_such_stop"):
        _stop(bench)


def test_a_clerk_who_is_removed_is_out_at_once(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    accounts = bench.node.accounts
    token = accounts.open_session(accounts.sign_in(CLERK_NO, PIN))
    assert accounts.session(token).clerk_no == CLERK_NO
    bench.operate("node/7", f"clerk/{CLERK_NO}", None)
    with pytest.raises(Refusal, match="sign_in_first"):
        accounts.session(token)
    with pytest.raises(Refusal, match="pin_wrong"):
        accounts.sign_in(CLERK_NO, PIN)


def test_a_change_that_was_rolled_back_is_not_remembered(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)

    def rename_and_fail(unit: object) -> None:
        unit.connection.execute("DELETE FROM stop WHERE stop_no = 3")  # type: ignore[attr-defined]
        raise Refusal("no")

    with pytest.raises(Refusal):
        bench.node.scribe.write(rename_and_fail)
    assert _stop(bench) == "Sanshui"


def _stop(bench: Bench) -> str:
    return bench.node.timetable.stop(3).names["en"]


def _refuse() -> None:
    raise Refusal("no")
