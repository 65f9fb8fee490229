"""A ticket as a picture and as paper: for whoever has just bought it here, and for staff who sell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request, session

from edge.kernel import qr
from edge.kernel.wifi import NAME
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import SELLERS, may, signed_in
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.ticketing.service import Ticket

blueprint = Blueprint("ticket", __name__, template_folder="templates")
_KEY = "tickets"
KEPT = 24


def remember_ticket(number: str) -> None:
    """Let this browser see ticket ``number`` until its session is wiped."""
    known = [kept for kept in session.get(_KEY, []) if kept != number]
    session[_KEY] = [*known, number][-KEPT:]


def forget_tickets() -> None:
    """The next person at this kiosk sees nothing of the last one."""
    session.pop(_KEY, None)


def own_ticket(number: str) -> Ticket:
    """A ticket that this browser may see. Raises :class:`Refusal` ``ticket_not_yours``."""
    if number not in session.get(_KEY, []) and not may(SELLERS):
        raise Refusal("ticket_not_yours", status=404)
    return the_node().ticketing.find(number)


@blueprint.get("/tickets/<number>/qr.svg")
def picture(number: str) -> Response:
    if own_ticket(number).refunded is not None:
        raise Refusal("ticket_refunded", status=410)
    drawn = qr.svg(own_ticket(number).text)
    return Response(drawn, mimetype="image/svg+xml")


@blueprint.get("/bookings/<number>/print")
def party(number: str) -> str:
    """A paper a ticket, each counted, and the receipt of all."""
    own_ticket(number)
    booking, clerk = the_node().bookings.find(number), signed_in()
    prints, by = the_node().prints, clerk.clerk_no if clerk else 0
    copies = [0 if one.refunded else prints.copy(one.number, by) for one in booking.tickets]
    return render_template("ticket/party.html", booking=booking, copies=copies, on_board=on_board)


@blueprint.get("/tickets/<number>/print")
def paper(number: str) -> str:
    """Each time that this is shown is a paper of its own, and counted: what stands on the screen can be printed."""
    ticket, clerk = own_ticket(number), signed_in()
    copy = 0 if ticket.refunded else the_node().prints.copy(number, clerk.clerk_no if clerk else 0)
    roll = request.args.get("roll") == "1"
    return render_template("ticket/paper.html", ticket=ticket, copy=copy, roll=roll, on_board=on_board)


def on_board(ticket: Ticket) -> str:
    """What a passenger types on the WiFi of the vehicle to see this ticket."""
    return f"{NAME}/t/{ticket.number}/{ticket.short_code}"
