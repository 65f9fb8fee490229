"""Trips that do not run as planned, and the tickets whose passengers are to be helped: one key each."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import once_key
from kiosk_ui.kernel.staff import SELLERS, only

routes = Blueprint("disrupted", __name__, url_prefix="/disruptions", template_folder="templates")


@routes.get("")
@only(*SELLERS)
def overview() -> ResponseReturnValue:
    node = the_node()
    found = node.affected.all()
    own = node.identity.node_no if node.identity else 0
    others = {
        (one.trip.trip_no, one.trip.day): [
            (ticket_id.number, ride) for ticket_id, ride in node.boarding.expected(one.trip.trip_no, one.trip.day)
            if ticket_id.node_no != own and (not one.seatless or ticket_id.to_bytes() in one.seatless)
            and (one.ends_idx is None or ride[1] > one.ends_idx)
        ]
        for one in found
    }  # fmt: skip
    return render_template(
        "clerk/disrupted.html", affected=found, others=others, once=once_key, broken=node.onward.broken()
    )
