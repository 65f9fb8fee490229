"""A node that speaks before it has written, and a repair that goes past the protocol."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.kernel import compaction, log
from edge.kernel.compaction import Compaction
from edge.kernel.database import WANTED, Database
from edge.kernel.scribe import Scribe
from tests.simulation import settling
from tests.simulation.disks import Crash


@contextlib.contextmanager
def shown_before_commit() -> Iterator[None]:
    """Whoever waits for the pen is answered before the transaction is on the disk."""
    write = Scribe._write

    def hasty(self: Scribe, piece: Any) -> Any:
        try:
            return write(self, piece)
        except Crash:
            if piece.result is None:
                raise
            return piece.result

    with mock.patch.object(Scribe, "_write", hasty):
        yield


@contextlib.contextmanager
def shown_before_fsync() -> Iterator[None]:
    """A box commits without waiting for its disk: faster, and right until the power goes."""
    opened = Database._open

    def hasty(self: Database) -> Any:
        connection = opened(self)
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    with mock.patch.object(Database, "_open", hasty), mock.patch.dict(WANTED, synchronous=1):
        yield


@contextlib.contextmanager
def heal_past_the_line() -> Iterator[None]:
    """After the faults somebody copies from database to database what the exchange should have brought."""
    look_after = settling._look_after

    def copied(world: Any, box: Any) -> None:
        if box.node is not None and box.identity() is not None:
            own = f"node/{box.identity()[0]}"
            rows = world.hub.rows(f"SELECT stream, key, pos, body FROM operation WHERE stream IN ('net', '{own}')")
            with contextlib.closing(sqlite3.connect(box.disk.folder / "node.sqlite")) as other, other:
                other.executemany(
                    "INSERT OR IGNORE INTO stream_operation (stream, key, pos, body) VALUES (?, ?, ?, ?)", rows
                )
                other.execute("UPDATE meta SET value = (SELECT max(pos) FROM stream_operation) WHERE name = 'floor'")
        look_after(world, box)

    with mock.patch.object(settling, "_look_after", copied):
        yield


@contextlib.contextmanager
def packed_in_two_commits() -> Iterator[None]:
    """Events leave their rows in one transaction, and come into their segment in the next."""

    def step(self: Compaction) -> bool:
        rows = compaction._settled(self._database.read())
        if not rows:
            return False
        last, packed = rows[-1][0], log.pack([event for _, event in rows])
        values = (last, log.hash_at(self._database.read(), last), packed)
        self._scribe.record(lambda unit: unit.connection.execute("DELETE FROM event_log WHERE seq <= ?", (last,)))
        self._scribe.record(lambda unit: unit.connection.execute("INSERT INTO log_segment VALUES (?, ?, ?)", values))
        return True

    with mock.patch.object(Compaction, "_step", step):
        yield


@contextlib.contextmanager
def packed_one_short() -> Iterator[None]:
    """The last event of a segment goes the way of its row."""
    with (
        mock.patch.object(compaction, "invariant", lambda _holds, _what: None),
        mock.patch.object(log, "pack", lambda events, pack=log.pack: pack(events[:-1])),
    ):
        yield


MUTANTS: Final = {
    "packed_in_two_commits": packed_in_two_commits,
    "packed_one_short": packed_one_short,
    "shown_before_commit": shown_before_commit,
    "shown_before_fsync": shown_before_fsync,
    "heal_past_the_line": heal_past_the_line,
}
