"""What stands on a sheet, line by line from the top, in words that are ready to be read. No rule and no layout.

A *sheet* is a tuple of *lines*; a sheet that is too long for its paper goes on on another page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

A6: Final = "a6"
ROLL: Final = "roll"
SIZES: Final = (A6, ROLL)
MAX_SHEETS: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its kind, of the functions below, and its words."""

    kind: str
    words: tuple[str, ...]


Sheet = tuple[Line, ...]


def head(left: str, right: str) -> Line:
    """The top of a sheet, above a rule."""
    return Line("head", (left, right))


def boxed(text: str) -> Line:
    """What nobody may overlook, in a frame."""
    return Line("boxed", (text,))


def code(text: str) -> Line:
    """``text`` as a QR code."""
    return Line("code", (text,))


def title(text: str) -> Line:
    """What the sheet is about."""
    return Line("title", (text,))


def when(clock: str, day: str) -> Line:
    """A time of day, large, and its date."""
    return Line("when", (clock, day))


def facts(*pairs: tuple[str, str]) -> Line:
    """Labels with what they name, side by side as far as there is room."""
    return Line("facts", tuple(word for pair in pairs for word in pair))


def number(text: str) -> Line:
    """A number that people copy."""
    return Line("number", (text,))


def text(words: str) -> Line:
    """A sentence."""
    return Line("text", (words,))


def fine(words: str) -> Line:
    """A sentence in small print."""
    return Line("fine", (words,))


def caption(words: str) -> Line:
    """What the rows below are, above a rule."""
    return Line("caption", (words,))


def row(label: str, count: str, amount: str) -> Line:
    """A row of a table."""
    return Line("row", (label, count, amount))


def total(label: str, count: str, amount: str) -> Line:
    """A row that sums up what stands above it."""
    return Line("total", (label, count, amount))


def signatures(*names: str) -> Line:
    """Rules to sign on, each with whose it is."""
    return Line("signatures", names)


@dataclass(frozen=True, slots=True)
class Job:
    """What one PDF is made of. ``size``: one of SIZES; ``language``: of the catalogue, it chooses how characters look."""

    sheets: tuple[Sheet, ...]
    size: str
    language: str
    title: str


def encode(job: Job, font: str) -> bytes:
    """A job and the file of its font, for the process that draws."""
    lines = [[[line.kind, *line.words] for line in sheet] for sheet in job.sheets]
    said = {"sheets": lines, "size": job.size, "language": job.language, "title": job.title, "font": font}
    return json.dumps(said, ensure_ascii=False).encode()


def decode(data: bytes) -> tuple[Job, str]:
    """As :func:`encode` wrote it. Raises :class:`ValueError` or :class:`KeyError` on anything else."""
    said = json.loads(data)
    sheets = tuple(tuple(Line(kind, tuple(words)) for kind, *words in sheet) for sheet in said["sheets"])
    if said["size"] not in SIZES or not 0 < len(sheets) <= MAX_SHEETS:
        raise ValueError(said["size"])
    return Job(sheets, said["size"], said["language"], said["title"]), said["font"]
