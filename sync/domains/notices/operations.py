"""What an operator has to say to its passengers, as the hub publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Notice(Record):
    """Key ``notice/NUMBER`` on the operator's stream: whoever knows its trips can show it.

    ``texts``: language → text. Shown from ``from_day`` to ``until_day``, both included, on its lines ``route_nos`` (none: on
    all of them); an ``urgent`` one stands above the trip. ``at_ms``: when the hub was told.
    """

    PREFIX: ClassVar[str] = "notice"
    number: int
    operator_no: int
    texts: dict[str, str]
    from_day: int
    until_day: int
    urgent: bool
    at_ms: int
    route_nos: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The key that it stands under."""
        return f"{self.PREFIX}/{self.number}"
