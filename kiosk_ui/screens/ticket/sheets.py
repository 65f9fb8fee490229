"""A ticket and a receipt as sheets for the press: what the pages ``paper.html`` and ``party.html`` say, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk_ui.kernel import formats
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import t
from papers import sheets
from papers.sheets import Line, Sheet

if TYPE_CHECKING:
    from edge.domains.ticketing.office.shown import Booking, Ticket
    from edge.domains.timetable.service import Names, Ride


def ticket_sheet(ticket: Ticket, copy: int, address: str, in_party: bool = False) -> Sheet:
    """One ticket. ``copy``: which paper of it this is, from the second on it says so; ``address``: of its trip on board."""
    ride = ticket.ride
    route = name(ride.route_short_names) or name(ride.route_long_names)
    lines = [sheets.head(t("product_name"), route)]
    if copy > 1:
        lines.append(sheets.boxed(t("paper_copy", copy=copy)))
    lines.append(sheets.boxed(t("refund_void")) if ticket.refunded else sheets.code(ticket.text))
    lines += [
        sheets.title(way(ride)),
        sheets.when(formats.clock_text(ride.departs_ms, ride.zone), departure_day(ride)),
        sheets.facts(*_facts(ticket, in_party)),
        sheets.number(ticket.paper_number),
    ]
    if not ticket.refunded:
        lines.append(sheets.fine(t("paper_link", address=address)))
    return (*lines, sheets.fine(t("ticket_keep")))


def receipt_sheet(booking: Booking) -> Sheet:
    """What was paid for a booking, line by line."""
    currency = booking.currency
    lines: list[Line] = [sheets.head(t("product_name"), t("party_receipt"))]
    for one in booking.tickets:
        clock = formats.clock_text(one.ride.departs_ms, one.ride.zone)
        label = f"{t(f'rider_{one.rider}')} {clock} {way(one.ride)}"
        lines.append(sheets.row(label, seat_words(one), money(one.price_minor, currency)))
    for extra in booking.extras:
        label = f"{name(extra.names) or extra.code} × {extra.count}"
        lines.append(sheets.row(label, "", money(extra.price_minor, currency)))
    lines += [
        sheets.total(t("party_total"), "", money(booking.total_minor, currency)),
        sheets.number(booking.number),
        sheets.fine(t("ticket_keep")),
    ]
    return tuple(lines)


def name(names: Names) -> str:
    """A name in the language of the page, or in the next best."""
    return formats.chosen_name(names, language())[0] if names else ""


def money(amount_minor: int, currency: str) -> str:
    """An amount as the page writes it."""
    return formats.money_text(amount_minor, currency, language())


def way(ride: Ride) -> str:
    """From where to where."""
    return f"{name(ride.from_stop.names)} → {name(ride.to_stop.names)}"


def departure_day(ride: Ride) -> str:
    """The date on the wall when it leaves."""
    return formats.date_text(formats.calendar_day(ride.departs_ms, ride.zone), language())


def seat_words(ticket: Ticket) -> str:
    """A seat, or that there is none of one's own."""
    return ticket.seat_label or t("seat_lap" if ticket.rider == "child_free" else "seat_free")


def _facts(ticket: Ticket, in_party: bool) -> list[tuple[str, str]]:
    pairs = [(t("seat"), seat_words(ticket)), (t("price"), money(ticket.price_minor, ticket.currency))]
    if in_party:
        pairs.append((t("party_riders"), t(f"rider_{ticket.rider}")))
    if ticket.traveller:
        masked = f"{ticket.traveller.number} {ticket.traveller.name}"
        pairs.append((t(f"document_type_{ticket.traveller.document_type}"), masked))
    return [*pairs, (t("short_code"), ticket.short_code)]
