"""What an announcement may say, and when it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.domains.notices.operations import Notice
from sync.domains.notices.rules import MAX_DAYS, MAX_TEXT, MOST_SHOWN, check_notice, in_turn, shown
from sync.kernel.errors import Refusal

TODAY = 2518
SAID = Notice(5, 3, {"zh-Hans": "今日加开班次"}, TODAY, TODAY + 2, False, 1_000)


@pytest.mark.parametrize("texts", [
    {}, {"en": ""}, {"fr": "bonjour"}, {"en": "x" * (MAX_TEXT + 1)}, {"en": "a\x00b"}, {"en": "\u202eright to left"},
    {"zh-Hans": "好", "en": "x" * (MAX_TEXT + 1)},
])  # fmt: skip
def test_a_text_that_is_none_is_refused(texts: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="notice_text"):
        check_notice(replace(SAID, texts=texts), TODAY)


def test_the_refusal_stands_beside_the_language_that_it_is_about() -> None:
    with pytest.raises(Refusal) as raised:
        check_notice(replace(SAID, texts={"zh-Hans": "好", "zh-Hant": "長" * 401}), TODAY)
    assert raised.value.field == "text_zh_hant"


@pytest.mark.parametrize(("first", "last"), [
    (TODAY - 3, TODAY - 1), (TODAY + 2, TODAY + 1), (TODAY, TODAY + MAX_DAYS),
])  # fmt: skip
def test_days_that_make_no_sense_are_refused(first: int, last: int) -> None:
    with pytest.raises(Refusal, match="notice_days"):
        check_notice(replace(SAID, from_day=first, until_day=last), TODAY)


def test_both_of_its_days_count() -> None:
    assert check_notice(SAID, TODAY + 2) is SAID
    days = [day for day in range(TODAY - 2, TODAY + 5) if shown(SAID, day, None)]
    assert days == [TODAY, TODAY + 1, TODAY + 2]


def test_one_for_some_lines_is_shown_on_these_and_where_no_line_is_known() -> None:
    of_lines = replace(SAID, route_nos=(4, 9))
    assert [shown(of_lines, TODAY, route_no) for route_no in (4, 9, 5, None)] == [True, True, False, True]
    assert shown(SAID, TODAY, 5)


def test_the_urgent_come_first_then_the_newest_and_no_more_than_a_page_has_room_for() -> None:
    every = [replace(SAID, number=n, at_ms=n, urgent=n == 2) for n in range(1, MOST_SHOWN + 4)]
    assert [one.number for one in in_turn(every)] == [2, 8, 7, 6, 5]
