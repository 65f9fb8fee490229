"""Vehicles of the test's own timetable: "reserved-8" has eight numbered seats, "free-3" three places without numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from sync.domains.timetable.operations import SeatPlan


def plan_of(kind: str, capacity: int) -> SeatPlan:
    """Four seats a row, or none."""
    seats = tuple((n, str(n), (n - 1) // 4, (n - 1) % 4) for n in range(1, capacity + 1)) if kind == "reserved" else ()
    return SeatPlan(kind, capacity, seats)


class Plans:
    """What a timetable knows of vehicles."""

    trips: dict[int, Any]

    def seat_plan(self, _tx: Connection, name: str) -> SeatPlan | None:
        kind, _, capacity = name.partition("-")
        return plan_of(kind, int(capacity)) if capacity else None

    def planned_seats(self, _tx: Connection, trip_no: int) -> SeatPlan:
        return plan_of(self.trips[trip_no].seat_plan_kind, self.trips[trip_no].capacity)
