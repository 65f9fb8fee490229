"""What the hub says of the work at a counter: rules as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class OfficeRules(Record):
    """Key ``office/SCOPE/DAY`` on ``net``; SCOPE is ``all`` or a place's number.

    They hold from calendar day ``from_day`` on, until a newer set of the same scope does. ``shift_required``: nobody sells
    or refunds across the counter without an open shift. Differences of a count above ``difference_limit_minor`` (meant
    in ``currency``; in another one every difference counts) are told to the console.
    """

    PREFIX: ClassVar[str] = "office"
    name: str
    source: str
    from_day: int
    place_no: int | None
    shift_required: bool
    currency: str
    difference_limit_minor: int

    @property
    def key(self) -> str:
        """The key under which it stands."""
        scope = "all" if self.place_no is None else str(self.place_no)
        return f"{self.PREFIX}/{scope}/{self.from_day}"
