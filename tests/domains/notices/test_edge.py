"""A node shows what the hub published, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.kernel.rebuild import dump
from sync.domains.notices.operations import Notice
from tests.support.nodes import TODAY, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def tell(bench: Bench, number: int, text: str, operator_no: int = 1, **more: object) -> Notice:
    said = Notice(number, operator_no, {"zh-Hans": text}, TODAY, TODAY + 1, False, number, **more)  # type: ignore[arg-type]
    bench.operate(f"operator/{operator_no}", said.key, said.to_bytes())
    return said


def texts(bench: Bench, day: int = TODAY, route_no: int | None = 1) -> list[str]:
    return [one.texts["zh-Hans"] for one in bench.node.notices.on(1, day, route_no)]


def test_what_the_operator_says_is_heard_changed_and_withdrawn(bench: Bench) -> None:
    assert texts(bench) == []
    tell(bench, 5, "今日加开")
    tell(bench, 6, "别家的", operator_no=2)
    tell(bench, 7, "只在二号线", route_nos=(2,))
    assert texts(bench) == ["今日加开"] and texts(bench, route_no=2) == ["只在二号线", "今日加开"]
    assert texts(bench, TODAY + 2) == []
    tell(bench, 5, "今日停开")
    assert texts(bench) == ["今日停开"]
    bench.operate("operator/1", "notice/5", None)
    assert texts(bench) == []


def test_a_body_that_cannot_be_read_is_shown_to_nobody_and_blocks_nothing(bench: Bench) -> None:
    tell(bench, 5, "今日加开")
    bench.operate("operator/1", "notice/5", b"\x80")
    tell(bench, 6, "今日停开")
    assert texts(bench) == ["今日停开"]


def test_it_is_there_after_a_restart_and_among_what_is_compared(bench: Bench) -> None:
    tell(bench, 5, "今日加开")
    assert "notice" in domains.REFERENCE_TABLES
    before = dump(bench.node.database.read(), domains.REFERENCE_TABLES)
    bench.restart()
    assert texts(bench) == ["今日加开"] and dump(bench.node.database.read(), domains.REFERENCE_TABLES) == before
