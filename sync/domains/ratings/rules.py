"""What counts as a rating: five levels, tags by kind of line, a bounded comment, a time. The numbers are data of the hub."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from math import isqrt
from typing import Final

from sync.domains.ratings.operations import RatingRules
from sync.domains.timetable.rules import SERVICES
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import newest, refuse_odd

LEVELS = (1, 2, 3, 4, 5)
# The lowest two are bad ratings (差评): somebody answers for them.
BAD: Final = 2
# From here on a passenger was content.
GOOD: Final = 4
MAX_COMMENT = 500
MAX_TAGS: Final = 20
MAX_TAG: Final = 40
SESSION_BYTES: Final = 16
HOUR_MS: Final = 3_600_000
_MAX_DAY: Final = 20_000
# Tags that fit every kind of line.
TAGS = ("clean", "on_time", "friendly", "late", "dirty", "rude", "crowded")
_ROAD: Final = ("coach", "city_bus")
# Of a hub that has published nothing. Levels, and what is a bad one, are those of the regulation on appraisal of government
# services (好差评); the other numbers are no law.
DEFAULT_RATING_RULES: Final = RatingRules(
    name="default",
    source="levels, one and fifteen days: provincial rules on good and bad appraisals; the rest is this project's proposal",
    from_day=0,
    hours_after=24,
    score_least=5,
    group_least=5,
    sessions_most=200,
    contact_days=1,
    resolve_days=15,
    burst_count=10,
    burst_minutes=10,
    tags=(
        *((tag, (), {}) for tag in TAGS),
        ("safe_driving", _ROAD, {}),
        ("unsafe_driving", _ROAD, {}),
        ("no_belt", ("coach",), {}),
        ("stop_missed", ("city_bus",), {}),
        ("calm_crossing", ("ferry",), {}),
        ("no_life_jacket", ("ferry",), {}),
    ),
)


def check_level(level: int) -> int:
    """``level`` if it is one of the five. Raises :class:`Refusal` ``rating_level``."""
    if level not in LEVELS:
        raise Refusal("rating_level", status=422, field="level")
    return level


def check_tags(tags: Iterable[str], allowed: Iterable[str] = TAGS) -> tuple[str, ...]:
    """Distinct tags among ``allowed``, in their order. Raises :class:`Refusal` ``rating_tag``."""
    chosen, known = set(tags), tuple(allowed)
    if not chosen <= set(known):
        raise Refusal("rating_tag", status=422, field="tags")
    return tuple(tag for tag in known if tag in chosen)


def clean_comment(text: str) -> str:
    """The comment without control characters, NFC, trimmed. Raises :class:`Refusal` ``rating_comment_long``."""
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Cf", "Co"))
    kept = kept.strip()
    if len(kept) > MAX_COMMENT:
        raise Refusal("rating_comment_long", status=422, field="comment", most=MAX_COMMENT)
    return kept


def in_bounds(level: int, tags: tuple[str, ...], comment: str) -> bool:
    """Whether what a box sent is a rating at all; tags may be of a set that holds no more."""
    named = len(tags) <= MAX_TAGS and all(len(tag) <= MAX_TAG for tag in tags)
    return level in LEVELS and named and len(comment) <= MAX_COMMENT


def rating_rules(published: Iterable[RatingRules], day: int) -> RatingRules:
    """The set that holds on a calendar day: the newest."""
    return newest(published, day, DEFAULT_RATING_RULES)


def tags_for(given: RatingRules, service: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """Tags of a kind of line, with their names (none: the catalogue has them)."""
    return tuple((code, names) for code, services, names in given.tags if not services or service in services)


def check_window(given: RatingRules, ends_ms: int, now_ms: int) -> None:
    """A trip that ended at ``ends_ms`` (UTC milliseconds) can still be rated. Raises :class:`Refusal` ``rating_late``."""
    if now_ms > ends_ms + given.hours_after * HOUR_MS:
        raise Refusal("rating_late", hours=given.hours_after)


def is_day(day: int) -> bool:
    """Whether a service day is one that a calendar has, before anything is counted by its month."""
    return 0 <= day < _MAX_DAY


def month_of(day: int) -> int:
    """The month of a service day: 202611. The day is one for which :func:`is_day` holds."""
    found = date_of(day)
    return found.year * 100 + found.month


def check_rating_rules(given: RatingRules) -> RatingRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``rating_rules_odd``, naming what is odd."""
    refuse_odd(
        "rating_rules_odd",
        given,
        (
            ("hours_after", not 0 <= given.hours_after <= 720),
            ("score_least", not 2 <= given.score_least <= 1_000),
            ("group_least", not 2 <= given.group_least <= 1_000),
            ("sessions_most", not 0 <= given.sessions_most <= 10_000),
            ("contact_days", not 1 <= given.contact_days <= 60),
            ("resolve_days", not given.contact_days <= given.resolve_days <= 250),
            ("burst_count", not 2 <= given.burst_count <= 1_000),
            ("burst_minutes", not 1 <= given.burst_minutes <= 1_440),
            ("tags", not _tags_fit(given)),
        ),
    )
    return given


def _tags_fit(given: RatingRules) -> bool:
    """Each code once, in plain letters, for kinds of line that there are; one without names is a known one."""
    known = {code for code, _, _ in DEFAULT_RATING_RULES.tags}
    codes = [code for code, _, _ in given.tags]
    fit = all(
        1 <= len(code) <= MAX_TAG
        and code.isascii()
        and code.replace("_", "").isalnum()
        and set(services) <= set(SERVICES)
        and (names.get("zh-Hans") or code in known)
        for code, services, names in given.tags
    )
    most = max((len(tags_for(given, service)) for service in SERVICES), default=0)
    return fit and len(set(codes)) == len(codes) and most <= MAX_TAGS


def share_interval(good: int, count: int) -> tuple[int, int]:
    """Per mille between which the share of content passengers lies, with 95 % certainty, when ``good`` of ``count`` were:
    Wilson's score interval (1927), which stays honest for small counts. Whole numbers only, so every machine says the same.
    """
    if count <= 0:
        return 0, 1_000
    # z = 1.96, so z²/2 = 1.9208 and z⁴/4 = 3.68947264; everything times 10⁸, what stands under the root times 10¹⁶. The root is
    # rounded up: an interval may be a hair too wide, never too narrow.
    middle, whole = 10**8 * good + 192_080_000, 10**8 * count + 384_160_000
    half = isqrt(384_160_000 * 10**8 * good * (count - good) // count + 368_947_264 * 10**8) + 1
    return max(1_000 * (middle - half) // whole, 0), min(-(-1_000 * (middle + half) // whole), 1_000)
