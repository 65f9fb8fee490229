"""Refunds that the hub decides: taken down at the counter, with a paper for the passenger, and paid out there, once."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, once_key, plain, words
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.domains.ticketing.events import REASONS
from sync.kernel.errors import Refusal

routes = Blueprint("requests", __name__, url_prefix="/requests", template_folder="templates")
FIELDS = ("ticket", "reason")
MAX_KEY = 64


@routes.get("")
@only(*SELLERS)
def overview() -> ResponseReturnValue:
    return _page(once_key(), plain(request.args.get("ticket", "")[:40]), {}, plain(request.args.get("reason", "")[:40]))


@routes.post("")
@only(*SELLERS)
def ask() -> ResponseReturnValue:
    once = words(request.form, "key", MAX_KEY, required=True)
    typed = plain(request.form.get("ticket", "")[: MAX_CODE * 2])
    try:
        text = words({"ticket": typed}, "ticket", MAX_CODE, required=True)
        made = the_node().requests.ask(text, request.form.get("reason", ""), the_clerk().clerk_no, once)
    except Refusal as refusal:
        return _page(once, typed[:40], beside_fields(refusal, FIELDS)), refusal.status
    the_node().schedule.soon()
    return redirect(url_for("clerk.requests.paper", number=made.number), 303)


@routes.get("/<number>")
@only(*SELLERS)
def paper(number: str) -> ResponseReturnValue:
    return _paper(number, {})


@routes.post("/<number>")
@only(*SELLERS)
def pay(number: str) -> ResponseReturnValue:
    try:
        the_node().requests.pay(number, the_clerk().clerk_no)
        the_node().rounds.soon()
    except Refusal as refusal:
        return _paper(number, beside_fields(refusal, ())), refusal.status
    return redirect(url_for("clerk.requests.paper", number=number), 303)


def _paper(number: str, errors: dict[str, str]) -> str:
    found = the_node().requests.find(number)
    clerk = the_node().accounts.clerk(found.clerk_no)
    zone = the_node().timetable.zone()
    return render_template(
        "clerk/request.html", request=found, clerk=clerk.name if clerk else "", zone=zone, errors=errors
    )


def _page(once: str, typed: str, errors: dict[str, str], chosen: str = "") -> str:
    return render_template(
        "clerk/requests.html", requests=the_node().requests.newest(), reasons=REASONS, once=once, typed=typed,
        errors=errors, zone=the_node().timetable.zone(), chosen=chosen,
    )  # fmt: skip
