"""What happened, in plain words and as a hash: two runs that differ in one byte of one message differ here."""

from __future__ import annotations

import hashlib
from typing import Any

from sync.kernel import days
from tests.simulation.times import ZONE, TrueTime


class Violation(BaseException):
    """A promise was broken. ``rule`` names it; two violations of one rule are the same to whoever shortens a story.

    Not an ``Exception``, so that no code under test takes it for a trouble of its own and goes on.
    """

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule, self.text = rule, text


class Trace:
    """``lines``: (true time, who, how far the teller's clock is off, what)."""

    def __init__(self, time: TrueTime) -> None:
        self._time = time
        self._hash = hashlib.sha256()
        self.lines: list[tuple[int, str, int, str]] = []

    def say(self, who: str, text: str, offset_ms: int = 0) -> None:
        """Something that a person would tell."""
        self.lines.append((self._time.now_ms, who, offset_ms, text))
        self._hash.update(f"{self._time.now_ms} {who} {text}\n".encode())

    def note(self, text: str) -> None:
        """As :meth:`say`, outside the hash: what names files and lines may differ from machine to machine."""
        self.lines.append((self._time.now_ms, "log", 0, text))

    def saw(self, data: bytes) -> None:
        """Bytes that crossed the line."""
        self._hash.update(data)

    def digest(self) -> str:
        """Of all so far."""
        return self._hash.hexdigest()

    def story(self) -> str:
        """The lines for reading."""
        lines = [
            line for number, line in enumerate(self.lines) if not number or not _again(line, self.lines[number - 1])
        ]
        return "\n".join(_line(*line) for line in lines)


def _line(at_ms: int, who: str, offset_ms: int, text: str) -> str:
    told = days.local_time(at_ms, ZONE).strftime("%m-%d %H:%M:%S")
    if offset_ms:
        told += f" (its clock: {days.local_time(at_ms + offset_ms, ZONE):%Y-%m-%d %H:%M})"
    return f"{told} {who}: {text}"


def _again(line: tuple[int, str, int, str], before: tuple[int, str, int, str]) -> bool:
    """Whether it only says in one word what the line before it told: ``sell: sold``."""
    act, _, outcome = line[3].rpartition(": ")
    return bool(act) and line[:3] == before[:3] and before[3].startswith(f"{outcome} ")


def code_of(error: Any) -> str:
    """The code of an error of ours, else the name of its class."""
    return str(getattr(error, "code", type(error).__name__))
