"""Choose a trip once, then scan: every scan is answered with one colour, one word and one reason."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.formats import calendar_day
from kiosk_ui.kernel.forms import MAX_CODE, MAX_DAY, optional_whole, picture, plain, shown_number, whole, words
from kiosk_ui.kernel.staff import INSPECTORS, only, the_clerk
from kiosk_ui.kernel.words import sentence
from kiosk_ui.screens.gate.card import look_at
from kiosk_ui.screens.gate.card import routes as card_routes
from kiosk_ui.screens.gate.clearance import routes as clearance_routes
from kiosk_ui.screens.gate.document import routes as document_routes
from kiosk_ui.screens.gate.manifest import routes as manifest_routes
from kiosk_ui.screens.gate.verdict import said
from sync.domains.register.cards.card import is_card
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

blueprint = Blueprint("gate", __name__, url_prefix="/gate", template_folder="templates")
blueprint.register_blueprint(document_routes)
blueprint.register_blueprint(card_routes)
blueprint.register_blueprint(manifest_routes)
blueprint.register_blueprint(clearance_routes)
GATE = "page"
_VERDICT = "verdict"


@blueprint.get("")
@only(*INSPECTORS)
def start() -> ResponseReturnValue:
    current = the_node().boarding.current()
    if current is None:
        return redirect(url_for("gate.choose_trip"), 303)
    return redirect(url_for("gate.scan_page", trip_no=current[0], day=current[1]), 303)


@blueprint.get("/trips")
@only(*INSPECTORS)
def choose_trip() -> str:
    node = the_node()
    place = node.timetable.place()
    if place is not None and place.kind == "vehicle":
        by_day = groupby(node.boarding.duties(), key=lambda trip: calendar_day(trip.calls[0].departs_ms, trip.zone))
        return render_template("gate/duties.html", by_day=[(day, list(trips)) for day, trips in by_day])
    days = node.timetable.bookable_days()[:2]
    day = optional_whole(request.args, "day", MAX_DAY)
    chosen = day if day in days else days[0]
    return render_template("gate/departures.html", rides=node.timetable.departures(chosen), days=days, day=chosen)


@blueprint.post("/choose")
@only(*INSPECTORS)
def choose() -> ResponseReturnValue:
    trip_no, day = whole(request.form, "trip"), whole(request.form, "day", MAX_DAY)
    the_node().boarding.choose(trip_no, day, the_clerk().clerk_no)
    return redirect(url_for("gate.scan_page", trip_no=trip_no, day=day), 303)


@blueprint.get("/<int(max=9007199254740991):trip_no>/<int(max=36524):day>")
@only(*INSPECTORS)
def scan_page(trip_no: int, day: int) -> str:
    return _scan_page(trip_no, day, session.pop(_VERDICT, None), "")


@blueprint.post("/<int(max=9007199254740991):trip_no>/<int(max=36524):day>")
@only(*INSPECTORS)
def scan(trip_no: int, day: int) -> ResponseReturnValue:
    try:
        sent = picture("picture")
        code = the_node().boarding.read_picture(sent) if sent else _typed_code()
        if is_card(code):
            return look_at(code)
        document = shown_number(request.form)
        verdict = the_node().boarding.check(code, trip_no, day, GATE, the_clerk().clerk_no, document=document)
    except Refusal as refusal:
        return _scan_page(trip_no, day, None, sentence(refusal)), refusal.status
    session[_VERDICT] = said(verdict)
    return redirect(url_for("gate.scan_page", trip_no=trip_no, day=day), 303)


def _typed_code() -> str:
    """What was scanned or typed. Raises :class:`Refusal` ``code_needed`` for a number, which proves nothing."""
    code = words(request.form, "code", MAX_CODE, required=True)
    if TicketId.from_number(plain(code)) is not None:
        raise Refusal("code_needed", status=422, field="code")
    return code


def _scan_page(trip_no: int, day: int, verdict: dict[str, Any] | None, problem: str) -> str:
    node = the_node()
    trip = node.timetable.trip(trip_no, day)
    boarded, expected = node.boarding.counts(trip_no, day)
    return render_template(
        "gate/scan.html",
        trip=trip,
        verdict=verdict,
        problem=problem,
        boarded=boarded,
        expected=expected,
        named=node.travellers.demanded(trip_no),
    )
