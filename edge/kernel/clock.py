"""The node's time: what its clocks say, and how far they can be believed (law 9: time is a claim)."""

from __future__ import annotations

import os
import threading
import time

from sync.kernel.ports import Clock

_BACKWARDS_MS = 5 * 60_000
_OLD_MS = 120 * 86_400_000


class RealClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 as the machine believes."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Milliseconds on a clock that counts on while the machine sleeps, where the system has one."""
        source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.clock_gettime_ns(source) // 1_000_000


class RealIds:
    """The machine's randomness."""

    def token(self, size: int) -> bytes:
        """``size`` unpredictable bytes."""
        return os.urandom(size)


class TimeKeeper:
    """The best guess at the time: the hub's word carried on by the monotonic clock, else the wall clock.

    ``floor_ms`` is the newest instant that this box knows to have passed: the last hub time or event in its log.
    ``written_ms`` is what its last event claims: a clock behind that was set back, or was wrong then; neither is believed.
    """

    def __init__(self, clock: Clock, floor_ms: int = 0, written_ms: int = 0) -> None:
        self.clock, self._written_ms = clock, written_ms
        self.started_mono_ms = clock.mono_ms()
        self._floor_ms = floor_ms
        self._hub: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def saw_hub(self, hub_ms: int) -> None:
        """The hub has just said what time it is."""
        with self._lock:
            self._hub = (hub_ms, self.clock.mono_ms())
            self._floor_ms = max(self._floor_ms, hub_ms)

    def since_start_ms(self) -> int:
        """Monotonic milliseconds since this process came up."""
        return self.clock.mono_ms() - self.started_mono_ms

    def wall_ms(self) -> int:
        """Best guess at milliseconds since 1970; never before an instant that is known to have passed."""
        with self._lock:
            hub = self._hub
        if hub is not None:
            return max(hub[0] + self.clock.mono_ms() - hub[1], self._floor_ms)
        # A clock that came up in 1970 must not make time stand still: it has gone on since this process started.
        return max(self.clock.wall_ms(), self._floor_ms + self.since_start_ms())

    def stamp_ms(self) -> int:
        """Milliseconds for what is written down: a wall clock that is not plausible does not count.

        Hybrid time never goes back, so one wrong year in the log would stand in every later sale.
        """
        return self.wall_ms() if self.sure() else self._floor_ms + self.since_start_ms()

    def sure(self) -> bool:
        """Whether a decision may rest on :meth:`wall_ms`: the hub said so since the start, or the clock is plausible."""
        with self._lock:
            if self._hub is not None:
                return True
        wall, known = self.clock.wall_ms(), max(self._floor_ms, self._written_ms)
        return self._floor_ms > 0 and known - _BACKWARDS_MS <= wall <= self._floor_ms + _OLD_MS
