"""The node's part of finding damage to what it holds of its streams, and of mending it: see :mod:`sync.kernel.repair`.

Now and then, and once after each start, the digests are worked out anew from the rows on the disk, for a row that went bad
does not change the digests that are kept beside it. What the hub then sends for a range takes the place of that range.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from edge.kernel.streams import Streams
from sync.kernel import digest, repair
from sync.kernel.errors import Malformed
from sync.kernel.operations import Operation, check_wire

CHECK_EVERY_MS: Final = 6 * 3_600_000
MAX_REPAIRS: Final = 64
_BREATH_S: Final = 0.002
# As bytes: what went bad may be no text any more.
_LIVE: Final = (
    "SELECT CAST(stream AS BLOB), CAST(key AS BLOB), CAST(body AS BLOB) FROM stream_operation WHERE body IS NOT NULL"
)
_DELETE: Final = "DELETE FROM stream_operation WHERE CAST(stream AS BLOB) = ? AND CAST(key AS BLOB) = ?"
_ODD: Final = ("utf-8", "surrogateescape")
_logger = logging.getLogger(__name__)

Place = tuple[str, str]


class Repair:
    """Asks with a request, and does with the answer what it says. ``mended``: ranges that were put right so far."""

    def __init__(self, database: Database, scribe: Scribe, streams: Streams, keeper: TimeKeeper) -> None:
        self._database, self._scribe, self._streams, self._keeper = database, scribe, streams, keeper
        self._due_ms = 0
        self._closer = False
        self._left = MAX_REPAIRS
        self._asked: bytes = b""
        self.mended = 0

    def ask(self) -> tuple[bytes, ...]:
        """What goes with the next request: nothing, the digest of everything, or that of each range."""
        if self._keeper.clock.mono_ms() < self._due_ms:
            return ()
        connection = self._database.read()
        self._asked = b""
        digests = self._digests(connection)
        if not self._closer:
            return (repair.root(digests),)
        count = connection.execute("SELECT count(*) FROM stream_operation").fetchone()[0]
        self._asked = repair.ranges(_rows(connection), repair.bits_for(count))
        return repair.root(digests), self._asked

    def take(self, found: tuple[Any, ...]) -> bool:
        """Do what the hub found; True when another request should follow at once. Raises :class:`Malformed`."""
        state, *more = found
        if state == repair.REPAIR and self._asked and len(more) == 2:
            self._mend(*more)
        elif state != repair.DIFFERS or self._closer:
            return self._rest()
        self._closer = state == repair.DIFFERS
        self._left -= 1
        return self._left > 0 or self._rest()

    def _rest(self) -> bool:
        """No more until the time has come again."""
        self._due_ms = self._keeper.clock.mono_ms() + CHECK_EVERY_MS
        self._closer, self._left = False, MAX_REPAIRS
        return False

    def _digests(self, connection: sqlite3.Connection) -> dict[str, int]:
        """Digest of each stream, from its rows; where another was kept, that is put right."""
        found: dict[str, int] = defaultdict(int)
        for stream, key, body in _rows(connection):
            found[stream] = (found[stream] + digest.item(key, body)) % digest.MODULUS
        kept = self._streams.digests(connection)
        wrong = {name: value for name, value in found.items() if kept.get(name) != f"{value:032x}"}
        wrong |= {name: 0 for name, value in kept.items() if name not in found and int(value, 16)}
        if wrong:
            self._scribe.record(lambda unit: self._streams.put_digests(unit.connection, wrong))
        return dict(found)

    def _mend(self, numbers: Any, items: Any) -> None:
        """Put the hub's operations in the place of what stands in these ranges, one range in each transaction."""
        if type(numbers) is not list or type(items) is not list or not all(type(one) is int for one in numbers):
            raise Malformed("exchange_shape")
        bits = repair.bits_of(self._asked)
        there: dict[int, dict[Place, bytes]] = {number: {} for number in numbers}
        for stream, key, body in _rows(self._database.read()):
            number = repair.range_of(stream, key, bits)
            if number in there:
                there[number][stream, key] = body
        wanted: dict[int, dict[Place, Operation]] = {number: {} for number in numbers}
        for operation in map(check_wire, items):
            number = repair.range_of(operation.stream, operation.key, bits)
            if number in wanted:
                wanted[number][operation.stream, operation.key] = operation
        for number in numbers:
            self._scribe.write(partial(self._replace, there=there[number], wanted=wanted[number]))
            self.mended += 1
            time.sleep(_BREATH_S)
        _logger.warning(
            "%d ranges of what the hub had told were damaged on this disk, and were put right", len(numbers)
        )

    def _replace(self, unit: UnitOfWork, there: dict[Place, bytes], wanted: dict[Place, Operation]) -> None:
        connection = unit.connection
        for stream, key in there.keys() - wanted.keys():
            connection.execute(_DELETE, (stream.encode(*_ODD), key.encode(*_ODD)))
            with contextlib.suppress(Malformed):  # what stood there may be no key at all
                self._streams.project(connection, key, None)
        for place, operation in sorted(wanted.items(), key=lambda item: item[1].pos):
            if there.get(place) != operation.body:
                self._streams.put(connection, operation)


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[str, str, bytes]]:
    """Stream, key and body of all live operations."""
    for stream, key, body in connection.execute(_LIVE):
        yield stream.decode(*_ODD), key.decode(*_ODD), body
