"""Ends of closed logs that wait for a person: what they hold, and taking them into the books or leaving them out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from cloud.console import forms
from cloud.console.desk import Desk
from cloud.kernel import nodes as node_list


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Held tails."""

    @blueprint.get("/tails")
    def tails() -> ResponseReturnValue:
        return _page(desk, forms.Decision(formdata=None))

    @blueprint.post("/tails/<name>")
    def tail_decide(name: str) -> ResponseReturnValue:
        form = forms.Decision()
        if not form.validate():
            return _page(desk, form, 422)
        reason, who = form.reason.data.strip()[:200], desk.who().name
        with desk.database.write() as tx:
            if form.verdict.data == "accept":
                taken, held = desk.hub.tails.accept(tx, name, reason, who)
                desk.accounts.audit(tx, who, "tail_accepted", tail=name, events=taken, reason=reason)
                flash(desk.t("console_tail_accepted", events=taken, quarantined=held))
            else:
                desk.hub.tails.reject(tx, name, reason, who)
                desk.accounts.audit(tx, who, "tail_rejected", tail=name, reason=reason)
                flash(desk.t("console_tail_rejected"))
        return redirect(url_for("console.tails"))


def _page(desk: Desk, form: forms.Decision, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        rows = desk.hub.tails.every(tx)
        names = {info.node_no: info.name for info in node_list.every(tx)}
    return desk.render("tails.html", status, rows=rows, names=names, form=form)
