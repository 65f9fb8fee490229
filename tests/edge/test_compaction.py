"""The log made small: the same log to every reader, nothing packed that the hub may still lack, and a smaller file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.kernel import compaction, log, meta
from edge.kernel.compaction import SPARE_PAGES, Compaction
from edge.kernel.log import EventLog
from sync.domains.inventory.events import SeatsAsked
from sync.kernel import days
from sync.kernel.errors import Broken, Refusal
from tests.edge.folding import differing
from tests.edge.hub import chain_of, connect
from tests.edge.old_database import make_old
from tests.simulation.checks.readings import node_log
from tests.support.nodes import CLERK_NO, FERRY_TRIP, TODAY, Bench, make_bench

SEGMENT = 8
SALES = 30
LATER = TODAY + 9


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SEGMENT", SEGMENT)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(FERRY_TRIP, LATER, counts={0: 1_000})
    return found


def sold(bench: Bench, count: int = SALES) -> list[str]:
    return [bench.sell(0, 1, trip_no=FERRY_TRIP, day=LATER).number for _ in range(count)]


def acknowledge(bench: Bench, seq: int) -> None:
    bench.node.scribe.write(lambda unit: meta.put(unit.connection, sent_from=seq))


def pack(bench: Bench) -> int:
    return Compaction(bench.node.database, bench.node.scribe).run()


def rows(bench: Bench) -> list[int]:
    return [row[0] for row in bench.node.database.read().execute("SELECT seq FROM event_log ORDER BY seq")]


def segments(bench: Bench) -> list[int]:
    return [row[0] for row in bench.node.database.read().execute("SELECT last_seq FROM log_segment ORDER BY last_seq")]


def test_a_turn_with_the_hub_packs_what_was_acknowledged(bench: Bench) -> None:
    hub = connect(bench)
    sold(bench)
    head = bench.node.scribe.log.head.seq
    assert bench.node.schedule.turn().error is None
    assert segments(bench) == list(range(SEGMENT, head, SEGMENT))
    assert [data for _, data in log.events_after(bench.node.database.read())] == hub.log
    assert [seq for seq, _ in node_log(bench.node.database.read())] == list(range(1, head + 1))


def test_nothing_is_packed_before_the_hub_has_it(bench: Bench) -> None:
    sold(bench)
    head = bench.node.scribe.log.head.seq
    for acked in (0, SEGMENT - 1, SEGMENT, SEGMENT + 3, 3 * SEGMENT - 1):
        acknowledge(bench, acked)
        pack(bench)
        assert segments(bench) == list(range(SEGMENT, acked + 1, SEGMENT))
        assert rows(bench) == list(range(acked // SEGMENT * SEGMENT + 1, head + 1))


def test_the_newest_event_stays_a_row(bench: Bench) -> None:
    sold(bench, SEGMENT - bench.node.scribe.log.head.seq % SEGMENT)
    head = bench.node.scribe.log.head
    assert head.seq % SEGMENT == 0
    acknowledge(bench, head.seq)
    pack(bench)
    assert rows(bench)[-1] == head.seq
    assert EventLog(bench.node.database.read()).head == head


def test_every_reader_finds_the_same_log_before_and_after(bench: Bench) -> None:
    numbers = sold(bench)
    reader = bench.node.database.read()
    events = [data for _, data in log.events_after(reader)]
    before = [bench.node.ticketing.find(number) for number in numbers]
    day = bench.node.ticketing.takings(None, TODAY)
    acknowledge(bench, len(events))
    pack(bench)
    assert len(rows(bench)) <= SEGMENT
    for seq in range(len(events) + 1):
        assert log.hash_at(reader, seq) == chain_of(events[:seq])
        assert log.slice_after(reader, seq, 7, 1 << 20) == events[seq : seq + 7]
        assert [data for _, data in log.events_after(reader, seq)] == events[seq:]
    assert log.check_chain(reader) == len(events)
    assert [bench.node.ticketing.find(number) for number in numbers] == before
    assert bench.node.ticketing.takings(None, TODAY) == day
    assert day.count == SALES == len(day.tickets)
    assert differing(bench.node) == []
    assert bench.restart().scribe.log.head.seq == len(events) + 1


def test_a_hub_that_lost_everything_gets_it_all_again_out_of_segments(bench: Bench) -> None:
    hub = connect(bench)
    sold(bench)
    bench.node.schedule.turn()
    held = list(hub.log)
    assert segments(bench)
    hub.log = []
    bench.node.schedule.turn()
    sold(bench, 1)
    bench.node.schedule.turn()
    assert hub.log[: len(held)] == held
    assert len(hub.log) == bench.node.scribe.log.head.seq


def test_a_reader_in_the_middle_of_the_log_sees_each_event_once(bench: Bench) -> None:
    sold(bench)
    head = bench.node.scribe.log.head.seq
    acknowledge(bench, head)
    seen = []
    for seq, _ in log.events_after(bench.node.database.read()):
        seen.append(seq)
        if seq == SEGMENT // 2:
            pack(bench)
    assert seen == list(range(1, head + 1))


@pytest.mark.parametrize("statement", ["INSERT INTO log_segment", "DELETE FROM event_log", "DELETE FROM log_mark"])
def test_where_a_step_fails_nothing_of_it_stays(bench: Bench, statement: str) -> None:
    sold(bench)
    acknowledge(bench, SALES)
    before = node_log(bench.node.database.read())
    table = statement.split()[-1]
    kind = statement.split()[0]
    bench.node.scribe.write(lambda unit: unit.connection.execute("INSERT OR IGNORE INTO log_mark VALUES (1, x'00')"))
    trigger = f"CREATE TRIGGER no BEFORE {kind} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
    bench.node.database.writer.execute(trigger)
    assert pack(bench) == 0
    assert node_log(bench.node.database.read()) == before
    assert segments(bench) == []
    bench.node.database.writer.execute("DROP TRIGGER no")
    assert pack(bench) > 0
    assert node_log(bench.node.database.read()) == before


def test_a_log_that_changed_since_it_was_packed_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing is done without the pen: somebody may put another log into the box meanwhile."""
    sold(bench)
    acknowledge(bench, SALES)
    packing = log.pack

    def changed(events: list[bytes]) -> bytes:
        bench.node.scribe.write(lambda unit: meta.put(unit.connection, sent_from=0))
        return packing(events)

    monkeypatch.setattr(log, "pack", changed)
    assert pack(bench) == 0
    assert segments(bench) == []


def test_a_segment_that_was_changed_is_seen(bench: Bench) -> None:
    sold(bench)
    acknowledge(bench, SALES)
    pack(bench)
    reader = bench.node.database.read()
    events = log.unpack(reader.execute("SELECT events FROM log_segment WHERE last_seq = ?", (SEGMENT,)).fetchone()[0])
    other = log.pack([*events[:-1], events[-1][:-1] + b"\x07"])
    for forged in (other, log.pack(events[1:]), b"", b"\x01nonsense"):
        bench.node.database.writer.execute("UPDATE log_segment SET events = ? WHERE last_seq = ?", (forged, SEGMENT))
        with pytest.raises(Broken):
            log.check_chain(reader)


def test_a_box_that_has_stopped_packs_nothing_and_says_nothing_new(bench: Bench) -> None:
    sold(bench)
    acknowledge(bench, SALES)
    bench.node.scribe.stopped = "a test"
    assert pack(bench) == 0
    with pytest.raises(Refusal):
        bench.node.scribe.record(lambda unit: None)


def test_room_goes_back_to_the_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "SEGMENT", 256)
    writer = bench.node.database.writer
    empty = writer.execute("PRAGMA page_count").fetchone()[0]
    for _ in range(400):
        bench.node.scribe.record(lambda unit: [unit.append(SeatsAsked(1, 1, 0, 1, 1)) for _ in range(25)])
    before = writer.execute("PRAGMA page_count").fetchone()[0]
    acknowledge(bench, 10_000)
    while pack(bench):
        pass
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert writer.execute("PRAGMA freelist_count").fetchone()[0] <= SPARE_PAGES
    assert writer.execute("PRAGMA page_count").fetchone()[0] - empty < (before - empty) * 0.6
    assert (bench.node.settings.database).stat().st_size == writer.execute("PRAGMA page_count").fetchone()[0] * 4096


def test_a_database_of_the_first_version_is_brought_up_to_date(bench: Bench) -> None:
    numbers = sold(bench)
    find, takings = bench.node.ticketing.find, bench.node.ticketing.takings
    before = [find(number) for number in numbers], takings(CLERK_NO, TODAY)
    bench.node.database.read().close()
    bench.node.database.close()
    make_old(bench.node.settings.database, keys={n: f"sale-1-{n:06d}" for n in range(1, SALES + 1)})
    node = bench.restart()
    assert ([node.ticketing.find(number) for number in numbers], node.ticketing.takings(CLERK_NO, TODAY)) == before
    assert bench.sell(0, 1, trip_no=FERRY_TRIP, day=LATER, key="sale-1-000003").number == numbers[2]
    assert differing(node) == []
    assert node.database.writer.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
    fresh = make_bench(bench.node.settings.data / "fresh")
    assert tables(node.database.read()) == tables(fresh.node.database.read())


def tables(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'index')").fetchall()
    return {name: connection.execute(f"SELECT * FROM pragma_table_xinfo('{name}')").fetchall() for (name,) in names}


def test_takings_are_those_of_the_day(bench: Bench) -> None:
    """A span of time is found among the serials, at its edges too."""
    by_day: dict[int, list[str]] = {}
    for _ in range(12):
        by_day.setdefault(days.day_at(bench.clock.wall, "Asia/Shanghai"), []).extend(sold(bench, 1))
        bench.clock.pass_ms(5 * 3_600_000)
    for day in range(TODAY - 1, TODAY + 4):
        found = bench.node.ticketing.takings(None, day)
        assert [ticket.number for ticket in found.tickets] == by_day.get(day, [])[::-1]
        assert found.totals == ({"CNY": sum(t.price_minor for t in found.tickets)} if found.count else {})
    assert bench.node.ticketing.takings(99, TODAY).count == 0
