"""When a node visits its hub: the hub's word, jitter, back-off, and at once when somebody asks."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from edge.kernel.exchange import Outcome, Schedule


class Dice:
    """Randomness that a test chooses."""

    def __init__(self, value: int) -> None:
        self.value = value

    def token(self, size: int) -> bytes:
        return self.value.to_bytes(size, "big")


class Visits:
    """An exchanger that only counts."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.count, self.reached = outcome, 0, threading.Event()
        self.wanted = 1
        self.sales = False

    def waiting(self) -> bool:
        return self.sales

    def visit(self) -> Outcome:
        self.count += 1
        if self.count >= self.wanted:
            self.reached.set()
        return self.outcome


def outcome(error: str | None = None, come_back_ms: int = 0) -> Outcome:
    return Outcome(1, 0, 0, come_back_ms, error)


def pause(schedule: Schedule, **fields: object) -> float:
    return schedule.pause_s(outcome(**fields))  # type: ignore[arg-type]


def make(every_s: int = 60, dice: int = 0x8000) -> Schedule:
    return Schedule(Visits(outcome()), lambda: None, every_s, Dice(dice))  # type: ignore[arg-type]


def test_the_hub_says_when_to_come_back_else_the_setting_does() -> None:
    assert pause(make()) == pytest.approx(60)
    assert pause(make(dice=0), come_back_ms=5_000) == pytest.approx(5)


@pytest.mark.parametrize("come_back_ms", [5_000, 60_000, 1_200_000])
def test_a_box_never_comes_before_its_turn_and_at_most_a_little_later(come_back_ms: int) -> None:
    told_s = come_back_ms / 1000
    pauses = [pause(make(dice=dice), come_back_ms=come_back_ms) for dice in (0, 0x4000, 0xFFFF)]
    assert pauses[0] == pytest.approx(told_s) and pauses == sorted(set(pauses))
    assert pauses[-1] <= min(told_s * 1.15, told_s + 10)


@pytest.mark.parametrize(("dice", "share"), [(0, 0.85), (0x8000, 1.0), (0xFFFF, 1.15)])
def test_boxes_do_not_come_together(dice: int, share: float) -> None:
    assert pause(make(dice=dice)) == pytest.approx(60 * share, rel=1e-4)
    assert pause(make(dice=dice), error="hub_away") == pytest.approx(60 * share, rel=1e-4)


def test_while_the_hub_is_away_the_pauses_grow_to_a_quarter_of_an_hour_and_no_further() -> None:
    schedule = make()
    pauses = [pause(schedule, error="hub_away") for _ in range(20)]
    assert pauses[:4] == pytest.approx([60, 120, 240, 480])
    assert pauses[-1] == pytest.approx(900)
    assert all(later >= earlier for earlier, later in pairwise(pauses))


def test_after_one_good_visit_the_pauses_are_short_again() -> None:
    schedule = make()
    for _ in range(9):
        pause(schedule, error="hub_away")
    assert pause(schedule) == pytest.approx(60)
    assert pause(schedule, error="hub_away") == pytest.approx(60)


def test_a_hub_that_says_come_back_in_a_thousand_years_is_visited_today() -> None:
    assert pause(make(), come_back_ms=1 << 60) <= 86_400


def test_the_first_visit_comes_at_once_and_another_when_somebody_asks() -> None:
    visits = Visits(outcome())
    schedule = Schedule(visits, lambda: None, 3_600, Dice(0))  # type: ignore[arg-type]
    schedule.start()
    assert visits.reached.wait(10)
    visits.reached.clear()
    visits.wanted = 2
    schedule.soon()
    assert visits.reached.wait(10)
    schedule.stop()
    assert not schedule._thread.is_alive()


class Waits:
    """A wake-up call that never comes; remembers how long it was waited for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return False


def rest(sales: bool, well: bool = True) -> float:
    """Seconds that a box with a turn in twenty minutes rests."""
    schedule = make()
    schedule._exchanger.sales = sales  # type: ignore[attr-defined]
    schedule._wake = waits = Waits()  # type: ignore[assignment]
    schedule._rest(1_200, well)
    return sum(waits.seconds)


def test_a_sale_does_not_wait_for_a_turn_that_was_given_to_a_quiet_box() -> None:
    assert rest(sales=False) == pytest.approx(1_200)
    assert rest(sales=True) == pytest.approx(60)


def test_a_sale_does_not_shorten_the_pause_while_the_hub_is_away() -> None:
    assert rest(sales=True, well=False) == pytest.approx(1_200)


def test_a_schedule_that_never_began_stops_without_waiting() -> None:
    make().stop()
