"""Scores as a picture: for each month or hour the mean as a bar, and the number of ratings that made it. Drawn on the server
as plain SVG; the table beside it says the same in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 180
LEFT: Final = 30
BOTTOM: Final = 24
_TOP: Final = 10
_LEVELS: Final = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One month or hour. Lengths in the units of the picture; ``mean_tenths``: times ten."""

    label: str
    count: int
    mean_tenths: int
    x: int
    y: int
    width: int
    height: int


def bars(values: Mapping[str, Sequence[int]], least: int) -> list[Bar]:
    """A bar for each label whose counted levels are ``least`` at least; the others are left out of the picture, and of the
    table: what a handful said is not broken down."""
    shown = {label: levels for label, levels in values.items() if sum(levels) >= least}
    step = (WIDTH - LEFT) // max(len(shown), 1)
    return [_bar(at, step, label, levels) for at, (label, levels) in enumerate(shown.items())]


def grid() -> list[tuple[int, int]]:
    """(level, y) of the lines behind the bars."""
    return [(level, _y(level * 10)) for level in range(1, _LEVELS + 1)]


def _bar(at: int, step: int, label: str, levels: Sequence[int]) -> Bar:
    count, total = sum(levels), sum(level * number for level, number in enumerate(levels, 1))
    mean = (total * 10 + count // 2) // count
    y = _y(mean)
    return Bar(label, count, mean, LEFT + at * step + step // 8, y, max(step * 3 // 4, 2), HEIGHT - BOTTOM - y)


def _y(mean_tenths: int) -> int:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - _TOP) * mean_tenths // (_LEVELS * 10)
