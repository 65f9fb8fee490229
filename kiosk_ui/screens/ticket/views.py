"""A ticket as a picture and as paper: for whoever has just bought it here, and for staff who sell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request, session

from edge.kernel import qr
from edge.kernel.wifi import NAME
from kiosk_ui.kernel import pdf
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import SELLERS, may, signed_in
from kiosk_ui.kernel.words import t
from kiosk_ui.screens.ticket.sheets import receipt_sheet, ticket_sheet
from papers.sheets import Sheet
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.ticketing.office.shown import Booking
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
    booking = the_node().bookings.find(number)
    return render_template("ticket/party.html", booking=booking, copies=_copies(booking), on_board=on_board)


@blueprint.get("/bookings/<number>/print.pdf")
def party_file(number: str) -> Response:
    """The same as PDF: a page a ticket, each counted, and the receipt of all."""
    own_ticket(number)
    booking = the_node().bookings.find(number)

    def draw() -> tuple[Sheet, ...]:
        papers = zip(booking.tickets, _copies(booking), strict=True)
        tickets = (ticket_sheet(one, copy, on_board(one), in_party=True) for one, copy in papers)
        return (*tickets, receipt_sheet(booking))

    return pdf.answer(f"booking-{booking.number}", f"{t('party_receipt')} {booking.number}", draw)


@blueprint.get("/tickets/<number>/print")
def paper(number: str) -> str:
    """Each time that this is shown is a paper of its own, and counted: what stands on the screen can be printed."""
    ticket = own_ticket(number)
    roll = request.args.get("roll") == "1"
    return render_template("ticket/paper.html", ticket=ticket, copy=_copy(ticket), roll=roll, on_board=on_board)


@blueprint.get("/tickets/<number>/print.pdf")
def paper_file(number: str) -> Response:
    """The same as PDF, and a paper of its own."""
    ticket = own_ticket(number)

    def draw() -> tuple[Sheet, ...]:
        return (ticket_sheet(ticket, _copy(ticket), on_board(ticket)),)

    return pdf.answer(f"ticket-{ticket.number}", f"{t('ticket_number')} {ticket.paper_number}", draw)


def on_board(ticket: Ticket) -> str:
    """What a passenger types on the WiFi of the vehicle to see this ticket."""
    return f"{NAME}/t/{ticket.number}/{ticket.short_code}"


def _copy(ticket: Ticket) -> int:
    """Which paper of the ticket this is, written down; 0 for one that was given back."""
    clerk = signed_in()
    return 0 if ticket.refunded else the_node().prints.copy(ticket.number, clerk.clerk_no if clerk else 0)


def _copies(booking: Booking) -> list[int]:
    return [_copy(one) for one in booking.tickets]
