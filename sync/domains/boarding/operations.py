"""What the hub tells those who check tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Duty(Record):
    """Key ``duty/TRIP/DAY`` on a vehicle's node: this box runs this trip."""

    PREFIX: ClassVar[str] = "duty"
    vehicle: str


@dataclass(frozen=True, slots=True)
class ManifestEntry(Record):
    """Key ``manifest/<ticket id>`` on a trip's stream: a ticket that the hub knows to be sold for it."""

    PREFIX: ClassVar[str] = "manifest"
    from_idx: int
    to_idx: int
    seat: int
    trip_no: int
    day: int


@dataclass(frozen=True, slots=True)
class VoidTicket(Record):
    """Key ``void/<ticket id>`` on a trip's stream: nobody boards with this ticket. It was refunded at ``at_ms``."""

    PREFIX: ClassVar[str] = "void"
    trip_no: int
    day: int
    at_ms: int
