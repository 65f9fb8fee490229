"""Virtual time: one true time that nobody in the world can read, and clocks that are more or less wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sync.kernel import days

ZONE = "Asia/Shanghai"
FIRST_DAY = days.day_of(date(2026, 3, 2))
START_MS = days.instant_ms(FIRST_DAY, 6 * 3600, ZONE)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


@dataclass
class TrueTime:
    """Milliseconds since 1970, as they really are."""

    now_ms: int = START_MS

    def move_to(self, at_ms: int) -> None:
        """Never back."""
        self.now_ms = max(self.now_ms, at_ms)


class WrongClock:
    """A machine's clocks. ``offset_ms``: by how much its wall clock is off.

    ``interrupt`` is called once at the next reading: between two readings of a clock, anything may happen in another
    thread. It gives False when it can't happen right now and wants to be asked again.
    """

    def __init__(self, time: TrueTime) -> None:
        self._time = time
        self._booted_ms = time.now_ms
        self.offset_ms = 0
        self.interrupt: Callable[[], bool] | None = None

    def wall_ms(self) -> int:
        """What the wall clock shows; nothing before 1970."""
        if self.interrupt is not None:
            self._interrupted()
        return max(self._time.now_ms + self.offset_ms, 0)

    def mono_ms(self) -> int:
        """Since the machine was switched on."""
        if self.interrupt is not None:
            self._interrupted()
        return self._time.now_ms - self._booted_ms

    def switch_on(self, in_1970: bool = False) -> None:
        """A new boot; without a battery the wall clock begins in 1970."""
        self._booted_ms = self._time.now_ms
        self.interrupt = None
        if in_1970:
            self.offset_ms = -self._time.now_ms

    def _interrupted(self) -> None:
        happen, self.interrupt = self.interrupt, None
        if happen is not None and not happen() and self.interrupt is None:
            self.interrupt = happen
