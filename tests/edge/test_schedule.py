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
    return Schedule(Visits(outcome()), every_s, Dice(dice))  # type: ignore[arg-type]


def test_the_hub_says_when_to_come_back_else_the_setting_does() -> None:
    assert pause(make()) == pytest.approx(60)
    assert pause(make(), come_back_ms=5_000) == pytest.approx(5)


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
    schedule = Schedule(visits, 3_600, Dice(0))  # type: ignore[arg-type]
    schedule.start()
    assert visits.reached.wait(10)
    visits.reached.clear()
    visits.wanted = 2
    schedule.soon()
    assert visits.reached.wait(10)
    schedule.stop()
    assert not schedule._thread.is_alive()


def test_a_schedule_that_never_began_stops_without_waiting() -> None:
    make().stop()
