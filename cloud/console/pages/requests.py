"""Refunds that nodes asked for: yes or no, with a reason."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import forms
from cloud.console.desk import PAGE, Desk, language
from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes as node_list
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One list."""

    @blueprint.get("/refund-requests")
    def refund_requests() -> ResponseReturnValue:
        return _page(desk, forms.RefundWord(formdata=None))

    @blueprint.post("/refund-requests")
    def refund_decide() -> ResponseReturnValue:
        form, who = forms.RefundWord(), desk.who().name
        if not form.validate():
            return _page(desk, form, 422)
        pos, approved, note = form.request.data or 0, form.verdict.data == "accept", (form.note.data or "").strip()
        try:
            with desk.database.write() as tx:
                fee = _fee(desk, tx, pos, form) if approved else 0
                desk.hub.deciding.decide(tx, pos, approved, fee, note, who)
                desk.accounts.audit(tx, who, "decide_refund", request=pos, approved=approved, fee=fee, reason=note)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, form, refusal.status)
        flash(desk.t("console_request_said"))
        return redirect(url_for("console.refund_requests"))


def _page(desk: Desk, form: forms.RefundWord, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        rows = desk.hub.deciding.waiting(tx, PAGE + 1, desk.offset())
        names = {info.node_no: info.name for info in node_list.every(tx)}
        labels = {
            row.pos: timetable.trip_label(tx, row.trip_no, row.day, language())
            for row in rows
            if row.trip_no is not None and row.day is not None
        }
    return desk.render(
        "refund_requests.html", status, rows=rows[:PAGE], names=names, labels=labels, form=form, more=len(rows) > PAGE
    )


def _fee(desk: Desk, tx: Connection, pos: int, form: forms.RefundWord) -> int:
    """What is kept, as typed in the currency of the ticket; nothing typed is nothing kept."""
    line, text = desk.hub.deciding.one(tx, pos), (form.fee.data or "").strip()
    return forms.typed_minor(text, line.currency, "fee") if line is not None and text else 0
