"""State is a fold: reference tables of the operations, state tables of the log. Shown by folding again and comparing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping

from edge.kernel import log
from edge.kernel.scribe import Apply
from edge.kernel.streams import Streams
from sync.domains import EVENTS
from sync.kernel.events import Event

EndLog = Callable[[sqlite3.Connection, int], None]


def dump(connection: sqlite3.Connection, tables: Iterable[str]) -> dict[str, str]:
    """Table → SHA-256 over all of its rows in order of all columns: the same rows, the same hash."""
    found = {}
    for table in sorted(tables):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        order = ", ".join(columns)
        hashed = hashlib.sha256()
        for row in connection.execute(f"SELECT {order} FROM {table} ORDER BY {order}"):
            hashed.update(repr(row).encode())
        found[table] = hashed.hexdigest()
    return found


def rebuild(
    connection: sqlite3.Connection,
    streams: Streams,
    appliers: Mapping[type[Event], Apply],
    end_log: EndLog,
    reference_tables: Iterable[str],
    state_tables: Iterable[str],
) -> int:
    """Empty the tables and fold again, inside the caller's transaction; gives the number of events folded.

    ``end_log`` is what stands between a log of an earlier epoch and the next."""
    for table in (*reference_tables, *state_tables):
        connection.execute(f"DELETE FROM {table}")
    streams.fold_again(connection)
    count = 0
    for epoch in log.past_epochs(connection):
        count += _fold(connection, log.past_events(connection, epoch), appliers)
        end_log(connection, epoch)
    return count + _fold(connection, log.events_after(connection), appliers)


def _fold(
    connection: sqlite3.Connection, events: Iterable[tuple[int, bytes]], appliers: Mapping[type[Event], Apply]
) -> int:
    count = 0
    for seq, data in events:
        envelope = EVENTS.decode(data)
        apply = appliers.get(type(envelope.event)) if envelope.event else None
        if apply is not None:
            apply(connection, seq, envelope.stamp, envelope.event)
        count += 1
    return count
