"""Pages for a phone that holds nothing: this trip, my ticket, my rating. Nobody signs in, nobody is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, picture, plain, whole, words
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import beside_fields, sentence
from kiosk_ui.screens.portal.anybody import routes as anybody_routes
from kiosk_ui.screens.portal.follow import routes as follow_routes
from kiosk_ui.screens.portal.mine import KEY, mine
from kiosk_ui.screens.portal.others import routes as others_routes
from kiosk_ui.screens.portal.trip import emergency, trip
from sync.domains.ratings.rules import BAD, LEVELS, MAX_COMMENT
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.timetable.service import Ride

blueprint = Blueprint("portal", __name__, url_prefix="/portal", template_folder="templates")
blueprint.register_blueprint(anybody_routes)
blueprint.register_blueprint(follow_routes)
blueprint.register_blueprint(others_routes)
blueprint.add_url_rule("", view_func=trip)
blueprint.add_url_rule("/emergency", view_func=emergency)
_SAID = "said_level"
TICKET_FIELDS = ("ticket", "short_code", "picture")
RATING_FIELDS = ("level", "tags", "comment")
MAX_SHORT_CODE = 12


@blueprint.get("/ticket")
def ticket() -> ResponseReturnValue:
    shown = mine()
    if shown is None:
        return _ticket_form({}, "")
    try:
        the_node().ratings.rateable(*shown)
    except Refusal as refusal:
        return _my_ticket(shown, refusal)
    return _my_ticket(shown, None)


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
    session[KEY] = [text, short_code]
    return redirect(url_for("portal.ticket"), 303)


@blueprint.get("/t/<number>/<short_code>")
def open_ticket(number: str, short_code: str) -> ResponseReturnValue:
    """The link that stands on a ticket's paper."""
    shown = (plain(number[:80]), plain(short_code[:MAX_SHORT_CODE]).upper())
    try:
        the_node().ratings.ride_of(*shown)
    except Refusal as refusal:
        return _ticket_form(beside_fields(refusal, TICKET_FIELDS), shown[0]), refusal.status
    session[KEY] = list(shown)
    return redirect(url_for("portal.ticket"), 303)


@blueprint.post("/forget")
def forget_ticket() -> ResponseReturnValue:
    session.pop(KEY, None)
    return redirect(url_for("portal.ticket"), 303)


@blueprint.get("/rate")
def rate_form() -> ResponseReturnValue:
    shown = mine()
    if shown is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        ride, _ = the_node().ratings.rateable(*shown)
    except Refusal as refusal:
        return _my_ticket(shown, refusal), refusal.status
    return _rating_page(ride, {})


@blueprint.post("/rate")
def rate() -> ResponseReturnValue:
    shown = mine()
    if shown is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        level = whole(request.form, "level", max(LEVELS))
        comment = request.form.get("comment", "").replace("\r\n", "\n")
        the_node().ratings.rate(*shown, level, request.form.getlist("tags"), comment, language())
    except Refusal as refusal:
        return _not_rated(shown, refusal)
    session[_SAID] = level
    the_node().wifi.go_on(request.remote_addr or "")
    return redirect(url_for("portal.thanks"), 303)


@blueprint.get("/thanks")
def thanks() -> str:
    ratings, level = the_node().ratings, session.pop(_SAID, None)
    if not isinstance(level, int) or level > BAD:
        return render_template("portal/thanks.html")
    return render_template("portal/thanks.html", terms=ratings.terms(), rules=ratings.rules_now())


def _my_ticket(shown: tuple[str, str], why_not: Refusal | None) -> str:
    """The passenger's own ticket; ``why_not``: what keeps it from rating its trip (not checked yet, rated already)."""
    try:
        ride, ticket_id = the_node().ratings.ride_of(*shown)
    except Refusal as refusal:
        # Good when it was shown, and no more: its issuer was barred, or the timetable is another one.
        session.pop(KEY, None)
        return _ticket_form(beside_fields(refusal, TICKET_FIELDS), "")
    note = sentence(why_not) if why_not else ""
    return render_template(
        "portal/ticket.html", ride=ride, number=ticket_id.number, note=note, follow=_may_follow(shown)
    )


def _may_follow(shown: tuple[str, str]) -> bool:
    try:
        the_node().ratings.may_follow(*shown)
    except Refusal:
        return False
    return True


def _ticket_form(errors: dict[str, str], typed: str) -> str:
    return render_template("portal/ticket_form.html", errors=errors, typed=typed)


def _rating_page(ride: Ride, errors: dict[str, str]) -> str:
    tags = the_node().ratings.tags(ride.trip_no)
    return render_template(
        "portal/rate.html", ride=ride, errors=errors, levels=LEVELS, tags=tags, most=MAX_COMMENT, typed=request.form
    )


def _not_rated(shown: tuple[str, str], refusal: Refusal) -> ResponseReturnValue:
    if refusal.code == "input_whole":
        refusal = Refusal("rating_level", status=422, field="level")
    if refusal.field in RATING_FIELDS:
        ride, _ = the_node().ratings.ride_of(*shown)
        return _rating_page(ride, beside_fields(refusal, RATING_FIELDS)), refusal.status
    return _my_ticket(shown, refusal), refusal.status
