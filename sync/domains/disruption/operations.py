"""What the hub says of a trip that does not run as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Disruption(Record):
    """Key ``disruption/TRIP/DAY`` on the stream of the trip's operator: whoever knows the trip knows of it.

    ``kind``: one of :data:`sync.domains.disruption.rules.KINDS`; one that software does not know changes nothing there.
    ``minutes``: how late it comes. ``note``: why, in words for people. ``at_ms``: when the hub was told.
    """

    PREFIX: ClassVar[str] = "disruption"
    kind: str
    minutes: int
    note: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class VehicleChange(Record):
    """Key ``vehicle-change/TRIP/DAY`` on the stream of the trip's operator: another vehicle runs, with these seats.

    ``kind``, ``capacity`` and ``seats`` as in :class:`sync.domains.timetable.operations.SeatPlan`, ``plan`` is its name.
    ``number`` (the hub's position) tells changes of one trip apart: places without seats that were granted before it are
    not sold any more. ``note``: why, in words for people.
    """

    PREFIX: ClassVar[str] = "vehicle-change"
    number: int
    plan: str
    kind: str
    capacity: int
    seats: tuple[tuple[int, str, int, int], ...]
    note: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ShortTurn(Record):
    """Key ``short-turn/TRIP/DAY`` on the stream of the trip's operator: it ends at stop ``ends_idx``, before its last one.

    ``note``: why, in words for people. ``at_ms``: when the hub was told.
    """

    PREFIX: ClassVar[str] = "short-turn"
    ends_idx: int
    note: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Reseated(Record):
    """Key ``reseat/<ticket id>`` on a trip's stream: what another vehicle means to a ticket.

    ``was``: the seat in its code. ``seat``: where its passenger sits now; 0 for free seating, or with ``placed`` False: the
    vehicle has no place for them. ``fault``: money back or another ride costs nothing, as for all who paid together with
    one who has no place.
    """

    PREFIX: ClassVar[str] = "reseat"
    trip_no: int
    day: int
    was: int
    seat: int
    placed: bool
    fault: bool
