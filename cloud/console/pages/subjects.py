"""The register: search, facts and their history, corrections, files in and out; trust cards, on paper too."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from cloud.console import forms
from cloud.console.desk import PAGE, Desk
from cloud.domains.register.cards import issuing
from cloud.domains.register.cards.issuing import DRIVER, VEHICLE
from cloud.domains.register.importing.columns import COLUMNS, KINDS
from cloud.domains.register.importing.read import FileRejected
from cloud.domains.register.publish import masked_name
from cloud.domains.register.service import Subject, texts_of
from cloud.kernel import nodes as node_list
from sync.domains.register.cards.card import VOID_REASONS
from sync.kernel import qr
from sync.kernel.errors import Refusal

SUBJECT = "/register/<int(max=2147483647):number>"
CARD = "/cards/<int(max=2147483647):number>"
CARDED = (VEHICLE, DRIVER)
# So many cards are made at a press.
AT_ONCE = 500


def register(blueprint: Blueprint, desk: Desk) -> None:
    """The register and its cards."""
    _register_lists(blueprint, desk)
    _register_files(blueprint, desk)
    _register_subject(blueprint, desk)
    _register_cards(blueprint, desk)
    _register_paper(blueprint, desk)


def _register_lists(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/register", endpoint="register")
    def search() -> ResponseReturnValue:
        text, kind = desk.asked("q"), desk.asked("kind")
        operator_no = _number(desk.asked("operator"))
        with desk.database.read() as tx:
            found = desk.hub.register.search(tx, text, kind, operator_no, PAGE + 1, desk.offset())
            owners = _owners(desk, tx, found)
        rows = [(one, _label(desk, one), owners.get(one.operator_no, "")) for one in found[:PAGE]]
        return desk.render(
            "register.html",
            rows=rows,
            more=len(found) > PAGE,
            text=text,
            kind=kind,
            kinds=KINDS,
            operator_no=operator_no,
        )

    @blueprint.get("/cards")
    def cards() -> ResponseReturnValue:
        return _cards(desk)


def _register_files(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route("/register/import", methods=["GET", "POST"])
    def register_import() -> ResponseReturnValue:
        form = forms.RegisterFile()
        values: dict[str, Any] = {"form": form, "done": None, "errors": [], "columns": COLUMNS}
        if not form.validate_on_submit():
            return desk.render("register_import.html", 422 if form.errors else 200, **values)
        sent = form.file.data
        try:
            with desk.database.write() as tx:
                done = desk.hub.register.import_file(tx, sent.filename or "file", sent.read(), desk.who().name)
                counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
                audited = {"file": sent.filename or "", "kind": done.kind, **counts}
                desk.accounts.audit(tx, desk.who().name, "register_imported", **audited)
        except FileRejected as rejected:
            forms.put_beside(form, rejected, desk)
            return desk.render("register_import.html", 422, **values | {"errors": rejected.errors[:PAGE]})
        return desk.render("register_import.html", **values | {"done": done})

    @blueprint.get("/register/table.csv")
    def register_table() -> ResponseReturnValue:
        kind = desk.asked("kind") or KINDS[0]
        with desk.database.write() as tx:
            text = desk.hub.register.export(tx, kind)
            desk.accounts.audit(tx, desk.who().name, "register_exported", kind=kind)
        headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
        return Response("\ufeff" + text, mimetype="text/csv", headers=headers)


def _register_subject(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route(SUBJECT, methods=["GET", "POST"])
    def register_subject(number: int) -> ResponseReturnValue:
        if request.method == "GET":
            return _subject(desk, number)
        typed = {name: request.form.get(name, "")[:200] for name in _names(desk, number)}
        try:
            with desk.database.write() as tx:
                reason = request.form.get("reason", "")
                desk.hub.register.correct(tx, number, typed, reason, desk.who().name)
                desk.accounts.audit(tx, desk.who().name, "register_corrected", number=number, reason=reason[:200])
        except Refusal as refusal:
            return _subject(desk, number, refusal, typed)
        return _saved(desk, number)

    @blueprint.post(f"{SUBJECT}/strike")
    def register_strike(number: int) -> ResponseReturnValue:
        reason = request.form.get("reason", "")
        try:
            with desk.database.write() as tx:
                desk.hub.register.strike_off(tx, number, reason, desk.who().name)
                desk.accounts.audit(tx, desk.who().name, "register_struck_off", number=number, reason=reason[:200])
        except Refusal as refusal:
            return _subject(desk, number, refusal)
        flash(desk.t("console_saved"))
        return redirect(url_for("console.register"))


def _register_cards(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post(f"{SUBJECT}/card")
    def card_issue(number: int) -> ResponseReturnValue:
        try:
            with desk.database.write() as tx:
                made = desk.hub.cards.issue(tx, number, desk.who().name)
                desk.accounts.audit(tx, desk.who().name, "cards_issued", cards=[made.card_no], subject=number)
        except Refusal as refusal:
            return _subject(desk, number, refusal)
        return _saved(desk, number)

    @blueprint.post("/cards")
    def cards_due() -> ResponseReturnValue:
        """Cards for those that want one, so many at a press."""
        with desk.database.write() as tx:
            made = desk.hub.cards.issue_due(tx, AT_ONCE, desk.who().name)
            desk.accounts.audit(tx, desk.who().name, "cards_issued", count=len(made))
        flash(desk.t("console_cards_made", count=len(made)))
        return redirect(url_for("console.cards"))

    @blueprint.post(f"{CARD}/revoke")
    def card_revoke(number: int) -> ResponseReturnValue:
        reason = request.form.get("reason", "")
        with desk.database.read() as tx:
            subject_no = desk.hub.cards.card(tx, number).number
        try:
            with desk.database.write() as tx:
                desk.hub.cards.revoke(tx, number, reason, desk.who().name)
                desk.accounts.audit(tx, desk.who().name, "card_revoked", card=number, reason=reason[:200])
        except Refusal as refusal:
            return _subject(desk, subject_no, refusal)
        return _saved(desk, subject_no)


def _register_paper(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get(f"{CARD}/print")
    def card_print(number: int) -> ResponseReturnValue:
        with desk.database.read() as tx:
            card = desk.hub.cards.card(tx, number)
            facts = issuing.facts_on(card, desk.hub.signer.verify_key)
        return desk.render("card_print.html", card=card, facts=facts)

    @blueprint.get(f"{CARD}/code.svg")
    def card_code(number: int) -> ResponseReturnValue:
        with desk.database.read() as tx:
            card = desk.hub.cards.card(tx, number)
        return Response(qr.svg(card.text), mimetype="image/svg+xml")


def _subject(
    desk: Desk, number: int, refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> ResponseReturnValue:
    with desk.database.read() as tx:
        one = desk.hub.register.subject(tx, number, gone=True)
        owner = desk.hub.register.subject(tx, one.operator_no, gone=True)
        history, cards = desk.hub.register.history(tx, number), desk.hub.cards.of(tx, number)
    columns = [column for column in COLUMNS[one.kind] if not column.secret]
    texts = texts_of(one, owner.body["uscc"])
    if not _may_see_names(desk, one):
        texts["name"] = masked_name(one.body)
    values: dict[str, Any] = {
        "one": one, "label": _label(desk, one), "owner": owner, "columns": columns, "secrets": COLUMNS[one.kind],
        "texts": texts, "typed": typed or texts | {"from": ""}, "history": history, "cards": cards,
        "refusal": refusal and desk.explain(refusal), "wrong": refusal.field if refusal else None,
        "carded": one.kind in CARDED and one.gone_ms is None, "void": VOID_REASONS,
    }  # fmt: skip
    return desk.render("register_subject.html", refusal.status if refusal else 200, **values)


def _cards(desk: Desk) -> ResponseReturnValue:
    with desk.database.read() as tx:
        numbers = desk.hub.cards.due(tx, PAGE + 1, desk.offset())
        due = [desk.hub.register.subject(tx, number) for number in numbers[:PAGE]]
        owners = _owners(desk, tx, due)
        refused = issuing.refusals(tx, PAGE)
        names = {info.node_no: info.name for info in node_list.every(tx)}
    rows = [(one, _label(desk, one), owners.get(one.operator_no, "")) for one in due]
    return desk.render("cards.html", rows=rows, more=len(numbers) > PAGE, refused=refused, names=names, at_once=AT_ONCE)


def _owners(desk: Desk, tx: Connection, found: list[Subject]) -> dict[int, str]:
    numbers = {one.operator_no for one in found}
    return {number: desk.hub.register.subject(tx, number, gone=True).label for number in numbers}


def _names(desk: Desk, number: int) -> list[str]:
    with desk.database.read() as tx:
        return [column.name for column in COLUMNS[desk.hub.register.subject(tx, number).kind]]


def _label(desk: Desk, one: Subject) -> str:
    """People's names are whole for those alone who look after them."""
    return one.label if _may_see_names(desk, one) else masked_name(one.body)


def _may_see_names(desk: Desk, one: Subject) -> bool:
    return one.kind != DRIVER or desk.who().may("admin")


def _saved(desk: Desk, number: int) -> ResponseReturnValue:
    flash(desk.t("console_saved"))
    return redirect(url_for("console.register_subject", number=number))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
