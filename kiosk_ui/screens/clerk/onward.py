"""The rest of a journey that the carrier broke: other rides for all of it, shown and taken by one key."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import once_key, signed, words
from kiosk_ui.kernel.parties import legs_of
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

routes = Blueprint("onward", __name__, url_prefix="/tickets/<number>/onward", template_folder="templates")
MAX_KEY = 64


@routes.get("")
@only(*SELLERS)
def offer(number: str) -> ResponseReturnValue:
    return _page(number, once_key(), {})


@routes.post("")
@only(*SELLERS)
def take(number: str) -> ResponseReturnValue:
    once, due_minor = words(request.form, "key", MAX_KEY, required=True), signed(request.form, "due_minor")
    try:
        rides = tuple((one.trip_no, one.day, one.from_idx, one.to_idx) for one in legs_of(request.form))
        new = the_node().onward.take(number, rides, due_minor, the_clerk().clerk_no, once)
    except Refusal as refusal:
        return _page(number, once, beside_fields(refusal, ())), refusal.status
    return redirect(url_for("clerk.ticket", number=new.number), 303)


def _page(number: str, once: str, errors: dict[str, str]) -> str:
    node, rest = the_node(), None
    try:
        rest = node.onward.offer(number)
    except Refusal as refusal:
        errors = errors or beside_fields(refusal, ())
    return render_template("clerk/onward.html", ticket=node.ticketing.find(number), rest=rest, once=once, errors=errors)
