"""Clerks, and what admins did."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from wtforms.fields.choices import SelectChoice

from cloud.console import forms
from cloud.console.desk import PAGE, Desk
from cloud.kernel import audit, clerks, nodes
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Clerks and the audit."""
    _register_lists(blueprint, desk)
    _register_clerk(blueprint, desk)


def _register_lists(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/clerks", endpoint="clerks")
    def clerk_list() -> ResponseReturnValue:
        with desk.database.read() as tx:
            found, names = clerks.every(tx), _node_names(tx)
        shown, more = desk.cut(found)
        return desk.render("clerks.html", clerks=shown, more=more, node_names=names)

    @blueprint.route("/clerks/new", methods=["GET", "POST"])
    def clerk_add() -> ResponseReturnValue:
        form = forms.NewClerk()
        with desk.database.read() as tx:
            _offer(form, _node_names(tx))
        if not form.validate_on_submit():
            return desk.render("clerk_add.html", 422 if form.errors else 200, form=form)
        try:
            pin = forms.typed_pin(form)
            with desk.database.write() as tx:
                number, given = desk.clerks.add(tx, form.name.data, form.roles.data, form.nodes.data, pin)
                audited = {"clerk": number, "name": form.name.data, "roles": form.roles.data, "nodes": form.nodes.data}
                desk.accounts.audit(tx, desk.who().name, "clerk_added", **audited)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return desk.render("clerk_add.html", refusal.status, form=form)
        return desk.render("clerk_pin.html", number=number, name=form.name.data, pin=None if pin else given)

    @blueprint.get("/audit", endpoint="audit")
    def audit_list() -> ResponseReturnValue:
        with desk.database.read() as tx:
            rows = audit.entries(tx, PAGE + 1, desk.offset())
        return desk.render("audit.html", entries=rows[:PAGE], more=len(rows) > PAGE, command_line=audit.COMMAND_LINE)


def _register_clerk(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/clerks/<int(max=2147483647):number>", methods=["GET", "POST"])
    def clerk(number: int) -> ResponseReturnValue:
        with desk.database.read() as tx:
            info, names = clerks.find(tx, number), _node_names(tx)
        form = forms.Clerk(name=info.name, roles=info.roles, nodes=info.node_nos)
        _offer(form, names)
        values: dict[str, Any] = {
            "form": form,
            "info": info,
            "pin_form": forms.Pin(formdata=None),
            "act": forms.Act(formdata=None),
        }
        if not form.validate_on_submit():
            return desk.render("clerk.html", 422 if form.errors else 200, **values)
        try:
            with desk.database.write() as tx:
                desk.clerks.change(tx, number, form.name.data, form.roles.data, form.nodes.data)
                audited = {"clerk": number, "name": form.name.data, "roles": form.roles.data, "nodes": form.nodes.data}
                desk.accounts.audit(tx, desk.who().name, "clerk_changed", **audited)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return desk.render("clerk.html", refusal.status, **values)
        flash(desk.t("console_saved"))
        return redirect(url_for("console.clerks"))

    @blueprint.post("/clerks/<int(max=2147483647):number>/pin")
    def clerk_pin(number: int) -> ResponseReturnValue:
        form = forms.Pin()
        with desk.database.read() as tx:
            info, names = clerks.find(tx, number), _node_names(tx)
        try:
            pin = forms.typed_pin(form)
            with desk.database.write() as tx:
                given = desk.clerks.new_pin(tx, number, pin)
                desk.accounts.audit(tx, desk.who().name, "clerk_pin_changed", clerk=number)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            shown = forms.Clerk(formdata=None, name=info.name, roles=info.roles, nodes=info.node_nos)
            _offer(shown, names)
            values: dict[str, Any] = {"form": shown, "info": info, "pin_form": form, "act": forms.Act(formdata=None)}
            return desk.render("clerk.html", refusal.status, **values)
        return desk.render("clerk_pin.html", number=number, name=info.name, pin=None if pin else given)

    @blueprint.post("/clerks/<int(max=2147483647):number>/leave")
    def clerk_leave(number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            desk.clerks.leave(tx, number)
            desk.accounts.audit(tx, desk.who().name, "clerk_left", clerk=number)
        flash(desk.t("console_clerk_gone"))
        return redirect(url_for("console.clerks"))


def _node_names(tx: Connection) -> dict[int, str]:
    return {info.node_no: info.name for info in nodes.every(tx)}


def _offer(form: forms.Clerk, names: dict[int, str]) -> None:
    form.nodes.choices = [SelectChoice(*one) for one in names.items()]
