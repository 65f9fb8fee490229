"""The event log of a node: append-only, chained, whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.kernel import log
from edge.kernel.log import MARK_EVERY, EventLog
from sync.domains import EVENTS
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ratings.events import TripRated
from sync.kernel import chain
from sync.kernel.errors import Broken, Malformed
from sync.kernel.events import NodeStarted

LENGTH = 3 * MARK_EVERY + 5


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    found = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    found.execute("PRAGMA synchronous=OFF")
    found.execute("CREATE TABLE event_log (seq INTEGER PRIMARY KEY, event BLOB NOT NULL)")
    found.execute("CREATE TABLE log_mark (seq INTEGER PRIMARY KEY, hash BLOB NOT NULL)")
    log.add_segments(found)
    book = EventLog(found)
    for number in range(LENGTH):
        book.append(SeatsAsked(number, 1, 0, 1, 1), 1_000 + number, number, 0)
    return found


def test_the_chain_is_whole_and_its_head_is_found_again(connection: sqlite3.Connection) -> None:
    events = [event for _, event in log.events_after(connection)]
    assert log.check_chain(connection) == LENGTH
    assert EventLog(connection).head.hash == chain.head(chain.GENESIS, events)
    for seq in (0, 1, MARK_EVERY - 1, MARK_EVERY, MARK_EVERY + 1, LENGTH):
        assert log.hash_at(connection, seq) == chain.head(chain.GENESIS, events[:seq])


def test_an_empty_log_begins_at_genesis(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM event_log")
    connection.execute("DELETE FROM log_mark")
    assert EventLog(connection).head == log.Head(0, chain.GENESIS, 0)
    assert log.check_chain(connection) == 0


@pytest.mark.parametrize("seq", [1, 2, MARK_EVERY, MARK_EVERY + 1, 2 * MARK_EVERY + 7])
def test_a_missing_event_is_seen(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute("DELETE FROM event_log WHERE seq = ?", (seq,))
    with pytest.raises(Broken, match="hole"):
        log.check_chain(connection)


def test_no_hash_is_worked_out_across_a_hole(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM event_log WHERE seq = 3")
    with pytest.raises(Broken, match="hole"):
        log.hash_at(connection, 5)


@pytest.mark.parametrize("seq", [1, 2, MARK_EVERY, MARK_EVERY + 1, 3 * MARK_EVERY])
def test_a_changed_event_is_seen(connection: sqlite3.Connection, seq: int) -> None:
    (event,) = connection.execute("SELECT event FROM event_log WHERE seq = ?", (seq,)).fetchone()
    changed = bytearray(event)
    changed[-1] ^= 1
    connection.execute("UPDATE event_log SET event = ? WHERE seq = ?", (bytes(changed), seq))
    with pytest.raises(Broken, match="changed"):
        log.check_chain(connection)


def test_two_events_that_changed_places_are_seen(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_log SET seq = -5 WHERE seq = 5")
    connection.execute("UPDATE event_log SET seq = 5 WHERE seq = 6")
    connection.execute("UPDATE event_log SET seq = 6 WHERE seq = -5")
    with pytest.raises(Broken, match="changed"):
        log.check_chain(connection)


def test_a_forged_mark_is_seen(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE log_mark SET hash = ? WHERE seq = ?", (bytes(32), MARK_EVERY))
    with pytest.raises(Broken, match="changed"):
        log.check_chain(connection)


def test_a_slice_keeps_both_bounds_but_gives_at_least_one(connection: sqlite3.Connection) -> None:
    one = len(log.slice_after(connection, 0, 1, 1)[0])
    assert len(log.slice_after(connection, 0, 10, 1 << 20)) == 10
    assert len(log.slice_after(connection, 0, 100, 3 * one)) == 3
    assert len(log.slice_after(connection, 0, 100, 0)) == 1
    assert log.slice_after(connection, LENGTH, 100, 1 << 20) == []


def test_hybrid_time_never_goes_back_though_the_clock_does(connection: sqlite3.Connection) -> None:
    book = EventLog(connection)
    stamps = [book.append(SeatsAsked(1, 1, 0, 1, 1), wall, 0, 0)[1].hlc for wall in (5_000, 10, 0, -5, 5_001)]
    assert stamps == sorted(set(stamps))
    assert EventLog(connection).head.hlc == stamps[-1]


@pytest.mark.parametrize(
    "event",
    [
        SeatsAsked(None, 1, 0, 1, 1),  # type: ignore[arg-type]
        SeatsAsked(True, 1, 0, 1, 1),
        NodeStarted("text", "0.1.0"),  # type: ignore[arg-type]
        TripRated(b"12345678", 1, 1, 5, ("clean", 7), "", "en"),  # type: ignore[arg-type]
        TripRated(b"12345678", 1, 1, 5, (), "\ud800", "en"),
    ],
)
def test_an_event_that_could_not_be_read_again_is_never_written(connection: sqlite3.Connection, event: object) -> None:
    """One such event at the end of the log and the box would not start."""
    book = EventLog(connection)
    with pytest.raises(Malformed):
        book.append(event, 1_000, 0, 0)  # type: ignore[arg-type]
    assert EventLog(connection).head == book.head
    assert log.check_chain(connection) == LENGTH


def test_an_event_above_its_bound_is_never_written(connection: sqlite3.Connection) -> None:
    book = EventLog(connection)
    with pytest.raises(Malformed, match="event_size"):
        book.append(TripRated(b"12345678", 1, 1, 5, (), "长" * 6_000, "en"), 1_000, 0, 0)
    assert log.check_chain(connection) == LENGTH


def test_an_event_of_a_newer_software_at_the_end_does_not_stop_an_older_one(connection: sqlite3.Connection) -> None:
    """The box was put back to an older version."""
    data = bytes.fromhex("8619ffff021a00ffffff000081f6")
    assert EVENTS.decode(data).event is None
    connection.execute("INSERT INTO event_log (seq, event) VALUES (?, ?)", (LENGTH + 1, data))
    book = EventLog(connection)
    assert (book.head.seq, book.head.hlc) == (LENGTH + 1, 0xFFFFFF)
    book.append(SeatsAsked(1, 1, 0, 1, 1), 0, 0, 0)
    assert log.check_chain(connection) == LENGTH + 2
