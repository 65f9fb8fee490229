"""Money, times and names as people write them."""

from __future__ import annotations

import pytest

from kiosk_ui.kernel import formats
from kiosk_ui.kernel.forms import amount_minor, whole
from kiosk_ui.kernel.offers import seat_rows
from sync.domains.timetable.rules import name_in
from sync.kernel import days
from sync.kernel.errors import Refusal
from tests.support.nodes import TODAY, ZONE


@pytest.mark.parametrize(
    ("minor", "currency", "language", "text"),
    [
        (4500, "CNY", "zh-Hans", "¥45.00"),
        (4500, "CNY", "zh-Hant", "CN¥45.00"),
        (7140, "HKD", "zh-Hant", "HK$71.40"),
        (7140, "HKD", "en", "HK$71.40"),
        (1200, "JPY", "zh-Hans", "JP¥1,200"),
        (1234, "KWD", "en", "KWD1.234"),
        (123456789, "CNY", "zh-Hans", "¥1,234,567.89"),
        (500, "LAK", "en", "LAK5.00"),
        (2**53 + 1, "CNY", "zh-Hans", "¥90,071,992,547,409.93"),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_every_fen(
    minor: int, currency: str, language: str, text: str
) -> None:
    assert formats.money_text(minor, currency, language) == text


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("45", 4500), ("45.5", 4550), (" ４５．５０ ", 4550), ("¥45.50", 4550), ("CN¥1,045.00", 104500), ("45 元", 4500),
     ("45 cny", 4500), ("", None), ("   ", None)],
)  # fmt: skip
def test_cash_is_read_as_people_type_it(typed: str, minor: int | None) -> None:
    assert amount_minor({"tendered": typed}, "tendered", "CNY") == minor


@pytest.mark.parametrize("typed", ["45,50", "1,00", "-1", "1e3", "元", "CNY", "4 5", "٤٥", "0x10", "1.2.3", "45.555"])
def test_what_is_no_amount_is_never_guessed(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        amount_minor({"tendered": typed}, "tendered", "CNY")
    assert refused.value.field == "tendered"


@pytest.mark.parametrize("typed", ["", "-1", "1.0", "1_000", "٣", "9007199254740993", "9" * 5000])
def test_what_is_no_whole_number_is_refused(typed: str) -> None:
    with pytest.raises(Refusal, match="input_whole"):
        whole({"n": typed}, "n")


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (0, ("1秒钟", "1 秒", "1 second")),
        (59, ("59秒钟", "59 秒", "59 seconds")),
        (60, ("1分钟", "1 分鐘", "1 minute")),
        (7_199, ("119分钟", "119 分鐘", "119 minutes")),
        (7_200, ("2小时", "2 小時", "2 hours")),
        (5 * 86_400, ("5天", "5 日", "5 days")),
        (10**15, ("11574074天", "11,574,074 日", "11,574,074 days")),
    ],
)
def test_a_span_is_said_in_one_unit(seconds: int, texts: tuple[str, str, str]) -> None:
    said = [formats.span_text(seconds, language) for language in ("zh-Hans", "zh-Hant", "en")]
    assert [text.replace(",", "") for text in said] == [text.replace(",", "") for text in texts]


def test_a_time_after_midnight_is_the_next_day_of_the_calendar() -> None:
    late = days.instant_ms(TODAY, 24 * 3600 + 600, ZONE)
    assert formats.clock_text(late, ZONE) == "00:10"
    assert formats.calendar_day(late, ZONE) == TODAY + 1


def test_dates_are_in_the_language_of_the_reader() -> None:
    said = [formats.date_text(TODAY, language) for language in ("zh-Hans", "zh-Hant", "en")]
    assert said == ["2026年11月23日星期一", "2026年11月23日星期一", "Monday, November 23, 2026"]


def test_a_name_in_another_language_is_marked_for_screen_readers_and_escaped() -> None:
    assert formats.name_markup({"en": "A & B", "zh-Hans": "甲"}, "en") == "A &amp; B"
    assert formats.name_markup({"zh-Hans": "甲 <乙>"}, "en") == '<span lang="zh-Hans">甲 &lt;乙&gt;</span>'
    assert formats.name_markup({"ug": "x"}, "en") == '<span lang="ug">x</span>'
    assert formats.name_markup({}, "en") == ""


@pytest.mark.parametrize("names", [{"en": "A"}, {"zh-Hant": "甲", "en": "A"}, {"zh-Hans": "", "fr": "B"}, {}])
def test_the_name_shown_is_the_one_the_rules_choose(names: dict[str, str]) -> None:
    for language in ("zh-Hans", "zh-Hant", "en"):
        assert formats.chosen_name(names, language)[0] == name_in(names, language)


def test_a_seat_map_keeps_the_aisle_and_its_order() -> None:
    from edge.domains.inventory.service import SeatCell

    cells = [
        SeatCell(n, str(n), row, column, "open") for n, row, column in ((1, 0, 0), (3, 1, 0), (2, 0, 2), (4, 1, 2))
    ]
    drawn = [[cell.seat if cell else None for cell in row] for row in seat_rows(cells)]
    assert drawn == [[1, None, 2], [3, None, 4]]
    assert seat_rows([]) == []
