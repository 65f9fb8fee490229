"""Making the log small: what the hub has acknowledged moves from rows into packed segments, and room goes back to the disk.

Nothing depends on this having run. One transaction moves the events of a segment, so that a power cut leaves them in one
place; each step is small, so that no sale waits noticeably for it.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import Final

from edge.kernel import log, meta
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.kernel.errors import YipiaoError, invariant

SEGMENT: Final = 256
# A page that is free now is written again soon; only what is free beyond these goes back to the disk.
SPARE_PAGES: Final = 16
STEP_PAGES: Final = 32
MAX_STEPS: Final = 256
_BREATH_S: Final = 0.002
_logger = logging.getLogger(__name__)


class Compaction:
    """Runs behind each visit to the hub, in the thread of the exchange."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        self._database, self._scribe = database, scribe

    def run(self) -> int:
        """Steps until there is nothing to do, at most :data:`MAX_STEPS`; gives how many. Never raises: a disk without
        room, a box that has stopped, whatever it is, leaves the log as it was, and the next visit tries again."""
        steps = 0
        try:
            while steps < MAX_STEPS and self._step():
                steps += 1
                time.sleep(_BREATH_S)  # the pen goes to whoever grabs it first: see Exchanger
        except (YipiaoError, sqlite3.Error) as error:
            _logger.warning("log not made smaller: %s", error)
        except Exception:
            _logger.exception("log not made smaller")
        return steps

    def _step(self) -> bool:
        """One segment, or a few pages; False when there was neither."""
        rows = _settled(self._database.read())
        if rows:
            events = [event for _, event in rows]
            packed = log.pack(events)
            invariant(log.unpack(packed) == events, "a segment does not give back what was packed")
            return self._scribe.record(lambda unit: _move(unit, rows, packed))
        free = self._database.read().execute("PRAGMA freelist_count").fetchone()[0] - SPARE_PAGES
        return free > 0 and self._scribe.record(lambda unit: _give_back(unit, min(free, STEP_PAGES)))


def _settled(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """The oldest rows of the log if they fill a segment: all acknowledged, and none of them the newest event."""
    acked = meta.get(connection, "sent_from", 0)
    newest = connection.execute("SELECT max(seq) FROM event_log").fetchone()[0] or 0
    until = min(acked, newest - 1)
    first = connection.execute("SELECT min(seq) FROM event_log").fetchone()[0] or 0
    if until - first + 1 < SEGMENT:
        return []
    rows = connection.execute("SELECT seq, event FROM event_log WHERE seq <= ? ORDER BY seq LIMIT ?", (until, SEGMENT))
    return rows.fetchall()


def _move(unit: UnitOfWork, rows: list[tuple[int, bytes]], packed: bytes) -> bool:
    """Rows out, segment in, if they still are what was packed: that was done without the pen."""
    connection = unit.connection
    if _settled(connection) != rows:
        return False
    last = rows[-1][0]
    connection.execute(
        "INSERT INTO log_segment (last_seq, hash, events) VALUES (?, ?, ?)",
        (last, log.hash_at(connection, last), packed),
    )
    connection.execute("DELETE FROM event_log WHERE seq <= ?", (last,))
    connection.execute("DELETE FROM log_mark WHERE seq <= ?", (last,))
    return True


def _give_back(unit: UnitOfWork, pages: int) -> bool:
    """The file's last pages into free ones, and the file shorter."""
    before = unit.connection.execute("PRAGMA freelist_count").fetchone()[0]
    for _ in range(pages):  # one by one: Python's sqlite3 takes one step of this statement, whatever the number in it
        unit.connection.execute("PRAGMA incremental_vacuum(1)")
    return bool(unit.connection.execute("PRAGMA freelist_count").fetchone()[0] < before)
