"""Who runs this trip: what the register says of the operator and of the vehicle, as far as this box was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.duties.service import TripNow
    from sync.domains.ratings.operations import PublicScore
    from sync.domains.register.operations import DriverFacts, OperatorFacts, VehicleFacts


@dataclass(frozen=True)
class Who:
    """``plate`` empty and ``driver_no`` 0 where nobody said; facts None where the register does not tell. Passengers see of a
    driver what the badge says: number and surname. ``over``: which of the vehicle's papers are over; ``scores``: of those that
    are rated enough."""

    plate: str
    driver_no: int
    operator: OperatorFacts | None
    vehicle: VehicleFacts | None
    driver: DriverFacts | None = None
    over: tuple[str, ...] = ()
    scores: tuple[PublicScore, ...] = ()


def who_runs(node: Node, now: TripNow, operator_no: int) -> Who:
    """Who runs a trip of this box."""
    driver_no = now.run.driver_no or next(iter(now.drivers), 0)
    operator = node.register.operator_of(operator_no)
    vehicle = node.register.vehicle_with_plate(now.vehicle) if now.vehicle else None
    facts, today = vehicle[1] if vehicle else None, node.timetable.today()
    papers = (("permit", facts.permit_until_day), ("inspection", facts.inspection_until_day)) if facts else ()
    over = tuple(name for name, until_day in papers if until_day and until_day < today)
    drivers = (str(driver_no),) if driver_no else ()
    scores = tuple(node.ratings.scores(now.trip.trip_no, now.vehicle, drivers))
    driver = node.register.driver_of(driver_no)
    return Who(
        now.vehicle, driver_no, operator[1] if operator else None, facts, driver[1] if driver else None, over, scores
    )
