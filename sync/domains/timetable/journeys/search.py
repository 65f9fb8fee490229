"""Journeys from one place to another with up to two changes, across all operators of a network.

By rounds, as RAPTOR does (Delling, Pajor, Werneck, "Round-Based Public Transit Routing", 2012): round *k* finds the
earliest arrivals with *k* rides. What is found is then tightened from its end, so that nobody leaves earlier than the
same arrival needs. Stops from which the destination can't be reached with the rides that are left are never looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sync.domains.timetable.journeys.network import Departure, Departures, Goal, Network
from sync.domains.timetable.rules import MAX_CHANGES

_LOOKS: Final = 24
_LATEST_S: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Leg:
    """One ride of a journey. Times in seconds as :mod:`.network` counts them; ``change_s``: needed before it."""

    pattern_no: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    departs_s: int
    arrives_s: int
    change_s: int = 0


class _Step(NamedTuple):
    """How a stop was reached: by a ride of ``pattern_no`` from ``from_idx`` to ``to_idx``, boarded after ``change_s`` from
    the stop ``before``."""

    arrives_s: int
    pattern_no: int
    from_idx: int
    to_idx: int
    before: int
    change_s: int


Journey = tuple[Leg, ...]
Rounds = list[dict[int, _Step]]


def search(departures: Departures, origins: Collection[int], goal: Goal, after_s: int, most: int) -> list[Journey]:
    """Up to ``most`` journeys that leave at ``after_s`` or later, by departure; none is worse than another in departure,
    arrival and changes all at once."""
    found: dict[tuple[int, int, int], Journey] = {}
    at_s = after_s
    for _ in range(_LOOKS):
        fresh = _earliest(departures, origins, goal, at_s)
        if not fresh:
            break
        found.update({(one[0].departs_s, one[-1].arrives_s, len(one)): one for one in fresh})
        at_s = min(one[0].departs_s for one in fresh) + 1
        if len(_undominated(found)) >= most:
            break
    return _undominated(found)[:most]


def _undominated(found: Mapping[tuple[int, int, int], Journey]) -> list[Journey]:
    kept: list[tuple[int, int, int]] = []
    for departs, arrives, rides in sorted(found, key=lambda key: (-key[0], key[1], key[2])):
        if not any(a <= arrives and r <= rides for _, a, r in kept):
            kept.append((departs, arrives, rides))
    return [found[key] for key in sorted(kept)]


def _earliest(departures: Departures, origins: Collection[int], goal: Goal, at_s: int) -> list[Journey]:
    """The earliest arrival with one ride, with two, with three: those that are better than with fewer."""
    network, rounds, best, arrival = departures.network, Rounds(), dict[int, int](), _LATEST_S
    ready = {stop_no: (at_s, stop_no, 0) for stop_no in origins}
    found = []
    for count in range(MAX_CHANGES, -1, -1):
        reached = _ride(departures, ready, best, goal, count, arrival)
        rounds.append(reached)
        ends = [(reached[stop_no].arrives_s, stop_no) for stop_no in goal.targets if stop_no in reached]
        if ends and min(ends)[0] < arrival:
            arrival, stop_no = min(ends)
            found.append(_tightened(departures, _steps(rounds, stop_no)))
        ready = _changed(network, reached, goal.left, count)
    return found


def _ride(
    departures: Departures, ready: Mapping[int, tuple[int, int, int]], best: dict[int, int], goal: Goal, more: int,
    arrival: int,
) -> dict[int, _Step]:  # fmt: skip
    """Everything that one more ride reaches earlier than before, where ``more`` rides after it can still lead home."""
    network, reached, left, ends = departures.network, dict[int, _Step](), goal.left, goal.ends[more]
    first: dict[int, int] = {}
    for stop_no in ready:
        for pattern_no, idx in network.calls.get(stop_no, ()):
            if idx < ends.get(pattern_no, 0) and idx < first.get(pattern_no, _LATEST_S):
                first[pattern_no] = idx
    for pattern_no, begin in first.items():
        pattern = network.patterns[pattern_no]
        trip: Departure | None = None
        board = (begin, 0, 0)
        for idx in range(begin, ends[pattern_no] + 1):
            stop_no = pattern.stop_nos[idx]
            if trip is not None and pattern.drop_off[idx] and left.get(stop_no, _LATEST_S) <= more:
                arrives = trip.start_s + pattern.arrivals[idx]
                if arrives < min(best.get(stop_no, _LATEST_S), arrival):
                    best[stop_no] = arrives
                    reached[stop_no] = _Step(arrives, pattern_no, board[0], idx, board[1], board[2])
            wait = ready.get(stop_no)
            if wait is None or not pattern.pickup[idx]:
                continue
            from_s = wait[0] - pattern.departures[idx]
            if trip is None or from_s < trip.start_s:
                caught = departures.first(pattern_no, from_s)
                if caught is not None and (trip is None or caught.start_s < trip.start_s):
                    trip, board = caught, (idx, wait[1], wait[2])
    return reached


def _changed(
    network: Network, reached: Mapping[int, _Step], left: Mapping[int, int], more: int
) -> dict[int, tuple[int, int, int]]:
    """Stop → (ready when, alighted where, after how long), as early as can be."""
    ready: dict[int, tuple[int, int, int]] = {}
    for stop_no, step in reached.items():
        for other, seconds in network.changes.get(stop_no, ()):
            at_s = step.arrives_s + seconds
            if 0 < left.get(other, _LATEST_S) <= more and at_s < ready.get(other, (_LATEST_S,))[0]:
                ready[other] = (at_s, stop_no, seconds)
    return ready


def _steps(rounds: Rounds, stop_no: int) -> list[_Step]:
    """The rides that led to ``stop_no`` in the last round, in order."""
    steps: list[_Step] = []
    for reached in reversed(rounds):
        steps.append(reached[stop_no])
        stop_no = steps[-1].before
    return steps[::-1]


def _tightened(departures: Departures, steps: list[_Step]) -> Journey:
    """Legs of these rides, each on the latest trip that still makes the next one."""
    network, legs, until = departures.network, list[Leg](), steps[-1].arrives_s
    for step in reversed(steps):
        pattern = network.patterns[step.pattern_no]
        trip = departures.last(step.pattern_no, until - pattern.arrivals[step.to_idx])
        if trip is None:  # cannot be: the search rode one
            raise LookupError(step.pattern_no)
        departs = trip.start_s + pattern.departures[step.from_idx]
        arrives = trip.start_s + pattern.arrivals[step.to_idx]
        legs.append(
            Leg(step.pattern_no, trip.trip_no, trip.day, step.from_idx, step.to_idx, departs, arrives, step.change_s)
        )
        until = departs - step.change_s
    return tuple(reversed(legs))
