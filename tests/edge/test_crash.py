"""Killed in the middle of selling: what a customer was told is there, and nothing is half there."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from edge.kernel import log
from tests.edge.folding import differing
from tests.support.children import start_child, stop_child
from tests.support.nodes import CLERK_NO, FERRY_TRIP, TODAY, make_bench
from tests.tooling.tree import ROOT

pytestmark = pytest.mark.processes


def sell_until_killed(folder: Path, run: int, lines: int) -> list[tuple[str, str]]:
    """What the process had said when it was killed, at the earliest after so many lines."""
    said = folder / f"said-{run}"
    with said.open("wb") as output:
        words = [sys.executable, "-m", "tests.edge.seller", str(folder), str(run)]
        child = start_child(words, output=output, cwd=ROOT)
        try:
            with said.open("rb") as reading:
                seen = b""
                while seen.count(b"\n") < lines and child.poll() is None:
                    seen += reading.read()
        finally:
            stop_child(child, number=signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL, said.read_text()
    whole = said.read_bytes().rpartition(b"\n")[0].decode()
    return [(line.split()[0], line.split()[1]) for line in whole.splitlines()]


def test_every_sale_that_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(FERRY_TRIP, counts={0: 100_000})
    bench.node.database.close()
    acknowledged: list[tuple[str, str]] = []
    for run, lines in enumerate((1, 25, 90, 160)):
        acknowledged += sell_until_killed(tmp_path, run, lines)
    node = bench.restart()
    assert len(acknowledged) >= 276
    assert len({number for number, _ in acknowledged}) == len(acknowledged)
    for number, key in acknowledged:
        assert node.ticketing.find(number).number == number
        assert node.ticketing.sell(FERRY_TRIP, TODAY, 0, 1, None, CLERK_NO, key).number == number
    reader = node.database.read()
    serials = [row[0] for row in reader.execute("SELECT serial FROM ticket ORDER BY serial")]
    assert serials == list(range(1, len(serials) + 1))
    sold = reader.execute("SELECT places FROM sold_place").fetchone()[0]
    assert sold == len(serials) == reader.execute("SELECT count(*) FROM sale_key").fetchone()[0]
    assert log.check_chain(reader) == node.scribe.log.head.seq
    assert differing(node) == []
