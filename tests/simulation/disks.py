"""Disks that fail, and machines that die between two instructions.

The production code opens its databases as ever; only the connection that it gets is of a class that knows its disk.
What fails on purpose: the process before or after any commit, writing (SQLITE_IOERR), and room (SQLITE_FULL: the file may
grow no more, which SQLite says itself, nor may the write-ahead log, which is said here).
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import sqlalchemy as sa

from edge.kernel import database as node_database
from tests.support.powercut import PowerCut

MOST_PAGES = 1 << 30
FULL = "SQLITE_FULL"
IO_ERROR = "SQLITE_IOERR_WRITE"
_create_engine = sa.create_engine


class Crash(BaseException):
    """The process is gone: nothing behind this line ever ran. No ``except Exception`` survives it."""


# The process is gone, alone or with its machine.
DEATHS = (Crash, PowerCut)


class Disk:
    """One folder, and what is to go wrong with it; ``side`` stands behind the name of what does."""

    def __init__(self, folder: Path, fired: Counter[str], side: str = "") -> None:
        self.folder, self._fired, self._side = folder, fired, side
        self._full_code = FULL
        self.crash_in = self.io_error_in = self._crashes = 0
        self.crash_after = self.full = False
        self.open: list[DiskConnection] = []
        self._readers: dict[str, sqlite3.Connection] = {}

    @property
    def deaths(self) -> int:
        """How often a process died here."""
        return self._crashes

    @property
    def lost_power(self) -> bool:
        """Whether the whole machine is down: never on a disk that writes everything at once."""
        return False

    def connect(self, path: Any, **options: Any) -> Any:
        """A connection to a database on this disk."""
        return sqlite3.connect(path, factory=DiskConnection, **options).on(self)

    def look(self, name: str) -> Any:
        """A connection for a judge, past whatever is to go wrong."""
        return sqlite3.connect(self.folder / name)

    def rows(self, name: str, query: str) -> list[Any]:
        """What stands in a database now, past whatever is to go wrong. The connection is kept: to read the schema anew for
        each question takes longer than the answer."""
        if name not in self._readers:
            self._readers[name] = self.look(name)
        return self._readers[name].execute(query).fetchall()

    def look_away(self) -> None:
        """Whoever closes a database last tidies it up: that is the process, as if nobody had looked."""
        for reader in self._readers.values():
            reader.close()
        self._readers = {}

    def arm_crash(self, rng: random.Random, most: int) -> str:
        """A process dies before or after one of its next commits."""
        self.crash_in, self.crash_after = rng.randint(1, most), rng.random() < 0.5
        return "armed"

    def arm_io_error(self, rng: random.Random, most: int) -> str:
        """One of the next commits can't be written."""
        self.io_error_in = rng.randint(1, most)
        return "armed"

    def pull_plug(self) -> None:
        """The power is gone now: what was committed is on the disk."""

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.crash_in = self.io_error_in = 0
        self.fill(False)

    def fill(self, full: bool, code: str = FULL) -> None:
        """No room any more, or room again. Some file systems say that as an error of writing."""
        self.full, self._full_code = full, code
        for connection in self.open:
            connection.bound(full)

    def fire(self, name: str) -> None:
        """It happened."""
        self._fired[name + self._side] += 1

    def fire_full(self) -> None:
        """Something found no room."""
        self.fire("disk_full" if self._full_code == FULL else "disk_full_as_io_error")

    def before_commit(self) -> None:
        """Whatever was armed for this commit; on a full disk the write-ahead log can't grow for any."""
        if self.full:
            self.fire_full()
            raise _error(self._full_code, "database or disk is full")
        if self.io_error_in:
            self.io_error_in -= 1
            if not self.io_error_in:
                self.fire("disk_write_error")
                raise _error(IO_ERROR, "disk I/O error")
        if self.crash_in and not self.crash_after:
            self._count_down("crash_before_commit")

    def after_commit(self) -> None:
        """The commit is on the disk; nobody may know yet."""
        if self.crash_in and self.crash_after:
            self._count_down("crash_after_commit")

    def _count_down(self, name: str) -> None:
        self.crash_in -= 1
        if not self.crash_in:
            self._crashes += 1
            self.fire(name)
            raise Crash

    def unplug(self) -> None:
        """The process is gone: what was not committed never was."""
        self.look_away()
        for connection in self.open:
            connection.close()
        self.open = []

    def copy_to(self, folder: Path) -> None:
        """All files as they are now."""
        shutil.copytree(self.folder, folder)

    def put_back(self, folder: Path) -> None:
        """These files in the place of what is there."""
        self.look_away()
        shutil.rmtree(self.folder)
        shutil.copytree(folder, self.folder)


class DiskConnection(sqlite3.Connection):
    """SQLite's connection on a :class:`Disk`."""

    disk: Disk | None = None
    _seen = 0

    def on(self, disk: Disk) -> DiskConnection:
        """Belongs to this disk from now on."""
        self.disk = disk
        disk.open.append(self)
        if disk.full:
            self.bound(True)
        return self

    def bound(self, full: bool) -> None:
        """How many pages the file may have: those it has, or more than ever needed."""
        pages = sqlite3.Connection.execute(self, "PRAGMA page_count").fetchone()[0] if full else MOST_PAGES
        sqlite3.Connection.execute(self, f"PRAGMA max_page_count = {pages}")

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """As ever, but for a commit; and running out of room is counted."""
        if sql == "COMMIT":
            return self._commit(lambda: sqlite3.Connection.execute(self, sql))
        if self.disk is not None and self.disk.full:
            return self._in_a_full_disk(sql, *parameters)
        return super().execute(sql, *parameters)

    def commit(self) -> None:
        """As ever, with whatever was armed before or after it."""
        self._commit(lambda: sqlite3.Connection.commit(self))

    def rollback(self) -> None:
        """As ever."""
        super().rollback()
        self._seen = self.total_changes

    def _commit(self, work: Any) -> Any:
        disk, changed = self.disk, self.total_changes != self._seen
        if disk is None or not changed:
            return work()
        self._seen = self.total_changes
        disk.before_commit()
        done = work()
        disk.after_commit()
        return done

    def _in_a_full_disk(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        try:
            return super().execute(sql, *parameters)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == FULL and self.disk is not None:
                self.disk.fire_full()
            raise


def _error(name: str, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname, error.sqlite_errorcode = name, getattr(sqlite3, name)
    return error


class Disks:
    """All disks of a world by their folders; :meth:`plugged_in` makes the production code find them."""

    def __init__(self) -> None:
        self._by_folder: dict[str, Disk] = {}

    def add(self, disk: Disk) -> Disk:
        """Connections to files in the disk's folder are its from now on."""
        self._by_folder[str(disk.folder)] = disk
        return disk

    def connect(self, path: Any, **options: Any) -> Any:
        """A connection, on a disk where the folder is one."""
        disk = self._by_folder.get(str(Path(str(path)).parent))
        return disk.connect(path, **options) if disk is not None else sqlite3.connect(path, **options)

    @contextlib.contextmanager
    def plugged_in(self) -> Iterator[None]:
        """As long as this lasts, nodes and hubs of this process open their databases here."""
        door = SimpleNamespace(
            connect=self.connect, Connection=sqlite3.Connection, complete_statement=sqlite3.complete_statement
        )
        with (
            mock.patch.object(node_database, "sqlite3", door),
            mock.patch.object(sa, "create_engine", self._engine),
        ):
            yield

    def _engine(self, url: sa.URL, connect_args: dict[str, Any], **options: Any) -> sa.Engine:
        """An engine with the compiled statements of those before it: they don't depend on the database, and compiling
        them for every world would cost more than the rest of a seed."""
        engine = _create_engine(url, creator=lambda: self.connect(url.database, **connect_args), **options)
        if not _compiled:
            _compiled.append((engine.dialect, engine._compiled_cache))
        engine.dialect, engine._compiled_cache = _compiled[0]
        return engine


_compiled: list[tuple[Any, Any]] = []
