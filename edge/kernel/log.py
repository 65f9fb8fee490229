"""The node's event log: append-only, hash-chained, in the same transaction as the state that it changes.

An event is a row of ``event_log`` until the hub has acknowledged it; later it may stand in a packed segment
(:mod:`edge.kernel.compaction`). Readers here find it in either place, and the newest event always is a row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sync.domains import EVENTS
from sync.kernel import cbor, chain, hlc, wire
from sync.kernel.errors import Malformed, broken
from sync.kernel.events import Envelope, Event, Stamp

MARK_EVERY: Final = 64
MAX_SEGMENT_BYTES: Final = 8 * 1024 * 1024
_PACKED: Final = 128
# One statement sees one state of the database: a segment that is being made can't hide an event from it.
_SPAN: Final = (
    "SELECT last_seq, NULL, events FROM log_segment WHERE last_seq > ?1 "
    "UNION ALL SELECT seq, event, NULL FROM event_log WHERE seq > ?1 ORDER BY 1"
)
_PAST: Final = "SELECT last_seq, NULL, events FROM past_segment WHERE epoch = ?1 AND last_seq > ?2 ORDER BY last_seq"
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


def add_past(connection: sqlite3.Connection) -> None:
    """Logs that ended when the box was enrolled anew, all of them packed; state is folded from them first."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS past_log (epoch INTEGER PRIMARY KEY, head_seq INTEGER NOT NULL, head_hash BLOB NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS past_segment "
        "(epoch INTEGER NOT NULL, last_seq INTEGER NOT NULL, events BLOB NOT NULL, PRIMARY KEY (epoch, last_seq))"
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

    def begin_anew(self, epoch: int) -> None:
        """Put this log aside, packed, as that of ``epoch`` and begin one that starts at 1; in the caller's transaction.

        Nothing of it is lost, and hybrid time goes on from where it stood.
        """
        connection, head = self._connection, self.head
        connection.execute(
            "INSERT INTO past_log (epoch, head_seq, head_hash) VALUES (?, ?, ?)", (epoch, head.seq, head.hash)
        )
        connection.execute(
            "INSERT INTO past_segment (epoch, last_seq, events) SELECT ?, last_seq, events FROM log_segment", (epoch,)
        )
        rows = connection.execute("SELECT seq, event FROM event_log ORDER BY seq").fetchall()
        for at in range(0, len(rows), _PACKED):
            some = rows[at : at + _PACKED]
            packed = pack([event for _, event in some])
            connection.execute(
                "INSERT INTO past_segment (epoch, last_seq, events) VALUES (?, ?, ?)", (epoch, some[-1][0], packed)
            )
        for table in ("event_log", "log_mark", "log_segment"):
            connection.execute(f"DELETE FROM {table}")
        self.head = Head(0, chain.GENESIS, head.hlc)


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


def envelopes(
    connection: sqlite3.Connection, seqs: Sequence[int], epoch: int | None = None
) -> Iterator[tuple[int, Envelope]]:
    """Events at ascending ``seqs`` of the present log, or of that of ``epoch``, decoded. A missing one is a broken
    invariant."""
    if not seqs:
        return
    wanted = iter(seqs)
    following = next(wanted, None)
    span = (seqs[0] - 1, seqs[-1])
    for seq, event in events_after(connection, *span) if epoch is None else past_events(connection, epoch, *span):
        if seq == following:
            yield seq, EVENTS.decode(event)
            following = next(wanted, None)
    if following is not None:
        broken(f"log has no event {following}")


def events_after(
    connection: sqlite3.Connection, after_seq: int = 0, until_seq: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """``(seq, event bytes)`` in order, up to ``until_seq`` where that is given."""
    return _spread(connection.execute(_SPAN, (after_seq,)), after_seq, until_seq)


def envelopes_after(
    connection: sqlite3.Connection, after_seq: int, until_seq: int | None = None
) -> Iterator[tuple[int, Envelope]]:
    """As :func:`events_after`, decoded."""
    return ((seq, EVENTS.decode(event)) for seq, event in events_after(connection, after_seq, until_seq))


def past_epochs(connection: sqlite3.Connection) -> list[int]:
    """Epochs of the logs that this box wrote before its present one, oldest first."""
    return [row[0] for row in connection.execute("SELECT epoch FROM past_log ORDER BY epoch")]


def past_events(
    connection: sqlite3.Connection, epoch: int, after_seq: int = 0, until_seq: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """As :func:`events_after`, of an earlier log."""
    return _spread(connection.execute(_PAST, (epoch, after_seq)), after_seq, until_seq)


def past_envelopes(connection: sqlite3.Connection, epoch: int) -> Iterator[tuple[int, Envelope]]:
    """As :func:`past_events`, decoded."""
    return ((seq, EVENTS.decode(event)) for seq, event in past_events(connection, epoch))


def _spread(
    rows: Iterable[tuple[int, bytes | None, bytes | None]], after_seq: int, until_seq: int | None
) -> Iterator[tuple[int, bytes]]:
    for last, event, packed in rows:
        events = unpack(packed) if event is None and packed is not None else [event or b""]
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
    """Recompute the present chain against every mark. Gives the number of events; raises :class:`Broken`."""
    marks = dict(connection.execute("SELECT seq, hash FROM log_mark UNION ALL SELECT last_seq, hash FROM log_segment"))
    return _check(events_after(connection), marks)


def check_past(connection: sqlite3.Connection) -> int:
    """Recompute the chains of all earlier logs. Gives the number of their events; raises :class:`Broken`."""
    count = 0
    for epoch, head_seq, head_hash in connection.execute("SELECT epoch, head_seq, head_hash FROM past_log").fetchall():
        found = _check(past_events(connection, epoch), {head_seq: head_hash})
        if found != head_seq:
            broken(f"log {epoch} ends at {found} and not at {head_seq}")
        count += found
    return count


def _check(events: Iterable[tuple[int, bytes]], marks: Mapping[int, bytes]) -> int:
    previous, expected = chain.GENESIS, 0
    for seq, event in events:
        expected += 1
        if seq != expected:
            broken(f"log has a hole before {seq}")
        previous = chain.link(previous, event)
        if seq in marks and marks[seq] != previous:
            broken(f"log was changed at or before {seq}")
    return expected
