"""The node's event log: append-only, hash-chained, in the same transaction as the state that it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sync.domains import EVENTS
from sync.kernel import chain, hlc
from sync.kernel.errors import broken
from sync.kernel.events import Event, Stamp

MARK_EVERY: Final = 64


@dataclass(frozen=True)
class Head:
    """The log's end: last sequence, chain hash after it, last hybrid logical time."""

    seq: int
    hash: bytes
    hlc: int


class EventLog:
    """The writer's view of the log. ``head`` is kept in memory and put back when a transaction is rolled back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.head = self._read_head()

    def _read_head(self) -> Head:
        last = self._connection.execute("SELECT seq, event FROM event_log ORDER BY seq DESC LIMIT 1").fetchone()
        if last is None:
            return Head(0, chain.GENESIS, 0)
        return Head(last[0], hash_at(self._connection, last[0]), EVENTS.decode(last[1]).stamp.hlc)

    def append(self, event: Event, wall_ms: int, mono_ms: int, hub_ms: int) -> tuple[int, Stamp]:
        """Write ``event`` as the next one; inside the caller's transaction. Gives its sequence and stamp."""
        stamp = Stamp(hlc.following(self.head.hlc, wall_ms), max(mono_ms, 0), hub_ms)
        data = EVENTS.encode(event, stamp)
        head = Head(self.head.seq + 1, chain.link(self.head.hash, data), stamp.hlc)
        self._connection.execute("INSERT INTO event_log (seq, event) VALUES (?, ?)", (head.seq, data))
        if head.seq % MARK_EVERY == 0:
            self._connection.execute("INSERT INTO log_mark (seq, hash) VALUES (?, ?)", (head.seq, head.hash))
        self.head = head
        return head.seq, stamp


def hash_at(connection: sqlite3.Connection, seq: int) -> bytes:
    """Chain hash after event ``seq``, recomputed from the nearest mark. A missing event is a broken invariant."""
    mark = connection.execute(
        "SELECT seq, hash FROM log_mark WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,)
    ).fetchone() or (0, chain.GENESIS)
    rows = connection.execute(
        "SELECT event FROM event_log WHERE seq > ? AND seq <= ? ORDER BY seq", (mark[0], seq)
    ).fetchall()
    if len(rows) != seq - mark[0]:
        broken(f"log has a hole before {seq}")
    return chain.head(mark[1], (row[0] for row in rows))


def slice_after(connection: sqlite3.Connection, after_seq: int, max_events: int, max_bytes: int) -> list[bytes]:
    """Events after ``after_seq`` within both bounds, at least one if there is one."""
    found: list[bytes] = []
    size = 0
    rows = connection.execute("SELECT event FROM event_log WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, max_events))
    for (event,) in rows:
        size += len(event)
        if found and size > max_bytes:
            break
        found.append(event)
    return found


def events_after(connection: sqlite3.Connection, after_seq: int = 0) -> Iterator[tuple[int, bytes]]:
    """``(seq, event bytes)`` in order."""
    yield from connection.execute("SELECT seq, event FROM event_log WHERE seq > ? ORDER BY seq", (after_seq,))


def check_chain(connection: sqlite3.Connection) -> int:
    """Recompute the whole chain against every mark. Gives the number of events; raises :class:`Broken`."""
    previous, expected = chain.GENESIS, 0
    marks = dict(connection.execute("SELECT seq, hash FROM log_mark"))
    for seq, event in events_after(connection):
        expected += 1
        if seq != expected:
            broken(f"log has a hole before {seq}")
        previous = chain.link(previous, event)
        if seq in marks and marks[seq] != previous:
            broken(f"log was changed at or before {seq}")
    return expected
