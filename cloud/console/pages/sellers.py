"""Other sellers: accounts, credit, keys, money that came, and what they owe."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from cloud.console import forms
from cloud.console.desk import PAGE, Desk
from cloud.console.pages.sales import asked_day
from cloud.domains.sellers.books import accounts, bookings, statements
from cloud.domains.sellers.service import Once
from sync.kernel.days import date_of, day_at
from sync.kernel.errors import Refusal
from sync.kernel.money import decimal_text
from sync.kernel.ticket import RIDERS

CURRENCY = "CNY"
SELLER = "/sellers/<int(max=2147483647):number>"


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Sellers."""
    _register_list(blueprint, desk)
    _register_seller(blueprint, desk)
    _register_acts(blueprint, desk)


def _register_list(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.get("/sellers")
    def sellers() -> ResponseReturnValue:
        with desk.database.read() as tx:
            shown, more = desk.cut(accounts.every(tx))
            owed = {
                one.seller_no: {line.currency: line.owed_minor for line in accounts.balances(tx, one.seller_no)}
                for one in shown
            }
        return desk.render("sellers.html", sellers=shown, more=more, owed=owed, currency=CURRENCY)

    @blueprint.route("/sellers/new", methods=["GET", "POST"])
    def seller_add() -> ResponseReturnValue:
        form = forms.NewSeller()
        if not form.validate_on_submit():
            return desk.render("seller_add.html", 422 if form.errors else 200, form=form)
        try:
            limit, commission = _terms(form)
            with desk.database.write() as tx:
                number = desk.hub.sellers.add(tx, form.name.data, limit, commission)
                key = desk.hub.sellers.new_key(tx, number, "", accounts.SCOPES)
                audited = {"seller": number, "name": form.name.data, "limit_minor": limit}
                desk.accounts.audit(tx, desk.who().name, "seller_added", **audited, commission_per_mille=commission)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return desk.render("seller_add.html", refusal.status, form=form)
        return desk.render("seller_key.html", number=number, name=form.name.data, key=key)


def _register_seller(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.route(SELLER, methods=["GET", "POST"])
    def seller(number: int) -> ResponseReturnValue:
        form = forms.Seller()
        if not form.is_submitted():
            return _page(desk, number)
        if not form.validate():
            return _page(desk, number, 422, form=form)
        try:
            limit, commission = _terms(form)
            with desk.database.write() as tx:
                desk.hub.sellers.change(tx, number, limit, commission)
                audited = {"seller": number, "limit_minor": limit, "commission_per_mille": commission}
                desk.accounts.audit(tx, desk.who().name, "seller_changed", **audited)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, number, refusal.status, form=form)
        return _saved(desk, number)

    @blueprint.get(f"{SELLER}/statement.csv")
    def seller_table(number: int) -> ResponseReturnValue:
        first, last = _span(desk)
        with desk.database.read() as tx:
            accounts.find(tx, number)
            span = desk.hub.offers.span_ms(tx, first, last)
            table = statements.as_csv(statements.entries(tx, number, *span), desk.zone())
        name = f"seller-{number}-{date_of(first)}-{date_of(last)}.csv"
        return Response(table, mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})


def _register_acts(blueprint: Blueprint, desk: Desk) -> None:
    @blueprint.post(f"{SELLER}/keys")
    def seller_key_add(number: int) -> ResponseReturnValue:
        form = forms.SellerKey()
        if not form.validate():
            return _page(desk, number, 422, key_form=form)
        with desk.database.write() as tx:
            name, label = accounts.find(tx, number).name, form.label.data.strip()
            key = desk.hub.sellers.new_key(tx, number, label, form.scopes.data)
            audited = {"seller": number, "label": label, "scopes": form.scopes.data}
            desk.accounts.audit(tx, desk.who().name, "seller_key_added", **audited)
        return desk.render("seller_key.html", number=number, name=name, key=key)

    @blueprint.post(f"{SELLER}/keys/<string:name>/end")
    def seller_key_end(number: int, name: str) -> ResponseReturnValue:
        with desk.database.write() as tx:
            desk.hub.sellers.end_key(tx, number, name)
            desk.accounts.audit(tx, desk.who().name, "seller_key_ended", seller=number, key=name)
        return _saved(desk, number)

    @blueprint.post(f"{SELLER}/payments")
    def seller_paid(number: int) -> ResponseReturnValue:
        form = forms.SellerPayment()
        if not form.validate():
            return _page(desk, number, 422, pay_form=form)
        try:
            text = form.amount.data.strip()
            amount = forms.typed_minor(text.removeprefix("-"), form.currency.data.strip(), "amount") * (
                -1 if text[0] == "-" else 1
            )
            with desk.database.write() as tx:
                desk.hub.sellers.pay(
                    tx, number, form.currency.data.strip(), amount, form.reference.data.strip(), desk.who().name
                )
                audited = {"seller": number, "amount_minor": amount, "reference": form.reference.data.strip()[:200]}
                desk.accounts.audit(tx, desk.who().name, "seller_paid", **audited)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, number, refusal.status, pay_form=form)
        return _saved(desk, number)

    @blueprint.post(f"{SELLER}/bookings/<string:name>/issue")
    def seller_issue(number: int, name: str) -> ResponseReturnValue:
        once = Once(f"console-{name}", b"issue")
        proofs = {
            int(field[6:]): text
            for field, text in request.form.items()
            if field.startswith("proof-") and field[6:].isascii() and field[6:].isdigit() and len(field) < 10 and text
        }
        try:
            with desk.database.write() as tx:
                done = desk.hub.selling.ticket(tx, accounts.find(tx, number), name, once, proofs)
                audited = {
                    "seller": number, "booking": done.reference or done.booking_no, "amounts": done.totals, "proofs": proofs,
                }  # fmt: skip
                desk.accounts.audit(tx, desk.who().name, "seller_ticketed", **audited)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            flash(_not_issued(desk, number, name, refusal), "error")
            return redirect(url_for("console.seller", number=number))
        return _saved(desk, number)

    @blueprint.post(f"{SELLER}/bar")
    def seller_bar(number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            barred = accounts.find(tx, number).closed_ms is None
            desk.hub.sellers.bar(tx, number, barred)
            desk.accounts.audit(tx, desk.who().name, "seller_barred" if barred else "seller_let_in", seller=number)
        return _saved(desk, number)


def _not_issued(desk: Desk, number: int, name: str, refusal: Refusal) -> str:
    """Which booking has no tickets, and why: whoever holds the passenger's money reads what to do with it."""
    with desk.database.read() as tx:
        found = bookings.find(tx, name, number)
    return desk.t("console_shop_not_issued", reference=found.reference or found.booking_no, why=desk.explain(refusal))


def _page(desk: Desk, number: int, status: int = 200, **shown: Any) -> ResponseReturnValue:
    first, last = _span(desk)
    with desk.database.read() as tx:
        info = accounts.find(tx, number)
        span = desk.hub.offers.span_ms(tx, first, last)
        waiting = bookings.of_seller(tx, number, bookings.HELD, PAGE, 0)
        values: dict[str, Any] = {
            "info": info,
            "balances": accounts.balances(tx, number),
            "keys": accounts.keys_of(tx, number),
            "waiting": waiting,
            "lacking": {one.booking_no: desk.hub.selling.lacking(tx, one) for one in waiting},
            "riders": RIDERS,
            "lines": statements.statement(tx, number, *span),
        }
    values |= {
        "form": forms.Seller(
            formdata=None, limit=decimal_text(info.limit_minor, CURRENCY), commission=info.commission_per_mille
        ),
        "key_form": forms.SellerKey(formdata=None, scopes=list(accounts.SCOPES)),
        "pay_form": forms.SellerPayment(formdata=None, currency=CURRENCY),
        "act": forms.Act(formdata=None),
    }
    return desk.render("seller.html", status, first=first, last=last, currency=CURRENCY, **values | shown)


def _span(desk: Desk) -> tuple[int, int]:
    """The days asked for; without any this month so far."""
    today = day_at(desk.now_ms(), desk.zone())
    begin = today - date_of(today).day + 1
    return asked_day(desk, "from", begin), asked_day(desk, "to", today)


def _terms(form: forms.Seller) -> tuple[int, int]:
    """Limit in minor units and commission in per mille, as typed."""
    if form.commission.data is None:
        raise Refusal("seller_commission", status=422, field="commission")
    return forms.typed_minor(form.limit.data.strip(), CURRENCY, "limit"), form.commission.data


def _saved(desk: Desk, number: int) -> ResponseReturnValue:
    flash(desk.t("console_saved"))
    return redirect(url_for("console.seller", number=number))
