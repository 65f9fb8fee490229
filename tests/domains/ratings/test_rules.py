"""What counts as a rating."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.ratings import rules
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
