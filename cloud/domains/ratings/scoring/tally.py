"""Adding ratings up: by operator, line, vehicle and driver, in all and by month. Pure: facts in, sums out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.domains.ratings.operations import PublicScore
from sync.domains.ratings.rules import GOOD, LEVELS, month_of, share_interval

OPERATOR, LINE, VEHICLE, DRIVER = "operator", "line", "vehicle", "driver"
KINDS: Final = (OPERATOR, LINE, VEHICLE, DRIVER)
ALL_MONTHS: Final = 0
MAX_SUBJECT: Final = 40
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Crew:
    """What ran a dated trip, and who drove it, as far as that is known."""

    vehicle: str = ""
    drivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What ratings are added up by. ``lines``: trip → (operator, line); ``crews``: dated trip → its crew."""

    lines: Mapping[int, tuple[int, int]]
    crews: Mapping[Place, Crew]


@dataclass(slots=True)
class Sum:
    """Levels 1 to 5, counted; ``agencies``: whose trips they were of; ``until_day``: the newest service day among them."""

    agencies: set[int] = field(default_factory=set)
    levels: list[int] = field(default_factory=lambda: [0] * len(LEVELS))
    until_day: int = 0

    @property
    def count(self) -> int:
        return sum(self.levels)

    @property
    def mean_tenths(self) -> int:
        """The mean times ten, rounded half up."""
        total = sum(level * count for level, count in zip(LEVELS, self.levels, strict=True))
        return (total * 10 + self.count // 2) // self.count if self.count else 0

    @property
    def interval(self) -> tuple[int, int]:
        """As :func:`sync.domains.ratings.rules.share_interval`."""
        return share_interval(sum(self.levels[GOOD - 1 :]), self.count)


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Of whom a score is. ``month``: 202611, or ALL_MONTHS."""

    kind: str
    name: str
    month: int = ALL_MONTHS


Scores = dict[Subject, Sum]


def add_up(said: Iterable[tuple[int, int, int, int]], facts: Facts) -> Scores:
    """Scores of verified ratings, each given as (trip_no, day, level, how many)."""
    found: Scores = {}
    for trip_no, day, level, count in said:
        agency_no, line_no = facts.lines.get(trip_no, (0, 0))
        crew = facts.crews.get((trip_no, day), Crew())
        names = [(OPERATOR, str(agency_no)), (LINE, str(line_no))] if agency_no else []
        names += [(VEHICLE, crew.vehicle[:MAX_SUBJECT])] if crew.vehicle else []
        names += [(DRIVER, driver[:MAX_SUBJECT]) for driver in sorted(set(crew.drivers))]
        for kind, name in names:
            for month in (ALL_MONTHS, month_of(day)):
                one = found.setdefault(Subject(kind, name, month), Sum())
                one.agencies |= {agency_no} - {0}
                one.levels[level - 1] += count
                one.until_day = max(one.until_day, day)
    return found


def public(subject: Subject, one: Sum) -> PublicScore:
    """A score as everybody may read it."""
    return PublicScore(subject.kind, subject.name, one.count, one.mean_tenths, *one.interval, one.until_day)
