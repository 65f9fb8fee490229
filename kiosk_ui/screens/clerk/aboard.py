"""A sale on board: where to, who, cash; the ticket is boarded at once."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.domains.ticketing.office.aboard import WalkUp
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import (
    DOCUMENT_FIELDS,
    MAX_DAY,
    MAX_STOPS,
    amount_minor,
    once_key,
    optional_whole,
    shown_document,
    whole,
    words,
)
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.domains.ticketing.events import PROOFS
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

routes = Blueprint("aboard", __name__, url_prefix="/aboard", template_folder="templates")
FIELDS = ("from", "to", "rider", "proof", "tendered", *DOCUMENT_FIELDS)
MAX_WORD = 40


@routes.get("")
@only(*SELLERS)
def page() -> ResponseReturnValue:
    trip_no, day = optional_whole(request.args, "trip"), optional_whole(request.args, "day", MAX_DAY)
    if trip_no is None or day is None:
        current = the_node().boarding.current()
        if current is None:
            return redirect(url_for("gate.choose_trip"), 303)
        return redirect(url_for("clerk.aboard.page", trip=current[0], day=current[1]), 303)
    return _page(trip_no, day, optional_whole(request.args, "from", MAX_STOPS), {}, once_key())


@routes.post("/sell")
@only(*SELLERS)
def sell() -> ResponseReturnValue:
    trip_no, day = whole(request.form, "trip"), whole(request.form, "day", MAX_DAY)
    from_idx, once = whole(request.form, "from", MAX_STOPS), words(request.form, "key", 64, required=True)
    try:
        to_idx = whole(request.form, "to", MAX_STOPS)
        ride = the_node().timetable.ride(trip_no, day, from_idx, to_idx)
        tendered = amount_minor(request.form, "tendered", ride.currency)
        rider, proof = words(request.form, "rider", MAX_WORD), words(request.form, "proof", MAX_WORD)
        wish = WalkUp(trip_no, day, from_idx, to_idx, rider, proof, None, shown_document(request.form))
        ticket = the_node().walk_ups.sell(wish, the_clerk().clerk_no, once, tendered)
    except Refusal as refusal:
        return _page(trip_no, day, from_idx, beside_fields(refusal, FIELDS), once), refusal.status
    return redirect(url_for("clerk.ticket", number=ticket.number, tendered=tendered), 303)


def _page(trip_no: int, day: int, from_idx: int | None, errors: dict[str, str], once: str) -> str:
    node = the_node()
    first = node.walk_ups.stops_behind(trip_no, day)
    chosen = first if from_idx is None else max(from_idx, first)
    trip = node.timetable.trip(trip_no, day)
    ways = node.walk_ups.ways(trip_no, day, chosen)
    riders = [one for one in RIDERS if ways and one in node.fares.offered(ways[0].ride)]
    return render_template(
        "clerk/aboard.html", trip=trip, first=first, chosen=chosen, ways=ways, riders=riders or RIDERS[:1],
        proofs=PROOFS[1:], errors=errors, once=once, typed=request.form, named=node.travellers.demanded(trip_no),
    )  # fmt: skip
