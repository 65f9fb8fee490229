"""Another vehicle goes on with the trip: codes from this screen to that one, or by the hub where there is a line."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.kernel import qr
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import optional_whole, picture, whole
from kiosk_ui.kernel.staff import DRIVERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

routes = Blueprint("swap", __name__, template_folder="templates")
TRIP = "<int(max=9007199254740991):trip_no>/<int(max=36524):day>"
FIELDS = ("to_node_no", "frames", "picture")
MAX_NODE = 2**24 - 1
MAX_FRAMES = 60 * 1_000


@routes.get(f"/{TRIP}/hand")
@only(*DRIVERS)
def give(trip_no: int, day: int) -> str:
    return _give_page((trip_no, day), {})


@routes.post(f"/{TRIP}/hand")
@only(*DRIVERS)
def give_now(trip_no: int, day: int) -> ResponseReturnValue:
    where = (trip_no, day)
    try:
        the_node().handovers.give(where, the_clerk().clerk_no, whole(request.form, "to_node_no", MAX_NODE))
    except Refusal as refusal:
        return _give_page(where, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("driver.swap.give", trip_no=trip_no, day=day), 303)


@routes.get(f"/{TRIP}/hand/<int(max=2147483647):number>.svg")
@only(*DRIVERS)
def code(trip_no: int, day: int, number: int) -> Response:
    frames = the_node().handovers.frames((trip_no, day))
    if not 1 <= number <= len(frames):
        abort(404)
    return Response(qr.svg(frames[number - 1]), mimetype="image/svg+xml")


@routes.get("/take")
@only(*DRIVERS)
def take() -> str:
    return _take_page({}, "")


@routes.post("/take")
@only(*DRIVERS)
def take_now() -> ResponseReturnValue:
    """What was scanned so far stays in the field until all of it is there."""
    typed = request.form.get("frames", "")[:MAX_FRAMES]
    node, driver_no = the_node(), the_clerk().clerk_no
    try:
        sent = picture("picture")
        typed = "\n".join(filter(None, (typed.strip(), node.boarding.read_picture(sent) if sent else "")))
        told = optional_whole(request.form, "number", 2**63 - 1)
        now = node.handovers.take_told(told, driver_no) if told else node.handovers.take(typed.split(), driver_no)
    except Refusal as refusal:
        return _take_page(beside_fields(refusal, FIELDS), typed), refusal.status
    return redirect(url_for("driver.trip", trip_no=now.trip.trip_no, day=now.trip.day), 303)


def _give_page(where: tuple[int, int], errors: dict[str, str]) -> str:
    node = the_node()
    stays = node.inventory.staying(*where)
    held, left = ([node.inventory.label(*where, seat) for seat in seats] for seats in (stays.held, stays.left))
    return render_template(
        "driver/hand.html", now=node.duties.of(*where), frames=node.handovers.frames(where), errors=errors, held=held,
        left=left,
    )  # fmt: skip


def _take_page(errors: dict[str, str], typed: str) -> str:
    node = the_node()
    waiting = [(given.number, node.duties.of(given.trip_no, given.day), given) for given in node.handovers.waiting()]
    return render_template(
        "driver/take.html", errors=errors, typed=typed, waiting=waiting, number=node.fleet.status().node_no
    )
