"""Several riders at the counter: who rides, seats on the map, extras; then the cash, and tickets for all or for nobody."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import amount_minor, optional_whole, shown_document
from kiosk_ui.kernel.offers import OPEN, offer_of, seat_rows
from kiosk_ui.kernel.parties import choices, leg_text, legs_of, riders_of, rides_of, wish_of
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.domains.ticketing.office.bookings import MOST_RIDERS
from sync.domains.ticketing.office.fares import CHILD_FREE
from sync.domains.ticketing.rules import shown_change_minor
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

routes = Blueprint("party", __name__, url_prefix="/party", template_folder="templates")
FIELDS = ("rider", "proof", "seat", "extras", "tendered")


@routes.get("")
@only(*SELLERS)
def form() -> str:
    return _form_page({})


@routes.post("")
@only(*SELLERS)
def hold() -> ResponseReturnValue:
    try:
        order = the_node().bookings.hold(wish_of(the_node(), request.form), "counter")
    except Refusal as refusal:
        return _form_page(beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("clerk.party.page", number=order.order_no), 303)


@routes.post("/ask")
@only(*SELLERS)
def ask() -> ResponseReturnValue:
    """Ask the hub for seats on every leg of which this box holds too few; they come with the next exchange."""
    node, keys = the_node(), legs_of(request.form)
    wanted = min(max(sum(one.rider != RIDERS[CHILD_FREE] for one in riders_of(request.form)), 1), MOST_RIDERS)
    for key in keys:
        where = (key.trip_no, key.day, key.from_idx, key.to_idx)
        if node.inventory.availability(*where).places < wanted:
            node.inventory.ask(*where, wanted)
    node.schedule.soon()
    return redirect(url_for("clerk.party.form", leg=[leg_text(key) for key in keys], asked=1), 303)


@routes.get("/<int(max=9007199254740991):number>")
@only(*SELLERS)
def page(number: int) -> ResponseReturnValue:
    order = the_node().ticketing.order_view(number)
    if order.state == "sold" and order.ticket_number:
        return redirect(url_for("clerk.party.done", number=order.ticket_number), 303)
    return _pay_page(number, {})


@routes.post("/<int(max=9007199254740991):number>")
@only(*SELLERS)
def pay(number: int) -> ResponseReturnValue:
    node = the_node()
    try:
        order = node.ticketing.order_view(number)
        tendered = amount_minor(request.form, "tendered", order.currency)
        people = range(order.people)
        documents = [shown_document(request.form, f"-{place}") for place in people]
        proofs = [request.form.get(f"proof-{place}", "") for place in people]
        booking = node.bookings.pay(number, the_clerk().clerk_no, tendered, documents, proofs)
    except Refusal as refusal:
        return _pay_page(number, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("clerk.party.done", number=booking.number, tendered=tendered), 303)


@routes.get("/tickets/<number>")
@only(*SELLERS)
def done(number: str) -> str:
    booking = the_node().bookings.find(number)
    change = shown_change_minor(booking.total_minor, optional_whole(request.args, "tendered"))
    return render_template("clerk/party_done.html", booking=booking, change=change)


def _form_page(errors: dict[str, str]) -> str:
    node, keys = the_node(), legs_of(request.values)
    rides = rides_of(node, keys)
    cells = []
    if len(rides) == 1 and rides[0].seat_kind == "reserved":
        cells = node.inventory.seat_map(keys[0].trip_no, keys[0].day, keys[0].from_idx, keys[0].to_idx)
    given = node.fares.rules(keys[0].trip_no)
    return render_template(
        "clerk/party.html", rides=rides, keys=keys, choices=choices(node, rides), rows=seat_rows(cells),
        extras=given.extras if rides[0].currency == given.currency else (), errors=errors, typed=request.form,
        chosen=request.form.getlist("seat"), asked=request.args.get("asked") == "1",
        short=bool(errors) or any(offer_of(node, ride).state != OPEN for ride in rides),
    )  # fmt: skip


def _pay_page(number: int, errors: dict[str, str]) -> str:
    node = the_node()
    order = node.ticketing.order_view(number)
    people = order.riders[: order.people]
    return render_template(
        "clerk/party_pay.html", order=order, errors=errors, typed=request.form, people=people,
        proofs=[() if one.proof else node.fares.price(one.ride, one.rider).proofs for one in people],
        named=any(node.travellers.demanded(one.ride.trip_no) for one in order.riders),
    )  # fmt: skip
