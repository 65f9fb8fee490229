"""Vehicles of the test's own timetable: "reserved-8" has eight numbered seats, "free-3" three places without numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from sync.domains.timetable.operations import SeatPlan


def plan_of(kind: str, capacity: int) -> SeatPlan:
    """Four seats a row, or none."""
    places = [(n, *divmod(n - 1, 4)) for n in range(1, capacity + 1)] if kind == "reserved" else []
    seats = tuple((n, label_of(n), row, column) for n, row, column in places)
    return SeatPlan(kind, capacity, seats)


def label_of(seat: int) -> str:
    """What stands on a seat of them: 01A, 01B, …"""
    row, column = divmod(seat - 1, 4)
    return f"{row + 1:02d}{'ABCD'[column]}"


class Plans:
    """What a timetable knows of vehicles."""

    trips: dict[int, Any]

    def seat_plan(self, _tx: Connection, name: str) -> SeatPlan | None:
        kind, _, capacity = name.partition("-")
        return plan_of(kind, int(capacity)) if capacity else None

    def planned_seats(self, _tx: Connection, trip_no: int) -> SeatPlan:
        return plan_of(self.trips[trip_no].seat_plan_kind, self.trips[trip_no].capacity)
