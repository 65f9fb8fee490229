"""Exchanging a ticket at the counter, by keyboard alone: other ride, what is due, confirm, receipt."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import (
    DOCUMENT_FIELDS,
    MAX_DAY,
    RideKey,
    once_key,
    optional_whole,
    ride_key,
    shown_document,
    signed,
    words,
)
from kiosk_ui.kernel.offers import offer_of, seat_rows
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

routes = Blueprint("rebook", __name__, url_prefix="/tickets/<number>/rebook", template_folder="templates")
FIELDS = ("reason", "seat", "day", *DOCUMENT_FIELDS)
MAX_KEY = 64


@routes.get("")
@only(*SELLERS)
def choose(number: str) -> ResponseReturnValue:
    """The rides of a day that may take this one's place."""
    node = the_node()
    ticket = node.ticketing.find(number)
    days = node.timetable.bookable_days()
    day = optional_whole(request.args, "day", MAX_DAY)
    chosen = day if day in days else max(ticket.ride.day, days[0])
    found = [offer_of(node, ride) for ride in node.rebooking.rides(number, chosen)]
    return render_template(
        "clerk/rebook.html",
        ticket=ticket,
        offers=found,
        days=days,
        day=chosen,
        reason=_reason(request.args.get("reason"), node.faults.choices(ticket)),
    )


@routes.get("/ride")
@only(*SELLERS)
def offer(number: str) -> ResponseReturnValue:
    return _offer_page(number, ride_key(request.args), once_key(), {})


@routes.post("")
@only(*SELLERS)
def confirm(number: str) -> ResponseReturnValue:
    key, once = ride_key(request.form), words(request.form, "key", MAX_KEY, required=True)
    where = (key.trip_no, key.day, key.from_idx, key.to_idx)
    seat, due_minor = optional_whole(request.form, "seat", 10_000), signed(request.form, "due_minor")
    try:
        reason = request.form.get("reason", "")
        document, clerk_no = shown_document(request.form), the_clerk().clerk_no
        the_node().rebooking.rebook(number, where, seat, reason, due_minor, clerk_no, once, document)
    except Refusal as refusal:
        return _offer_page(number, key, once, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("clerk.rebook.receipt", number=number), 303)


@routes.get("/receipt")
@only(*SELLERS)
def receipt(number: str) -> ResponseReturnValue:
    outcome = the_node().rebooking.outcome(number)
    clerk = the_node().accounts.clerk(outcome.new.clerk_no)
    return render_template("clerk/rebooked.html", outcome=outcome, clerk=clerk.name if clerk else "")


def _reason(typed: str | None, reasons: tuple[str, ...]) -> str:
    return typed if typed in reasons else reasons[0]


def _offer_page(number: str, key: RideKey, once: str, errors: dict[str, str]) -> str:
    """What the exchange costs for the reason that is chosen; in place of it why there is none."""
    node = the_node()
    ticket = node.ticketing.find(number)
    reasons = node.faults.choices(ticket)
    reason = _reason(request.values.get("reason"), reasons)
    where = (key.trip_no, key.day, key.from_idx, key.to_idx)
    found = None
    try:
        found = node.rebooking.offer(number, where, reason)
    except Refusal as refusal:
        errors = errors or beside_fields(refusal, FIELDS)
    reserved = found is not None and found.ride.seat_kind == "reserved"
    return render_template(
        "clerk/rebook_offer.html", ticket=ticket, ride=node.timetable.ride(*where), key=key,
        offer=found, rows=seat_rows(node.inventory.seat_map(*where)) if reserved else [], reasons=reasons, reason=reason,
        once=once, errors=errors, typed=request.form,
        named=ticket.traveller is not None or node.travellers.demanded(key.trip_no),
    )  # fmt: skip
