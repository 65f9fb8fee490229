"""A sale at the counter, by keyboard alone: destination, trip, cash, ticket."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import (
    DOCUMENT_FIELDS,
    MAX_DAY,
    RideKey,
    amount_minor,
    once_key,
    optional_whole,
    ride_key,
    shown_document,
    words,
)
from kiosk_ui.kernel.offers import PAGE, offer_of, offers, seat_rows
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields, t
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.timetable.service import StopView

routes = Blueprint("sale", __name__, url_prefix="/sell", template_folder="templates")
FIELDS = ("text", "day", "from_stop", "seat", "tendered", *DOCUMENT_FIELDS)
MAX_SEARCH = 60
MAX_KEY = 64


@routes.get("")
@only(*SELLERS)
def search() -> ResponseReturnValue:
    place = the_node().timetable.place()
    if place is not None and place.kind == "vehicle":
        return redirect(url_for("clerk.aboard.page"), 303)
    try:
        return _search_page()
    except Refusal as refusal:
        return _search_form(errors=beside_fields(refusal, FIELDS)), refusal.status


def _search_page() -> ResponseReturnValue:
    text = words(request.args, "text", MAX_SEARCH)
    stop_no = optional_whole(request.args, "to")
    if stop_no is not None:
        return _trips(stop_no)
    found = the_node().timetable.destinations(text)
    if text and len(found) == 1:
        day, from_stop = request.args.get("day") or None, request.args.get("from_stop") or None
        return redirect(url_for("clerk.sale.search", to=found[0].stop_no, day=day, from_stop=from_stop), 303)
    errors = {"text": t("stop_not_found", text=text)} if text and not found else {}
    return _search_form(stops=found[:PAGE] or None, text=text, errors=errors)


def _trips(stop_no: int) -> ResponseReturnValue:
    node = the_node()
    days = node.timetable.bookable_days()
    day = optional_whole(request.args, "day", MAX_DAY)
    chosen = day if day in days else days[0]
    stop = node.timetable.stop(stop_no)
    found = offers(node, stop_no, chosen, optional_whole(request.args, "from_stop"))
    return render_template("clerk/trips.html", stop=stop, day=chosen, days=days, offers=found)


def _search_form(errors: dict[str, str], stops: Sequence[StopView] | None = None, text: str = "") -> str:
    timetable = the_node().timetable
    reachable = timetable.destinations()
    return render_template(
        "clerk/search.html", stops=reachable[:PAGE] if stops is None else stops, text=text, errors=errors,
        days=timetable.bookable_days(), all_stops=reachable, place_view=timetable.place(),
    )  # fmt: skip


@routes.get("/ride")
@only(*SELLERS)
def ride_form() -> ResponseReturnValue:
    return _ride_page({}, once_key())


@routes.post("")
@only(*SELLERS)
def sell() -> ResponseReturnValue:
    key = ride_key(request.form)
    once = words(request.form, "key", MAX_KEY, required=True)
    try:
        ride = the_node().timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx)
        if request.form.get("pay") == "phone":
            return _by_phone(key, once)
        tendered = amount_minor(request.form, "tendered", ride.currency)
        ticket = the_node().ticketing.sell(
            key.trip_no, key.day, key.from_idx, key.to_idx, optional_whole(request.form, "seat", 10_000),
            the_clerk().clerk_no, once, tendered, document=shown_document(request.form),
        )  # fmt: skip
    except Refusal as refusal:
        return _ride_page(beside_fields(refusal, FIELDS), once), refusal.status
    return redirect(url_for("clerk.ticket", number=ticket.number, tendered=tendered), 303)


def _by_phone(key: RideKey, once: str) -> ResponseReturnValue:
    """Hold the seat as an order of the counter, and show the code that its passenger scans."""
    node, seat = the_node(), optional_whole(request.form, "seat", 10_000)
    order = node.ticketing.order(key.trip_no, key.day, key.from_idx, key.to_idx, seat, "counter", once)
    with contextlib.suppress(Refusal):  # the order stands; its page says why not, and cash is as good
        node.payments.ask(order.order_no, the_clerk().clerk_no)
        node.rounds.soon()
    return redirect(url_for("clerk.phone.page", number=order.order_no), 303)


def _ride_page(errors: dict[str, str], once: str) -> str:
    key = ride_key(request.values)
    node = the_node()
    ride = node.timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx)
    cells = (
        node.inventory.seat_map(key.trip_no, key.day, key.from_idx, key.to_idx) if ride.seat_kind == "reserved" else []
    )
    return render_template(
        "clerk/ride.html", ride=ride, key=key, offer=offer_of(node, ride), rows=seat_rows(cells), once=once,
        errors=errors, typed=request.form, named=node.travellers.demanded(key.trip_no), phone=node.payments.refused(),
    )  # fmt: skip
