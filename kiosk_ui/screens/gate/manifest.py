"""The manifest: who is expected, aboard, absent, gone; one tap a passenger, and on paper."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.domains.boarding.manifest.routes import mark
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_STOPS, signed, words
from kiosk_ui.kernel.staff import INSPECTORS, only, the_clerk
from kiosk_ui.kernel.words import sentence
from sync.domains.boarding import rules
from sync.kernel.errors import Refusal

TRIP = "/<int(max=9007199254740991):trip_no>/<int(max=36524):day>"
MAX_NUMBER = 60
MAX_MARK = 20
routes = Blueprint("manifest", __name__, url_prefix="/manifest", template_folder="templates")


@routes.get(TRIP)
@only(*INSPECTORS, "driver")
def page(trip_no: int, day: int) -> str:
    return _page(trip_no, day, "")


@routes.get(f"{TRIP}/print")
@only(*INSPECTORS, "driver")
def paper(trip_no: int, day: int) -> str:
    view = the_node().manifest.view(trip_no, day)
    return render_template(
        "gate/manifest_paper.html", view=view, trip=view.trip, roll=bool(request.args.get("roll")),
        now_ms=the_node().clock.wall_ms(), vehicle=the_node().manifest.vehicle(trip_no, day),
    )  # fmt: skip


@routes.post(f"{TRIP}/mark")
@only(*INSPECTORS, "driver")
def tap(trip_no: int, day: int) -> ResponseReturnValue:
    node, clerk_no = the_node(), the_clerk().clerk_no
    try:
        kind = words(request.form, "mark", MAX_MARK, required=True)
        if kind == "all":
            node.manifest.all_absent(trip_no, day, clerk_no)
        elif kind in ("no_show", "alighted", "undo"):
            mark(node.manifest, trip_no, day, words(request.form, "number", MAX_NUMBER), kind, clerk_no)
    except Refusal as refusal:
        return _page(trip_no, day, sentence(refusal)), refusal.status
    return redirect(url_for("gate.manifest.page", trip_no=trip_no, day=day), 303)


@routes.post(f"{TRIP}/left")
@only(*INSPECTORS, "driver")
def left(trip_no: int, day: int) -> ResponseReturnValue:
    try:
        the_node().manifest.leave(trip_no, day, signed(request.form, "left", MAX_STOPS))
    except Refusal as refusal:
        return _page(trip_no, day, sentence(refusal)), refusal.status
    return redirect(url_for("gate.manifest.page", trip_no=trip_no, day=day), 303)


def _page(trip_no: int, day: int, problem: str) -> str:
    view = the_node().manifest.view(trip_no, day)
    return render_template(
        "gate/manifest.html", view=view, trip=view.trip, problem=problem, missing=view.states.get(rules.MISSING, 0)
    )
