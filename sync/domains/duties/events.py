"""What a driver says of a trip. Nothing is ever deleted: a mistaken word is taken back by another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

# Why a trip is late, or ends early.
DELAY_REASONS = ("traffic", "weather", "breakdown", "accident", "waiting", "road_closed", "health", "other")


@dataclass(frozen=True, slots=True)
class DutyTaken(Event):
    """A driver takes the wheel of a trip: before it starts, or on its way as a relief.

    ``assigned``: whether the hub had named this driver for it, as far as the box knew.
    """

    TYPE: ClassVar[int] = 70
    trip_no: int
    day: int
    driver_no: int
    vehicle: str
    assigned: bool


@dataclass(frozen=True, slots=True)
class TripStarted(Event):
    """The trip began. ``against``: rules of rest that it was begun against, as :data:`sync.domains.duties.rest.rules`
    names them, after the driver was told; ``rule``: the set that they stand in."""

    TYPE: ClassVar[int] = 71
    trip_no: int
    day: int
    driver_no: int
    vehicle: str
    against: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class StopReached(Event):
    """The vehicle stands at stop ``idx``."""

    TYPE: ClassVar[int] = 72
    trip_no: int
    day: int
    driver_no: int
    idx: int


@dataclass(frozen=True, slots=True)
class StopLeft(Event):
    """The vehicle left stop ``idx``, or passed it without a halt."""

    TYPE: ClassVar[int] = 73
    trip_no: int
    day: int
    driver_no: int
    idx: int


@dataclass(frozen=True, slots=True)
class TripDelayed(Event):
    """The trip runs ``minutes`` late from here on; 0: on time again. ``reason`` indexes DELAY_REASONS."""

    TYPE: ClassVar[int] = 74
    trip_no: int
    day: int
    driver_no: int
    minutes: int
    reason: int
    note: str


@dataclass(frozen=True, slots=True)
class TripCutShort(Event):
    """The trip ends at stop ``idx``, before its last one. ``reason`` indexes DELAY_REASONS."""

    TYPE: ClassVar[int] = 75
    trip_no: int
    day: int
    driver_no: int
    idx: int
    reason: int
    note: str


@dataclass(frozen=True, slots=True)
class TripEnded(Event):
    """The trip is over, at stop ``idx``."""

    TYPE: ClassVar[int] = 76
    trip_no: int
    day: int
    driver_no: int
    idx: int


@dataclass(frozen=True, slots=True)
class TripWordTaken(Event):
    """The last word that stood of this trip, event ``seq`` of this log, was a mistake and counts no more."""

    TYPE: ClassVar[int] = 77
    trip_no: int
    day: int
    driver_no: int
    seq: int


@dataclass(frozen=True, slots=True)
class TripHandedOver(Event):
    """The trip, with the seats that this box had left of it, was given to another box: they are blocked here for ever.

    ``signed``: the :class:`sync.domains.duties.operations.Handover` as that box gets it.
    """

    TYPE: ClassVar[int] = 78
    trip_no: int
    day: int
    driver_no: int
    to_node_no: int
    signed: bytes


@dataclass(frozen=True, slots=True)
class TripTakenOver(Event):
    """This box goes on with a trip that another gave it in ``signed``, and sells what seats came with it."""

    TYPE: ClassVar[int] = 79
    trip_no: int
    day: int
    driver_no: int
    vehicle: str
    signed: bytes
