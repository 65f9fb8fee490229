"""Another vehicle on a trip of one day: who sits where, and who has no seat."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import forms
from cloud.console.desk import DAY, TRIP, Desk, language
from cloud.console.seatmap import seat_labels
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.vehicles import moved_of, newest_plan
from cloud.domains.timetable import service as timetable
from sync.domains.inventory.rules import FREE, RESERVED
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page a dated trip."""

    @blueprint.get(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/vehicle")
    def vehicle(trip_no: int, day: int) -> ResponseReturnValue:
        return _page(desk, trip_no, day, forms.Vehicle(formdata=None))

    @blueprint.post(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/vehicle")
    def vehicle_change(trip_no: int, day: int) -> ResponseReturnValue:
        form = forms.Vehicle()
        if not form.validate():
            return _page(desk, trip_no, day, form, 422)
        who, plan, note = desk.who().name, form.plan.data.strip(), form.note.data.strip()
        try:
            with desk.database.write() as tx:
                told = desk.hub.disruptions.change_vehicle(tx, (trip_no, day), plan, note, who)
                said = {"plan": plan, "reason": note, "places": told}
                desk.accounts.audit(tx, who, "change_vehicle", trip=trip_no, day=day, **said)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, trip_no, day, form, refusal.status)
        flash(desk.t("console_vehicle_done"))
        return redirect(url_for("console.vehicle", trip_no=trip_no, day=day))


def _page(desk: Desk, trip_no: int, day: int, form: forms.Vehicle, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        facts, where = timetable.trip_facts(tx, trip_no), (trip_no, day)
        planned, plan = timetable.planned_seats(tx, trip_no), newest_plan(tx, where)
        book = ledger.load(tx, [where])[where]
        values: dict[str, Any] = {
            "label": timetable.trip_label(tx, trip_no, day, language()),
            "plans": timetable.plan_names(tx, FREE if planned and planned.kind == FREE else RESERVED),
            "plan": plan or (facts.route.seat_plan if facts else ""),
            "capacity": book.capacity if book.opened else (planned.capacity if planned else 0),
            "changed": plan is not None,
            "moved": [(TicketId.from_bytes(one.ticket_id).number, one) for one in moved_of(tx, where)],
            "labels": seat_labels(tx, trip_no, day),
            "stops": _stops(tx, facts.stop_nos if facts else ()),
        }
    return desk.render("vehicle.html", status, form=form, trip_no=trip_no, day=day, **values)


def _stops(tx: Connection, stop_nos: tuple[int, ...]) -> list[str]:
    names = timetable.stop_names(tx, stop_nos, language())
    return [names.get(number, str(number)) for number in stop_nos]
