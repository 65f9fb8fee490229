"""The counter's desk: kiosk orders that wait for cash, tickets by number or scanner, the day's takings."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, MAX_DAY, amount_minor, optional_whole, plain, shown_document, words
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields, sentence
from kiosk_ui.screens.clerk.aboard import routes as aboard_routes
from kiosk_ui.screens.clerk.ask import routes as ask_routes
from kiosk_ui.screens.clerk.disrupted import routes as disrupted_routes
from kiosk_ui.screens.clerk.onward import routes as onward_routes
from kiosk_ui.screens.clerk.party import routes as party_routes
from kiosk_ui.screens.clerk.phone import routes as phone_routes
from kiosk_ui.screens.clerk.rebook import routes as rebook_routes
from kiosk_ui.screens.clerk.refund import routes as refund_routes
from kiosk_ui.screens.clerk.reissue import routes as reissue_routes
from kiosk_ui.screens.clerk.requests import routes as requests_routes
from kiosk_ui.screens.clerk.sale import routes as sale_routes
from kiosk_ui.screens.clerk.shift import routes as shift_routes
from sync.domains.ticketing.events import REASONS
from sync.domains.ticketing.rules import shown_change_minor
from sync.kernel.errors import Refusal

blueprint = Blueprint("clerk", __name__, url_prefix="/clerk", template_folder="templates")
blueprint.register_blueprint(sale_routes)
blueprint.register_blueprint(aboard_routes)
blueprint.register_blueprint(ask_routes)
blueprint.register_blueprint(party_routes)
blueprint.register_blueprint(phone_routes)
blueprint.register_blueprint(refund_routes)
blueprint.register_blueprint(rebook_routes)
blueprint.register_blueprint(disrupted_routes)
blueprint.register_blueprint(onward_routes)
blueprint.register_blueprint(reissue_routes)
blueprint.register_blueprint(requests_routes)
blueprint.register_blueprint(shift_routes)
DAYS_BACK = 7


@blueprint.get("")
@only(*SELLERS)
def home() -> str:
    return _desk({})


def _desk(errors: dict[str, str], typed: str = "") -> str:
    """``errors``: ``ticket`` for the search field, an order's number for that order."""
    waiting = the_node().ticketing.waiting()
    phone = the_node().payments.refused() is None
    return render_template("clerk/desk.html", waiting=waiting, errors=errors, typed=typed, phone=phone)


@blueprint.get("/waiting")
@only(*SELLERS)
def waiting() -> str:
    """Only the list of orders: the desk's script asks for it, so that a half-typed number is never lost."""
    phone = the_node().payments.refused() is None
    return render_template("clerk/waiting.html", waiting=the_node().ticketing.waiting(), errors={}, phone=phone)


@blueprint.post("/orders/<int(max=9007199254740991):number>/confirm")
@only(*SELLERS)
def confirm(number: int) -> ResponseReturnValue:
    ticketing = the_node().ticketing
    try:
        order = ticketing.order_view(number)
        tendered = amount_minor(request.form, "tendered", order.currency)
        ticket = ticketing.confirm(number, the_clerk().clerk_no, tendered, shown_document(request.form))
    except Refusal as refusal:
        gone = refusal.code in ("seat_taken", "no_seat")
        return _desk({str(number): sentence(Refusal("order_seat_gone") if gone else refusal)}), refusal.status
    return redirect(url_for("clerk.ticket", number=ticket.number, tendered=tendered), 303)


@blueprint.post("/orders/<int(max=9007199254740991):number>/decline")
@only(*SELLERS)
def decline(number: int) -> ResponseReturnValue:
    try:
        the_node().ticketing.cancel(number)
    except Refusal as refusal:
        return _desk({str(number): sentence(refusal)}), refusal.status
    return redirect(url_for("clerk.home"), 303)


@blueprint.post("/find")
@only(*SELLERS)
def find() -> ResponseReturnValue:
    """By POST: a scanned code is as good as the ticket and has no place in an address."""
    typed = plain(request.form.get("ticket", "")[: MAX_CODE * 2])
    try:
        found = the_node().ticketing.find(words({"ticket": typed}, "ticket", MAX_CODE, required=True))
    except Refusal as refusal:
        return _desk({"ticket": sentence(refusal)}, typed[:40]), refusal.status
    return redirect(url_for("clerk.ticket", number=found.number), 303)


@blueprint.get("/tickets/<number>")
@only(*SELLERS)
def ticket(number: str) -> str:
    found = the_node().ticketing.find(number)
    change = shown_change_minor(found.price_minor, optional_whole(request.args, "tendered"))
    seller = the_node().accounts.clerk(found.clerk_no)
    replaced = found.refunded is not None and found.refunded.reason not in REASONS and not found.past
    return render_template(
        "clerk/ticket.html", ticket=found, change=change, seller=seller.name if seller else "",
        receipt="clerk.rebook.receipt" if replaced else "clerk.refund.receipt",
    )  # fmt: skip


@blueprint.get("/takings")
@only(*SELLERS)
def takings() -> ResponseReturnValue:
    node = the_node()
    today = node.timetable.today()
    try:
        day = optional_whole(request.args, "day", MAX_DAY)
    except Refusal as refusal:
        return _takings_page(today, beside_fields(refusal, ("day",))), refusal.status
    return _takings_page(today if day is None else day, {})


def _takings_page(day: int, errors: dict[str, str]) -> str:
    node = the_node()
    everybody = request.args.get("who") == "all"
    today = node.timetable.today()
    return render_template(
        "clerk/takings.html",
        takings=node.ticketing.takings(None if everybody else the_clerk().clerk_no, day),
        everybody=everybody,
        day=day,
        days=range(today, today - DAYS_BACK, -1),
        names={clerk.clerk_no: clerk.name for clerk in node.accounts.clerks()},
        errors=errors,
    )
