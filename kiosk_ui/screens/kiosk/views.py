"""From the first touch to the ticket. Every step is an address of its own, so that "back" and a reload are harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_DAY, optional_whole, ride_key, whole, words
from kiosk_ui.kernel.language import forget
from kiosk_ui.kernel.offers import PAGE, key_of, offer_of, offers, seat_rows
from kiosk_ui.kernel.ways import ways
from kiosk_ui.kernel.words import sentence
from kiosk_ui.screens.clerk.phone import picture as phone_picture
from kiosk_ui.screens.kiosk import party
from kiosk_ui.screens.kiosk.party import ORDERS, remember_order
from kiosk_ui.screens.ticket.views import forget_tickets, own_ticket, remember_ticket
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.ticketing.service import Order

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk", template_folder="templates")
blueprint.register_blueprint(party.routes)
MAX_SEARCH = 60
MAX_PAGES = 1_000
MOST_FURTHER = 8
MOST_FREQUENT = 6
UNATTENDED_S = 600


@blueprint.before_request
def only_at_a_place() -> ResponseReturnValue | None:
    """On a vehicle passengers have the portal; there is nobody to take the cash for a kiosk's order."""
    place = the_node().timetable.place()
    return redirect(url_for("portal.trip"), 303) if place is not None and place.kind == "vehicle" else None


@blueprint.get("")
def start() -> str:
    return render_template("kiosk/start.html", frequent=the_node().frequent.most(MOST_FREQUENT))


@blueprint.get("/to")
def destinations() -> str:
    text = words({"text": request.args.get("text", "")[:MAX_SEARCH]}, "text", MAX_SEARCH)
    found = the_node().timetable.destinations(text)
    page = min(optional_whole(request.args, "page", MAX_PAGES) or 0, max(len(found) - 1, 0) // PAGE)
    shown = found[page * PAGE : (page + 1) * PAGE]
    more = len(found) > (page + 1) * PAGE
    further = [stop for stop in the_node().timetable.known_stops(text, PAGE) if stop not in found] if text else []
    return render_template(
        "kiosk/destinations.html", stops=shown, text=text, page=page, more=more, further=further[:MOST_FURTHER]
    )


@blueprint.get("/trips")
def trips() -> ResponseReturnValue:
    node = the_node()
    stop = node.timetable.stop(whole(request.args, "to"))
    days = node.timetable.bookable_days()
    day = optional_whole(request.args, "day", MAX_DAY)
    if day not in days:
        day = days[0]
    found = offers(node, stop.stop_no, day)
    asked = request.args.get("asked") == "1"
    return render_template("kiosk/trips.html", stop=stop, days=days, day=day, offers=found, asked=asked)


@blueprint.get("/way")
def way() -> ResponseReturnValue:
    """To a stop that no vehicle reaches from here without a change."""
    node = the_node()
    stop = node.timetable.stop(whole(request.args, "to"))
    days = node.timetable.bookable_days()
    day = optional_whole(request.args, "day", MAX_DAY)
    if day not in days:
        day = days[0]
    return render_template("kiosk/way.html", stop=stop, days=days, day=day, ways=ways(node, stop.stop_no, day))


@blueprint.post("/ask")
def ask() -> ResponseReturnValue:
    key = ride_key(request.form)
    ride = the_node().timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx)
    the_node().inventory.ask(key.trip_no, key.day, key.from_idx, key.to_idx, 1)
    the_node().schedule.soon()
    return redirect(url_for("kiosk.trips", to=ride.to_stop.stop_no, day=ride.day, asked=1), 303)


@blueprint.get("/seat")
def seat() -> ResponseReturnValue:
    key = ride_key(request.args)
    node = the_node()
    ride = node.timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx)
    if ride.seat_kind != "reserved":
        return redirect(f"{url_for('kiosk.confirm')}?{urlencode(key.arguments())}", 303)
    cells = node.inventory.seat_map(key.trip_no, key.day, key.from_idx, key.to_idx)
    return render_template("kiosk/seat.html", ride=ride, key=key, rows=seat_rows(cells), cells=cells)


@blueprint.get("/confirm")
def confirm() -> str:
    return _confirm_page(optional_whole(request.args, "seat", 10_000), "")


def _confirm_page(seat_no: int | None, problem: str) -> str:
    key = ride_key(request.values)
    node = the_node()
    ride = node.timetable.ride(key.trip_no, key.day, key.from_idx, key.to_idx)
    label = ""
    if seat_no and ride.seat_kind == "reserved":
        cells = node.inventory.seat_map(key.trip_no, key.day, key.from_idx, key.to_idx)
        label = next((cell.label for cell in cells if cell.seat == seat_no), "")
    return render_template(
        "kiosk/confirm.html", ride=ride, key=key, seat=seat_no if label else None, label=label, problem=problem,
        offer=offer_of(node, ride),
    )  # fmt: skip


@blueprint.post("/order")
def order() -> ResponseReturnValue:
    key = ride_key(request.form)
    seat_no = optional_whole(request.form, "seat", 10_000)
    try:
        number = _own_order_for(key.arguments(), seat_no)
        if number is None:
            arguments = (key.trip_no, key.day, key.from_idx, key.to_idx, seat_no, "kiosk")
            number = the_node().ticketing.order(*arguments).order_no
    except Refusal as refusal:
        if refusal.status >= 500:
            raise  # the box can't sell at all: another seat would not help
        return _confirm_page(None, sentence(refusal)), refusal.status
    remember_order(number)
    return redirect(url_for("kiosk.order_page", number=number), 303)


def _own_order_for(arguments: dict[str, int], seat_no: int | None) -> int | None:
    """The order that this browser already has waiting for the same ride: a second tap buys nothing twice."""
    for known in party.own_waiting():
        if key_of(known.ride).arguments() == arguments and seat_no in (None, known.seat) and not known.riders:
            return known.order_no
    return None


@blueprint.get("/order/<int(max=9007199254740991):number>")
def order_page(number: int) -> ResponseReturnValue:
    found = the_node().ticketing.order_view(_own_order(number))
    if found.state == "sold" and found.ticket_number:
        for one in the_node().bookings.find(found.ticket_number).tickets:
            remember_ticket(one.number)
        if found.riders:
            return redirect(url_for("kiosk.party_tickets", number=found.ticket_number), 303)
        return redirect(url_for("kiosk.ticket", number=found.ticket_number), 303)
    if found.state == "waiting" and found.age_s > UNATTENDED_S:
        return leave()
    return _order_page(found, "")


def _order_page(found: Order, problem: str) -> str:
    payments = the_node().payments
    return render_template(
        "kiosk/order.html", order=found, payment=payments.of_sale(found.order_no), refused=payments.refused(),
        problem=problem,
    )  # fmt: skip


@blueprint.post("/order/<int(max=9007199254740991):number>/phone")
def phone(number: int) -> ResponseReturnValue:
    """Pay here and now, with a phone."""
    node = the_node()
    try:
        node.payments.ask(_own_order(number))
    except Refusal as refusal:
        if refusal.code == "order_not_yours":
            raise
        return _order_page(node.ticketing.order_view(number), sentence(refusal)), refusal.status
    node.rounds.soon()
    return redirect(url_for("kiosk.order_page", number=number), 303)


@blueprint.get("/order/<int(max=9007199254740991):number>/code.svg")
def phone_code(number: int) -> Response:
    """What the passenger's phone scans."""
    return phone_picture(_own_order(number))


@blueprint.post("/order/<int(max=9007199254740991):number>/cancel")
def cancel(number: int) -> ResponseReturnValue:
    try:
        the_node().ticketing.cancel(_own_order(number))
    except Refusal:
        # Paid in the meantime, or gone already: the order's own page knows what to show.
        return redirect(url_for("kiosk.order_page", number=number), 303)
    return leave()


@blueprint.get("/tickets/<number>")
def party_tickets(number: str) -> str:
    return party.tickets_page(number)


@blueprint.get("/ticket/<number>")
def ticket(number: str) -> str:
    return render_template("kiosk/ticket.html", ticket=own_ticket(number))


@blueprint.get("/leave")
def leave() -> Response:
    """Wipe what this passenger did and go back to the first page. Orders stay with the agent until they end there."""
    session.pop(ORDERS, None)
    forget_tickets()
    response = redirect(url_for("kiosk.start"), 303)
    forget(response)
    return response


def _own_order(number: int) -> int:
    if number not in session.get(ORDERS, []):
        raise Refusal("order_not_yours", status=404)
    return number
