"""Where most people go from here: what was sold last says it, and is counted anew once an hour."""

from __future__ import annotations

from collections import Counter

from edge.domains.ticketing import store
from edge.domains.timetable.service import StopView, Timetable
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from sync.kernel.errors import Refusal

_LOOKED_AT = 2_000
_KEPT_MS = 3_600_000


class Frequent:
    """Frequent destinations of a node."""

    def __init__(self, database: Database, timetable: Timetable, keeper: TimeKeeper) -> None:
        self._database, self._timetable, self._keeper = database, timetable, keeper
        self._found: list[int] = []
        self._until_ms = -1

    def most(self, limit: int) -> list[StopView]:
        """Destinations for which most of the last tickets of this log were sold, as far as they are sold now."""
        now = self._keeper.since_start_ms()
        if now >= self._until_ms:
            self._found, self._until_ms = self._count(), now + _KEPT_MS
        return [self._timetable.stop(number) for number in self._found[:limit]]

    def _count(self) -> list[int]:
        counts: Counter[int] = Counter()
        for (trip_no, to_idx), count in Counter(store.newest_ends(self._database.read(), _LOOKED_AT)).items():
            try:
                pattern_no = self._timetable.store.trip(trip_no).pattern_no
                counts[self._timetable.store.pattern(pattern_no).stop_nos[to_idx]] += count
            except (Refusal, IndexError):
                continue  # it has left the timetable
        sold = {stop.stop_no for stop in self._timetable.destinations()}
        return sorted((number for number in counts if number in sold), key=lambda number: (-counts[number], number))
