"""The node's event log: append-only, hash-chained, in the same transaction as the state that it changes.

An event is a row of ``event_log`` until the hub has acknowledged it; later it may stand in a packed segment
(:mod:`edge.kernel.compaction`). Readers here find it in either place, and the newest event always is a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sync.domains import EVENTS
from sync.kernel import cbor, chain, hlc, wire
from sync.kernel.errors import Malformed, broken
from sync.kernel.events import Envelope, Event, Stamp

MARK_EVERY: Final = 64
MAX_SEGMENT_BYTES: Final = 8 * 1024 * 1024
# One statement sees one state of the database: a segment that is being made can't hide an event from it.
_SPAN: Final = (
    "SELECT last_seq, NULL, events FROM log_segment WHERE last_seq > ?1 "
    "UNION ALL SELECT seq, event, NULL FROM event_log WHERE seq > ?1 ORDER BY 1"
)
_MARK: Final = (
    "SELECT seq, hash FROM log_mark WHERE seq <= ?1 "
    "UNION ALL SELECT last_seq, hash FROM log_segment WHERE last_seq <= ?1 ORDER BY 1 DESC LIMIT 1"
)


@dataclass(frozen=True)
class Head:
    """The log's end: last sequence, chain hash after it, last hybrid logical time."""

    seq: int
    hash: bytes
    hlc: int


def add_segments(connection: sqlite3.Connection) -> None:
    """Migration of databases from before 0.2: there were no segments."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS log_segment "
        "(last_seq INTEGER PRIMARY KEY, hash BLOB NOT NULL, events BLOB NOT NULL)"
    )


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
    mark = connection.execute(_MARK, (seq,)).fetchone() or (0, chain.GENESIS)
    events = [event for _, event in events_after(connection, mark[0], seq)]
    if len(events) != seq - mark[0]:
        broken(f"log has a hole before {seq}")
    return chain.head(mark[1], events)


def slice_after(connection: sqlite3.Connection, after_seq: int, max_events: int, max_bytes: int) -> list[bytes]:
    """Events after ``after_seq`` within both bounds, at least one if there is one."""
    found: list[bytes] = []
    size = 0
    for _, event in events_after(connection, after_seq, after_seq + max_events):
        size += len(event)
        if found and size > max_bytes:
            break
        found.append(event)
    return found


def envelopes(connection: sqlite3.Connection, seqs: Sequence[int]) -> Iterator[tuple[int, Envelope]]:
    """Events at ascending ``seqs``, decoded. A missing one is a broken invariant."""
    wanted = iter(seqs)
    following = next(wanted, None)
    for seq, event in events_after(connection, seqs[0] - 1, seqs[-1]) if seqs else ():
        if seq == following:
            yield seq, EVENTS.decode(event)
            following = next(wanted, None)
    if following is not None:
        broken(f"log has no event {following}")


def events_after(
    connection: sqlite3.Connection, after_seq: int = 0, until_seq: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """``(seq, event bytes)`` in order, up to ``until_seq`` where that is given."""
    for last, event, packed in connection.execute(_SPAN, (after_seq,)):
        events = [event] if packed is None else unpack(packed)
        for seq, one in enumerate(events, start=last - len(events) + 1):
            if until_seq is not None and seq > until_seq:
                return
            if seq > after_seq:
                yield seq, one


def pack(events: Sequence[bytes]) -> bytes:
    """Events as a segment holds them: a CBOR array of byte strings, compressed as on the wire."""
    return wire.pack(cbor.encode(list(events)))


def unpack(packed: bytes) -> list[bytes]:
    """The same bytes again. A segment that can't be read is a broken invariant."""
    try:
        found: list[bytes] = cbor.decode(wire.unpack(packed, MAX_SEGMENT_BYTES), MAX_SEGMENT_BYTES)
    except Malformed as error:
        broken(f"a segment of the log can't be read: {error}")
    return found


def check_chain(connection: sqlite3.Connection) -> int:
    """Recompute the whole chain against every mark. Gives the number of events; raises :class:`Broken`."""
    previous, expected = chain.GENESIS, 0
    marks = dict(connection.execute("SELECT seq, hash FROM log_mark UNION ALL SELECT last_seq, hash FROM log_segment"))
    for seq, event in events_after(connection):
        expected += 1
        if seq != expected:
            broken(f"log has a hole before {seq}")
        previous = chain.link(previous, event)
        if seq in marks and marks[seq] != previous:
            broken(f"log was changed at or before {seq}")
    return expected
