"""The bridge's own SQLite: which start this is, and the events that the node does not have yet.

A broker that has acknowledged a message may still lose it in a power cut, so the row of an event goes only
when the broker took it **and** the node answered it.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.kernel.errors import Fault

MAX_WAITING = 10_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS process (one INTEGER PRIMARY KEY CHECK (one = 1), boot INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    bseq INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    born_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    body TEXT NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One event. ``born_ms`` is a monotonic reading that only the process ``boot`` can interpret."""

    seq: int
    bseq: int
    boot: int
    born_ms: int
    kind: str
    trace_id: str
    body: dict[str, Any]


class Store:
    """One connection, used by one thread of one process at a time (held by a file lock)."""

    def __init__(self, folder: Path, schema: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Fault("bridge_running", f"another process uses {folder}", retry=False) from None
        self.db = sqlite3.connect(folder / "bridge.sqlite", isolation_level=None)
        self._obey()
        self.db.executescript(_SCHEMA + schema)
        self.boot = self._next_boot()
        self._taken: set[int] = set()

    def _obey(self) -> None:
        mode = self.db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        self.db.execute("PRAGMA synchronous=FULL")
        if (mode, self.db.execute("PRAGMA synchronous").fetchone()[0]) != ("wal", 2):
            raise Fault("bridge_disk", "SQLite does not keep what it is told to keep", retry=False)

    def _next_boot(self) -> int:
        """A database that was lost starts at a random number: its events must not pass for older ones."""
        first = secrets.randbits(28)
        sql = "INSERT INTO process VALUES (1, ?) ON CONFLICT DO UPDATE SET boot = boot + 1 RETURNING boot"
        with self.write():
            return int(self.db.execute(sql, (first,)).fetchone()[0])

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; durable when the block is left, undone when it is left by an exception."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def add(self, kind: str, trace_id: str, body: Mapping[str, Any], bseq: int, born_ms: int) -> int:
        """Put an event into the outbox, inside a :meth:`write` of the caller; its ``seq``."""
        if self.db.execute("SELECT count(*) FROM outbox").fetchone()[0] >= MAX_WAITING:
            raise Fault("outbox_full", f"{MAX_WAITING} events wait for the node")
        sql = "INSERT INTO outbox (bseq, boot, born_ms, kind, trace_id, body) VALUES (?, ?, ?, ?, ?, ?)"
        values = (bseq, self.boot, born_ms, kind, trace_id, json.dumps(body, ensure_ascii=False))
        return int(self.db.execute(sql, values).lastrowid or 0)

    def withdraw(self, seq: int) -> None:
        """Say an event no more, inside a :meth:`write` of the caller: another one takes its place."""
        self.db.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
        self._taken.discard(seq)

    def waiting(self, limit: int) -> list[Row]:
        """The oldest events that are not done with."""
        sql = "SELECT seq, bseq, boot, born_ms, kind, trace_id, body FROM outbox ORDER BY seq LIMIT ?"
        return [Row(*(*known, json.loads(body))) for *known, body in self.db.execute(sql, (limit,))]

    def taken(self, seq: int) -> None:
        """The broker has the event (PUBACK). Kept in memory only: a new process sends it again anyway."""
        self._taken.add(seq)
        self.db.execute("DELETE FROM outbox WHERE seq = ? AND answered = 1", (seq,))

    def answered(self, bseq: int, seq: int) -> bool:
        """The node has the event for good; True the first time that it says so."""
        sql = "UPDATE outbox SET answered = 1 WHERE bseq = ? AND seq = ? AND answered = 0"
        with self.write():
            first = self.db.execute(sql, (bseq, seq)).rowcount == 1
            if first and seq in self._taken:
                self.db.execute("DELETE FROM outbox WHERE seq = ?", (seq,))
                self._taken.discard(seq)
        return first

    def close(self) -> None:
        """Leave the folder to the next process."""
        self.db.close()
        self._lock.close()
