"""Turns, with a clock of the test's own: the order, that nobody starves, that everything is bounded."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kernel.turns import HORIZON_S, Calendar, Turns
from tests.cloud.world import START_MS

SOONEST_MS = 10_000
PAUSE_MS = 60_000
HOUR_MS = 3_600_000


class Forgetful(Turns):
    """The canary: a hub that does not know whom it has put off."""

    def put_off(self, node_no: int, now_ms: int, told_ms: int, heard_ms: int) -> int:
        self._promised.clear()
        return super().put_off(node_no, now_ms, 0, heard_ms)


@dataclass
class Crowd:
    """Nodes that come, each last heard of at its own time, at one or several processes that share what is written."""

    heard_ms: list[int]
    turns_per_s: int = 5
    processes: int = 1
    kind: type[Turns] = Turns
    told_ms: dict[int, int] = field(default_factory=dict)
    put_off: dict[int, list[int]] = field(default_factory=dict)
    served_ms: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        contacts = sorted(self.heard_ms)
        self.turns = [self.kind(100, self.turns_per_s, SOONEST_MS, lambda: contacts) for _ in range(self.processes)]

    def come(self, node_no: int, now_ms: int, process: int = 0) -> int | None:
        """When the node is to come again; None when it was served."""
        turns = self.turns[process]
        turn = turns.put_off(node_no, now_ms, self.told_ms.get(node_no, 0), self.heard_ms[node_no])
        if turn:
            self.put_off.setdefault(node_no, []).append(turn)
            self.told_ms[node_no] = turn
            return turn
        turns.served(node_no, now_ms, now_ms + PAUSE_MS, light=False, more=False)
        self.told_ms[node_no] = 0
        self.served_ms[node_no] = now_ms
        return None

    def all_come(self, arrivals: list[int], dice: random.Random) -> None:
        """Everybody comes at its time, and again when it was told to, up to ten seconds later."""
        due = [(at_ms, node_no) for node_no, at_ms in enumerate(arrivals)]
        heapq.heapify(due)
        while due:
            now_ms, node_no = heapq.heappop(due)
            turn = self.come(node_no, now_ms, dice.randrange(self.processes))
            if turn is not None:
                heapq.heappush(due, (turn + dice.randrange(10_000), node_no))


crowds = st.integers(1, 120).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(START_MS - HOUR_MS, START_MS - 1), min_size=count, max_size=count, unique=True),
        st.lists(st.integers(START_MS, START_MS + 30_000), min_size=count, max_size=count),
    )
)


@given(crowds, st.integers(1, 20), st.sampled_from([1, 3]), st.integers(0, 99))
def test_nobody_is_put_off_twice(crowd: tuple[list[int], list[int]], per_s: int, processes: int, seed: int) -> None:
    heard, arrivals = crowd
    world = Crowd(heard, per_s, processes)
    world.all_come(arrivals, random.Random(seed))
    assert set(world.served_ms) == set(range(len(heard)))
    assert all(len(turns) == 1 for turns in world.put_off.values())
    for node_no, (turn,) in world.put_off.items():
        assert turn <= world.served_ms[node_no] < turn + 10_000


def test_a_hub_that_forgets_whom_it_put_off_puts_them_off_again() -> None:
    world = Crowd([START_MS - 1 - n for n in range(40)], turns_per_s=1, kind=Forgetful)
    world.all_come([START_MS] * 40, random.Random(0))
    assert max(len(turns) for turns in world.put_off.values()) > 1


@given(crowds, st.integers(1, 20))
def test_the_last_is_served_when_all_could_have_been(crowd: tuple[list[int], list[int]], per_s: int) -> None:
    heard, arrivals = crowd
    world = Crowd(heard, per_s)
    world.all_come(arrivals, random.Random(0))
    bound_ms = max(arrivals) + SOONEST_MS + (len(heard) // per_s + 2) * 1_000
    assert all(turn <= bound_ms for turns in world.put_off.values() for turn in turns)


@given(crowds, st.integers(1, 20))
def test_no_second_is_promised_to_more_than_can_be_served(crowd: tuple[list[int], list[int]], per_s: int) -> None:
    heard, arrivals = crowd
    world = Crowd(heard, per_s)
    for node_no, at_ms in sorted(enumerate(arrivals), key=lambda item: item[1]):
        world.come(node_no, at_ms)
    seconds = [turn // 1000 for turns in world.put_off.values() for turn in turns]
    assert all(seconds.count(one) <= per_s for one in seconds)


@given(crowds, st.integers(1, 20))
def test_of_those_who_come_together_the_longest_silent_goes_first(
    crowd: tuple[list[int], list[int]], per_s: int
) -> None:
    heard, _ = crowd
    world = Crowd(heard, per_s)
    for node_no in range(len(heard)):
        world.come(node_no, START_MS)
    turns = [turn // 1000 for _, (turn,) in sorted(world.put_off.items(), key=lambda item: heard[item[0]])]
    assert turns == sorted(turns)


def test_a_node_that_comes_before_its_turn_hears_the_same_turn_again() -> None:
    world = Crowd([START_MS - 1] * 3, turns_per_s=1)
    world.come(0, START_MS)
    first = world.come(1, START_MS)
    assert first is not None and world.come(1, START_MS + 3_000) == first
    assert world.come(1, first) is None


def test_sales_take_the_room_of_those_who_only_fetch() -> None:
    world = Crowd([START_MS - 1], turns_per_s=2)
    for _ in range(2):
        world.turns[0].hand_in(START_MS)
    assert world.come(0, START_MS) is not None


def test_a_node_in_the_middle_of_a_long_answer_is_not_put_off() -> None:
    world = Crowd([START_MS - 1] * 2, turns_per_s=1)
    assert world.come(0, START_MS) is None
    assert world.turns[0].served(0, START_MS, START_MS + PAUSE_MS, light=False, more=True) == START_MS + PAUSE_MS
    assert world.come(1, START_MS) is not None
    assert world.come(0, START_MS + 100) is None


def test_another_process_keeps_a_turn_that_was_written_down() -> None:
    world = Crowd([START_MS - 1] * 2, turns_per_s=1, processes=2)
    world.come(0, START_MS)
    turn = world.come(1, START_MS)
    assert turn is not None
    world.turns[1].hand_in(turn)
    assert world.come(1, turn, process=1) is None


def test_nodes_are_called_later_when_the_seconds_they_wish_for_are_full() -> None:
    turns = Turns(10, 5, SOONEST_MS, list)
    told = [turns.served(n, START_MS, START_MS + PAUSE_MS, light=True, more=False) for n in range(100)]
    assert told[0] == START_MS + PAUSE_MS and max(told) < START_MS + PAUSE_MS + 10_000
    assert all([one // 1000 for one in told].count(second) <= 10 for second in {one // 1000 for one in told})


@pytest.mark.parametrize("leap_ms", [-HOUR_MS, 3 * HOUR_MS, -1])
def test_a_hub_whose_clock_leaps_forgets_its_calendar_and_starves_nobody(leap_ms: int) -> None:
    world = Crowd([START_MS - 1] * 4, turns_per_s=1)
    for node_no in range(4):
        world.come(node_no, START_MS)
    for node_no in range(1, 4):
        turn = world.come(node_no, START_MS + leap_ms)
        while turn is not None:
            assert turn - (START_MS + leap_ms) <= HORIZON_S * 1_000
            turn = world.come(node_no, turn)
    assert set(world.served_ms) == {0, 1, 2, 3}


def test_a_turn_is_due_when_the_hubs_clock_was_put_back_meanwhile() -> None:
    for process in (0, 1):
        world = Crowd([START_MS - 1] * 2, turns_per_s=1, processes=2)
        world.come(0, START_MS)
        assert world.come(1, START_MS) is not None
        world.heard_ms[1] = START_MS
        world.turns[process].hand_in(START_MS - 60_000)
        assert world.come(1, START_MS - 60_000, process) is None


def test_the_calendar_ends_and_its_last_second_takes_the_rest() -> None:
    calendar = Calendar(1)
    booked = [calendar.book(START_MS, START_MS) for _ in range(HORIZON_S + 50)]
    assert max(booked) <= START_MS + HORIZON_S * 1_000
    assert not calendar.room(START_MS) and calendar.room(START_MS + HORIZON_S * 1_000)
