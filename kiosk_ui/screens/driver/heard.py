"""What passengers said of the trips that I drove: levels and words, never who spoke, and nothing of a handful."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import DRIVERS, only, the_clerk

routes = Blueprint("heard", __name__, url_prefix="/heard", template_folder="templates")
DAYS = 31


@routes.get("")
@only(*DRIVERS)
def heard() -> str:
    node = the_node()
    count, mean, words = node.ratings.heard(node.duties.driven(the_clerk().clerk_no, DAYS))
    least = node.ratings.rules_now().group_least
    return render_template("driver/heard.html", count=count, mean=mean, words=words, least=least, days=DAYS)
