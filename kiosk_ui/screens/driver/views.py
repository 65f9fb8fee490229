"""My duties, and the trip that I drive: start, stops, delay, end. A mistaken tap is taken back with one more."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.domains.duties.service import WORDS, TripNow, Word
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.formats import calendar_day
from kiosk_ui.kernel.forms import MAX_STOPS, optional_whole, plain, words
from kiosk_ui.kernel.staff import DRIVERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from kiosk_ui.screens.driver.heard import routes as heard_routes
from kiosk_ui.screens.driver.swap import routes as swap_routes
from sync.domains.disruption.rules import MAX_DELAY_MINUTES
from sync.domains.duties.events import DELAY_REASONS
from sync.domains.duties.rules import MAX_NOTE, RUNNING
from sync.kernel.errors import Refusal

blueprint = Blueprint("driver", __name__, url_prefix="/driver", template_folder="templates")
blueprint.register_blueprint(heard_routes)
blueprint.register_blueprint(swap_routes)
TRIP = "<int(max=9007199254740991):trip_no>/<int(max=36524):day>"
FIELDS = ("minutes", "reason", "note", "idx", "anyway")
# What a mistaken tap is, by the name of its event.
UNDO = ("DutyTaken", "TripStarted", "StopReached", "StopLeft", "TripDelayed", "TripCutShort", "TripEnded")
# So that a driver need not type.
USUAL_MINUTES = (5, 10, 15, 20, 30, 45, 60)


@blueprint.get("")
@only(*DRIVERS)
def duties() -> str:
    node, me = the_node(), the_clerk().clerk_no
    every = node.duties.today()
    rests = {one.where: node.duties.rest(one, me) for one in every}
    by_day = groupby(every, key=lambda one: calendar_day(one.trip.calls[0].departs_ms, one.trip.zone))
    return render_template(
        "driver/duties.html",
        rests=rests,
        waiting=the_node().handovers.waiting(),
        by_day=[(day, list(some)) for day, some in by_day],
    )


@blueprint.get(f"/{TRIP}")
@only(*DRIVERS)
def trip(trip_no: int, day: int) -> str:
    return _page(the_node().duties.of(trip_no, day), {})


@blueprint.get(f"/{TRIP}/short")
@only(*DRIVERS)
def short(trip_no: int, day: int) -> str:
    return _short_page(the_node().duties.of(trip_no, day), {})


@blueprint.post(f"/{TRIP}")
@only(*DRIVERS)
def say(trip_no: int, day: int) -> ResponseReturnValue:
    node, where = the_node(), (trip_no, day)
    word = request.form.get("word", "")
    try:
        node.duties.say(where, the_clerk().clerk_no, _word(word))
    except Refusal as refusal:
        page = _short_page if word == "cut_short" else _page
        return page(node.duties.of(*where), beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("driver.trip", trip_no=trip_no, day=day), 303)


def _word(kind: str) -> Word:
    if kind not in WORDS:
        raise Refusal("trip_word", status=422)
    form = request.form
    chosen = optional_whole(form, "minutes", MAX_DELAY_MINUTES)
    return Word(
        kind,
        optional_whole(form, "idx", MAX_STOPS) or 0,
        chosen or 0,
        plain(form.get("reason", "")[:20]),
        words(form, "note", MAX_NOTE),
        form.get("anyway") == "1",
    )


def _page(now: TripNow, errors: dict[str, str]) -> str:
    names = {clerk.clerk_no: clerk.name for clerk in the_node().accounts.clerks()}
    return render_template(
        "driver/trip.html", now=now, run=now.run, ahead=now.next_call, errors=errors, reasons=DELAY_REASONS,
        usual=USUAL_MINUTES, most=MAX_NOTE, names=names, me=the_clerk().clerk_no,
        rest=the_node().duties.rest(now, now.run.driver_no if now.run.phase == RUNNING else the_clerk().clerk_no),
        beyond=[] if now.run.ends_idx is None else the_node().manifest.view(*now.where).beyond(now.run.ends_idx),
    )  # fmt: skip


def _short_page(now: TripNow, errors: dict[str, str]) -> str:
    """Where the trip could end, and whose ride that would break off: how many, by where they wanted to go."""
    first, known = now.run.idx + (not now.run.standing), the_node().manifest.view(*now.where)
    broken = []
    for call in now.trip.calls[first:-1]:
        riders = known.beyond(call.idx)
        targets = sorted(Counter(line.to_idx for line in riders).items())
        broken.append((call, len(riders), [(now.trip.calls[idx].stop.names, count) for idx, count in targets]))
    return render_template(
        "driver/short.html", now=now, broken=broken, errors=errors, reasons=DELAY_REASONS, most=MAX_NOTE
    )
