"""Hybrid logical time: close to the wall clock when that is sane, and never going back when it is not.

After Kulkarni et al., "Logical Physical Clocks" (2014): 48 bits of milliseconds, 16 bits of counter in one integer.
"""

from __future__ import annotations

from typing import Final

COUNTER_BITS: Final = 16
MAX_MS: Final = 1 << 46


def following(last: int, wall_ms: int) -> int:
    """The stamp after ``last`` for an event at ``wall_ms``: larger than ``last``, at least the wall's."""
    held = min(max(wall_ms, 0), MAX_MS)
    return max(held << COUNTER_BITS, last + 1)


def wall_ms_of(stamp: int) -> int:
    """Milliseconds since 1970 that the stamp claims."""
    return stamp >> COUNTER_BITS
