"""What the hub says about ratings: their rules as data, and the public scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class RatingRules(Record):
    """Key ``rating/DAY`` on ``net``: they hold from calendar day ``from_day`` on, until a newer set does.

    A ticket rates its trip until ``hours_after`` its end. A score is public from ``score_least`` ratings on, and nothing
    is broken down into groups of fewer than ``group_least``. ``sessions_most``: ratings without a ticket that a box takes
    of one dated trip. A bad rating is answered within ``contact_days`` working days and settled within ``resolve_days``.
    ``burst_count`` ratings of a trip within ``burst_minutes`` are told. ``tags``: (code, kinds of line of
    :data:`sync.domains.timetable.rules.SERVICES`, none for all, names by language, none for those of the catalogue).
    """

    PREFIX: ClassVar[str] = "rating"
    name: str
    source: str
    from_day: int
    hours_after: int
    score_least: int
    group_least: int
    sessions_most: int
    contact_days: int
    resolve_days: int
    burst_count: int
    burst_minutes: int
    tags: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...]

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/{self.from_day}"
