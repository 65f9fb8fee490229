"""SQLite through apsw, in the shape of Python's ``sqlite3`` as far as nodes, hubs and their libraries use it.

Always as with ``isolation_level=None``: no transaction is begun that nobody asked for. Errors are ``sqlite3``'s, with
``sqlite_errorname`` and ``sqlite_errorcode``.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

import apsw

from tests.support.powercut.medium import PowerCut

complete_statement = sqlite3.complete_statement

_KINDS: Final = {
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_CORRUPT: sqlite3.DatabaseError,
    apsw.SQLITE_NOTADB: sqlite3.DatabaseError,
    apsw.SQLITE_MISUSE: sqlite3.ProgrammingError,
}

_REST: Final = (None,) * 6


def as_sqlite3(error: apsw.Error) -> sqlite3.Error:
    """The same error as Python's ``sqlite3`` would raise it."""
    code = int(getattr(error, "result", apsw.SQLITE_ERROR))
    extended = int(getattr(error, "extendedresult", code))
    found = _KINDS.get(code, sqlite3.OperationalError)(str(error))
    name = apsw.mapping_extended_result_codes.get(extended) or apsw.mapping_result_codes.get(code, "SQLITE_ERROR")
    found.sqlite_errorcode, found.sqlite_errorname = extended, str(name)
    return found


class _Columns:
    """The columns of the statement that runs: they can be asked for only while it begins. Apart from the cursor, which
    has to go with its last user as ``sqlite3``'s does: an open one would hold on to an old state of the database."""

    def __init__(self) -> None:
        self.found: tuple[tuple[Any, ...], ...] = ()

    def begun(self, cursor: apsw.Cursor, _sql: str, _values: Any) -> bool:
        self.found = cursor.get_description()
        return True


class Cursor:
    """A statement and its rows."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._inner = connection.inner.cursor()
        self._columns = _Columns()
        self._inner.exec_trace = self._columns.begun

    @property
    def description(self) -> tuple[tuple[Any, ...], ...] | None:
        """Names of the columns, each with six times None; None for a statement that gives no rows."""
        return tuple([(column[0], *_REST) for column in self._columns.found]) or None

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run it up to its first row."""
        return self._run(lambda: self._inner.execute(sql, parameters))

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run it for every row of values."""
        return self._run(lambda: self._inner.executemany(sql, rows))

    def _run(self, work: Any) -> Cursor:
        inner, self._columns.found = self.connection.inner, ()
        before = inner.total_changes()
        try:
            work()
        except apsw.Error as error:
            raise as_sqlite3(error) from error
        self.rowcount = -1 if self._columns.found else inner.total_changes() - before
        self.lastrowid = inner.last_insert_rowid()
        return self

    def fetchone(self) -> Any:
        """The next row, or None."""
        try:
            return self._inner.fetchone()
        except apsw.Error as error:
            raise as_sqlite3(error) from error

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """At most ``size`` rows."""
        return list(itertools.islice(self, size or self.arraysize))

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        try:
            return list(self._inner.fetchall())
        except apsw.Error as error:
            raise as_sqlite3(error) from error

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def close(self) -> None:
        """Give the statement back."""
        self._inner.close(True)


class Connection:
    """One connection; ``vfs`` names the file layer, ``timeout_s`` how long it waits for a lock."""

    isolation_level: str | None = None
    row_factory: Any = None

    def __init__(self, path: str, vfs: str, timeout_s: float) -> None:
        try:
            self.inner = apsw.Connection(path, vfs=vfs)
        except apsw.Error as error:
            raise as_sqlite3(error) from error
        self.inner.set_busy_timeout(int(timeout_s * 1000))

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.inner.in_transaction

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened."""
        return self.inner.total_changes()

    def cursor(self) -> Cursor:
        """A cursor of its own."""
        return Cursor(self)

    def execute(self, sql: str, parameters: Any = ()) -> Cursor:
        """Run one statement."""
        return Cursor(self).execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        """Run one statement for every row of values."""
        return Cursor(self).executemany(sql, rows)

    def executescript(self, script: str) -> Cursor:
        """Commit what is open, then run many statements."""
        self.commit()
        return Cursor(self).execute(script)

    def commit(self) -> None:
        """Commit, if a transaction is open."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back, if a transaction is open."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def create_function(self, name: str, count: int, work: Any, *, deterministic: bool = False) -> None:
        """A function for SQL."""
        self.inner.create_scalar_function(name, work, count, deterministic=deterministic)

    def close(self) -> None:
        """Close it, whatever is open on it. What does not fit any more, or has no power, stays in the log: no error."""
        with contextlib.suppress(PowerCut, apsw.Error):
            self.inner.close(True)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()
