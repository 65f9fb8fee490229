"""Operations from the hub: kept as they came, and folded into reference tables."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from edge.kernel import meta
from sync.kernel import digest
from sync.kernel.errors import Malformed
from sync.kernel.operations import Operation, Subscriptions, split_key

Project = Callable[[sqlite3.Connection, tuple[str, ...], bytes | None], None]
# Operations in one transaction: a sale that comes meanwhile waits for as many (docs/reference/benchmarks.md).
CHUNK: Final = 100
# Always as many: one statement that is prepared once, whatever an answer brings. With IN in place of the join SQLite looks
# through the whole table.
_HELD: Final = (
    f"WITH asked (stream, key) AS (VALUES {', '.join(['(?, ?)'] * CHUNK)}) "
    "SELECT kept.stream, kept.key, kept.pos, kept.body FROM asked CROSS JOIN stream_operation AS kept "
    "ON kept.stream = asked.stream AND kept.key = asked.key"
)
_NOTHING: Final = (-1, None)
_KEEP: Final = "INSERT OR REPLACE INTO stream_operation (stream, key, pos, body) VALUES (?, ?, ?, ?)"
_UNREADABLE: Final = (Malformed, ValueError, TypeError, LookupError, OverflowError, sqlite3.IntegrityError)
_LISTED: Final = 100
# Of these there is one: better the last that could be read than none.
_SINGLE: Final = ("subscriptions", "profile")


class Streams:
    """``projections``: first part of a key → how the operation changes the reference tables."""

    def __init__(self, projections: Mapping[str, Project]) -> None:
        self._projections = {**projections, "subscriptions": self._subscribed}

    def cursor(self, connection: sqlite3.Connection) -> tuple[int, dict[str, int]]:
        """The common floor, and the streams that stand behind it."""
        return meta.get(connection, "floor", 0), dict(connection.execute("SELECT stream, pos FROM stream_behind"))

    def move(self, connection: sqlite3.Connection, floor: int, behind: Mapping[str, int], asked: Iterable[str]) -> None:
        """After all operations of an answer: the new floor, and where each exception of the request stands now.

        A stream that was subscribed by this very answer is behind and was not asked for yet: it stays. One that this
        answer took away does not come back.
        """
        held = set(meta.get(connection, "subscribed", "").split())
        meta.put(connection, floor=max(floor, meta.get(connection, "floor", 0)))
        connection.executemany(
            "DELETE FROM stream_behind WHERE stream = ?", [(stream,) for stream in asked if stream not in behind]
        )
        connection.executemany(
            "INSERT OR REPLACE INTO stream_behind (stream, pos) VALUES (?, ?)",
            [(stream, pos) for stream, pos in behind.items() if stream in held],
        )

    def apply(self, connection: sqlite3.Connection, operations: Sequence[Operation]) -> int:
        """Keep and fold operations; one that is not newer than what is held changes nothing. Gives how many were new."""
        read: set[str] = set()
        odd: set[str] = set()
        digests: dict[str, int] = {}
        rows: list[tuple[str, str, int, bytes | None]] = []
        held = self._held(connection, operations)
        for operation in operations:
            where = operation.stream, operation.key
            pos, old = held.get(where, _NOTHING)
            # What went bad on the disk may be of another type; the next check of the digests puts it right.
            if type(pos) is int and pos >= operation.pos:
                continue
            held[where] = operation.pos, operation.body
            rows.append((*where, operation.pos, operation.body))
            self._count(connection, operation, old if type(old) is bytes else None, digests)
            if operation.key == "subscriptions":  # it may forget streams, digests and all
                self._put(connection, rows, digests)
            found = read if self.project(connection, operation.key, operation.body) else odd
            found.add(operation.key)
            if operation.key == "subscriptions":
                held = self._held(connection, operations)
        self._put(connection, rows, digests)
        self._note(connection, read, odd)
        return len(read) + len(odd)

    def _held(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> dict[tuple[str, str], tuple[Any, Any]]:
        """(stream, key) → position and body of what is kept there now."""
        found: dict[tuple[str, str], tuple[Any, Any]] = {}
        for at in range(0, len(operations), CHUNK):
            some = [part for one in operations[at : at + CHUNK] for part in (one.stream, one.key)]
            some += some[-2:] * (CHUNK - len(some) // 2)
            found |= {(stream, key): (pos, body) for stream, key, pos, body in connection.execute(_HELD, some)}
        return found

    def _put(
        self,
        connection: sqlite3.Connection,
        rows: list[tuple[str, str, int, bytes | None]],
        digests: dict[str, int],
    ) -> None:
        connection.executemany(_KEEP, rows)
        rows.clear()
        self.put_digests(connection, digests)

    def put(self, connection: sqlite3.Connection, operation: Operation) -> None:
        """Keep and fold an operation whatever stands in its place; the digest of its stream is the caller's to put right."""
        connection.execute(_KEEP, (operation.stream, operation.key, operation.pos, operation.body))
        self.project(connection, operation.key, operation.body)

    def project(self, connection: sqlite3.Connection, key: str, body: bytes | None) -> bool:
        """Fold one operation into the reference tables. A kind that this software does not know is kept only.

        False for one that can't be read: it is kept, nothing stands under its key in the tables (as it will when the
        tables are folded anew), and it blocks nothing behind it.
        """
        prefix, rest = split_key(key)
        projection = self._projections.get(prefix)
        if projection is None:
            return True
        try:
            projection(connection, rest, body)
        except _UNREADABLE:
            if prefix not in _SINGLE:
                with contextlib.suppress(*_UNREADABLE):
                    projection(connection, rest, None)
            return False
        return True

    def fold_again(self, connection: sqlite3.Connection) -> None:
        """Fold everything that is kept into the emptied reference tables; newer software may read what older could not."""
        kept = connection.execute("SELECT key, body FROM stream_operation ORDER BY pos").fetchall()
        odd = {key for key, body in kept if not self.project(connection, key, body)}
        self._note(connection, {key for key, _ in kept}, odd)

    def withdraw(self, connection: sqlite3.Connection, prefix: str) -> None:
        """Take back what stands under keys of ``prefix``, as the hub has done already; its own word comes later."""
        rows = connection.execute(
            "SELECT stream, key, pos, body FROM stream_operation WHERE key GLOB ? AND body IS NOT NULL",
            (f"{prefix}/*",),
        ).fetchall()
        digests: dict[str, int] = {}
        for stream, key, pos, body in rows:
            self._keep(connection, Operation(stream, pos, key, None), body, digests)
            self.project(connection, key, None)
        self.put_digests(connection, digests)

    def drop_up_to(self, connection: sqlite3.Connection, base: int, most: int) -> int:
        """Forget up to ``most`` operations at positions up to ``base``; gives how many there were."""
        rows = connection.execute(
            "SELECT stream, key, body FROM stream_operation WHERE pos <= ? ORDER BY pos LIMIT ?", (base, most)
        ).fetchall()
        digests: dict[str, int] = {}
        for stream, key, body in rows:
            if body is not None:
                self.project(connection, key, None)
                self._keep(connection, Operation(stream, base, key, None), body, digests)
            connection.execute("DELETE FROM stream_operation WHERE stream = ? AND key = ?", (stream, key))
        self.put_digests(connection, digests)
        return len(rows)

    def digests(self, connection: sqlite3.Connection) -> dict[str, str]:
        """Digest of each stream as 32 hex digits, to compare with the hub's."""
        return dict(connection.execute("SELECT stream, digest FROM stream_digest ORDER BY stream"))

    def _note(self, connection: sqlite3.Connection, read: set[str], odd: set[str]) -> None:
        """Remember which keys can't be read, for the status page."""
        before = set(meta.get(connection, "unreadable", "").split("\n")) - {""}
        after = (before - read) | odd
        if after != before:
            meta.put(connection, unreadable="\n".join(sorted(after)[:_LISTED]))

    def _keep(
        self, connection: sqlite3.Connection, operation: Operation, old: bytes | None, digests: dict[str, int]
    ) -> None:
        """Put an operation in the place of ``old``; what that makes of its stream's digest stands in ``digests``."""
        connection.execute(_KEEP, (operation.stream, operation.key, operation.pos, operation.body))
        self._count(connection, operation, old, digests)

    def _count(
        self, connection: sqlite3.Connection, operation: Operation, old: bytes | None, digests: dict[str, int]
    ) -> None:
        stream, key = operation.stream, operation.key
        if stream not in digests:
            row = connection.execute("SELECT digest FROM stream_digest WHERE stream = ?", (stream,)).fetchone()
            digests[stream] = int(row[0], 16) if row else 0
        digests[stream] = digest.replace(digests[stream], key, old, operation.body)

    def put_digests(self, connection: sqlite3.Connection, digests: dict[str, int]) -> None:
        """Write digests by stream, once for all operations of a transaction, and empty ``digests``."""
        connection.executemany(
            "INSERT INTO stream_digest (stream, digest) VALUES (?, ?) "
            "ON CONFLICT (stream) DO UPDATE SET digest = excluded.digest",
            [(stream, f"{value:032x}") for stream, value in digests.items()],
        )
        digests.clear()

    def _subscribed(self, connection: sqlite3.Connection, _rest: tuple[str, ...], body: bytes | None) -> None:
        wanted = set(Subscriptions.from_bytes(body).streams) if body else set()
        known = set(meta.get(connection, "subscribed", "").split())
        floor = meta.get(connection, "floor", 0)
        meta.put(connection, subscribed=" ".join(sorted(wanted)))
        for stream in sorted(wanted - known):
            if floor:
                connection.execute("INSERT OR IGNORE INTO stream_behind (stream, pos) VALUES (?, 0)", (stream,))
        for stream in sorted(known - wanted):
            self._forget(connection, stream)

    def _forget(self, connection: sqlite3.Connection, stream: str) -> None:
        keys = connection.execute("SELECT key FROM stream_operation WHERE stream = ?", (stream,)).fetchall()
        for (key,) in keys:
            self.project(connection, key, None)
        for table in ("stream_operation", "stream_behind", "stream_digest"):
            connection.execute(f"DELETE FROM {table} WHERE stream = ?", (stream,))
