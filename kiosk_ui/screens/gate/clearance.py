"""Departure clearance on one page: the form, the answer with its rules, the paper; and a ferry's count after sailing."""

from __future__ import annotations

from flask import Blueprint, flash, get_flashed_messages, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.domains.clearance.service import DriverShown, Form
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import iso_day, optional_whole, whole, words
from kiosk_ui.kernel.staff import INSPECTORS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields, t
from sync.domains.clearance import rules
from sync.kernel.errors import Refusal

TRIP = "/<int(max=9007199254740991):trip_no>/<int(max=36524):day>"
FERRY = 4
DRIVERS = (1, 2, 3)
FIELDS = (
    "plate", "aboard", "capacity", "motorway_km", "other_km", "inspection_until", "permit_until", "drivers", "pin",
    "counted",
)  # fmt: skip
routes = Blueprint("clearance", __name__, url_prefix="/clearance", template_folder="templates")


@routes.get(TRIP)
@only(*INSPECTORS)
def page(trip_no: int, day: int) -> str:
    return _page(trip_no, day, {})


@routes.post(TRIP)
@only(*INSPECTORS)
def decide(trip_no: int, day: int) -> ResponseReturnValue:
    try:
        the_node().clearance.decide(
            _form(trip_no, day), the_clerk().clerk_no, words(request.form, "pin", 20, required=True)
        )
    except Refusal as refusal:
        return _page(trip_no, day, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("gate.clearance.page", trip_no=trip_no, day=day), 303)


@routes.post(f"{TRIP}/undo")
@only(*INSPECTORS)
def undo(trip_no: int, day: int) -> ResponseReturnValue:
    try:
        the_node().clearance.undo(trip_no, day, the_clerk().clerk_no)
    except Refusal as refusal:
        return _page(trip_no, day, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("gate.clearance.page", trip_no=trip_no, day=day), 303)


@routes.get(f"{TRIP}/print")
@only(*INSPECTORS)
def paper(trip_no: int, day: int) -> ResponseReturnValue:
    node = the_node()
    said = node.clearance.said(trip_no, day)
    if said is None or said.form is None:
        return redirect(url_for("gate.clearance.page", trip_no=trip_no, day=day), 303)
    clerk = node.accounts.clerk(said.form.clerk_no)
    return render_template(
        "gate/clearance_paper.html", trip=node.timetable.trip(trip_no, day), said=said, roll=bool(request.args.get("roll")),
        drivers=[node.register.driver(number) for number in said.form.driver_nos], clerk=clerk,
        sources=dict(node.clearance.rules(day).checks),
    )  # fmt: skip


@routes.post(f"{TRIP}/count")
@only(*INSPECTORS)
def count(trip_no: int, day: int) -> ResponseReturnValue:
    try:
        counted = whole(request.form, "counted", rules.MAX_PEOPLE)
        place = the_node().timetable.place()
        on_board = place is not None and place.kind == "vehicle"
        difference = the_node().clearance.count(trip_no, day, on_board, counted, the_clerk().clerk_no)
    except Refusal as refusal:
        return _page(trip_no, day, beside_fields(refusal, FIELDS)), refusal.status
    flash(t("count_difference", difference=difference))
    return redirect(url_for("gate.clearance.page", trip_no=trip_no, day=day), 303)


def _form(trip_no: int, day: int) -> Form:
    filled = request.form
    drivers = []
    for number in DRIVERS:
        chosen = filled.get(f"driver_{number}", "")
        if chosen == "typed":
            papers = (iso_day(filled, f"licence_{number}"), iso_day(filled, f"qualification_{number}"))
            drivers.append(DriverShown(0, *papers))
        elif chosen:
            drivers.append(DriverShown(whole(filled, f"driver_{number}")))
    return Form(
        trip_no, day, words(filled, "plate", 60, required=True), whole(filled, "aboard", rules.MAX_PEOPLE),
        "checked" in filled, "belts" in filled, optional_whole(filled, "motorway_km", rules.MAX_KM) or 0,
        optional_whole(filled, "other_km", rules.MAX_KM) or 0, iso_day(filled, "inspection_until"),
        iso_day(filled, "permit_until"), optional_whole(filled, "capacity", rules.MAX_PEOPLE) or 0, tuple(drivers),
    )  # fmt: skip


def _page(trip_no: int, day: int, errors: dict[str, str]) -> str:
    node = the_node()
    trip = node.timetable.trip(trip_no, day)
    return render_template(
        "gate/clearance.html", trip=trip, said=node.clearance.said(trip_no, day), errors=errors, typed=request.form,
        known=node.clearance.known(trip_no, day), vehicle=node.manifest.vehicle(trip_no, day), slots=DRIVERS,
        drivers=node.register.drivers(), sources=dict(node.clearance.rules(day).checks), told=get_flashed_messages(),
        ferry=trip.route_type == FERRY, counts=node.clearance.counts(trip_no, day), crew=_crew(trip_no, day),
    )  # fmt: skip


def _crew(trip_no: int, day: int) -> dict[int, str]:
    """Slot → number in the register of who is to drive, or drives, as far as this box was told."""
    node = the_node()
    now = node.duties.of(trip_no, day)
    wheels = dict.fromkeys((*now.drivers, now.run.driver_no))
    found = filter(None, (node.register.driver_of(driver_no) for driver_no in wheels))
    return {slot: str(number) for slot, (number, _) in zip(DRIVERS, found, strict=False)}
