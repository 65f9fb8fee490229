"""Working days, by calendars that the hub publishes a year at a time: weekends, public holidays, and the weekend days that
are worked for them (调休). A year without its calendar is said, and never guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from sync.kernel.days import date_of, day_of
from sync.kernel.errors import Refusal
from sync.kernel.operations import Record

YEARS: Final = range(2020, 2100)
_SATURDAY: Final = 5
_MOST_DAYS: Final = 366
_COLUMNS: Final = ("date", "kind", "name")
OFF, ON = "off", "work"


@dataclass(frozen=True, slots=True)
class WorkCalendar(Record):
    """Key ``workdays/YEAR`` on ``net``. ``off``: weekdays on which nobody works; ``on``: weekend days that are worked; both
    days since 2020-01-01, ascending. ``source`` says who announced them."""

    PREFIX: ClassVar[str] = "workdays"
    year: int
    source: str
    off: tuple[int, ...]
    on: tuple[int, ...]

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/{self.year}"


def by_year(published: Iterable[WorkCalendar]) -> dict[int, WorkCalendar]:
    """Calendars by their year."""
    return {one.year: one for one in published}


def is_working(calendars: Mapping[int, WorkCalendar], day: int) -> bool:
    """Whether people work on ``day``. Raises :class:`Refusal` ``calendar_missing`` naming the year."""
    found = date_of(day)
    calendar = calendars.get(found.year)
    if calendar is None:
        raise Refusal("calendar_missing", year=found.year)
    return day in calendar.on or (day not in calendar.off and found.weekday() < _SATURDAY)


def due_day(calendars: Mapping[int, WorkCalendar], since_day: int, working_days: int) -> int:
    """The last day of a term of ``working_days`` that began on ``since_day``, that day itself not counted.

    Raises :class:`Refusal` ``calendar_missing``.
    """
    day, left = since_day, working_days
    while left > 0:
        day += 1
        left -= is_working(calendars, day)
    return day


def read_csv(year: int, source: str, text: str) -> WorkCalendar:
    """A calendar from a table with the columns ``date`` (ISO), ``kind`` (``off`` or ``work``) and ``name``: one row a day
    that is not what its weekday says; a row that says no more than that changes nothing.

    Raises :class:`Refusal` ``calendar_odd`` with the line and what is wrong there.
    """
    if year not in YEARS or not source.strip():
        raise Refusal("calendar_odd", status=422, line=0, why="year" if year not in YEARS else "source")
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    head = next(rows, [])
    if tuple(head[:2]) != _COLUMNS[:2]:
        raise Refusal("calendar_odd", status=422, line=1, why=f"columns: {', '.join(_COLUMNS)}")
    kinds: dict[int, str] = {}
    for row in rows:
        if row:
            day, kind = _read_row(row, rows.line_num, year)
            if day in kinds:
                raise Refusal("calendar_odd", status=422, line=rows.line_num, why=f"{row[0]} stands twice")
            kinds[day] = kind
    if len(kinds) > _MOST_DAYS:
        raise Refusal("calendar_odd", status=422, line=0, why="too many days")
    off = sorted(day for day, kind in kinds.items() if kind == OFF and date_of(day).weekday() < _SATURDAY)
    on = sorted(day for day, kind in kinds.items() if kind == ON and date_of(day).weekday() >= _SATURDAY)
    return WorkCalendar(year, source.strip(), tuple(off), tuple(on))


def _read_row(row: list[str], line: int, year: int) -> tuple[int, str]:
    try:
        found = date.fromisoformat(row[0].strip())
    except ValueError:
        raise Refusal("calendar_odd", status=422, line=line, why=f"date {row[0][:20]!r}") from None
    kind = row[1].strip() if len(row) > 1 else ""
    if found.year != year:
        raise Refusal("calendar_odd", status=422, line=line, why=f"{found} is not of {year}")
    if kind not in (OFF, ON):
        raise Refusal("calendar_odd", status=422, line=line, why=f"kind {kind[:20]!r}")
    return day_of(found), kind
