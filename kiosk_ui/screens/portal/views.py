"""Pages for a phone that holds nothing: this trip, my ticket, my rating. Nobody signs in, nobody is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, picture, plain, whole, words
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import beside_fields, sentence
from sync.domains.ratings.rules import LEVELS, MAX_COMMENT, TAGS
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.timetable.service import Ride

blueprint = Blueprint("portal", __name__, url_prefix="/portal", template_folder="templates")
_KEY = "my_ticket"
TICKET_FIELDS = ("ticket", "short_code", "picture")
RATING_FIELDS = ("level", "tags", "comment")
MAX_SHORT_CODE = 12
SOON = 12


@blueprint.get("")
def trip() -> str:
    node = the_node()
    current = node.boarding.current()
    if current is None:
        rides = node.timetable.departures(node.timetable.today(), SOON)
        return render_template("portal/no_trip.html", rides=rides, wifi=_wifi())
    return render_template(
        "portal/trip.html", trip=node.timetable.trip(*current), summary=node.ratings.summary(*current), wifi=_wifi()
    )


def _wifi() -> str:
    """How it is with this phone's way to the internet: ``open``, ``online`` (it went on already) or ``no_line``."""
    wifi = the_node().wifi
    if not wifi.has_line() and not wifi.gateway:
        return "no_line"
    return "online" if wifi.left_s(request.remote_addr or "") else "open"


@blueprint.get("/ticket")
def ticket() -> ResponseReturnValue:
    mine = _mine()
    if mine is None:
        return _ticket_form({}, "")
    try:
        the_node().ratings.rateable(*mine)
    except Refusal as refusal:
        return _my_ticket(mine, refusal)
    return _my_ticket(mine, None)


@blueprint.post("/ticket")
def show_ticket() -> ResponseReturnValue:
    typed = plain(request.form.get("ticket", "")[: MAX_CODE * 2])
    try:
        sent = picture("picture")
        text = (
            the_node().boarding.read_picture(sent)
            if sent
            else words({"ticket": typed}, "ticket", MAX_CODE, required=True)
        )
        short_code = plain(words(request.form, "short_code", MAX_SHORT_CODE)).upper()
        the_node().ratings.ride_of(text, short_code)
    except Refusal as refusal:
        return _ticket_form(beside_fields(refusal, TICKET_FIELDS), typed[:40]), refusal.status
    session[_KEY] = [text, short_code]
    return redirect(url_for("portal.ticket"), 303)


@blueprint.post("/forget")
def forget_ticket() -> ResponseReturnValue:
    session.pop(_KEY, None)
    return redirect(url_for("portal.ticket"), 303)


@blueprint.get("/rate")
def rate_form() -> ResponseReturnValue:
    mine = _mine()
    if mine is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        ride, _ = the_node().ratings.rateable(*mine)
    except Refusal as refusal:
        return _my_ticket(mine, refusal), refusal.status
    return _rating_page(ride, {})


@blueprint.post("/rate")
def rate() -> ResponseReturnValue:
    mine = _mine()
    if mine is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        level = whole(request.form, "level", max(LEVELS))
        comment = request.form.get("comment", "").replace("\r\n", "\n")
        the_node().ratings.rate(*mine, level, request.form.getlist("tags"), comment, language())
    except Refusal as refusal:
        return _not_rated(mine, refusal)
    the_node().wifi.go_on(request.remote_addr or "")
    return redirect(url_for("portal.thanks"), 303)


@blueprint.get("/thanks")
def thanks() -> str:
    return render_template("portal/thanks.html")


def _mine() -> tuple[str, str] | None:
    """Code and short code of the ticket that this phone showed: kept in its own cookie, nowhere on the box."""
    kept = session.get(_KEY)
    return (kept[0], kept[1]) if isinstance(kept, list) and len(kept) == 2 else None


def _my_ticket(mine: tuple[str, str], why_not: Refusal | None) -> str:
    """The passenger's own ticket; ``why_not``: what keeps it from rating its trip (not checked yet, rated already)."""
    try:
        ride, ticket_id = the_node().ratings.ride_of(*mine)
    except Refusal as refusal:
        # Good when it was shown, and no more: its issuer was barred, or the timetable is another one.
        session.pop(_KEY, None)
        return _ticket_form(beside_fields(refusal, TICKET_FIELDS), "")
    note = sentence(why_not) if why_not else ""
    return render_template("portal/ticket.html", ride=ride, number=ticket_id.number, note=note)


def _ticket_form(errors: dict[str, str], typed: str) -> str:
    return render_template("portal/ticket_form.html", errors=errors, typed=typed)


def _rating_page(ride: Ride, errors: dict[str, str]) -> str:
    return render_template(
        "portal/rate.html", ride=ride, errors=errors, levels=LEVELS, tags=TAGS, most=MAX_COMMENT, typed=request.form
    )


def _not_rated(mine: tuple[str, str], refusal: Refusal) -> ResponseReturnValue:
    if refusal.code == "input_whole":
        refusal = Refusal("rating_level", status=422, field="level")
    if refusal.field in RATING_FIELDS:
        ride, _ = the_node().ratings.ride_of(*mine)
        return _rating_page(ride, beside_fields(refusal, RATING_FIELDS)), refusal.status
    return _my_ticket(mine, refusal), refusal.status
