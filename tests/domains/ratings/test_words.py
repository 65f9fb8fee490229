"""What people complain of: found in their own words, and never the words of a few."""

from __future__ import annotations

from cloud.domains.ratings.scoring.words import WordGroup, word_groups

SAID = [
    "司机开太快，急刹车好几次", "急刹车，吓死人", "晚点二十分钟", "又晚点了，没人说明", "车上空调不制冷",
    "空调坏了", "空调不制冷，很热", "司机态度差", "态度差，还骂人", "急刹车太多，晚点", "司机一路急刹车",
    "晚点半小时，空调也不制冷", "The driver was late", "late again, very late", "Late by an hour",
    "late", "so late", "态度差", "司机态度差", "师傅态度差得很", "座位脏", "空调不制冷",
]  # fmt: skip


def found(least: int = 4) -> dict[str, int]:
    return {one.text: one.count for one in word_groups(SAID, least)}


def test_what_many_say_is_found_as_whole_words() -> None:
    assert found() == {"急刹车": 4, "晚点": 4, "空调": 5, "不制冷": 4, "态度差": 5, "司机": 4, "late": 5}


def test_the_words_of_a_few_are_not_told() -> None:
    assert "座位脏" not in found() and "二十分钟" not in found()
    assert found(6) == {}
    assert "座位脏" in {one.text for one in word_groups(SAID, 1, 1_000)}  # the canary: it is there to be held back


def test_a_comment_counts_once_however_often_it_says_a_word() -> None:
    assert word_groups(["晚点晚点晚点", "晚点"], 2) == [WordGroup("晚点", 2)]


def test_there_is_no_word_in_silence_or_in_rubbish() -> None:
    assert word_groups([], 1) == [] and word_groups(["", "!!!", "👍👍", "12345"], 1) == []


def test_the_commonest_come_first_and_the_same_each_time() -> None:
    told = word_groups(SAID, 4)
    assert [one.count for one in told] == sorted((one.count for one in told), reverse=True)
    assert told == word_groups(list(SAID), 4)
