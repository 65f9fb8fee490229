"""Where the four nodes of the demo stand, chosen from the timetable that was imported.

A coach line gives the station (its first stop), the village point (a stop on the way, so that two nodes and a box sell
the same trips) and the on-board box; a ferry line gives the pier. Every line with a fare will do, so that any feed works.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.service import TripFacts, trip_facts
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Stop
from tests.demo.world import DemoFailed

# What is put behind a stop's name, unless the name says already what stands there.
SUFFIXES = {
    "station": {"zh-Hans": "客运站", "zh-Hant": "客運站", "en": " coach station"},
    "village": {"zh-Hans": "邮政服务点", "zh-Hant": "郵政服務點", "en": " post point"},
    "pier": {"zh-Hans": "码头", "zh-Hant": "碼頭", "en": " pier"},
    "vehicle": {"zh-Hans": "车载机", "zh-Hant": "車載機", "en": ", on-board box"},
}
SPEAKING = ("站", "邮", "郵", "码头", "碼頭", "station", "post", "pier")
VEHICLE = "粤H·D0001"
# In the sample register.
DRIVER = "吴文国"
# Who takes the money of the hub's web shop.
SHOP = "星湖旅行社"
FERRY = 4


@dataclass(frozen=True)
class Post:
    """One node to be: its name at the hub, kind, names by language, stops."""

    name: str
    kind: str
    names: dict[str, str]
    stop_nos: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """The four nodes, and the trips that the story is about: coach trips of a day by departure, ferry trips likewise."""

    posts: tuple[Post, ...]
    coach_trips: tuple[int, ...]
    ferry_trips: tuple[int, ...]
    coach_stops: int
    ferry_stops: int


def choose(tx: Connection, day: int) -> Layout:
    """A layout whose lines run on ``day``. Raises :class:`DemoFailed` when the feed has no such line."""
    lines = _lines(tx, day)
    coach, ferry = _best(lines, reserved=True), _best(lines, reserved=False)
    on_the_way = coach[0].stop_nos[_halfway(coach[0])]
    feeders = [trips for trips in lines if trips[0].trip.approximate and trips[0].route.route_type != FERRY]
    home = max(feeders, key=len)[0].stop_nos[0] if feeders else on_the_way
    places = {
        "station": (coach[0].stop_nos[0],),
        "village": tuple(dict.fromkeys((home, on_the_way))),
        "pier": (ferry[0].stop_nos[0],),
    }
    posts = [Post(kind, kind, _named(_stop(tx, stops[0]).names, kind), stops) for kind, stops in places.items()]
    line = coach[0].route.short_names or coach[0].route.long_names
    posts.append(Post("coach-1", "vehicle", _named(line, "vehicle"), coach[0].stop_nos))
    return Layout(
        tuple(posts), tuple(facts.trip_no for facts in coach), tuple(facts.trip_no for facts in ferry),
        len(coach[0].stop_nos), len(ferry[0].stop_nos),
    )  # fmt: skip


def _lines(tx: Connection, day: int) -> list[list[TripFacts]]:
    """Patterns that are for sale from end to end and run on ``day`` between 06:00 and 23:00, each as its trips."""
    found: dict[int, list[TripFacts]] = defaultdict(list)
    rows = tx.execute(select(tables.trip.c.trip_no).where(tables.trip.c.live).order_by(tables.trip.c.start_s))
    for trip_no in rows.scalars():
        facts = trip_facts(tx, trip_no)
        if facts is not None and _runs(facts, day):
            found[facts.pattern_no].append(facts)
    return list(found.values())


def _best(lines: list[list[TripFacts]], reserved: bool) -> list[TripFacts]:
    """The line with the most places on offer: with seats and a stop on the way, or a ferry without seats."""
    fitting = [trips for trips in lines if _fits(trips[0], reserved)]
    if not fitting:
        raise DemoFailed(f"no line with fares and {'reserved' if reserved else 'free'} seats runs on that day")
    return max(fitting, key=_offer)


def _offer(trips: list[TripFacts]) -> tuple[bool, int, int]:
    """Departures at fixed times before those by headway, then places a day."""
    first = trips[0]
    return not first.trip.approximate, min(len(trips), 12) * first.capacity, -first.pattern_no


def _runs(facts: TripFacts, day: int) -> bool:
    if not facts.for_sale or not 6 * 3600 <= facts.start_s <= 23 * 3600:
        return False
    last = len(facts.stop_nos) - 1
    return rules.trip_runs(facts.trip, facts.service, day) and rules.fare_minor(facts.pattern, 0, last) is not None


def _fits(facts: TripFacts, reserved: bool) -> bool:
    last = len(facts.stop_nos) - 1
    if not reserved:
        return facts.seat_plan_kind == "free" and facts.route.route_type == FERRY
    if facts.seat_plan_kind != "reserved" or last < 2:
        return False
    return rules.fare_minor(facts.pattern, _halfway(facts), last) is not None


def _halfway(facts: TripFacts) -> int:
    """The first stop after the start where people may get on."""
    last = len(facts.stop_nos) - 1
    return next((idx for idx in range(1, last) if facts.pattern.pickup[idx]), 1)


def _stop(tx: Connection, stop_no: int) -> Stop:
    body = tx.execute(select(tables.stop.c.body).where(tables.stop.c.stop_no == stop_no)).scalar_one()
    return Stop.from_bytes(body)


def _named(names: dict[str, str], kind: str) -> dict[str, str]:
    return {
        language: text if kind != "vehicle" and any(word in text.lower() for word in SPEAKING) else text + suffix
        for language, suffix in SUFFIXES[kind].items()
        if (text := rules.name_in(names, language))
    }
