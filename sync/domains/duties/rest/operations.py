"""Rules of a driver's rest, and what a driver drove on other boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class RestRules(Record):
    """Key ``rest/all/DAY`` on ``net``: they hold from calendar day ``from_day`` on, until a newer set does.

    All in minutes, times of day from midnight. ``day_spell``, ``night_spell``: the longest driving, and the longest of it at
    night, with no rest of ``rest`` minutes in between; ``in_day``, ``in_week``: in any 24 hours, in any 7 days. From
    ``ban_from`` to ``ban_until`` nobody drives without a relief on board, but on ways of ``exempt_km`` at most.
    ``route_types``: of GTFS, which lines are meant. ``defaults``: names of those that stand in no source that we saw.
    """

    PREFIX: ClassVar[str] = "rest"
    name: str
    source: str
    from_day: int
    day_spell: int
    night_spell: int
    rest: int
    in_day: int
    in_week: int
    night_from: int
    night_until: int
    ban_from: int
    ban_until: int
    exempt_km: int
    route_types: tuple[int, ...]
    defaults: tuple[str, ...]

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/all/{self.from_day}"


@dataclass(frozen=True, slots=True)
class Driven(Record):
    """Key ``driven/DRIVER`` on the stream of a node where that driver signs in: (from ms, until ms) at the wheel in the last
    eight days, on any box, as far as the hub had heard by ``as_of_ms``."""

    PREFIX: ClassVar[str] = "driven"
    spans: tuple[tuple[int, int], ...]
    as_of_ms: int
