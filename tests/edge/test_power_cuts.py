"""The power goes at every write of a node: with its settings nothing that was acknowledged is lost, with weaker ones it is.

One run is recorded on a disk with a volatile cache: sales one by one and many in one commit, boardings, ratings, shifts,
prints, seats from the hub, checkpoints, and the log made small. Then the plug is pulled in the middle of every write, 300
seeds taking turns, and a node comes up over what the disk may have kept.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from edge.bootstrap import Node, build
from edge.kernel import compaction, log, meta
from edge.kernel import database as kernel
from edge.kernel.settings import Settings
from sync.catalogue import load
from sync.kernel import chain
from tests.edge.folding import differing
from tests.edge.queues import Full
from tests.support.nodes import (
    ALL_LEGS,
    CLERK_NO,
    COACH_TRIP,
    FERRY_TRIP,
    TODAY,
    Bench,
    CountingIds,
    NoLine,
    make_bench,
)
from tests.support.powercut import PowerDisk, plugged_in
from tests.support.powercut.replay import Recorded, outcomes

SEEDS = 300
CHECKPOINT_PAGES = 60  # SQLite's own 1000 would need hundreds of sales between two checkpoints
SEGMENT = 6
Head = tuple[int, bytes]


@contextmanager
def opened_with(pragmas: tuple[str, ...], allowed: dict[str, object]) -> Iterator[None]:
    """Nodes open their database with these settings on top of their own, and don't refuse to work with them."""
    plain = kernel.Database._open

    def opened(self: kernel.Database) -> sqlite3.Connection:
        connection = plain(self)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    with mock.patch.object(kernel.Database, "_open", opened), mock.patch.dict(kernel.WANTED, allowed):
        yield


def sell_together(bench: Bench, count: int) -> None:
    """So many sales in one commit."""
    scribe = bench.node.scribe
    plain, scribe._waiting = scribe._waiting, Full(count)
    threads = [threading.Thread(target=bench.sell, args=(0, 1, None, FERRY_TRIP)) for _ in range(count)]
    with scribe._pen:
        for thread in threads:
            thread.start()
        assert scribe._waiting.reached.wait(20)
    for thread in threads:
        thread.join(20)
    scribe._waiting = plain


def pack(bench: Bench) -> int:
    """The hub has all of the log, and the log is made small."""
    head = bench.node.scribe.log.head.seq
    bench.node.scribe.write(lambda unit: meta.put(unit.connection, sent_from=head))
    with mock.patch.object(compaction, "SEGMENT", SEGMENT), mock.patch.object(compaction, "SPARE_PAGES", 0):
        return compaction.Compaction(bench.node.database, bench.node.scribe).run()


def record(folder: Path) -> Recorded[Head]:
    """A day at a node, and after each act how long its log was and the hash of all of it."""
    run: Recorded[Head] = Recorded(PowerDisk(folder, keep_tape=True))

    def told() -> None:
        head = bench.node.scribe.log.head
        run.tell((head.seq, head.hash))

    with plugged_in(run.disk):
        bench = make_bench(folder, kind="vehicle")
        bench.grant(FERRY_TRIP, counts={0: 110})
        bench.node.scribe.begin()
        for turn in range(12):
            bench.grant(COACH_TRIP, seats={turn + 1: ALL_LEGS})
            told()
            shift = bench.node.shifts.open(CLERK_NO, {"CNY": 100 * turn})
            told()
            sold = [bench.sell(0, 4), bench.sell(0, 1, trip_no=FERRY_TRIP)]
            told()
            sell_together(bench, 2 + turn % 5)
            told()
            assert bench.node.boarding.check(sold[0].text, COACH_TRIP, TODAY, "g1", CLERK_NO).colour == "green"
            told()
            bench.node.ratings.rate(sold[0].text, "", 5, ["clean"], "稳" * turn, "zh-Hans")
            told()
            assert pack(bench) > 0
            told()
            bench.node.prints.copy(sold[1].number, CLERK_NO)
            bench.node.shifts.close(shift.shift_no, CLERK_NO, {("CNY", 0): 100 * turn})
            told()
    run.disk.remove()
    return run


def judge(place: Path, told: Head | None) -> str:
    """A node comes up over what the disk kept: ``whole``, ``lost`` (something acknowledged is not there) or ``broken``."""
    node = None
    try:
        node = build(Settings(data=place), ids=CountingIds(9), transport=NoLine(), record_start=False)
        return judge_node(node, *(told or (0, chain.GENESIS)))
    except Exception:  # a damaged file comes up with anything, or with nothing
        return "broken"
    finally:
        if node is not None:
            node.database.close()


def judge_node(node: Node, seq: int, hashed: bytes) -> str:
    """The chain is whole, it goes on from ``hashed`` after ``seq`` events, and the state is its fold."""
    connection = node.database.writer
    length = log.check_chain(connection)
    if length < seq or log.hash_at(connection, seq) != hashed:
        return "lost"
    return "broken" if length != node.scribe.log.head.seq or differing(node) else "whole"


def cut_everywhere(tmp_path: Path, every: int = 1) -> Counter[str]:
    """Record a run with the settings that are in force, and cut the power at every write of it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "cuts").mkdir()
    with mock.patch("edge.bootstrap.load", functools.cache(load)):  # its texts are no part of this, and cost most
        run = record(tmp_path / "run")
        key = (tmp_path / "run" / "node.key").read_bytes()

        def with_key(place: Path, told: Head | None) -> str:
            (place / "node.key").write_bytes(key)
            return judge(place, told)

        return outcomes(run, SEEDS, tmp_path / "cuts", with_key, every)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_power_cut_at_any_write_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with opened_with((f"wal_autocheckpoint={CHECKPOINT_PAGES}",), {}):
        found = cut_everywhere(tmp_path)
    assert found["cuts"] == found["whole"] >= SEEDS * 2, found
    assert found["seeds"] == 0


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_same_cuts_find_what_weaker_settings_lose(tmp_path: Path, synchronous: str) -> None:
    """The canary: a test that NORMAL survives would be blind."""
    pragmas = (f"wal_autocheckpoint={CHECKPOINT_PAGES}", f"synchronous={synchronous}")
    with opened_with(pragmas, {"synchronous": {"NORMAL": 1, "OFF": 0}[synchronous]}):
        found = cut_everywhere(tmp_path, every=5)
    assert found["lost"] + found["broken"] > found["cuts"] // 4, found
    assert found["whole"] > 0, found
