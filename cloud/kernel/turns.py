"""Turns: who is answered in full now, and who is told a time, when more nodes want something than the hub can serve.

What a visit costs decides. One with nothing to hand in and nothing to fetch is one read: it is always answered, and told to
come again when not too many others will. One that hands in events is served at once. One that only wants to fetch is served
while there is room in this second; else it gets a short answer with its turn, and nobody's turn is put off again.

A turn is kept in memory and, with the last contact, in the database: another process of the hub knows it within seconds.
Bounded: a calendar of :data:`HORIZON_S` counters, and one number for each node that was put off.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

HORIZON_S: Final = 3_600
# A node silent for longer is not waited for.
_LOST_MS: Final = 86_400_000
_LOOK_AGAIN_MS: Final = 5_000
# A node's clock runs a little fast or slow; its turn is to the second of a long wait.
_EARLY_MS: Final = 2_000
# How fast the hub learns which share of its visitors wants to fetch something.
_WEIGHT: Final = 1 / 256


class Calendar:
    """How many are expected in each second from now on; ``per_s`` at most, but the last second takes all that is left."""

    def __init__(self, per_s: int) -> None:
        self.per_s = per_s
        self._counts = array("L", bytes(array("L").itemsize * HORIZON_S))
        self._second = 0

    def room(self, now_ms: int) -> bool:
        """Whether there is room in this second."""
        second = self._begin(now_ms)
        return self._counts[second % HORIZON_S] < self.per_s

    def add(self, now_ms: int) -> None:
        """One more in this second, whether there is room or not."""
        second = self._begin(now_ms)
        self._counts[second % HORIZON_S] += 1

    def book(self, now_ms: int, wish_ms: int) -> int:
        """The first moment from ``wish_ms`` on that has room, now taken."""
        first = self._begin(now_ms)
        last = first + HORIZON_S - 1
        second = min(max(wish_ms // 1000, first), last)
        while second < last and self._counts[second % HORIZON_S] >= self.per_s:
            second += 1
        count = self._counts[second % HORIZON_S]
        self._counts[second % HORIZON_S] += 1
        return max(second * 1000 + count * 1000 // self.per_s % 1000, wish_ms if second == wish_ms // 1000 else 0)

    def _begin(self, now_ms: int) -> int:
        """Forget what has passed; all of it when the clock was put back."""
        second = now_ms // 1000
        passed = second - self._second
        if 0 <= passed < HORIZON_S:
            for gone in range(self._second, second):
                self._counts[gone % HORIZON_S] = 0
        else:
            self._counts = array("L", bytes(array("L").itemsize * HORIZON_S))
        self._second = second
        return second


class Turns:
    """``visits_per_s`` and ``turns_per_s``: what this process promises (settings). ``last_contacts`` gives the last contact
    of every node in ms, ascending. ``soonest_ms``: no turn is nearer, so that other processes have read of it."""

    def __init__(
        self, visits_per_s: int, turns_per_s: int, soonest_ms: int, last_contacts: Callable[[], Sequence[int]]
    ) -> None:
        self._visits, self._turns = Calendar(visits_per_s), Calendar(turns_per_s)
        self._soonest_ms, self._last_contacts = soonest_ms, last_contacts
        self._lock = threading.Lock()
        self._promised: dict[int, tuple[int, int]] = {}  # when it was said, and for when
        self._share = 1.0
        self._contacts: Sequence[int] = ()
        self._looked_ms = -_LOOK_AGAIN_MS

    def served(self, node_no: int, now_ms: int, wish_ms: int, *, light: bool, more: bool) -> int:
        """Note a visit that is answered in full; gives when the node is to come again, not before ``wish_ms``.

        ``light``: it cost one read. ``more``: the node will go on at once, and is not to be put off in the middle.
        """
        with self._lock:
            if self._promised.pop(node_no, None) is None:
                self._share += (float(not light) - self._share) * _WEIGHT
            if more:
                self._promised[node_no] = now_ms, now_ms
                return wish_ms
            return self._visits.book(now_ms, wish_ms)

    def hand_in(self, now_ms: int) -> None:
        """A visit with events takes its place ahead of all who only fetch."""
        with self._lock:
            self._turns.add(now_ms)

    def put_off(self, node_no: int, now_ms: int, told_ms: int, heard_ms: int) -> int:
        """0 when a node that wants to fetch something is served now, else the moment at which it is its turn.

        ``told_ms``: what the database knows of a turn that it was given (0: none). ``heard_ms``: its last contact.
        """
        with self._lock:
            said_ms, turn_ms = self._promised.get(node_no, (heard_ms, told_ms))
            if turn_ms:
                # A turn that was given later than now: the clock was put back, and nobody waits for that.
                return turn_ms if said_ms <= now_ms and now_ms + _EARLY_MS < turn_ms else 0
            if self._turns.room(now_ms):
                self._turns.add(now_ms)
                return 0
            ahead_ms = self._ahead(now_ms, heard_ms) * self._share * 1000 / self._turns.per_s
            turn_ms = self._turns.book(now_ms, now_ms + self._soonest_ms + int(ahead_ms))
            self._promised[node_no] = now_ms, turn_ms
            return turn_ms

    def _ahead(self, now_ms: int, heard_ms: int) -> int:
        """How many nodes were not heard of for longer."""
        if not 0 <= now_ms - self._looked_ms < _LOOK_AGAIN_MS:
            self._looked_ms, self._contacts = now_ms, self._last_contacts()
        return bisect_left(self._contacts, heard_ms) - bisect_left(self._contacts, min(now_ms - _LOST_MS, heard_ms))
