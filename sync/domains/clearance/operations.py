"""What the hub publishes of clearances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class ClearanceRules(Record):
    """Key ``clearance-rules/DAY`` on ``net``: what a departure needs from DAY on.

    ``checks``: (code of :data:`sync.domains.clearance.rules.CHECKS`, where it is written). Two drivers are needed from
    ``two_motorway_km`` of motorway or ``two_other_km`` of other road on, one way.
    """

    PREFIX: ClassVar[str] = "clearance-rules"
    name: str
    from_day: int
    checks: tuple[tuple[str, str], ...]
    two_motorway_km: int
    two_other_km: int

    @property
    def key(self) -> str:
        """The operation's key."""
        return f"{self.PREFIX}/{self.from_day}"
