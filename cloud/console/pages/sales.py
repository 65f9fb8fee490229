"""What was sold, and what passengers said."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console import queries
from cloud.console.desk import PAGE, Desk, language
from cloud.domains.ratings import service as rating_service
from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes as node_list
from sync.kernel.days import day_at, day_of

DAYS_SHOWN = 7


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Sales and ratings."""

    @blueprint.get("/sales")
    def sales() -> ResponseReturnValue:
        today = day_at(desk.now_ms(), desk.zone())
        first, last = asked_day(desk, "from", today - DAYS_SHOWN), asked_day(desk, "to", today + DAYS_SHOWN)
        node = desk.asked("node")
        node_no = int(node) if node.isascii() and node.isdigit() and len(node) < 10 else None
        with desk.database.read() as tx:
            totals = queries.sale_totals(tx, first, last, node_no)
            refunds = queries.refund_totals(tx, first, last, node_no)
            found = queries.sold_trips(tx, first, last, node_no, PAGE + 1, desk.offset())
            rows = [(trip, timetable.trip_label(tx, trip.trip_no, trip.day, language())) for trip in found[:PAGE]]
            names = {info.node_no: info.name for info in node_list.every(tx)}
        values: dict[str, Any] = {
            "totals": totals,
            "refunds": refunds,
            "rows": rows,
            "more": len(found) > PAGE,
            "names": names,
            "node_no": node_no,
        }
        return desk.render("sales.html", first=first, last=last, backwards=last < first, **values)

    @blueprint.get("/ratings")
    def ratings() -> ResponseReturnValue:
        with desk.database.read() as tx:
            said = rating_service.ratings(tx, limit=PAGE + 1, offset=desk.offset())
            words = [(line, timetable.trip_label(tx, line.trip_no, line.day, language())) for line in said[:PAGE]]
            sums = [
                (total, timetable.trip_label(tx, total.trip_no, 0, language()))
                for total in rating_service.rating_sums(tx, limit=20)
            ]
            count = rating_service.rating_count(tx)
        return desk.render("ratings.html", words=words, sums=sums, count=count, more=len(said) > PAGE)


def asked_day(desk: Desk, name: str, default: int) -> int:
    """A service date of the address, ``default`` for none or a bad one."""
    try:
        return day_of(date.fromisoformat(desk.asked(name)))
    except ValueError:
        return default
