"""Money, dates and numbers as each language writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_currency, format_decimal

from sync.kernel.days import date_of, local_time
from sync.kernel.money import decimal_text

LOCALES: Final = {
    "zh-Hans": Locale("zh", "CN", "Hans"),
    "zh-Hant": Locale("zh", "HK", "Hant"),
    "en": Locale("en", "GB"),
}
_LAST_DAY: Final = 2_900_000


class Formats:
    """One language and one time zone."""

    def __init__(self, language: str, zone: str) -> None:
        self.language = language
        self.zone = zone
        self._locale = LOCALES[language]

    def money(self, amount_minor: int, currency: str) -> str:
        """``7140`` HKD as ``HK$71.40``."""
        if len(currency) != 3 or not currency.isascii():
            return f"{amount_minor} {currency}"
        amount = Decimal(decimal_text(amount_minor, currency))
        return format_currency(amount, currency, locale=self._locale, decimal_quantization=False)

    def number(self, value: int) -> str:
        """With the language's grouping."""
        return format_decimal(value, locale=self._locale)

    def moment(self, wall_ms: int | None) -> str:
        """Date and time in the console's zone; a dash for never."""
        if not wall_ms:
            return "–"
        local = local_time(wall_ms, self.zone)
        return f"{format_date(local, 'medium', self._locale)} {local:%H:%M:%S}"

    def minute(self, wall_ms: int, zone: str | None = None) -> str:
        """Date and time as timetables say them: no seconds, on the clocks of ``zone`` (else the console's)."""
        local = local_time(wall_ms, zone or self.zone)
        return f"{format_date(local, 'medium', self._locale)} {local:%H:%M}"

    def ago(self, wall_ms: int, now_ms: int) -> str:
        """How long before ``now_ms``."""
        span = timedelta(milliseconds=min(wall_ms - now_ms, 0))
        return format_timedelta(span, add_direction=True, locale=self._locale)

    def span(self, ms: int) -> str:
        """How long something takes or took."""
        return format_timedelta(timedelta(milliseconds=max(ms, 0)), locale=self._locale)

    def day(self, day: int | None) -> str:
        """A service date."""
        if day is None or not -300_000 < day < _LAST_DAY:
            return "–" if day is None else str(day)
        return format_date(date_of(day), "medium", self._locale)

    def iso(self, wall_ms: int) -> str:
        """For the ``datetime`` attribute: the instant in UTC."""
        return datetime.fromtimestamp(wall_ms // 1000, UTC).isoformat().replace("+00:00", "Z")
