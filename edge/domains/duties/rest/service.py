"""When the driver of a trip has to rest, by this box's own trips and what the hub told of others."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, radians

from edge.domains.duties import store
from edge.domains.timetable.service import Timetable, TripView
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from sync.domains.duties import rules as words
from sync.domains.duties.rest import rules
from sync.domains.duties.rest.operations import RestRules
from sync.domains.duties.rest.rules import Breach
from sync.domains.duties.rules import Run, Story
from sync.kernel.errors import Refusal

_KM_A_DEGREE = 111.2


@dataclass(frozen=True)
class RestView:
    """``breaches``: what a driver would break, and when. ``told_ms``: up to when the hub had heard of other vehicles, None for
    never. ``minutes``: driven in the last 24 hours."""

    rule: RestRules
    breaches: tuple[Breach, ...]
    told_ms: int | None
    minutes: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The rules that would be broken."""
        return tuple(one.code for one in self.breaches)


class Rest:
    """Looked at when a driver signs in, before the start, and on the way."""

    def __init__(self, database: Database, keeper: TimeKeeper, timetable: Timetable) -> None:
        self._database, self._keeper, self._timetable = database, keeper, timetable

    def of(
        self, connection: sqlite3.Connection, trip: TripView, run: Run, driver_no: int, drivers: Sequence[int]
    ) -> RestView:
        """What it would mean if a driver drove a trip from where it stands to its end."""
        now, rule = self._keeper.wall_ms(), self._rule()
        told = store.driven_told(connection, driver_no)
        spans = [*(told.spans if told else ()), *self._own(connection, driver_no, now)]
        minutes = sum(
            max(min(until, now) - max(since, now - 86_400_000), 0) for since, until in _merged(spans)
        ) // 60_000  # fmt: skip
        found: tuple[Breach, ...] = ()
        if trip.route_type in rule.route_types and run.phase in (words.PLANNED, words.RUNNING):
            relief = len({*drivers, driver_no}) > 1
            found = rules.breaches(rule, spans, self._ahead(trip, run, now), trip.zone, relief, self._km(trip))
        return RestView(rule, found, told.as_of_ms if told else None, minutes)

    def _rule(self) -> RestRules:
        return rules.rest_rules(store.published_rest_rules(self._database.read()), self._timetable.today())

    def _own(self, connection: sqlite3.Connection, driver_no: int, now: int) -> list[rules.Span]:
        """What was driven on this box in the last days, whatever it was."""
        spans = []
        for where in store.spoken_of(connection, self._timetable.today() - rules.KEPT_MS // 86_400_000):
            spans += rules.driven(Story(store.words(connection, *where)).run, driver_no, now)
        return spans

    def _ahead(self, trip: TripView, run: Run, now: int) -> rules.Span:
        """From now (or the departure that is still to come) to where the trip ends, delays counted in."""
        last = trip.calls[-1] if run.ends_idx is None else trip.calls[run.ends_idx]
        late_ms = run.delay_minutes * 60_000
        if run.phase == words.RUNNING:
            return now, max(last.arrives_ms + late_ms, now)
        begin = max(trip.calls[0].departs_ms, now)
        return begin, begin + last.arrives_ms - trip.calls[0].departs_ms

    def _km(self, trip: TripView) -> int | None:
        """Length of the way in straight lines from stop to stop; None where a stop has no place."""
        try:
            points = [self._timetable.position(call.stop.stop_no) for call in trip.calls]
        except Refusal:
            return None
        total = 0.0
        for one, other in pairwise(points):
            if one is None or other is None:
                return None
            north, east = (other[0] - one[0]) / 1e6, (other[1] - one[1]) / 1e6
            total += _KM_A_DEGREE * hypot(north, east * cos(radians(one[0] / 1e6)))
        return round(total)


def _merged(spans: list[rules.Span]) -> list[rules.Span]:
    """The same time, none of it twice."""
    found: list[rules.Span] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found
