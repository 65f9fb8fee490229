"""What the hub tells those who check tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Duty(Record):
    """Key ``duty/TRIP/DAY`` on a vehicle's node: this box runs this trip, in the vehicle of this plate.

    ``drivers``: numbers of the people who may drive it, as they sign in; none where the hub names nobody.
    """

    PREFIX: ClassVar[str] = "duty"
    vehicle: str
    drivers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestEntry(Record):
    """Key ``manifest/<ticket id>`` on a trip's stream: a ticket that the hub knows to be sold for it. ``rider`` indexes
    :data:`sync.kernel.ticket.RIDERS`."""

    PREFIX: ClassVar[str] = "manifest"
    from_idx: int
    to_idx: int
    seat: int
    trip_no: int
    day: int
    rider: int = 0


@dataclass(frozen=True, slots=True)
class VoidTicket(Record):
    """Key ``void/<ticket id>`` on a trip's stream: nobody boards with this ticket. It was refunded at ``at_ms``."""

    PREFIX: ClassVar[str] = "void"
    trip_no: int
    day: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class BoundTicket(Record):
    """Key ``bound/<ticket id>`` on a trip's stream: since ``at_ms`` this ticket belongs to a phone. Its older form, which
    names no phone, is good no longer."""

    PREFIX: ClassVar[str] = "bound"
    trip_no: int
    day: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class GateRules(Record):
    """Key ``gate/all/DAY`` on ``net``: how gates take tickets that are bound to a phone, from calendar day ``from_day`` on.

    A code that the phone signed is good for ``code_age_s`` seconds, and may lie ``code_ahead_s`` ahead of the gate's clock.
    ``unsigned`` is what becomes of such a ticket without the phone's signature: one of :data:`rules.UNSIGNED`.
    """

    PREFIX: ClassVar[str] = "gate"
    name: str
    source: str
    from_day: int
    code_age_s: int
    code_ahead_s: int
    unsigned: str

    @property
    def key(self) -> str:
        """The key under which it stands."""
        return f"{self.PREFIX}/all/{self.from_day}"
