"""The counters: shifts with what was counted, and what looks like fraud."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from cloud.console import forms
from cloud.console.desk import NUMBER, PAGE, Desk
from cloud.domains.shifts import service
from cloud.kernel import alerts as alert_list
from cloud.kernel import clerks
from cloud.kernel import nodes as node_list
from sync.kernel.days import day_at

MAX_NOTE = 500
STATES = ("open", "closed", "differs")


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Shifts and alerts."""

    @blueprint.get("/shifts")
    def shifts() -> ResponseReturnValue:
        state = desk.asked("state") if desk.asked("state") in STATES else ""
        wanted: dict[str, Any] = {
            "node_no": _number(desk.asked("node")),
            "clerk_no": _number(desk.asked("clerk")),
            "state": state,
        }
        with desk.database.read() as tx:
            rows = service.shifts(tx, **wanted, limit=PAGE + 1, offset=desk.offset())
            names = {info.node_no: info.name for info in node_list.every(tx)}
            people = {one.clerk_no: one.name for one in clerks.every(tx)}
        return desk.render(
            "shifts.html", rows=rows[:PAGE], more=len(rows) > PAGE, names=names, people=people, states=STATES, **wanted
        )

    @blueprint.get("/alerts")
    def alerts() -> ResponseReturnValue:
        return _alerts(desk, forms.Note(formdata=None))

    @blueprint.post(f"/alerts/<{NUMBER}:pos>/<name>")
    def alert_seen(pos: int, name: str) -> ResponseReturnValue:
        form = forms.Note()
        if not form.validate():
            return _alerts(desk, form, 422)
        note = form.note.data.strip()[:MAX_NOTE]
        with desk.database.write() as tx:
            alert_list.note(tx, pos, name, note, desk.who().name, desk.now_ms())
            desk.accounts.audit(tx, desk.who().name, "alert_seen", alert=name, pos=pos, note=note)
        flash(desk.t("console_saved"))
        return redirect(url_for("console.alerts"))


def _alerts(desk: Desk, form: forms.Note, status: int = 200) -> ResponseReturnValue:
    seen = desk.asked("seen") == "1"
    with desk.database.read() as tx:
        told = service.worth_telling(tx, day_at(desk.now_ms(), desk.zone()))
        rows = alert_list.every(tx, told, open_only=not seen, limit=PAGE + 1, offset=desk.offset())
        people = {one.clerk_no: one.name for one in clerks.every(tx)}
    return desk.render(
        "alerts.html", status, rows=rows[:PAGE], more=len(rows) > PAGE, seen=seen, people=people, form=form
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
