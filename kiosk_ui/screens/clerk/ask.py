"""One-stop enquiry at the counter: from anywhere to anywhere on a day, with up to two changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_DAY, clock_s, optional_whole, words
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.staff import SELLERS, only
from kiosk_ui.kernel.ways import Way, ways
from kiosk_ui.kernel.words import beside_fields
from sync.domains.timetable.rules import name_in, name_rank
from sync.kernel import days
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.timetable.service import StopView

routes = Blueprint("ask", __name__, url_prefix="/ask", template_folder="templates")
FIELDS = ("from", "to", "day", "at")
MAX_NAME = 60
MOST_PICKS = 12


@routes.get("")
@only(*SELLERS)
def ask() -> ResponseReturnValue:
    """Without a destination the empty form; with names that may mean several stops, the stops to choose from."""
    if "to" not in request.args and "to_no" not in request.args:
        return _page()
    try:
        ends = {name: _meant(name) for name in ("from", "to")}
        day, after_ms = _when()
        picks = {name: stops for name, stops in ends.items() if stops is not None and len(stops) > 1}
        if picks:
            return _page(picks=picks, day=day)
        origin, target = (stops[0].stop_no if stops else None for stops in ends.values())
        if target is None:
            raise Refusal("input_missing", status=422, field="to")
        found = ways(the_node(), target, day, origin, after_ms)
        return _page(found=found, day=day, errors=_ask_hub(found) if "elsewhere" in request.args else None)
    except Refusal as refusal:
        return _page(errors=beside_fields(refusal, FIELDS)), refusal.status


def _ask_hub(found: list[Way]) -> dict[str, str]:
    """Fetch what is left in other hands; what went wrong. Older figures stay on the page, with their age."""
    try:
        the_node().elsewhere.ask([offer.ride.where for way in found for offer in way.offers])
    except Refusal as refusal:
        return beside_fields(refusal, ())
    return {}


def _meant(name: str) -> list[StopView] | None:
    """The stops that an end of the journey may mean; None when nothing was typed (from: this place)."""
    timetable = the_node().timetable
    number = optional_whole(request.args, f"{name}_no")
    if number is not None:
        return [timetable.stop(number)]
    text = words(request.args, name, MAX_NAME)
    if not text:
        return None
    found = timetable.known_stops(text, MOST_PICKS)
    if not found:
        raise Refusal("stop_unknown", status=404, field=name, text=text)
    exact = [stop for stop in found if name_rank(stop.names, text) == 0]
    return exact[:1] if len(exact) == 1 else found


def _when() -> tuple[int, int | None]:
    """The calendar day, and the instant from which on; without a time, now."""
    timetable = the_node().timetable
    day = optional_whole(request.args, "day", MAX_DAY)
    chosen = timetable.today() if day is None else day
    seconds = clock_s(request.args, "at")
    return chosen, None if seconds is None else days.instant_ms(chosen, seconds, timetable.zone())


def _page(
    found: list[Way] | None = None, day: int | None = None, picks: dict[str, list[StopView]] | None = None,
    errors: dict[str, str] | None = None,
) -> str:  # fmt: skip
    timetable = the_node().timetable
    return render_template(
        "clerk/ask.html", ways=found, picks=picks or {}, errors=errors or {},
        typed={name: _typed(name) for name in ("from", "to", "at")}, days=timetable.bookable_days(),
        day=timetable.today() if day is None else day, own_stops=frozenset(timetable.own_stops()),
        elsewhere=lambda offer: the_node().elsewhere.known(offer.ride.where),
    )  # fmt: skip


def _typed(name: str) -> str:
    """What stands in a field: the name of the stop that was chosen, else what was typed."""
    try:
        number = optional_whole(request.args, f"{name}_no")
        if number is not None:
            return name_in(the_node().timetable.stop(number).names, language())
    except Refusal:
        pass
    return request.args.get(name, "")[:MAX_NAME]
