"""What the hub's register says of who runs, drives and carries, on the streams ``register/N`` of operators N.

Every number is one of the register, given by the hub and never given twice. Days count from 2020-01-01; 0 stands for "not
told", which is over on every day. ``from_day``: the day from which the facts hold. No number of a document and no
whole name of a person is ever in these records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


def register_stream(operator_no: int) -> str:
    """What the register holds of one operator: itself, its vehicles, drivers and permits."""
    return f"register/{operator_no}"


@dataclass(frozen=True, slots=True)
class OperatorFacts(Record):
    """Key ``operator-facts/N``. ``uscc``: its unified social credit code (GB 32100). ``trust_level``: one of
    :data:`sync.domains.register.rules.TRUST_LEVELS`, or empty. ``agency_nos``: under which numbers the timetable
    knows it."""

    PREFIX: ClassVar[str] = "operator-facts"
    uscc: str
    names: dict[str, str]
    licence_no: str
    licence_until_day: int
    trust_level: str
    agency_nos: tuple[int, ...]
    from_day: int


@dataclass(frozen=True, slots=True)
class VehicleFacts(Record):
    """Key ``vehicle/N``. ``kind``: one of :data:`sync.domains.register.rules.VEHICLE_KINDS`.

    ``plate`` as :func:`sync.domains.register.rules.read_plate` writes it, of a ship its registered name; ``colour``
    is part of a plate's key, and empty for a ship. ``capacity``: rated places for passengers. ``permit_until_day``:
    of the vehicle's operating permit; ``inspection_until_day``: of the last inspection that it passed;
    ``review_until_day``: of the annual review.
    """

    PREFIX: ClassVar[str] = "vehicle"
    operator_no: int
    kind: str
    plate: str
    colour: str
    capacity: int
    technical_grade: str
    permit_no: str
    permit_until_day: int
    inspection_until_day: int
    review_until_day: int
    from_day: int


@dataclass(frozen=True, slots=True)
class DriverFacts(Record):
    """Key ``driver/N``, of whoever drives a vehicle or commands a ship. ``name``: masked, the surname alone.

    ``licence_class``: of the driving licence (``A1``) or the certificate of competency. ``qualification_until_day``:
    of the professional qualification certificate. ``trust_level`` as of operators. ``clerk_no``: the number with which
    he or she signs in at boxes, drives duties and is rated; 0: none told.
    """

    PREFIX: ClassVar[str] = "driver"
    operator_no: int
    name: str
    licence_class: str
    licence_until_day: int
    qualification_until_day: int
    trust_level: str
    from_day: int
    clerk_no: int = 0


@dataclass(frozen=True, slots=True)
class PermitFacts(Record):
    """Key ``permit/N``: the licence of one line. ``line_class``: 1 to 4; ``route``: the line's name as the licence
    has it."""

    PREFIX: ClassVar[str] = "permit"
    operator_no: int
    permit_no: str
    route: str
    line_class: int
    permit_until_day: int
    from_day: int


@dataclass(frozen=True, slots=True)
class VoidCards(Record):
    """Key ``void-cards/BLOCK`` on ``net``: trust cards BLOCK × 500 to BLOCK × 500 + 499 that are no good before their
    end.

    Each is (card number, index in :data:`sync.domains.register.cards.card.VOID_REASONS`, day from which it is void).
    Cards whose own end has passed are left out again.
    """

    PREFIX: ClassVar[str] = "void-cards"
    cards: tuple[tuple[int, int, int], ...]
