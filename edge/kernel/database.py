"""The node's SQLite: one writer connection, one reader a thread, and a proof that it does what was asked of it.

WAL with synchronous=FULL: a commit that returned is on the disk. Power cuts simulated at every write lose rows with
NORMAL, so the settings are read back, and a box whose SQLite does not obey sells nothing.

Pages that are free can go back to the disk in small steps (auto_vacuum=INCREMENTAL, see :mod:`edge.kernel.compaction`).
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from edge.kernel.memory import Memory
from sync.kernel.errors import Fault, invariant

WANTED: Final = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
# More than there are (about 220), so that none is prepared twice.
_STATEMENTS: Final = 300
Migration = str | Callable[[sqlite3.Connection], None]
_MASK_LIMIT: Final = 1 << 62
_INCREMENTAL: Final = 2
_APPLIED: Final = "_sqlite_migrations"
# What a whole new copy of the file needs: in the write-ahead log, and again while SQLite sorts.
_ROOM: Final = 3


class Database:
    """``writer`` belongs to the scribe alone; :meth:`read` gives the calling thread its own read-only connection.

    ``memory`` keeps facts of the reference tables, so that a sale does not look them up again and again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.memory = Memory()
        self.writer = self._open()
        self._local = threading.local()
        self.disobeys = [name for name, wanted in WANTED.items() if self._setting(name) != wanted]

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=_STATEMENTS
        )
        if not connection.execute("PRAGMA page_count").fetchone()[0]:
            # Later it would take a new copy of the whole file.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-2000")
        return connection

    def _setting(self, name: str) -> Any:
        value = self.writer.execute(f"PRAGMA {name}").fetchone()[0]
        return value.lower() if isinstance(value, str) else value

    def read(self) -> sqlite3.Connection:
        """This thread's connection for reading. Sees what was committed before each statement began."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            connection.execute("PRAGMA query_only=ON")
            # There is one for each thread of each server, and the system keeps the file's pages as well.
            connection.execute("PRAGMA cache_size=-250")
            self._local.connection = connection
        return connection

    def migrate(self, steps: Sequence[tuple[str, Migration]]) -> None:
        """Bring the schema up to date: ``(name, SQL or function)`` in order, each applied once and remembered.

        Raises :class:`Fault` (``schema_newer``) where newer software has been at work: what it wrote is left alone.
        """
        applied, wanted = self._applied(), {name for name, _ in steps}
        if unknown := applied - wanted:
            self.close()
            raise Fault("schema_newer", f"{self.path.name}: {', '.join(sorted(unknown))}", retry=False)
        if wanted - applied:
            self._apply(steps)
        self._copy_anew()

    def _apply(self, steps: Sequence[tuple[str, Migration]]) -> None:
        # Loaded only when there is something to do: it would stay in the box's memory for as long as it runs.
        from sqlite_utils import Database as Utils
        from sqlite_utils import Migrations

        migrations = Migrations("node")
        invariant(migrations.migrations_table == _APPLIED, "sqlite-utils remembers elsewhere what it applied")
        for name, step in steps:
            migrations(name=name)(_run(step))
        migrations.apply(Utils(self.writer))
        if self.writer.in_transaction:
            self.writer.commit()

    def _copy_anew(self) -> None:
        """A file from before pages went back to the disk is copied once. Where there is no room it stays as it is: what
        is free in it is written again all the same."""
        size = self._setting("page_count") * self._setting("page_size")
        if self._setting("auto_vacuum") == _INCREMENTAL or shutil.disk_usage(self.path.parent).free < _ROOM * size:
            return
        with contextlib.suppress(sqlite3.OperationalError):
            self.writer.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self.writer.execute("VACUUM")

    def _applied(self) -> set[str]:
        there = self.writer.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (_APPLIED,)
        ).fetchone()
        return {row[0] for row in self.writer.execute(f"SELECT name FROM {_APPLIED}")} if there else set()

    def close(self) -> None:
        """Close the writer; readers close with their threads."""
        self.writer.close()


def _run(step: Migration) -> Any:
    def apply(db: Any) -> None:
        if not isinstance(step, str):
            step(db.conn)
            return
        for statement in _statements(step):
            db.execute(statement)

    return apply


def _statements(script: str) -> list[str]:
    found, text = [], ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            found.append(text)
            text = ""
    return found


def mask_out(mask: int) -> int | bytes:
    """A leg mask as SQLite keeps it: an integer while it fits, else its bytes (trips of more than 62 legs)."""
    return mask if mask < _MASK_LIMIT else mask.to_bytes((mask.bit_length() + 7) // 8, "big")


def mask_in(value: int | bytes) -> int:
    """The mask again."""
    return value if isinstance(value, int) else int.from_bytes(value, "big")
