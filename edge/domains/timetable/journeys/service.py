"""Ways from one stop to another on a day, with up to two changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from sync.domains.disruption.rules import CANCELLED
from sync.domains.timetable import rules
from sync.domains.timetable.journeys.network import Departures, Goal, Network
from sync.domains.timetable.journeys.search import Journey, search
from sync.kernel import days
from sync.kernel.errors import Refusal

MOST = 6
_TARGETS = 64
_DAYS = 4
Key = TypeVar("Key")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Connection:
    """A way from here to there. ``price_minor`` None: at least one ride has no price, or they have several currencies.

    ``change_minutes`` has one number a change: what it takes, as long as nothing is late.
    """

    rides: tuple[Ride, ...]
    change_minutes: tuple[int, ...]
    price_minor: int | None
    currency: str

    @property
    def departs_ms(self) -> int:
        """When the first ride leaves."""
        return self.rides[0].departs_ms

    @property
    def arrives_ms(self) -> int:
        """When the last ride arrives."""
        return self.rides[-1].arrives_ms


class _Plan:
    """One state of the timetable, with what searches have found out about it."""

    def __init__(self, revision: tuple[int, int], network: Network) -> None:
        self.revision, self.network = revision, network
        self._goals: OrderedDict[frozenset[int], Goal] = OrderedDict()
        self._departures: OrderedDict[tuple[int, str], Departures] = OrderedDict()

    def goal(self, targets: frozenset[int]) -> Goal:
        """What leads to ``targets``."""
        return _remembered(self._goals, targets, lambda: self.network.goal(targets, rules.MAX_CHANGES + 1), _TARGETS)

    def departures(self, day: int, zone: str) -> Departures:
        """What runs around a calendar day."""
        return _remembered(self._departures, (day, zone), lambda: self.network.departures(day, zone), _DAYS)


class Journeys:
    """The network is laid out when somebody first asks after a change of the timetable, and kept until the next one."""

    def __init__(self, database: Database, timetable: Timetable, keeper: TimeKeeper) -> None:
        self._memory, self._timetable, self._keeper = database.memory, timetable, keeper
        self._lock = threading.Lock()
        self._plan: _Plan | None = None

    def find(
        self, to_stop_no: int, day: int, from_stop_no: int | None = None, after_ms: int | None = None, most: int = MOST
    ) -> list[Connection]:
        """Connections on a calendar day by departure, those that have left excepted; from this place unless a stop is
        named. Raises :class:`Refusal`: ``no_such_stop``, ``place_unknown``, ``not_bookable``."""
        if day not in self._timetable.bookable_days():
            raise Refusal("not_bookable", field="day")
        origins, targets = self._origins(from_stop_no), frozenset(self._timetable.with_children(to_stop_no))
        if not origins:
            raise Refusal("place_unknown", status=503)
        if targets & origins:
            return []
        zone, plan = self._timetable.zone(), self._current()
        first_ms = max(after_ms or 0, self._keeper.wall_ms(), days.instant_ms(day, 0, zone))
        after_s = (first_ms - days.instant_ms(day, 0, zone) + 999) // 1000
        with self._lock:
            found = search(plan.departures(day, zone), origins, plan.goal(targets), after_s, most)
        shown = [self._view(journey) for journey in found]
        return [one for one in shown if all(ride.disruption != CANCELLED for ride in one.rides)]

    def connects(self, ride: Ride, onward: Ride) -> bool:
        """Whether one may ride ``onward`` after ``ride``: planned times and the way between the two stops allow it."""
        reach = dict(self._current().network.changes.get(ride.to_stop.stop_no, ()))
        needed_s = reach.get(onward.from_stop.stop_no)
        return needed_s is not None and ride.arrives_ms + needed_s * 1000 <= onward.departs_ms

    def holds(self, ride: Ride, onward: Ride) -> bool:
        """Whether a change that was planned is still made, as late as the hub has told that things are."""
        needed_s = dict(self._current().network.changes.get(ride.to_stop.stop_no, ())).get(onward.from_stop.stop_no)
        arrives_ms = ride.arrives_ms + ride.delay_minutes * 60_000
        return needed_s is None or arrives_ms + needed_s * 1000 <= onward.leaves_ms

    def _origins(self, from_stop_no: int | None) -> frozenset[int]:
        timetable = self._timetable
        return frozenset(timetable.own_stops() if from_stop_no is None else timetable.with_children(from_stop_no))

    def _current(self) -> _Plan:
        revision = self._memory.get("timetable revision", self._timetable.store.revision)
        plan = self._plan
        if plan is None or plan.revision != revision:
            plan = self._plan = _Plan(revision, self._timetable.store.network())
        return plan

    def _view(self, journey: Journey) -> Connection:
        rides = tuple(self._timetable.ride(leg.trip_no, leg.day, leg.from_idx, leg.to_idx) for leg in journey)
        prices, currencies = [ride.price_minor for ride in rides], {ride.currency for ride in rides}
        sold = None not in prices and len(currencies) == 1
        return Connection(
            rides=rides,
            change_minutes=tuple(-(-leg.change_s // 60) for leg in journey[1:]),
            price_minor=sum(price or 0 for price in prices) if sold else None,
            currency=rides[0].currency,
        )


def _remembered(kept: OrderedDict[Key, Found], key: Key, find: Callable[[], Found], most: int) -> Found:
    """The value under ``key``, found the first time; the one that was asked for longest ago makes room."""
    if key in kept:
        kept.move_to_end(key)
    else:
        kept[key] = find()
        if len(kept) > most:
            kept.popitem(last=False)
    return kept[key]
