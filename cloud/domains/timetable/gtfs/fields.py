"""Texts of GTFS fields to values. A parser takes a stripped, non-empty text and raises :class:`BadField`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from cloud.domains.timetable.gtfs.currencies import CURRENCIES
from sync.kernel.days import day_of

MAX_HOURS: Final = 240  # ten days after the service date: longer than any coach line
MAX_ID_CHARACTERS: Final = 200
_TIME: Final = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")
_DATE: Final = re.compile(r"[0-9]{8}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,12}")
_DEGREES: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{0,20})?")


class BadField(Exception):
    """The text is not what the field needs; ``code`` and ``args`` make the message."""

    def __init__(self, code: str, **args: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = args


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if _WHOLE.fullmatch(text) is None or not low <= int(text) <= high:
            raise BadField("bad_number", low=low, high=high)
        return int(text)

    return parse


def choice(*allowed: int) -> Callable[[str], int]:
    """A parser of one of a few digits."""
    texts = {str(number): number for number in allowed}

    def parse(text: str) -> int:
        if text not in texts:
            raise BadField("bad_choice", allowed=", ".join(texts))
        return texts[text]

    return parse


def seconds(text: str) -> int:
    """``25:10:00`` as seconds; minutes and seconds have two digits."""
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) >= MAX_HOURS:
        raise BadField("bad_time", limit_h=MAX_HOURS)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])


def day(text: str) -> int:
    """``20260714`` as days since 2020-01-01."""
    if _DATE.fullmatch(text) is None:
        raise BadField("bad_date")
    try:
        return day_of(date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        raise BadField("bad_date") from None


def latitude_e6(text: str) -> int:
    """Degrees to millionths of a degree."""
    return _degrees_e6(text, 90, "bad_latitude")


def longitude_e6(text: str) -> int:
    """Degrees to millionths of a degree."""
    return _degrees_e6(text, 180, "bad_longitude")


def _degrees_e6(text: str, limit: int, code: str) -> int:
    if _DEGREES.fullmatch(text) is None:
        raise BadField(code)
    value = round(Decimal(text) * 1_000_000)
    if abs(value) > limit * 1_000_000:
        raise BadField(code)
    return value


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezone(text: str) -> str:
    """An IANA zone name. Checked against the list and never opened as a path."""
    if text not in _zones():
        raise BadField("bad_timezone")
    return text


def currency(text: str) -> str:
    """An ISO 4217 code, in capitals."""
    if text not in CURRENCIES:
        raise BadField("bad_currency")
    return text


def identifier(text: str) -> str:
    """An id, kept as it is written."""
    if len(text) > MAX_ID_CHARACTERS:
        raise BadField("id_too_long", limit=MAX_ID_CHARACTERS)
    return text


def optional_day(text: str) -> int | None:
    """A date, for fields whose default is None."""
    return day(text)
