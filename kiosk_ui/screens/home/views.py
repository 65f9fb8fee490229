"""The plain index of a box."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk_ui.kernel.context import the_node

blueprint = Blueprint("home", __name__, template_folder="templates")
STATION_SCREENS = ("kiosk", "clerk", "gate", "portal", "status")
VEHICLE_SCREENS = ("portal", "driver", "gate", "clerk", "status")


@blueprint.get("/")
def index() -> str:
    place = the_node().timetable.place()
    vehicle = place is not None and place.kind == "vehicle"
    return render_template("home/index.html", screens=VEHICLE_SCREENS if vehicle else STATION_SCREENS)
