"""Conflicts: the list of them, each with both events, and what a person decides."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from cloud.console import forms, queries
from cloud.console.desk import NUMBER, PAGE, Desk, language
from cloud.console.queries import ConflictRecord
from cloud.domains.boarding.conflicts import service as words
from cloud.domains.timetable import service as timetable
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """The list, and one of them."""

    @blueprint.get("/conflicts")
    def conflicts() -> ResponseReturnValue:
        with desk.database.read() as tx:
            found = queries.conflicts(tx, PAGE + 1, desk.offset())
            rows = [
                (item, timetable.trip_label(tx, item.trip_no, item.day, language()), _seat(tx, item.trip_no, item.seat))
                for item in found[:PAGE]
            ]
        return desk.render("conflicts.html", rows=rows, more=len(found) > PAGE)

    @blueprint.get(f"/conflicts/<{NUMBER}:pos>")
    def conflict(pos: int) -> ResponseReturnValue:
        return _page(desk, _found(desk, pos), forms.ConflictWord(formdata=None))

    @blueprint.post(f"/conflicts/<{NUMBER}:pos>")
    def conflict_decide(pos: int) -> ResponseReturnValue:
        record, form, who = _found(desk, pos), forms.ConflictWord(), desk.who().name
        if not form.validate():
            return _page(desk, record, form, 422)
        outcome, reason = form.outcome.data or "", (form.reason.data or "").strip()
        try:
            with desk.database.write() as tx:
                words.decide(tx, pos, outcome, reason, who, desk.now_ms())
                said = {"conflict": pos, "ticket": record.number, "outcome": outcome, "reason": reason}
                desk.accounts.audit(tx, who, "conflict_decided", **said)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, record, form, refusal.status)
        flash(desk.t("console_saved"))
        return redirect(url_for("console.conflicts"))


def _found(desk: Desk, pos: int) -> ConflictRecord:
    with desk.database.read() as tx:
        record = queries.conflict_record(tx, pos)
    if record is None:
        raise NotFound
    return record


def _page(desk: Desk, record: ConflictRecord, form: forms.ConflictWord, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        label = timetable.trip_label(tx, record.trip_no, record.day, language())
        operator = timetable.operator_name(tx, record.trip_no, language())
    return desk.render("conflict.html", status, record=record, label=label, operator=operator, form=form)


def _seat(tx: Connection, trip_no: int, seat: int) -> str:
    """What stands on the seat."""
    facts = timetable.trip_facts(tx, trip_no) if seat else None
    labels = {number: label for number, label, _, _ in facts.plan.seats} if facts else {}
    return labels.get(seat, str(seat) if seat else "")
