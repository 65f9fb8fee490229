"""Several riders at the kiosk: how many of which kind, and the seats of a coach chosen on its map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.offers import key_of, seat_rows
from kiosk_ui.kernel.parties import choices, leg_text, legs_of, rides_of, wish_of
from kiosk_ui.kernel.words import sentence
from kiosk_ui.screens.ticket.views import own_ticket
from sync.domains.inventory.rules import RESERVED
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

if TYPE_CHECKING:
    from edge.domains.ticketing.office.bookings import Wish
    from edge.domains.ticketing.office.shown import Order
    from edge.domains.timetable.service import Ride
    from kiosk_ui.kernel.forms import RideKey

ORDERS = "orders"
KEPT_ORDERS = 8
MOST_PARTY = 6
# Whose proof nobody at a kiosk can look at is served at the counter.
_SERVED = RIDERS[:3]
_SEATED = RIDERS[:2]

routes = Blueprint("party", __name__, url_prefix="/party")


@routes.get("")
def form() -> str:
    return _form_page("")


@routes.get("/seats")
def seats() -> ResponseReturnValue:
    """The map of a coach; what has no numbered seats goes on with the form."""
    keys = legs_of(request.args)
    rides = rides_of(the_node(), keys)
    if not _has_map(rides) or not _seated(request.args):
        return redirect(url_for("kiosk.party.form", leg=[leg_text(key) for key in keys]), 303)
    return _seats_page(keys, rides, "")


@routes.post("")
def order() -> ResponseReturnValue:
    """Hold a seat for each; grown-ups and children alike pay at the counter, or by phone where no proof is needed."""
    if request.form.get("go") == "seats":
        counts: dict[str, Any] = {f"n_{rider}": request.form.get(f"n_{rider}", "0")[:2] for rider in _SERVED}
        legs = [leg_text(key) for key in legs_of(request.form)]
        return redirect(url_for("kiosk.party.seats", leg=legs, **counts), 303)
    try:
        wish = wish_of(the_node(), request.form)
        number = _own_order_for(wish) or the_node().bookings.hold(wish, "kiosk").order_no
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return _again(sentence(refusal)), refusal.status
    remember_order(number)
    return redirect(url_for("kiosk.order_page", number=number), 303)


def remember_order(number: int) -> None:
    """One of this browser's."""
    session[ORDERS] = [*session.get(ORDERS, []), number][-KEPT_ORDERS:]


def _again(problem: str) -> str:
    """The page that was sent, with what was wrong."""
    keys = legs_of(request.form)
    rides = rides_of(the_node(), keys)
    return _seats_page(keys, rides, problem) if request.form.get("map") and _has_map(rides) else _form_page(problem)


def own_waiting() -> Iterator[Order]:
    """The orders of this browser that nobody has paid yet."""
    for number in session.get(ORDERS, []):
        try:
            known = the_node().ticketing.order_view(number)
        except Refusal:
            continue
        if known.state == "waiting":
            yield known


def _own_order_for(wish: Wish) -> int | None:
    """The order that waits for the same riders on the same legs, with the seats that were chosen: a second tap holds
    nothing twice."""
    wanted = Counter((leg, one.rider) for leg in wish.legs for one in wish.riders)
    chosen = {seat for one in wish.riders for seat in one.seats if seat is not None}
    for known in own_waiting():
        held = Counter((tuple(key_of(one.ride).arguments().values()), one.rider) for one in known.riders)
        if held == wanted and chosen <= {one.seat for one in known.riders}:
            return known.order_no
    return None


def _has_map(rides: Sequence[Ride]) -> bool:
    return len(rides) == 1 and rides[0].seat_kind == RESERVED


def _seated(source: MultiDict[str, str]) -> int:
    """For how many a form or an address wants a seat."""
    counts = [source.get(f"n_{rider}", "") for rider in _SEATED]
    return sum(min(int(text), MOST_PARTY) for text in counts if text.isascii() and text.isdigit() and len(text) < 3)


def _form_page(problem: str) -> str:
    node, keys = the_node(), legs_of(request.values)
    rides = rides_of(node, keys)
    offered = [one for one in choices(node, rides) if one.rider in _SERVED]
    return render_template(
        "kiosk/party.html", rides=rides, keys=keys, choices=offered, problem=problem, typed=request.values,
        most=MOST_PARTY, has_map=_has_map(rides),
    )  # fmt: skip


def _seats_page(keys: Sequence[RideKey], rides: Sequence[Ride], problem: str) -> str:
    key = keys[0]
    cells = the_node().inventory.seat_map(key.trip_no, key.day, key.from_idx, key.to_idx)
    return render_template(
        "kiosk/party_seats.html", ride=rides[0], keys=keys, rows=seat_rows(cells), wanted=_seated(request.values),
        counts={f"n_{rider}": request.values.get(f"n_{rider}", "0")[:2] for rider in _SERVED}, problem=problem,
        chosen=request.form.getlist("seat"),
    )  # fmt: skip


def tickets_page(number: str) -> str:
    """The tickets of a booking that this browser paid."""
    own_ticket(number)
    return render_template("kiosk/party_tickets.html", booking=the_node().bookings.find(number))
