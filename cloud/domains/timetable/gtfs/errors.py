"""What is wrong with a feed, said once per place: file, line, field, value, code and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cloud.domains.timetable.gtfs.messages import MESSAGES
from cloud.kernel.filefaults import LineError
from sync.kernel.errors import Refusal

KEPT_ERRORS: Final = 1_000
KEPT_NOTES: Final = 1_000
SHOWN_CHARACTERS: Final = 120


class FeedRejected(Refusal):
    """The feed is not taken, none of it. ``errors`` holds the first thousand, ``total`` counts them all."""

    def __init__(self, errors: list[LineError], total: int) -> None:
        super().__init__("feed_rejected", status=422, errors=total)
        self.errors = errors
        self.total = total

    def __str__(self) -> str:
        first = self.errors[0]
        place = f"{first.file}:{first.line} {first.field}"
        return f"{self.total} errors; first: {place} {first.code}: {first.message}"


class Problems:
    """Collects errors (they reject the feed) and notes (they do not), each up to a bound."""

    def __init__(self) -> None:
        self.errors: list[LineError] = []
        self.notes: list[LineError] = []
        self.total = 0

    def add(self, code: str, file: str, line: int = 0, field: str = "", value: str = "", **args: object) -> None:
        """Record an error; beyond the bound it is only counted."""
        self.total += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(_described(code, file, line, field, value, args))

    def note(self, code: str, file: str, line: int = 0, field: str = "", value: str = "", **args: object) -> None:
        """Record something that an operator should see but that leaves the feed usable."""
        if len(self.notes) < KEPT_NOTES:
            self.notes.append(_described(code, file, line, field, value, args))

    def raise_if_any(self) -> None:
        """Raise :class:`FeedRejected` with all that was collected, in the order of files and lines."""
        if self.total:
            ordered = sorted(self.errors, key=lambda error: (error.file, error.line, error.field))
            raise FeedRejected(ordered, self.total)


def _described(code: str, file: str, line: int, field: str, value: str, args: Mapping[str, object]) -> LineError:
    shown = value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"
    message = MESSAGES[code].format_map({"file": file, "field": field, "value": shown, **args})
    return LineError(file, line, field, shown, code, message)
