"""What a trip's words make of it."""

from __future__ import annotations

from typing import Any

import pytest

from sync.domains.disruption.rules import MAX_DELAY_MINUTES
from sync.domains.duties.events import (
    DutyTaken,
    StopLeft,
    StopReached,
    TripCutShort,
    TripDelayed,
    TripEnded,
    TripStarted,
    TripWordTaken,
)
from sync.domains.duties.rules import ENDED, MAX_NOTE, PLANNED, RUNNING, Story, Wheel, check_range
from sync.kernel.errors import Refusal
from sync.kernel.events import Event

T = (101, 2518)
LI, HE = 21, 22
START = TripStarted(*T, LI, "粤H12345", (), "")


def told(*events: Event) -> Story:
    return Story((number, 1_000 * number, event) for number, event in enumerate(events, 1))


def refusal(story: Story, event: Event) -> str:
    with pytest.raises(Refusal) as caught:
        story.add(99, 99_000, event)
    return caught.value.code


def test_a_trip_goes_from_stop_to_stop_to_its_end() -> None:
    assert told().run.phase == PLANNED and told().run.next_idx == 0
    run = told(START, StopLeft(*T, LI, 0), StopReached(*T, LI, 1)).run
    assert (run.phase, run.idx, run.standing, run.next_idx, run.driver_no) == (RUNNING, 1, True, 2, LI)
    over = told(START, StopLeft(*T, LI, 0), StopReached(*T, LI, 4), TripEnded(*T, LI, 4)).run
    assert (over.phase, over.idx, over.ended_ms) == (ENDED, 4, 4_000)
    assert over.halts == ((0, 1_000, 2_000), (4, 3_000, None))


def test_a_stop_that_nobody_called_is_passed_with_the_next_one() -> None:
    run = told(START, StopLeft(*T, LI, 0), StopReached(*T, LI, 3)).run
    assert (run.idx, run.next_idx) == (3, 4)
    assert told(START, StopLeft(*T, LI, 2)).run.standing is False


@pytest.mark.parametrize(
    ("before", "event", "code"),
    [
        ((), StopReached(*T, LI, 1), "trip_not_started"),
        ((), TripDelayed(*T, LI, 5, 0, ""), "trip_not_started"),
        ((START,), START, "trip_started"),
        ((START,), DutyTaken(*T, LI, "", True), "trip_same_driver"),
        ((START, StopReached(*T, LI, 2)), StopReached(*T, LI, 2), "stop_behind"),
        ((START, StopReached(*T, LI, 2)), StopLeft(*T, LI, 1), "stop_behind"),
        ((START, StopLeft(*T, LI, 2)), StopLeft(*T, LI, 2), "stop_behind"),
        ((START, StopLeft(*T, LI, 2)), TripCutShort(*T, LI, 2, 0, ""), "stop_behind"),
        ((START, TripCutShort(*T, LI, 2, 0, "")), StopReached(*T, LI, 3), "stop_behind"),
        ((START, TripCutShort(*T, LI, 2, 0, "")), StopLeft(*T, LI, 2), "stop_behind"),
        ((START, StopReached(*T, LI, 2)), TripEnded(*T, LI, 1), "stop_behind"),
        ((START, TripEnded(*T, LI, 4)), TripDelayed(*T, LI, 5, 0, ""), "trip_over"),
        ((START, TripEnded(*T, LI, 4)), START, "trip_over"),
        ((START, TripEnded(*T, LI, 4)), DutyTaken(*T, HE, "", True), "trip_over"),
        ((START,), TripWordTaken(*T, LI, 7), "undo_not_last"),
        ((), TripWordTaken(*T, LI, 1), "undo_not_last"),
    ],
)
def test_a_word_that_does_not_fit_is_refused_and_changes_nothing(
    before: tuple[Event, ...], event: Event, code: str
) -> None:
    story = told(*before)
    stood = story.run
    assert refusal(story, event) == code
    assert story.run == stood


def test_the_last_word_is_taken_back_and_what_stood_before_stands_again() -> None:
    story = told(START, StopLeft(*T, LI, 0), StopReached(*T, LI, 1), TripWordTaken(*T, LI, 3))
    assert (story.run.idx, story.run.standing, story.last) == (0, False, (2, StopLeft))
    story.add(5, 5_000, TripWordTaken(*T, LI, 2))
    story.add(6, 6_000, TripWordTaken(*T, LI, 1))
    assert story.run.phase == PLANNED and story.last is None


def test_an_end_by_mistake_is_taken_back_and_the_trip_goes_on() -> None:
    story = told(START, StopLeft(*T, LI, 0), TripEnded(*T, LI, 0), TripWordTaken(*T, LI, 3), StopReached(*T, LI, 1))
    assert (story.run.phase, story.run.idx, story.run.ended_ms) == (RUNNING, 1, None)


def test_a_relief_takes_the_wheel_on_the_way() -> None:
    run = told(START, StopReached(*T, LI, 2), DutyTaken(*T, HE, "", True), TripEnded(*T, HE, 4)).run
    assert run.wheels == (Wheel(1_000, LI), Wheel(3_000, HE), Wheel(4_000, 0))
    assert (run.driver_no, run.vehicle) == (HE, "粤H12345")


def test_the_newest_delay_counts_and_none_is_on_time() -> None:
    run = told(START, TripDelayed(*T, LI, 25, 0, "堵车"), TripDelayed(*T, LI, 10, 1, "")).run
    assert (run.delay_minutes, run.reason, run.note, run.told_ms) == (10, "weather", "", 3_000)
    assert told(START, TripDelayed(*T, LI, 25, 0, ""), TripDelayed(*T, LI, 0, 0, "")).run.delay_minutes == 0


def test_a_trip_that_is_cut_short_ends_there() -> None:
    run = told(START, TripCutShort(*T, LI, 2, 2, ""), StopReached(*T, LI, 2), TripEnded(*T, LI, 2)).run
    assert (run.ends_idx, run.phase, run.idx, run.reason) == (2, ENDED, 2, "breakdown")


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (StopReached(*T, LI, 5_000), "idx"),
        (TripDelayed(*T, LI, MAX_DELAY_MINUTES + 1, 0, ""), "minutes"),
        (TripDelayed(*T, LI, 5, 99, ""), "reason"),
        (TripDelayed(*T, LI, 5, 0, "x" * (MAX_NOTE + 1)), "note"),
        (DutyTaken(*T, LI, "x" * 21, True), "vehicle"),
        (START, ""),
    ],
)
def test_numbers_that_cannot_be_are_named(event: Any, what: str) -> None:
    assert check_range(event) == what
