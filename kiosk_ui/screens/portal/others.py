"""What other passengers said: how line, vehicle, driver and operator are rated, as of when, and what the operator answered."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node

routes = Blueprint("others", __name__, url_prefix="/voices", template_folder="templates")


@routes.get("")
def voices() -> ResponseReturnValue:
    node = the_node()
    current = node.boarding.current()
    if current is None:
        return redirect(url_for("portal.trip"), 303)
    now = node.duties.of(*current)
    drivers = [now.run.driver_no] if now.run.driver_no else now.drivers
    scores = node.ratings.scores(current[0], now.run.vehicle or now.vehicle, list(map(str, drivers)))
    known = {str(driver_no): node.register.driver_of(driver_no) for driver_no in drivers}
    people = {subject: driver[1].name for subject, driver in known.items() if driver}
    answers = node.ratings.answers(current[0])
    least = node.ratings.rules_now().score_least
    return render_template(
        "portal/voices.html", trip=now.trip, scores=scores, people=people, answers=answers, least=least
    )
