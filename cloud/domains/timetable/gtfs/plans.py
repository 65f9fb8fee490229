"""Which vehicle a route runs: seat plans, and the operator's small TOML file that hands them out.

::

    [plans.coach-33]             # a plan of one's own; the four below are always there
    kind = "reserved"            # every ticket has its seat; or "free": only heads are counted
    capacity = 33
    layout = \"\"\"
    AB.C
    …                            # one line a row from the front, one letter a seat, dots for the aisle
    \"\"\"
    [by_route]                   # the narrowest that names the route decides
    R12 = "coach-33"
    [by_agency]
    SUNNY = "minibus-19"
    [by_route_type]              # GTFS route_type
    3 = "bus-free"

A seat's label is its row and letter (``07A``); its number counts seats in reading order from 1. Without any
line in the file, buses and coaches (route types 3, 200 to 299, 700 to 799) are ``coach-45``, ferries (4,
1000 to 1099, 1200 to 1299) ``ferry-free`` and everything else ``bus-free``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cloud.domains.timetable.gtfs.errors import Problems
from cloud.domains.timetable.gtfs.model import Seat, SeatPlan
from cloud.domains.timetable.gtfs.network import MAX_ROUTE_TYPE, Network, RouteRow
from cloud.domains.timetable.gtfs.read import Feed
from sync.kernel.errors import invariant

DEFAULT_FILE: Final = "seat_plans.toml"
MAX_FILE_BYTES: Final = 1 << 20
MAX_RESERVED: Final = 200
MAX_FREE: Final = 5_000
RESERVED, FREE = "reserved", "free"
SECTIONS: Final = ("plans", "by_route", "by_agency", "by_route_type")
PLAN_KEYS: Final = ("kind", "capacity", "layout")
LETTERS: Final = frozenset("ABCDEFGHJKLMNPQRSTUVWXYZ.")  # no I and O: they read as 1 and 0


def seats_of(layout: str) -> tuple[Seat, ...] | None:
    """The seats that a layout draws; None when it is not one."""
    seats: list[Seat] = []
    for row, line in enumerate(line for line in layout.splitlines() if line.strip()):
        letters = line.strip()
        taken = letters.replace(".", "")
        if not LETTERS.issuperset(letters) or len(set(taken)) != len(taken):
            return None
        for column, letter in enumerate(letters):
            if letter != ".":
                seats.append(Seat(len(seats) + 1, f"{row + 1:02d}{letter}", row, column))
    return tuple(seats) if 0 < len(seats) <= MAX_RESERVED else None


def _reserved(name: str, layout: str) -> SeatPlan:
    seats = seats_of(layout)
    invariant(seats is not None, f"layout of the built-in plan {name}")
    return SeatPlan(name, RESERVED, len(seats or ()), seats or ())


BUILT_IN: Final[Mapping[str, SeatPlan]] = {
    # ten rows of 2+2 and the bench at the back
    "coach-45": _reserved("coach-45", "AB.CD\n" * 10 + "ABCDE\n"),
    # five rows of 2+1 and four seats at the back
    "minibus-19": _reserved("minibus-19", "AB.C\n" * 5 + "ABCD\n"),
    "ferry-free": SeatPlan("ferry-free", FREE, 300, ()),
    "bus-free": SeatPlan("bus-free", FREE, 80, ()),
}


def default_plan(route_type: int) -> str:
    """The plan of a route that no line of a seat plan file reaches."""
    if route_type == 3 or 200 <= route_type < 300 or 700 <= route_type < 800:
        return "coach-45"
    if route_type == 4 or 1000 <= route_type < 1100 or 1200 <= route_type < 1300:
        return "ferry-free"
    return "bus-free"


@dataclass(slots=True)
class SeatPlans:
    """All plans by name, and who runs which."""

    plans: dict[str, SeatPlan] = field(default_factory=lambda: dict(BUILT_IN))
    by_route: dict[str, str] = field(default_factory=dict)
    by_agency: dict[str, str] = field(default_factory=dict)
    by_route_type: dict[str, str] = field(default_factory=dict)

    def of(self, route: RouteRow) -> str:
        """The name of a route's plan."""
        return (
            self.by_route.get(route.feed_id)
            or self.by_agency.get(route.agency)
            or self.by_route_type.get(str(route.route_type))
            or default_plan(route.route_type)
        )


class PlanReader:
    """Reads one seat plan file and reports what is wrong with it."""

    def __init__(self, file: str, network: Network, problems: Problems) -> None:
        self._file = file
        self._network = network
        self._problems = problems
        self._result = SeatPlans()

    def read(self, content: bytes) -> SeatPlans:
        """The plans of the file, on top of those that are always there."""
        try:
            document = tomllib.loads(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            self._error("bad_utf8", "", "")
            return self._result
        except tomllib.TOMLDecodeError as error:
            self._error("plan_toml", "", "", reason=str(error))
            return self._result
        self._check_keys(document, SECTIONS, "")
        for name, plan in self._section(document, "plans").items():
            self._add_plan(name, plan)
        self._assign(document, "by_route", self._result.by_route, self._network.routes, "routes.txt")
        self._assign(document, "by_agency", self._result.by_agency, self._network.agencies, "agency.txt")
        self._assign(document, "by_route_type", self._result.by_route_type, None, "")
        return self._result

    def _section(self, document: Mapping[str, object], name: str) -> dict[str, object]:
        section = document.get(name, {})
        if isinstance(section, dict):
            return section
        self._error("plan_unknown_key", name, name, allowed=f"[{name}] as a table")
        return {}

    def _add_plan(self, name: str, plan: object) -> None:
        place = f"plans.{name}"
        if not isinstance(plan, dict):
            self._error("plan_kind", place, str(plan))
            return
        self._check_keys(plan, PLAN_KEYS, place)
        kind, capacity = plan.get("kind"), plan.get("capacity")
        limit = MAX_RESERVED if kind == RESERVED else MAX_FREE
        if kind not in (RESERVED, FREE):
            self._error("plan_kind", f"{place}.kind", str(kind))
        elif type(capacity) is not int or not 1 <= capacity <= limit:
            self._error("plan_capacity", f"{place}.capacity", str(capacity), limit=limit)
        else:
            seats = self._seats(place, plan.get("layout"), capacity) if kind == RESERVED else ()
            self._result.plans[name] = SeatPlan(name, kind, capacity, seats)

    def _seats(self, place: str, layout: object, capacity: int) -> tuple[Seat, ...]:
        seats = seats_of(layout) if isinstance(layout, str) else None
        if seats is None:
            self._error("plan_layout", f"{place}.layout", str(layout), limit=MAX_RESERVED)
            return ()
        if len(seats) != capacity:
            self._error("plan_seats", f"{place}.capacity", str(capacity), found=len(seats), wanted=capacity)
        return seats

    def _assign(
        self,
        document: Mapping[str, object],
        section: str,
        into: dict[str, str],
        known: Container[str] | None,
        target: str,
    ) -> None:
        for key, plan in self._section(document, section).items():
            place = f"{section}.{key}"
            if not isinstance(plan, str) or plan not in self._result.plans:
                self._error("plan_absent", place, str(plan))
            elif known is None and not _is_route_type(key):
                self._error("plan_route_type", place, key)
            else:
                into[key] = plan
                if known is not None and key not in known:
                    self._problems.note("plan_unused", self._file, 0, place, key, target=target)

    def _check_keys(self, found: Mapping[str, object], allowed: tuple[str, ...], place: str) -> None:
        for key in found:
            if key not in allowed:
                self._error("plan_unknown_key", place, key, allowed=", ".join(allowed))

    def _error(self, code: str, place: str, value: str, **args: object) -> None:
        self._problems.add(code, self._file, 0, place, value, **args)


def read_plans(feed: Feed, path: Path | None, network: Network) -> SeatPlans:
    """The operator's file at ``path``, else the one that comes with the feed, else the defaults."""
    if path is None:
        content = feed.content(DEFAULT_FILE, MAX_FILE_BYTES)
        name = DEFAULT_FILE
    else:
        content = _content(feed, path)
        name = path.name
    return SeatPlans() if content is None else PlanReader(name, network, feed.problems).read(content)


def _content(feed: Feed, path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        feed.problems.add("plan_unreadable", path.name, reason=error.strerror or str(error))
        return None
    if len(content) <= MAX_FILE_BYTES:
        return content
    feed.problems.add("file_too_big", path.name, size=path.stat().st_size, limit=MAX_FILE_BYTES)
    return None


def _is_route_type(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= 4 and int(key) <= MAX_ROUTE_TYPE
