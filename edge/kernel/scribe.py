"""The one way to write: decide, append, apply, in one durable transaction.

Group commit without a thread of its own: whoever gets the pen writes everything that waits, each piece in a savepoint,
and commits once. Nobody's :meth:`Scribe.write` returns before the commit that holds its piece (law 1).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.log import EventLog
from edge.kernel.space import Space
from sync.kernel.errors import Broken, Refusal
from sync.kernel.events import Event, Stamp

T = TypeVar("T")
Apply = Callable[[sqlite3.Connection, int, Stamp, Any], None]
MAX_BATCH: Final = 64
DISK_FULL: Final = "disk_full"
# Anything that has to be written: an empty transaction would fit on any disk.
_TRY_AGAIN: Final = "INSERT OR REPLACE INTO meta (name, value) VALUES ('room_tried_ms', ?)"


class UnitOfWork:
    """What a decision sees inside its transaction: the connection for reading, :meth:`append` for deciding."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self.connection = scribe.connection

    def append(self, event: Event) -> tuple[int, Stamp]:
        """Log ``event`` and apply it to the state tables; gives its sequence and stamp."""
        return self._scribe.append_and_apply(event)


class _Piece(Generic[T]):
    def __init__(self, work: Callable[[UnitOfWork], T], changes_facts: bool) -> None:
        self.work = work
        self.changes_facts = changes_facts
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None


class Scribe:
    """Serialises all writes of a node. ``appliers``: event class → how it changes the state tables."""

    def __init__(
        self, database: Database, keeper: TimeKeeper, appliers: Mapping[type[Event], Apply], space: Space
    ) -> None:
        self.connection = database.writer
        self.log = EventLog(database.writer)
        self.hub_ms = 0
        self.stopped: str | None = "sqlite_disobeys" if database.disobeys else None
        self._opening: Event | None = None
        self._no_room = False
        self._space = space
        self._memory = database.memory
        self._keeper = keeper
        self._appliers = appliers
        self._pen = threading.Lock()
        self._waiting: deque[_Piece[Any]] = deque()
        self.asked = 0
        self._unit = UnitOfWork(self)

    @property
    def halted(self) -> str | None:
        """Why this box can't sell: stopped for good (then it writes nothing at all), or its disk has no room: only the
        reserve is left, or the last write did not fit. The latter ends by itself."""
        full = self._no_room or self._opening is not None or self._space.is_low()
        return self.stopped or (DISK_FULL if full else None)

    def require_room(self) -> None:
        """Raises :class:`Refusal` ``disk_full`` when only the reserve of the disk is left."""
        if self._space.is_low():
            raise Refusal(DISK_FULL, status=507)

    def begin(self, first: Event | None = None) -> None:
        """Let ``first`` stand before all that this process writes. Where the disk has no room for it, the box comes up
        all the same; every later write tries again, and so does this, called without ``first``: before each visit."""
        self._opening = first or self._opening
        if (self._opening is not None or self._no_room) and not self.stopped:
            with contextlib.suppress(Refusal):
                self.record(lambda unit: unit.connection.execute(_TRY_AGAIN, (self._keeper.wall_ms(),)))

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run ``work`` inside a transaction and give its result once that is on the disk.

        What ``work`` raises comes back to its caller, and nothing of it is kept. Raises :class:`Refusal` ``box_stopped``
        when this box must not write (its SQLite does not obey, or an invariant broke) and ``disk_full``.
        """
        return self._write(_Piece(work, changes_facts=True))

    def record(self, work: Callable[[UnitOfWork], T]) -> T:
        """As :meth:`write`, for ``work`` that only appends events and keeps local rows: what the memory holds of the
        reference tables stays good, and the next sale needs not look it up again. ``asked`` counts these, done or waiting."""
        self.asked += 1
        return self._write(_Piece(work, changes_facts=False))

    def _write(self, piece: _Piece[T]) -> T:
        if self.stopped:
            raise Refusal("box_stopped", status=503, reason=self.stopped)
        self._waiting.append(piece)
        with self._pen:
            while not piece.done:
                self._write_waiting()
        if piece.error is not None:
            raise piece.error
        return piece.result  # type: ignore[return-value]

    def append_and_apply(self, event: Event) -> tuple[int, Stamp]:
        """Inside a transaction only: see :meth:`UnitOfWork.append`."""
        keeper = self._keeper
        seq, stamp = self.log.append(event, keeper.stamp_ms(), keeper.since_start_ms(), self.hub_ms)
        apply = self._appliers.get(type(event))
        if apply is not None:
            apply(self.connection, seq, stamp, event)
        return seq, stamp

    def _write_waiting(self) -> None:
        pieces = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        head, changes = self.log.head, self.connection.total_changes
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            if self._opening is not None:
                self.append_and_apply(self._opening)
            for piece in pieces:
                self._run(piece, alone=len(pieces) == 1)
            self.connection.execute("COMMIT")
            self._opening = None
            self._no_room = self._no_room and self.connection.total_changes == changes
        except BaseException as error:
            self.log.head = head
            refusal = _as_refusal(error)
            self._no_room = self._no_room or (isinstance(refusal, Refusal) and refusal.code == DISK_FULL)
            for piece in pieces:
                piece.error = piece.error or refusal
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        finally:
            if any(piece.changes_facts for piece in pieces):
                self._memory.forget()
            for piece in pieces:
                piece.done = True

    def _run(self, piece: _Piece[Any], alone: bool) -> None:
        if self.stopped:  # by a piece that came before this one
            piece.error = Refusal("box_stopped", status=503, reason=self.stopped)
            return
        head = self.log.head
        if not alone:
            self.connection.execute("SAVEPOINT piece")
        try:
            piece.result = piece.work(self._unit)
        except Exception as error:
            if isinstance(error, Broken):
                self.stopped = str(error)
            if alone or not self.connection.in_transaction:
                raise
            piece.error = _as_refusal(error)
            self.log.head = head
            self.connection.execute("ROLLBACK TO piece")
        if not alone:
            self.connection.execute("RELEASE piece")


def _as_refusal(error: BaseException) -> BaseException:
    """Disk full shows as SQLITE_FULL or as an I/O error while writing: both are a refusal that a person can act on."""
    if isinstance(error, sqlite3.OperationalError):
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR"):
            return Refusal(DISK_FULL, status=507)
    return error
