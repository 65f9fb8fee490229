"""Where everything stands on a page: lines of a sheet become marks at millimetres from its upper left. Pure arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from papers.sheets import A6, ROLL, Line, Sheet

Measure = Callable[[str, float], float]
"""How wide a text is in millimetres, in letters of so many points."""

MM_A_POINT: Final = 25.4 / 72
_LEADING: Final = 1.35
_GAP_MM: Final = 3.0
_RULE_GAP_MM: Final = 1.2
# A character of Chinese is a word of its own, but closing marks never begin a line.
_WIDE: Final = "\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_CLOSING: Final = "，。、；：！？）」』》”’"
_WORD: Final = re.compile(rf"[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+\s*[{_CLOSING}]*|\s+")


@dataclass(frozen=True, slots=True)
class Paper:
    """Millimetres; ``height`` 0: a roll, cut where the sheet ends. ``points``: size of plain text; ``code``: side of a QR."""

    width: float
    height: float
    margin: float
    points: float
    code: float


PAPERS: Final = {A6: Paper(105, 148, 6, 10.5, 54), ROLL: Paper(80, 0, 4, 10, 58)}


@dataclass(frozen=True, slots=True)
class Text:
    """Words whose baseline begins at x, y."""

    x: float
    y: float
    words: str
    points: float
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line to the right."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A thin frame."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Code:
    """A QR of ``words``, its quiet zone within."""

    x: float
    y: float
    side: float
    words: str


Mark = Text | Rule | Frame | Code


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its size in millimetres, and what stands on it."""

    width: float
    height: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A line of the sheet, its marks measured from its own upper left."""

    height: float
    marks: tuple[Mark, ...]


def pages(sheet: Sheet, paper: Paper, measure: Measure) -> list[Page]:
    """One sheet on as many pages as it needs; on a roll on one."""
    setter = _Setter(paper, measure)
    made: list[Page] = []
    marks: list[Mark] = []
    y = paper.margin
    for line in sheet:
        block = setter.block(line)
        if paper.height and marks and y + block.height > paper.height - paper.margin:
            made.append(Page(paper.width, paper.height, tuple(marks)))
            marks, y = [], paper.margin
        marks += [replace(mark, x=mark.x + paper.margin, y=mark.y + y) for mark in block.marks]
        y += block.height
    made.append(Page(paper.width, paper.height or y + paper.margin, tuple(marks)))
    return made


def wrapped(words: str, points: float, width: float, measure: Measure) -> list[str]:
    """The text in lines no wider than ``width``, as far as a single character allows."""
    lines, line = [], ""
    for word in _WORD.findall(words):
        if line and measure((line + word).rstrip(), points) > width:
            lines.append(line.rstrip())
            line = ""
            word = word.lstrip()
        while measure(word.rstrip(), points) > width and len(word) > 1:
            fits = next((n for n in range(len(word) - 1, 0, -1) if measure(word[:n], points) <= width), 1)
            lines.append(word[:fits])
            word = word[fits:]
        line += word
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


class _Setter:
    """Sets the lines of one paper, each kind by the method of its name."""

    def __init__(self, paper: Paper, measure: Measure) -> None:
        self._measure, self._points, self._side = measure, paper.points, paper.code
        self._width = paper.width - 2 * paper.margin

    def block(self, line: Line) -> _Block:
        make: Callable[..., _Block] = getattr(self, f"_{line.kind}")
        return make(*line.words)

    def _head(self, left: str, right: str) -> _Block:
        block = self._ends((left, right), self._points, bold=(True, False))
        return _Block(block.height + 1.5, (*block.marks, Rule(0, block.height, self._width)))

    def _boxed(self, words: str) -> _Block:
        inner = self._lines(words, self._points, bold=True, centred=True, inset=2)
        frame = Frame(0, 0.6, self._width, inner.height + 0.8)
        return _Block(inner.height + 2, (frame, *_moved(inner.marks, 1.0)))

    def _code(self, words: str) -> _Block:
        side = min(self._side, self._width)
        return _Block(side, (Code((self._width - side) / 2, 0, side, words),))

    def _title(self, words: str) -> _Block:
        return self._lines(words, self._points * 1.3, bold=True)

    def _when(self, clock: str, day: str) -> _Block:
        large = self._points * 1.8
        taken = self._measure(clock, large) + _GAP_MM
        time = self._lines(clock, large, bold=True)
        date = self._lines(day, self._points, inset=taken / 2)
        if len(date.marks) > 1 or not day:
            below = self._lines(day, self._points)
            return _Block(time.height + below.height, (*time.marks, *_moved(below.marks, time.height)))
        base = time.marks[0].y
        return _Block(time.height, (*time.marks, *(replace(mark, x=taken, y=base) for mark in date.marks)))

    def _facts(self, *words: str) -> _Block:
        """Pairs side by side, each as wide as its wider half; below the others where there is no room."""
        small, large = self._points * 0.8, self._points * 1.15
        marks: list[Mark] = [Rule(0, 0.7, self._width)]
        x, y, end = 0.0, 1.4, 1.4
        for label, value in zip(words[::2], words[1::2], strict=True):
            wide = max(self._measure(label, small), self._measure(value, large))
            if x and x + wide > self._width:
                x, y = 0.0, end
            above, below = self._lines(label, small), self._lines(value, large, bold=True)
            pair = (*above.marks, *_moved(below.marks, above.height))
            marks += [replace(mark, x=mark.x + x, y=mark.y + y) for mark in pair]
            end = max(end, y + above.height + below.height)
            x += wide + _GAP_MM * 1.5
        return _Block(end + 1.7, (*marks, Rule(0, end + 0.7, self._width)))

    def _number(self, words: str) -> _Block:
        return self._lines(words, self._points * 1.05, bold=True, centred=True)

    def _text(self, words: str) -> _Block:
        return self._lines(words, self._points)

    def _fine(self, words: str) -> _Block:
        return self._lines(words, self._points * 0.8)

    def _caption(self, words: str) -> _Block:
        block = self._lines(words, self._points * 0.95, bold=True)
        return _Block(block.height + 2.2, (*_moved(block.marks, 1.2), Rule(0, block.height + 1.4, self._width)))

    def _row(self, label: str, count: str, amount: str, bold: bool = False) -> _Block:
        """Two columns flush right, wide enough for what stands in them; the label takes the rest."""
        points = self._points * 0.9
        money, many = self._measure(amount, points), self._measure(count, points)
        right = self._width - max(money, self._width * 0.24)
        left_of_count = right - _GAP_MM - many
        block = self._lines(label, points, width=left_of_count - _GAP_MM)
        y = _base(points)
        return _Block(
            block.height,
            (*block.marks, Text(left_of_count, y, count, points), Text(self._width - money, y, amount, points, bold)),
        )

    def _total(self, label: str, count: str, amount: str) -> _Block:
        block = self._row(label, count, amount, bold=True)
        return _Block(block.height + 0.8, (Rule(0, 0.4, self._width), *_moved(block.marks, 0.6)))

    def _signatures(self, *names: str) -> _Block:
        points, y = self._points * 0.8, 14.0
        wide = (self._width - _GAP_MM * (len(names) - 1)) / len(names)
        places = [i * (wide + _GAP_MM) for i in range(len(names))]
        marks = [Text(x, y + _base(points), name, points) for x, name in zip(places, names, strict=True)]
        return _Block(y + _leading(points), (*(Rule(x, y, wide) for x in places), *marks))

    def _ends(self, words: Sequence[str], points: float, bold: Sequence[bool]) -> _Block:
        """One text to the left and one to the right; under each other where they would meet."""
        left, right = words
        if self._measure(left, points) + _GAP_MM + self._measure(right, points) > self._width:
            above, below = self._lines(left, points, bold=bold[0]), self._lines(right, points, bold=bold[1])
            return _Block(above.height + below.height, (*above.marks, *_moved(below.marks, above.height)))
        x = self._width - self._measure(right, points)
        y = _base(points)
        return _Block(_leading(points), (Text(0, y, left, points, bold[0]), Text(x, y, right, points, bold[1])))

    def _lines(
        self, words: str, points: float, bold: bool = False, centred: bool = False, inset: float = 0, width: float = 0
    ) -> _Block:
        wide = (width or self._width) - 2 * inset
        marks = []
        for i, part in enumerate(wrapped(words, points, wide, self._measure)):
            x = (self._width - self._measure(part, points)) / 2 if centred else 0
            marks.append(Text(x, i * _leading(points) + _base(points), part, points, bold))
        return _Block(len(marks) * _leading(points), tuple(marks))


def _leading(points: float) -> float:
    return points * MM_A_POINT * _LEADING


def _base(points: float) -> float:
    """From the top of a line of text to where its letters stand."""
    return _leading(points) / 2 + points * MM_A_POINT * 0.36


def _moved(marks: Sequence[Mark], down: float) -> tuple[Mark, ...]:
    return tuple(replace(mark, y=mark.y + down) for mark in marks)
