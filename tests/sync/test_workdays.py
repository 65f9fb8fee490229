"""Terms in working days: by published calendars, and by nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import workdays
from sync.kernel.days import date_of, day_of
from sync.kernel.errors import Refusal
from sync.kernel.workdays import WorkCalendar
from tests.tooling.tree import ROOT

SHIPPED = (ROOT / "docs/operating/workdays-2026.csv").read_text(encoding="utf-8")
YEAR = workdays.read_csv(2026, "国务院办公厅", SHIPPED)
CALENDARS = workdays.by_year([YEAR])


def on(month: int, day: int, year: int = 2026) -> int:
    return day_of(date(year, month, day))


def test_the_year_2026_is_as_it_was_announced() -> None:
    worked = {f"{date_of(day):%m-%d}" for day in YEAR.on}
    assert worked == {"01-04", "02-14", "02-28", "05-09", "09-20", "10-10"}
    assert not workdays.is_working(CALENDARS, on(2, 23)) and workdays.is_working(CALENDARS, on(2, 24))
    assert sum(workdays.is_working(CALENDARS, day) for day in range(on(1, 1), on(12, 31) + 1)) == 248


@pytest.mark.parametrize(
    ("since", "working_days", "due"),
    [
        ((11, 27), 1, (11, 30)),
        ((9, 30), 1, (10, 8)),
        ((2, 13), 1, (2, 14)),
        ((9, 28), 15, (10, 23)),
        ((11, 23), 15, (12, 14)),
    ],
)
def test_a_term_passes_over_weekends_and_holidays(
    since: tuple[int, int], working_days: int, due: tuple[int, int]
) -> None:
    assert workdays.due_day(CALENDARS, on(*since), working_days) == on(*due)


def test_a_missing_year_is_said_and_not_guessed() -> None:
    with pytest.raises(Refusal, match="calendar_missing") as raised:
        workdays.due_day(CALENDARS, on(12, 28), 15)
    assert raised.value.details == {"year": 2027}
    both = workdays.by_year([YEAR, WorkCalendar(2027, "test", (), ())])
    assert workdays.due_day(both, on(12, 28), 15) == on(1, 18, 2027)


@given(st.integers(on(1, 1), on(11, 30)), st.integers(1, 15))
def test_a_term_ends_on_a_working_day_and_holds_as_many_as_it_says(since: int, working_days: int) -> None:
    due = workdays.due_day(CALENDARS, since, working_days)
    assert workdays.is_working(CALENDARS, due)
    assert sum(workdays.is_working(CALENDARS, day) for day in range(since + 1, due + 1)) == working_days


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("day,kind\n", 1),
        ("date,kind,name\n2026-13-01,off,x\n", 2),
        ("date,kind,name\n2026-01-01,off,x\n2027-01-01,off,x\n", 3),
        ("date,kind,name\n2026-01-01,maybe,x\n", 2),
        ("date,kind,name\n2026-01-01\n", 2),
        ("date,kind,name\n2026-01-01,off,x\n\n2026-01-01,work,x\n", 4),
    ],
)
def test_a_fault_in_the_table_is_said_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Refusal, match="calendar_odd") as raised:
        workdays.read_csv(2026, "test", text)
    assert raised.value.details["line"] == line


@pytest.mark.parametrize(("year", "source"), [(1999, "test"), (2026, " ")])
def test_a_calendar_has_a_year_and_a_source(year: int, source: str) -> None:
    with pytest.raises(Refusal, match="calendar_odd"):
        workdays.read_csv(year, source, "date,kind,name\n")


def test_a_row_that_says_what_the_weekday_says_changes_nothing() -> None:
    found = workdays.read_csv(2026, "test", "date,kind,name\n2026-11-28,off,Saturday\n2026-11-27,work,Friday\n")
    assert (found.off, found.on) == ((), ())
