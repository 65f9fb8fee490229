"""One page that says how this box is."""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import ANYBODY, only

blueprint = Blueprint("status", __name__, template_folder="templates")


@blueprint.get("/status")
@only(*ANYBODY)
def overview() -> str:
    return render_template("status/overview.html", status=the_node().fleet.status())
