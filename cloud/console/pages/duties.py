"""Where trips are and which are late, and which vehicle with which drivers runs a trip."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from wtforms.fields.choices import SelectChoice

from cloud.console import forms, running
from cloud.console.desk import DAY, TRIP, Desk, language
from cloud.console.pages.sales import asked_day
from cloud.domains.boarding import service as boarding
from cloud.domains.duties import service as duties
from cloud.domains.timetable import service as timetable
from cloud.kernel import clerks, nodes
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal

VEHICLE = "vehicle"


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page for the day, one form a dated trip."""

    @blueprint.get("/runs")
    def runs() -> ResponseReturnValue:
        day = asked_day(desk, "day", day_at(desk.now_ms(), desk.zone()))
        with desk.database.read() as tx:
            rows = [(line, timetable.trip_label(tx, line.trip_no, line.day, language()), _stops(tx, line.trip_no))
                    for line in duties.runs(tx, day, day)]  # fmt: skip
            people = {info.clerk_no: info.name for info in clerks.every(tx)}
            marks = running.marks(tx, [(line.trip_no, line.day) for line, _, _ in rows])
        return desk.render("runs.html", rows=rows, day=day, people=people, marks=marks)

    @blueprint.get(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/duty")
    def duty(trip_no: int, day: int) -> ResponseReturnValue:
        return _page(desk, trip_no, day, forms.Duty(formdata=None))

    @blueprint.post(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/duty")
    def duty_give(trip_no: int, day: int) -> ResponseReturnValue:
        form = forms.Duty()
        with desk.database.read() as tx:
            _offer(form, tx)
        if not form.validate():
            return _page(desk, trip_no, day, form, 422)
        try:
            with desk.database.write() as tx:
                _give(tx, desk, (trip_no, day), form)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, trip_no, day, form, refusal.status)
        flash(desk.t("console_duty_given"))
        return redirect(url_for("console.duty", trip_no=trip_no, day=day))

    @blueprint.post(f"/trips/<{TRIP}:trip_no>/<{DAY}:day>/duty/<int(max=2147483647):number>/end")
    def duty_end(trip_no: int, day: int, number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            desk.hub.boarding.remove_duty(tx, nodes.find(tx, number), trip_no, day)
            desk.accounts.audit(tx, desk.who().name, "duty_removed", trip=trip_no, day=day, node=number)
        flash(desk.t("console_duty_taken"))
        return redirect(url_for("console.duty", trip_no=trip_no, day=day))


def _give(tx: Connection, desk: Desk, where: tuple[int, int], form: forms.Duty) -> None:
    info = nodes.find(tx, form.box.data)
    desk.hub.duties.assign(tx, info, where, form.vehicle.data or "", form.drivers.data or ())
    said = {"node": info.node_no, "vehicle": form.vehicle.data, "drivers": form.drivers.data}
    desk.accounts.audit(tx, desk.who().name, "duty", trip=where[0], day=where[1], **said)


def _page(desk: Desk, trip_no: int, day: int, form: forms.Duty, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        _offer(form, tx)
        values: dict[str, Any] = {
            "given": boarding.vehicles_of(tx, trip_no, day),
            "names": {info.node_no: info.name for info in nodes.every(tx)},
            "people": {info.clerk_no: info.name for info in clerks.every(tx)},
            "label": timetable.trip_label(tx, trip_no, day, language()),
        }
    return desk.render("duty.html", status, form=form, trip_no=trip_no, day=day, **values)


def _offer(form: forms.Duty, tx: Connection) -> None:
    form.box.choices = [SelectChoice(info.node_no, info.name) for info in nodes.every(tx) if info.kind == VEHICLE]
    people = [info for info in clerks.every(tx) if duties.ROLE in info.roles and info.left_ms is None]
    form.drivers.choices = [SelectChoice(info.clerk_no, f"{info.clerk_no} {info.name}") for info in people]


def _stops(tx: Connection, trip_no: int) -> list[str]:
    """Names of a trip's stops in order; none where the timetable does not know it."""
    facts = timetable.trip_facts(tx, trip_no)
    if facts is None:
        return []
    names = timetable.stop_names(tx, facts.stop_nos, language())
    return [names.get(number, str(number)) for number in facts.stop_nos]
