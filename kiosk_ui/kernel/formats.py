"""Money, dates, times and names as people of each language write them. Pure functions; no float comes near money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import NumberPattern, parse_pattern
from markupsafe import Markup, escape

from sync.domains.timetable.rules import FALLBACKS
from sync.kernel import days, money

LOCALES = {"zh-Hans": "zh_Hans_CN", "zh-Hant": "zh_Hant_HK", "en": "en"}
Unit = Literal["second", "minute", "hour", "day"]
UNITS_S: tuple[tuple[Unit, int, int], ...] = (
    ("second", 1, 60),
    ("minute", 60, 7_200),
    ("hour", 3_600, 2 * 86_400),
    ("day", 86_400, 10**12),
)
"""Unit, its seconds, and up to which length it is the one to say."""


@cache
def locale_of(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


@cache
def _pattern(language: str, decimals: int) -> NumberPattern:
    """The language's own currency pattern with the decimals of ISO 4217, which CLDR rounds away for some currencies."""
    pattern = parse_pattern(locale_of(language).currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern


def money_text(amount_minor: int, currency: str, language: str) -> str:
    """``4500`` CNY as ``¥45.00`` or ``CN¥45.00``."""
    pattern = _pattern(language, money.exponent(currency))
    value = Decimal(money.decimal_text(amount_minor, currency))
    return pattern.apply(value, locale_of(language), currency=currency, currency_digits=False)


def date_text(day: int, language: str) -> str:
    """A service date in full: ``2026年3月5日星期四``."""
    return format_date(days.date_of(day), "full", locale=locale_of(language))


def short_date(day: int, language: str) -> str:
    """A service date for a button: ``3月5日周四``."""
    return format_skeleton("MMMEd", days.date_of(day), locale=locale_of(language))


def weekday(day: int, language: str) -> str:
    """``周四``, ``Thu``."""
    return format_date(days.date_of(day), "ccc", locale=locale_of(language))


def month_day(day: int, language: str) -> str:
    """``3月5日``, ``Mar 5``."""
    return format_skeleton("MMMd", days.date_of(day), locale=locale_of(language))


def clock_text(wall_ms: int, zone: str) -> str:
    """``HH:MM`` where the stop is."""
    return days.local_time(wall_ms, zone).strftime("%H:%M")


def calendar_day(wall_ms: int, zone: str) -> int:
    """The date on the wall where the stop is: for a ``25:10`` of the timetable the day after its service date."""
    return days.day_at(wall_ms, zone)


def moment_text(wall_ms: int, zone: str, language: str) -> str:
    """A date and a time: ``3月5日周四 08:12``."""
    return f"{short_date(days.day_at(wall_ms, zone), language)} {clock_text(wall_ms, zone)}"


def span_text(seconds: int, language: str) -> str:
    """A length of time in one unit: ``5 minutes``, ``3 hours``; never none at all."""
    held = min(max(seconds, 1), UNITS_S[-1][2] - 1)
    unit, size = next((name, size) for name, size, below in UNITS_S if held < below)
    span = timedelta(seconds=held // size * size)
    return format_timedelta(span, granularity=unit, threshold=UNITS_S[-1][2], locale=locale_of(language))


def ride_minutes(departs_ms: int, arrives_ms: int) -> int:
    """Length of a ride in whole minutes."""
    return max(arrives_ms - departs_ms, 0) // 60_000


def chosen_name(names: Mapping[str, str], language: str) -> tuple[str, str]:
    """A name and the language that it is in, by the order of :func:`sync.domains.timetable.rules.name_in`."""
    order = (language, *FALLBACKS, *names)
    return next(((names[key], key) for key in order if names.get(key)), ("", language))


def name_markup(names: Mapping[str, str], language: str) -> Markup:
    """A name, marked where it is not in the language of the page so that a screen reader speaks it rightly."""
    text, spoken = chosen_name(names, language)
    if spoken == language:
        return escape(text)
    return Markup('<span lang="{}">{}</span>').format(spoken, text)
