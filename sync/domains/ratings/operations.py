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


@dataclass(frozen=True, slots=True)
class RatingAnswer(Record):
    """Key ``answer/POS`` on ``operator/N``: a rating that its operator answered, or that was hidden, as passengers see it.

    ``reply``: what the operator said last, empty for nothing. ``hidden``: why the words of the rating are not shown (they
    are empty then); its level still counts. ``day``: of the answer; the ride itself is told by its line alone.
    """

    PREFIX: ClassVar[str] = "answer"
    agency_no: int
    route_no: int
    level: int
    tags: tuple[str, ...]
    comment: str
    language: str
    reply: str
    hidden: str
    resolved: bool
    day: int


@dataclass(frozen=True, slots=True)
class PublicScore(Record):
    """Key ``score/KIND/ID`` on ``operator/N``: what passengers think of a line, vehicle, driver, or of the operator itself.

    ``subject``: the number of the line, driver or operator, or the plate; ID is its hexadecimal form. ``count``: verified
    ratings; ``mean_tenths``: their mean times ten. Between ``low_per_mille`` and ``high_per_mille`` lies the share of
    content passengers with 95 % certainty. ``until_day``: service day of the newest rating in it.
    """

    PREFIX: ClassVar[str] = "score"
    kind: str
    subject: str
    count: int
    mean_tenths: int
    low_per_mille: int
    high_per_mille: int
    until_day: int

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/{self.kind}/{self.subject.encode().hex()}"
