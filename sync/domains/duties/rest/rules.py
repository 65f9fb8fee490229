"""When a driver has to rest: a pure function over what was driven and what is about to be.

Time is cut into minutes. Halts count as rest when they are long enough, and as no driving in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from sync.domains.duties.rest.operations import RestRules
from sync.domains.duties.rules import Run
from sync.kernel.days import local_time
from sync.kernel.rulesets import newest, refuse_odd

DAY_SPELL: Final = "day_spell"
NIGHT_SPELL: Final = "night_spell"
IN_DAY: Final = "in_day"
IN_WEEK: Final = "in_week"
NIGHT_BAN: Final = "night_ban"
BREACHES: Final = (DAY_SPELL, NIGHT_SPELL, IN_DAY, IN_WEEK, NIGHT_BAN)
_MINUTE_MS: Final = 60_000
_DAY: Final = 1_440
_WEEK: Final = 7 * _DAY
KEPT_MS: Final = 8 * _DAY * _MINUTE_MS
# Beyond this nothing that is about to be driven is looked at.
_AHEAD: Final = 2 * _DAY
Span = tuple[int, int]

# For whom the hub has published nothing. Spells, rest, 24 hours, 7 days, the ban and its exemption: rules for dynamic
# supervision of road transport vehicles, with Implementing Regulations of the Road Traffic Safety Law, article 62.
DEFAULT_REST_RULES: Final = RestRules(
    "default", "道路交通安全法实施条例第62条；道路旅客运输夜间安全规定", 0, 240, 120, 20, 480, 2_640, 22 * 60, 6 * 60,
    2 * 60, 5 * 60, 100, (3, *range(200, 210)), ("night_from", "night_until", "route_types"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule (one of BREACHES) that would be broken at ``at_ms``."""

    code: str
    at_ms: int


def driven(run: Run, driver_no: int, now_ms: int) -> list[Span]:
    """When a driver drove a trip: the wheel in hand, halts left out; until ``now_ms`` where it goes on."""
    spans = []
    for number, wheel in enumerate(run.wheels):
        until = run.wheels[number + 1].from_ms if number + 1 < len(run.wheels) else now_ms
        if wheel.driver_no == driver_no and wheel.from_ms < until:
            spans.append((wheel.from_ms, until))
    ends = [
        *(None for _ in run.halts[:-1]),
        now_ms,
    ]  # a stop that nobody said was left was no rest, but for the last one
    halts = [
        (reached, left or open_until or reached)
        for (_, reached, left), open_until in zip(run.halts, ends, strict=False)
    ]
    return [part for span in spans for part in _without(span, halts)]


def breaches(
    rules: RestRules, past: Iterable[Span], ahead: Span, zone: str, relief: bool = False, km: int | None = None
) -> tuple[Breach, ...]:
    """What would be broken if somebody who drove ``past`` drove through ``ahead`` (from ms, until ms): each rule once, with
    the first minute at which it is, in order of time.

    ``relief``: another driver is on board. ``km``: length of the way, None where nobody knows.
    """
    begin = ahead[0] // _MINUTE_MS
    first, last = begin - _WEEK, min(-(-ahead[1] // _MINUTE_MS), begin + _AHEAD)
    at_wheel = [False] * max(last - first, 0)
    for since, until in (*past, ahead):
        for minute in range(max(since // _MINUTE_MS, first), min(-(-until // _MINUTE_MS), last)):
            at_wheel[minute - first] = True
    local = local_time(first * _MINUTE_MS, zone)
    exempt = relief or (km is not None and km <= rules.exempt_km)
    found: dict[str, int] = {}
    for place, codes in _minutes(rules, at_wheel, local.hour * 60 + local.minute, exempt):
        if place >= begin - first:
            for code in codes:
                found.setdefault(code, (first + place) * _MINUTE_MS)
    return tuple(sorted((Breach(code, at_ms) for code, at_ms in found.items()), key=lambda one: one.at_ms))


def _minutes(
    rules: RestRules, at_wheel: list[bool], first_of_day: int, exempt: bool
) -> Iterable[tuple[int, tuple[str, ...]]]:
    """(place, rules broken in it) of every minute at the wheel."""
    so_far = [0, *accumulate(at_wheel)]
    spell = night = resting = 0
    for place, driving in enumerate(at_wheel):
        if not driving:
            resting += 1
            if resting >= rules.rest:
                spell = night = 0
            continue
        resting, of_day = 0, (first_of_day + place) % _DAY
        spell += 1
        night += _within(of_day, rules.night_from, rules.night_until)
        in_day = so_far[place + 1] - so_far[max(place + 1 - _DAY, 0)]
        in_week = so_far[place + 1] - so_far[max(place + 1 - _WEEK, 0)]
        broken = (
            (DAY_SPELL, spell > rules.day_spell),
            (NIGHT_SPELL, night > rules.night_spell),
            (IN_DAY, in_day > rules.in_day),
            (IN_WEEK, in_week > rules.in_week),
            (NIGHT_BAN, not exempt and _within(of_day, rules.ban_from, rules.ban_until)),
        )
        yield place, tuple(code for code, is_so in broken if is_so)


def rest_rules(published: Iterable[RestRules], day: int) -> RestRules:
    """The newest set that holds on a calendar day."""
    return newest(published, day, DEFAULT_REST_RULES)


def check_rest_rules(given: RestRules) -> RestRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``rest_rules_odd``, naming what is odd."""
    lengths = ("day_spell", "night_spell", "rest", "in_day", "in_week")
    times = ("night_from", "night_until", "ban_from", "ban_until")
    refuse_odd(
        "rest_rules_odd",
        given,
        (
            *((name, not 1 <= getattr(given, name) <= _WEEK) for name in lengths),
            *((name, not 0 <= getattr(given, name) < _DAY) for name in times),
            ("exempt_km", not 0 <= given.exempt_km <= 10_000),
            ("defaults", not set(given.defaults) <= set(given.__dataclass_fields__)),
        ),
    )
    return given


def _within(minute: int, since: int, until: int) -> bool:
    """Whether a minute of the day lies in a span that may go over midnight."""
    return since <= minute < until if since <= until else minute >= since or minute < until


def _without(span: Span, halts: Iterable[Span]) -> list[Span]:
    """What is left of a span between halts, which stand in order."""
    at, found = span[0], []
    for since, until in halts:
        if since < span[1] and until > at:
            if since > at:
                found.append((at, since))
            at = max(at, until)
    return [*found, (at, span[1])] if at < span[1] else found
