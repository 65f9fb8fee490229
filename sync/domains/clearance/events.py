"""What an inspector decided on a departure, and what was counted on a ferry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class DepartureRefused(Event):
    """A vehicle may not leave. ``lacks``: what is wrong, of :data:`sync.domains.clearance.rules.CHECKS`; ``rule``: the set.

    ``vehicle``: plate or name; ``vehicle_no`` and ``driver_nos``: numbers in the register, 0 or none where it was typed.
    ``drivers``: how many there are; ``motorway_km``, ``other_km``: of one way; ``aboard``: people as counted.
    """

    TYPE: ClassVar[int] = 80
    trip_no: int
    day: int
    vehicle: str
    vehicle_no: int
    drivers: int
    driver_nos: tuple[int, ...]
    motorway_km: int
    other_km: int
    aboard: int
    capacity: int
    lacks: tuple[str, ...]
    rule: str
    clerk_no: int


@dataclass(frozen=True, slots=True)
class DepartureCleared(Event):
    """A vehicle may leave: nothing is wrong, and the inspector signed with a PIN. Fields as in :class:`DepartureRefused`;
    ``good_until_day``: the first day on which one of its papers is over."""

    TYPE: ClassVar[int] = 81
    trip_no: int
    day: int
    vehicle: str
    vehicle_no: int
    drivers: int
    driver_nos: tuple[int, ...]
    motorway_km: int
    other_km: int
    aboard: int
    capacity: int
    good_until_day: int
    rule: str
    clerk_no: int


@dataclass(frozen=True, slots=True)
class ClearanceUndone(Event):
    """The clearance of a departure is taken back, before the vehicle left."""

    TYPE: ClassVar[int] = 82
    trip_no: int
    day: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class PassengersCounted(Event):
    """People counted on a ferry after it sailed (``on_board``), or let through at its pier; ``known``: those whom this node had
    boarded then."""

    TYPE: ClassVar[int] = 83
    trip_no: int
    day: int
    on_board: bool
    counted: int
    known: int
    clerk_no: int
