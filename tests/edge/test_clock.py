"""The node's best guess at the time, and whether a decision may rest on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bootstrap import known_ms
from edge.kernel.clock import RealClock, RealIds, TimeKeeper
from sync.kernel.days import DAY_MS
from sync.kernel.hlc import MAX_MS
from tests.support.nodes import NOON_MS, FakeClock, make_bench


def keeper(wall_ms: int, floor_ms: int = NOON_MS) -> tuple[TimeKeeper, FakeClock]:
    clock = FakeClock(wall_ms)
    return TimeKeeper(clock, floor_ms), clock


@pytest.mark.parametrize(
    ("wall_ms", "sure"),
    [
        (NOON_MS, True), (NOON_MS - 5 * 60_000, True), (NOON_MS - 5 * 60_000 - 1, False), (0, False),
        (NOON_MS + 120 * DAY_MS, True), (NOON_MS + 120 * DAY_MS + 1, False), (MAX_MS, False),
    ],
)  # fmt: skip
def test_a_wall_clock_is_believed_near_the_last_known_time_only(wall_ms: int, sure: bool) -> None:
    assert keeper(wall_ms)[0].sure() is sure


def test_a_box_that_never_saw_a_time_is_not_sure() -> None:
    assert not keeper(NOON_MS, floor_ms=0)[0].sure()


def test_the_hubs_word_is_carried_on_by_the_monotonic_clock_whatever_the_wall_says() -> None:
    found, clock = keeper(0)
    found.saw_hub(NOON_MS + 1_000)
    assert found.sure()
    for wall in (0, MAX_MS, -5):
        clock.wall = wall
        clock.mono += 10
        assert found.sure()
    assert found.wall_ms() == NOON_MS + 1_030


def test_time_goes_on_without_a_clock_from_the_last_known_instant() -> None:
    found, clock = keeper(0)
    assert found.wall_ms() == NOON_MS
    clock.mono += DAY_MS
    assert found.wall_ms() == NOON_MS + DAY_MS
    clock.wall = NOON_MS + 2 * DAY_MS
    assert found.wall_ms() == NOON_MS + 2 * DAY_MS


def test_time_never_stands_before_an_instant_that_is_known_to_have_passed() -> None:
    found, _ = keeper(0)
    found.saw_hub(NOON_MS + 5_000)
    found.saw_hub(NOON_MS)  # another hub process whose clock is behind
    assert found.wall_ms() == NOON_MS + 5_000


def test_a_start_knows_the_last_word_of_the_hub(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.clock.wall = NOON_MS + 300 * DAY_MS  # somebody played with the clock
    bench.node.scribe.write(lambda unit: None)
    assert known_ms(bench.node.database.read()) == NOON_MS


def test_the_real_clock_counts_milliseconds_and_the_real_randomness_is_as_long_as_asked() -> None:
    clock = RealClock()
    assert clock.wall_ms() > 1_700_000_000_000
    first = clock.mono_ms()
    assert clock.mono_ms() >= first > 0
    assert [len(RealIds().token(size)) for size in (1, 8, 32)] == [1, 8, 32]
    assert RealIds().token(16) != RealIds().token(16)


def test_a_clock_that_was_set_back_behind_the_log_is_not_believed_until_the_hub_speaks() -> None:
    clock = FakeClock()
    honest = TimeKeeper(clock, NOON_MS - 3_600_000, NOON_MS)
    assert honest.sure()
    clock.wall -= 1_800_000  # still after the last hub time, but before what the box itself wrote
    assert not TimeKeeper(clock, NOON_MS - 3_600_000, NOON_MS).sure()
    assert TimeKeeper(clock, NOON_MS - 3_600_000).sure(), "without its own log it could not know"
    honest.saw_hub(NOON_MS)
    assert honest.sure()
