"""Nodes: how each one is, adding one, giving it a code, barring it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound
from wtforms.fields.choices import SelectChoice

from cloud.console import forms, issues, queries
from cloud.console.desk import NUMBER, Desk, language
from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes as node_list
from sync.catalogue import LANGUAGES
from sync.domains.timetable.rules import name_in
from sync.kernel.errors import Refusal

MAX_STOPS = 200


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Nodes."""

    @blueprint.get("/nodes")
    def nodes() -> ResponseReturnValue:
        with desk.database.read() as tx:
            states = queries.node_states(tx, desk.hub.contacts)
            noted = queries.noted_counts(tx)
            shown, more = desk.cut(states)
            behind = {state.node_no: queries.to_read(tx, state.node_no, state.floor) for state in shown}
            wrong = {state.node_no: len(issues.of_node(tx, state, desk.now_ms())) for state in shown}
        counts = {node_no: count + noted.get(node_no, 0) for node_no, count in wrong.items()}
        return desk.render("nodes.html", nodes=shown, more=more, counts=counts, behind=behind)

    @blueprint.route("/nodes/new", methods=["GET", "POST"])
    def node_add() -> ResponseReturnValue:
        form = forms.NewNode()
        with desk.database.read() as tx:
            places = queries.places(tx)
        form.place.choices = [SelectChoice(0, desk.t("console_place_new"))]
        form.place.choices += [SelectChoice(number, name_in(names, language())) for number, names in places]
        if not form.validate_on_submit():
            return desk.render("node_add.html", 422 if form.errors else 200, form=form)
        try:
            with desk.database.write() as tx:
                number, code = _add(tx, desk, form)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return desk.render("node_add.html", refusal.status, form=form)
        return desk.render("node_code.html", number=number, name=form.name.data, code=code)

    @blueprint.get("/nodes/<int(max=2147483647):number>")
    def node(number: int) -> ResponseReturnValue:
        return _page(desk, number, forms.Revoke(formdata=None))

    @blueprint.post("/nodes/<int(max=2147483647):number>/code")
    def node_code(number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            name = node_list.find(tx, number).name
            code = desk.hub.enrolment.new_code(tx, number)
            desk.accounts.audit(tx, desk.who().name, "node_code", node=number)
        return desk.render("node_code.html", number=number, name=name, code=code)

    @blueprint.post("/nodes/<int(max=2147483647):number>/revoke")
    def node_revoke(number: int) -> ResponseReturnValue:
        form = forms.Revoke()
        with desk.database.read() as tx:
            name = node_list.find(tx, number).name
        if not form.validate():
            return _page(desk, number, form, 422)
        if form.confirm.data.strip() != name:
            form.confirm.errors = ["console_confirm_differs"]
            return _page(desk, number, form, 422)
        reason = form.reason.data.strip()[:200]
        with desk.database.write() as tx:
            desk.hub.nodes.revoke(tx, number, reason)
            desk.accounts.audit(tx, desk.who().name, "node_revoked", node=number, reason=reason)
        flash(desk.t("console_revoked", name=name))
        return redirect(url_for("console.node", number=number))

    @blueprint.post(f"/issues/<{NUMBER}:number>/close")
    def issue_close(number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            found = queries.close_issue(tx, number, desk.now_ms())
            if found is None:
                raise NotFound
            desk.accounts.audit(tx, desk.who().name, "issue_closed", node=found.node_no, issue=found.code)
        flash(desk.t("console_issue_closed"))
        return redirect(url_for("console.overview"))


def _add(tx: Connection, desk: Desk, form: forms.NewNode) -> tuple[int, str]:
    name = form.name.data.strip()[:60]
    stop_nos = _stop_numbers(tx, form.stops.data or "")
    typed = zip(LANGUAGES, (form.name_zh_hans.data, form.name_zh_hant.data, form.name_en.data), strict=True)
    names = {code: text.strip()[:60] for code, text in typed if text and text.strip()}
    low_water = min(max(form.low_water.data or 0, 0), 100)
    number = desk.hub.nodes.add(tx, name, form.kind.data, stop_nos, names, form.place.data or None, low_water)
    code = desk.hub.enrolment.new_code(tx, number)
    audited = {"node": number, "name": name, "kind": form.kind.data, "stops": stop_nos}
    desk.accounts.audit(tx, desk.who().name, "node_added", **audited)
    return number, code


def _stop_numbers(tx: Connection, text: str) -> list[int]:
    """Numbers of published stops, written with any of ``, 、 ; space`` between them. Refusals ``node_stops``."""
    parts = text.translate(str.maketrans("，、；;,", "     ")).split()
    if len(parts) > MAX_STOPS or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise Refusal("node_stops", status=422, field="stops", stops=text[:40])
    numbers = [int(part) for part in parts]
    unknown = sorted(set(numbers) - set(timetable.stop_names(tx, numbers, "en")))
    if unknown:
        raise Refusal("node_stops", status=422, field="stops", stops=", ".join(map(str, unknown[:10])))
    return numbers


def _page(desk: Desk, number: int, form: forms.Revoke, status: int = 200) -> ResponseReturnValue:
    with desk.database.read() as tx:
        info = node_list.find(tx, number)
        state = queries.node_states(tx, desk.hub.contacts, number)[0]
        values: dict[str, Any] = {
            "info": info,
            "state": state,
            "logs": queries.logs(tx, number),
            "streams": queries.stream_positions(tx, number, state.floor),
            "behind": queries.to_read(tx, number, state.floor),
            "starts": queries.starts(tx, number),
            "tails": queries.held_tails(tx, number),
            "stops": timetable.stop_names(tx, info.stop_nos, language()),
            "issues": [*issues.noted_of(tx, number, info.name), *issues.of_node(tx, state, desk.now_ms())],
            "quarantined": queries.quarantine_unseen(tx, number),
        }
    return desk.render("node.html", status, form=form, act=forms.Act(formdata=None), **values)
