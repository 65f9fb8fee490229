"""The one way to write: group commit, rollback, a full disk, a box that must not write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bootstrap import build
from edge.domains.ticketing import store
from edge.kernel import log
from edge.kernel.scribe import MAX_BATCH, Scribe, UnitOfWork
from edge.kernel.settings import Settings
from sync.domains.inventory.events import SeatsAsked
from sync.kernel.errors import Broken, Refusal, broken
from tests.edge.queues import Full
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, Bench, CountingIds, FakeClock, NoLine, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def asked(number: int) -> SeatsAsked:
    return SeatsAsked(number, 1, 0, 1, 1)


def appends(count: int) -> list[Callable[[UnitOfWork], Any]]:
    """So many pieces of work, each of which appends one event and gives its sequence."""

    def append(number: int) -> Callable[[UnitOfWork], Any]:
        return lambda unit: unit.append(asked(number))[0]

    return [append(number) for number in range(count)]


def length(bench: Bench) -> int:
    return bench.node.database.read().execute("SELECT count(*) FROM event_log").fetchone()[0]


def write_together(scribe: Scribe, works: list[Callable[[UnitOfWork], Any]]) -> list[Any]:
    """All ``works`` in one group commit (up to its size): they gather while another holds the pen."""
    queue = scribe._waiting = Full(len(works))
    found: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            found[number] = scribe.write(works[number])
        except BaseException as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    with scribe._pen:
        for thread in threads:
            thread.start()
        assert queue.reached.wait(20)
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return found


class Watched:
    """The writer's connection, with a look at (or a fault in) some statements."""

    def __init__(self, connection: sqlite3.Connection, on: dict[str, Callable[[], None]]) -> None:
        self.real, self.on = connection, on
        self.statements: list[str] = []

    def execute(self, text: str, *values: Any) -> Any:
        self.statements.append(text)
        if text in self.on:
            self.on[text]()
        return self.real.execute(text, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def fault(name: str) -> Callable[[], None]:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorname = name

    def burst() -> None:
        raise error

    return burst


def test_many_pieces_share_one_commit_and_each_gets_its_own_result(bench: Bench) -> None:
    scribe = bench.node.scribe
    watched = scribe.connection = Watched(scribe.connection, {})  # type: ignore[assignment]
    found = write_together(scribe, appends(30))
    assert sorted(found) == list(range(2, 32))
    assert watched.statements.count("COMMIT") == 1
    assert log.check_chain(bench.node.database.read()) == 31


def test_more_than_a_batch_is_written_in_several(bench: Bench) -> None:
    scribe = bench.node.scribe
    watched = scribe.connection = Watched(scribe.connection, {})  # type: ignore[assignment]
    found = write_together(scribe, appends(MAX_BATCH + 6))
    assert sorted(found) == list(range(2, MAX_BATCH + 8))
    assert watched.statements.count("COMMIT") == 2


def test_a_piece_that_raises_leaves_nothing_and_harms_no_neighbour(bench: Bench) -> None:
    def failing(unit: UnitOfWork) -> None:
        unit.append(asked(99))
        unit.connection.execute("INSERT INTO meta (name, value) VALUES ('left', 'behind')")
        raise Refusal("no_seat")

    works = appends(4)
    found = write_together(bench.node.scribe, [*works[:2], failing, *works[2:], failing])
    refused = [one for one in found if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["no_seat"] * 2
    assert sorted(one for one in found if isinstance(one, int)) == [2, 3, 4, 5]
    reader = bench.node.database.read()
    assert log.check_chain(reader) == 5
    assert reader.execute("SELECT count(*) FROM meta WHERE name = 'left'").fetchone() == (0,)
    assert bench.node.scribe.log.head.hash == log.hash_at(reader, 5)


def test_the_head_is_right_after_a_rollback(bench: Bench) -> None:
    head = bench.node.scribe.log.head

    def failing(unit: UnitOfWork) -> None:
        for number in range(100):  # across a mark
            unit.append(asked(number))
        raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        bench.node.scribe.write(failing)
    assert bench.node.scribe.log.head == head
    bench.node.scribe.write(lambda unit: unit.append(asked(1)))
    assert log.check_chain(bench.node.database.read()) == head.seq + 1


def test_after_a_commit_that_failed_nobody_believes_in_his_piece(bench: Bench) -> None:
    scribe, real = bench.node.scribe, bench.node.scribe.connection
    head, before = scribe.log.head, length(bench)
    scribe.connection = Watched(real, {"COMMIT": fault("SQLITE_FULL")})  # type: ignore[assignment]
    found = write_together(scribe, appends(5))
    assert [getattr(one, "code", one) for one in found] == ["disk_full"] * 5
    assert (scribe.log.head, length(bench)) == (head, before)
    scribe.connection = real
    scribe.write(lambda unit: unit.append(asked(1)))
    assert log.check_chain(bench.node.database.read()) == before + 1


def test_a_result_given_before_the_commit_would_be_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above: a scribe that calls a piece done when it ran, not when it is on the disk."""
    scribe = bench.node.scribe
    as_refusal = "edge.kernel.scribe._as_refusal"
    monkeypatch.setattr(as_refusal, lambda error: None)
    scribe.connection = Watched(scribe.connection, {"COMMIT": fault("SQLITE_FULL")})  # type: ignore[assignment]
    found = write_together(scribe, appends(5))
    assert found != ["disk_full"] * 5
    assert length(bench) == 1


@pytest.mark.parametrize("name", ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC"])
def test_both_faces_of_a_full_disk_are_a_refusal(bench: Bench, name: str) -> None:
    scribe = bench.node.scribe
    real = scribe.connection
    for statement in ("BEGIN IMMEDIATE", "COMMIT"):
        scribe.connection = Watched(real, {statement: fault(name)})  # type: ignore[assignment]
        with pytest.raises(Refusal, match="disk_full"):
            scribe.write(lambda unit: unit.append(asked(1)))
        scribe.connection = real
    scribe.write(lambda unit: unit.append(asked(1)))


def test_a_full_disk_stops_selling_in_words_and_nothing_is_lost(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 5_000})
    writer = bench.node.database.writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 3}")
    sold = []
    with pytest.raises(Refusal, match="disk_full"):
        for _ in range(5_000):
            sold.append(bench.sell(0, 1, trip_no=FERRY_TRIP).ticket_id.serial)
    writer.execute(f"PRAGMA max_page_count = {pages + 3_000}")
    assert bench.sell(0, 1, trip_no=FERRY_TRIP).ticket_id.serial == sold[-1] + 1 == len(sold) + 1
    reader = bench.node.database.read()
    assert store.next_serial(reader) == len(sold) + 2
    assert log.check_chain(reader) == bench.node.scribe.log.head.seq


def test_a_full_disk_while_many_write_refuses_some_and_harms_no_chain(bench: Bench) -> None:
    writer = bench.node.database.writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 2}")

    def large(unit: UnitOfWork) -> int:
        return [unit.append(asked(number))[0] for number in range(40)][-1]

    found = write_together(bench.node.scribe, [large] * 16)
    full = [one for one in found if isinstance(one, Refusal)]
    assert full
    assert {one.code for one in full} == {"disk_full"}
    writer.execute(f"PRAGMA max_page_count = {pages + 3_000}")
    bench.node.scribe.write(lambda unit: unit.append(asked(1)))
    kept = 40 * (16 - len(full)) + 2
    assert log.check_chain(bench.node.database.read()) == kept == bench.node.scribe.log.head.seq


def test_a_broken_invariant_stops_the_box_also_for_those_who_wait_already(bench: Bench) -> None:
    def impossible(unit: UnitOfWork) -> None:
        unit.append(asked(99))
        broken("a seat has two owners")

    before = length(bench)
    works = appends(3)
    found = write_together(bench.node.scribe, [impossible, *works])
    assert [type(one) for one in found if isinstance(one, Broken)] == [Broken]
    after = [one for one in found if not isinstance(one, Broken)]
    written = [one for one in after if isinstance(one, int)]
    assert {one.code for one in after if isinstance(one, Refusal)} <= {"box_stopped"}
    assert length(bench) == before + len(written)
    with pytest.raises(Refusal, match="box_stopped"):
        bench.node.scribe.write(lambda unit: unit.append(asked(1)))
    assert not bench.node.fleet.status().can_sell


def test_nothing_is_written_behind_a_broken_invariant(bench: Bench) -> None:
    scribe, order = bench.node.scribe, []

    def impossible(unit: UnitOfWork) -> None:
        order.append("broken")
        broken("a seat has two owners")

    def ordinary(unit: UnitOfWork) -> None:
        order.append("written")

    write_together(scribe, [impossible, *[ordinary] * 10])
    assert order[-1] == "broken"


def test_an_interrupt_in_a_piece_keeps_nothing_and_frees_the_pen(bench: Bench) -> None:
    def stopped(unit: UnitOfWork) -> None:
        unit.append(asked(1))
        raise KeyboardInterrupt

    before = length(bench)
    with pytest.raises(KeyboardInterrupt):
        bench.node.scribe.write(stopped)
    assert length(bench) == before
    bench.node.scribe.write(lambda unit: unit.append(asked(1)))
    assert log.check_chain(bench.node.database.read()) == before + 1


def test_nobody_waits_for_ever_when_even_the_rollback_fails(bench: Bench) -> None:
    scribe = bench.node.scribe
    on = {"COMMIT": fault("SQLITE_IOERR_WRITE")}

    def once() -> None:
        del on["ROLLBACK"]
        fault("SQLITE_IOERR_WRITE")()

    on["ROLLBACK"] = once
    scribe.connection = Watched(scribe.connection, on)  # type: ignore[assignment]
    found = write_together(scribe, appends(4))
    assert all(isinstance(one, Exception) for one in found)
    on.clear()
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        scribe.write(lambda unit: unit.append(asked(1)))
    scribe.write(lambda unit: unit.append(asked(1)))
    assert log.check_chain(bench.node.database.read()) == 2


def test_a_box_whose_sqlite_does_not_obey_sells_nothing_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bench(tmp_path)
    connect = sqlite3.connect

    class Lazy(sqlite3.Connection):
        """An SQLite built or wrapped so that it never waits for the disk."""

        def execute(self, text: str, *values: Any) -> sqlite3.Cursor:
            return super().execute(text.replace("synchronous=FULL", "synchronous=NORMAL"), *values)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, factory=Lazy, **more))
    node = build(Settings(data=tmp_path), FakeClock(), CountingIds(99), NoLine())
    assert node.database.disobeys == ["synchronous"]
    with pytest.raises(Refusal, match="box_stopped"):
        node.scribe.write(lambda unit: unit.append(asked(1)))
    status = node.fleet.status()
    assert not status.can_sell
    assert ("box_stopped", {"reason": "sqlite_disobeys"}) in [(one.code, one.details) for one in status.issues]


def test_a_box_with_a_full_disk_comes_up_and_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log.EventLog, "append", lambda *_: fault("SQLITE_FULL")())
    status = bench.restart().fleet.status()
    assert not status.can_sell
    assert "disk_full" in [one.code for one in status.issues]
    assert bench.node.timetable.destinations()


@pytest.mark.parametrize(("name", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_the_settings_are_what_the_disk_needs(bench: Bench, name: str, value: object) -> None:
    assert bench.node.database.disobeys == []
    assert bench.node.database.writer.execute(f"PRAGMA {name}").fetchone()[0] == value


def test_a_reader_can_not_write(bench: Bench) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        bench.node.database.read().execute("DELETE FROM event_log")


def test_a_reader_sees_a_sale_only_when_it_is_committed(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    seen = []

    def look(unit: UnitOfWork) -> None:
        unit.append(asked(1))
        seen.append(length(bench))

    before = length(bench)
    bench.node.scribe.write(look)
    assert (seen, length(bench)) == ([before], before + 1)
