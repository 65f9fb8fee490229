"""One page that says how this box is."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import ANYBODY, only

blueprint = Blueprint("status", __name__, template_folder="templates")


@blueprint.get("/status")
@only(*ANYBODY)
def overview() -> str:
    node = the_node()
    asked = request.args.get("asked") == "1"
    return render_template(
        "status/overview.html", status=node.fleet.status(), failed=node.exchange.last_error, asked=asked,
        lack=node.press.lack,
    )  # fmt: skip


@blueprint.post("/status/connect")
@only(*ANYBODY)
def connect() -> ResponseReturnValue:
    """Visit the hub now: after a long time without a line the next try by itself may be minutes away."""
    the_node().schedule.soon()
    return redirect(url_for("status.overview", asked=1), 303)
