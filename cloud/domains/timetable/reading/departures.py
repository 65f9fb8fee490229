"""Which trips leave where and when."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.reading.facts import agency_of_bytes, service_of_bytes
from sync.domains.timetable import rules
from sync.kernel.days import DAY_MS, day_at, instant_ms

_TRIP, _CALL = tables.trip.c, tables.pattern_stop.c
_HERE: Final = _CALL.stop_no.in_(bindparam("stop_nos", expanding=True))
_CALLS: Final = (
    select(_TRIP.trip_no, _TRIP.agency_no, _TRIP.service_no, _TRIP.only_days, _TRIP.except_days)
    .add_columns(_CALL.idx, (_TRIP.start_s + _CALL.departure_s).label("second"))
    .select_from(tables.pattern_stop)
    .join(tables.trip, _TRIP.pattern_no == _CALL.pattern_no)
    .where(_HERE, _CALL.boards, _TRIP.live)
    .where(_TRIP.start_s >= bindparam("first_s") - _CALL.departure_s)
    .where(_TRIP.start_s < bindparam("end_s") - _CALL.departure_s)
)
_LAST: Final = (
    select(func.max(_TRIP.start_s + _CALL.departure_s))
    .select_from(tables.pattern_stop)
    .join(tables.trip, _TRIP.pattern_no == _CALL.pattern_no)
    .where(_HERE)
)
_SERVICES: Final = select(tables.service.c.service_no, tables.service.c.body)
_AGENCIES: Final = select(tables.agency.c.agency_no, tables.agency.c.body)


class DatedTrip(NamedTuple):
    """A trip on a service date, as it calls at one stop."""

    trip_no: int
    day: int
    stop_idx: int
    departs_ms: int


def dated_trips_at(
    tx: Connection, stop_nos: Collection[int], from_ms: int, until_ms: int, limit: int
) -> list[DatedTrip]:
    """The next departures from any of these stops on which a ride is for sale, in order; each dated trip once.

    Instants in milliseconds since 1970, ``until_ms`` not included.
    """
    found: dict[tuple[int, int], DatedTrip] = {}
    search = _Departures(tx, list(stop_nos)) if stop_nos else None
    while search is not None and from_ms < until_ms and len(found) < limit:
        end_ms = min(from_ms + DAY_MS, until_ms)
        for dated in sorted(search.between(from_ms, end_ms), key=lambda item: (item.departs_ms, item[:3])):
            found.setdefault((dated.trip_no, dated.day), dated)
        from_ms = end_ms
    return list(found.values())[:limit]


class _Departures:
    """Departures from some stops, a slice of time after the other."""

    def __init__(self, tx: Connection, stop_nos: list[int]) -> None:
        self._tx, self._stop_nos = tx, stop_nos
        # Times run past 24:00, and a day has 25 hours when clocks go back.
        self._last_s = tx.execute(_LAST, {"stop_nos": stop_nos}).scalar() or 0
        self._days_back = self._last_s // 86_400 + 1
        self._services = {row.service_no: service_of_bytes(row.body) for row in tx.execute(_SERVICES)}
        self._zones: dict[str, list[int]] = {}
        for row in tx.execute(_AGENCIES):
            self._zones.setdefault(agency_of_bytes(row.body).timezone, []).append(row.agency_no)

    def between(self, from_ms: int, until_ms: int) -> Iterator[DatedTrip]:
        """All in this slice, in no order."""
        for zone, agency_nos in self._zones.items():
            for day in range(day_at(from_ms, zone) - self._days_back, day_at(until_ms, zone) + 2):
                yield from self._on(day, zone, set(agency_nos), from_ms, until_ms)

    def _on(self, day: int, zone: str, agencies: set[int], from_ms: int, until_ms: int) -> Iterator[DatedTrip]:
        midnight_ms = instant_ms(day, 0, zone)
        first_s, end_s = -(-(from_ms - midnight_ms) // 1000), -(-(until_ms - midnight_ms) // 1000)
        if end_s <= 0 or first_s > self._last_s:
            return  # nothing leaves before this service day begins, or behind its last departure
        window = {"stop_nos": self._stop_nos, "first_s": first_s, "end_s": end_s}
        for row in self._tx.execute(_CALLS, window):
            if row.agency_no in agencies and self._runs(row, day):
                yield DatedTrip(row.trip_no, day, row.idx, midnight_ms + row.second * 1000)

    def _runs(self, row: Any, day: int) -> bool:
        if row.only_days is not None:
            return day in json.loads(row.only_days)
        if row.except_days is not None and day in json.loads(row.except_days):
            return False
        return rules.service_runs(self._services[row.service_no], day)
