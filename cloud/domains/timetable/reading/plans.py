"""Seat plans: of a vehicle by its name, and of the one that a trip has by the timetable."""

from __future__ import annotations

from sqlalchemy import Connection, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.reading.facts import plan_of_bytes, trip_facts
from sync.domains.timetable.operations import SeatPlan


def seat_plan(tx: Connection, name: str) -> SeatPlan | None:
    """The seats of a vehicle by the name of its plan, also of one that no line has now; None for a name that is none."""
    column = tables.seat_plan.c
    body = tx.execute(select(column.body).where(column.name == name)).scalar()
    return None if body is None else plan_of_bytes(bytes(body))


def planned_seats(tx: Connection, trip_no: int) -> SeatPlan | None:
    """The seats of the vehicle that a trip has by the timetable; None for a trip that never was."""
    facts = trip_facts(tx, trip_no)
    return None if facts is None else facts.plan


def plan_names(tx: Connection, kind: str) -> list[tuple[str, int]]:
    """(name, capacity) of the plans of a kind, ``reserved`` or ``free``, by name."""
    rows = tx.execute(select(tables.seat_plan.c.name, tables.seat_plan.c.body).order_by(tables.seat_plan.c.name))
    plans = [(row.name, plan_of_bytes(bytes(row.body))) for row in rows]
    return [(name, plan.capacity) for name, plan in plans if plan.kind == kind]
