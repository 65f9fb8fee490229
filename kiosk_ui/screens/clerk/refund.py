"""Giving a ticket back at the counter, by keyboard alone: reason, fee, confirm, receipt."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import once_key, optional_whole, whole, words
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

routes = Blueprint("refund", __name__, url_prefix="/tickets/<number>/refund", template_folder="templates")
FIELDS = ("reason", "approver_no", "pin")
MAX_KEY = 64
MAX_PIN = 20


@routes.get("")
@only(*SELLERS)
def offer(number: str) -> ResponseReturnValue:
    if the_node().ticketing.find(number).refunded is not None:
        return redirect(url_for("clerk.refund.receipt", number=number), 303)
    return _offer_page(number, request.args, once_key(), {})


@routes.post("")
@only(*SELLERS)
def confirm(number: str) -> ResponseReturnValue:
    once = words(request.form, "key", MAX_KEY, required=True)
    reason, fee_minor = request.form.get("reason", ""), whole(request.form, "fee_minor")
    try:
        second, pin = optional_whole(request.form, "approver_no"), words(request.form, "pin", MAX_PIN)
        the_node().refunds.refund(number, reason, fee_minor, the_clerk().clerk_no, once, second, pin)
    except Refusal as refusal:
        said = beside_fields(refusal, FIELDS)
        return _offer_page(number, request.form, once, said), refusal.status
    return redirect(url_for("clerk.refund.receipt", number=number), 303)


@routes.get("/receipt")
@only(*SELLERS)
def receipt(number: str) -> ResponseReturnValue:
    ticket = the_node().ticketing.find(number)
    if ticket.refunded is None:
        return redirect(url_for("clerk.ticket", number=number), 303)
    clerk = the_node().accounts.clerk(ticket.refunded.clerk_no)
    back = the_node().payments.back_of(ticket.ticket_id)
    return render_template("clerk/receipt.html", ticket=ticket, clerk=clerk.name if clerk else "", back=back)


def _offer_page(number: str, typed: Mapping[str, str], once: str, errors: dict[str, str]) -> str:
    """What a refund costs for the reason that is chosen; in place of it why there is none."""
    ticket, found = the_node().ticketing.find(number), None
    reasons = the_node().faults.choices(ticket)
    reason = typed.get("reason", "") if typed.get("reason") in reasons else reasons[0]
    try:
        found = the_node().refunds.offer(number, reason)
    except Refusal as refusal:
        errors = errors or beside_fields(refusal, FIELDS)
    return render_template(
        "clerk/refund.html", ticket=ticket, offer=found, reasons=reasons, reason=reason,
        once=once, errors=errors,
    )  # fmt: skip
