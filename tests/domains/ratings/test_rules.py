"""What counts as a rating."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.ratings import rules
from sync.domains.ratings.rules import DEFAULT_RATING_RULES as DEFAULT
from sync.domains.timetable.rules import SERVICES
from sync.kernel.errors import Refusal


@pytest.mark.parametrize("level", [0, 6, -1, 100])
def test_there_are_five_levels(level: int) -> None:
    assert [rules.check_level(good) for good in rules.LEVELS] == [1, 2, 3, 4, 5]
    with pytest.raises(Refusal, match="rating_level"):
        rules.check_level(level)


@given(st.lists(st.sampled_from(rules.TAGS)))
def test_tags_are_kept_once_and_in_the_lists_order(tags: list[str]) -> None:
    found = rules.check_tags(tags)
    assert list(found) == [tag for tag in rules.TAGS if tag in tags]


@pytest.mark.parametrize("tag", ["", "Clean", "clean ", "<b>", "\ud800"])
def test_a_tag_outside_the_list_is_refused(tag: str) -> None:
    with pytest.raises(Refusal, match="rating_tag"):
        rules.check_tags(["clean", tag])


@given(st.text(max_size=300))
def test_a_comment_is_cleaned_once_and_for_all(text: str) -> None:
    found = rules.clean_comment(text)
    assert rules.clean_comment(found) == found
    assert found == unicodedata.normalize("NFC", found).strip()
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Cf", "Co") and letter != "\n" for letter in found)
    found.encode()


def test_what_people_write_stays_what_they_wrote() -> None:
    assert rules.clean_comment("  车很干净，司机好！\n谢谢 👍🏽\t") == "车很干净，司机好！\n谢谢 👍🏽"
    assert rules.clean_comment("a\u202eb\u200bc\x00d\ud83de") == "abcde"


def test_a_comment_has_500_letters_at_most_after_it_was_cleaned() -> None:
    assert len(rules.clean_comment("字" * 500 + " \x00" * 300)) == 500
    with pytest.raises(Refusal, match="rating_comment_long") as raised:
        rules.clean_comment("字" * 501)
    assert raised.value.details == {"most": 500}


def test_a_ferry_has_other_tags_than_a_coach() -> None:
    coach, ferry = (dict(rules.tags_for(DEFAULT, service)) for service in ("coach", "ferry"))
    assert "no_belt" in coach and "no_belt" not in ferry and "calm_crossing" in ferry
    assert set(rules.TAGS) <= set(coach) & set(ferry)


def test_the_newest_set_that_holds_is_taken() -> None:
    sets = [replace(DEFAULT, name=str(day), from_day=day) for day in (2500, 2600)]
    names = [rules.rating_rules(sets, day).name for day in (2499, 2500, 2599, 2600, 9000)]
    assert names == ["default", "2500", "2500", "2600", "2600"]


def test_a_trip_is_rated_until_a_day_after_its_end() -> None:
    ends_ms = 1_795_406_400_000
    rules.check_window(DEFAULT, ends_ms, ends_ms + 24 * rules.HOUR_MS)
    with pytest.raises(Refusal, match="rating_late"):
        rules.check_window(DEFAULT, ends_ms, ends_ms + 24 * rules.HOUR_MS + 1)


def test_a_day_is_one_of_a_calendar() -> None:
    assert rules.is_day(2500) and rules.month_of(2500) == 202611
    assert not rules.is_day(-1) and not rules.is_day(1 << 40)


def test_the_default_set_makes_sense() -> None:
    assert rules.check_rating_rules(DEFAULT) is DEFAULT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a/b"),
        ("source", " "),
        ("from_day", -1),
        ("hours_after", 1000),
        ("score_least", 1),
        ("group_least", 0),
        ("sessions_most", -1),
        ("contact_days", 0),
        ("resolve_days", 0),
        ("burst_count", 1),
        ("burst_minutes", 0),
        ("tags", (("clean", ("rocket",), {}),)),
        ("tags", (("a b", (), {"zh-Hans": "x"}),)),
        ("tags", (("clean", (), {}), ("clean", (), {}))),
        ("tags", (("nameless", (), {}),)),
        ("tags", tuple((f"tag_{n}", SERVICES[:1], {"zh-Hans": "x"}) for n in range(rules.MAX_TAGS + 1))),
    ],
)
def test_a_set_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    with pytest.raises(Refusal, match="rating_rules_odd") as raised:
        rules.check_rating_rules(replace(DEFAULT, **{field: value}))  # type: ignore[arg-type]
    assert raised.value.field == field
