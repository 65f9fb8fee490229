"""Drivers' words folded into a table. One that does not fit what its box said before is kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.engine import Connection

from cloud.domains.duties.tables import trip_word
from cloud.kernel.database import chunks, insert_rows, select_pairs
from cloud.kernel.fold import Quarantine, Received
from sync.domains.duties.events import TripCutShort, TripDelayed, TripHandedOver, TripTakenOver
from sync.domains.duties.rules import WORDS, Story, check_range
from sync.kernel import cbor, hlc, records
from sync.kernel.errors import Refusal
from sync.kernel.events import Event

_WORD = ("pos", "node_no", "trip_no", "day", "seq", "at_ms", "driver_no", "type", "body")
_TOLD: Final = (
    "SELECT node_no, trip_no, day, seq, at_ms, type, body FROM trip_word WHERE (trip_no, day) IN {pairs} ORDER BY pos"
)
_LATE: Final = "SELECT pos, node_no, type FROM trip_word WHERE (trip_no, day) IN {pairs} ORDER BY pos"
_DISTURBING: Final = (TripDelayed.TYPE, TripCutShort.TYPE)
_KINDS: Final = {kind.TYPE: kind for kind in WORDS}
Key = tuple[int, int, int]


class DutyApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset(WORDS)

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._stories: dict[Key, Story] = {}
        self._rows: list[tuple[object, ...]] = []

    def prepare(self, batch: Sequence[Received]) -> None:
        trips = sorted({(event.trip_no, event.day) for event in map(_event_of, batch) if event is not None})
        for some in chunks(trips):
            for key, seq, at_ms, event in told(self._tx, some):
                self._story(key).add(seq, at_ms, event)

    def apply(self, received: Received) -> None:
        event = _event_of(received)
        if event is None or received.envelope is None:
            return
        if received.held is not None and isinstance(event, TripHandedOver | TripTakenOver):
            return  # the books do not believe it
        wrong = check_range(event)
        if wrong:
            raise Quarantine("trip_word_range", wrong)
        at_ms, key = hlc.wall_ms_of(received.envelope.stamp.hlc), (received.node_no, event.trip_no, event.day)
        try:
            self._story(key).add(received.seq, at_ms, event)
        except Refusal as refusal:
            raise Quarantine("trip_word_order", refusal.code) from None
        body = cbor.encode(records.short_body(event))
        self._rows.append((received.pos, *key, received.seq, at_ms, event.driver_no, event.TYPE, body))

    def flush(self) -> None:
        insert_rows(self._tx, trip_word, _WORD, self._rows)

    def _story(self, key: Key) -> Story:
        return self._stories.setdefault(key, Story())


def told(tx: Connection, trips: Sequence[tuple[int, int]]) -> list[tuple[Key, int, int, Event]]:
    """``((node_no, trip_no, day), seq, ms, event)`` of some dated trips, in order."""
    rows = select_pairs(tx, _TOLD, trips)
    return [((row[0], row[1], row[2]), row[3], row[4], read_word(row[5], row[6])) for row in rows]


def disturbed_since(tx: Connection, trips: Sequence[tuple[int, int]], node_no: int) -> int | None:
    """The first position at which a driver on that node said that any of some dated trips is late or ends early; None for
    never."""
    rows = (row for some in chunks(trips) for row in select_pairs(tx, _LATE, some))
    found = [pos for pos, said_by, kind in rows if said_by == node_no and kind in _DISTURBING]
    return min(found, default=None)


def read_word(kind: int, body: bytes) -> Event:
    """A word again."""
    return records.from_body(_KINDS[kind], cbor.decode(bytes(body)))


def _event_of(received: Received) -> Any:
    """Its event, if it is a word of a trip; typed loosely, since every one of them names a trip, a day and a driver."""
    event = received.envelope.event if received.envelope else None
    return event if isinstance(event, WORDS) else None
