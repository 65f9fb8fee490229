"""API of sales."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.ticketing.office.refunds import Refunds
from edge.domains.ticketing.office.shapes import DocumentSchema, MaskedSchema
from edge.domains.ticketing.service import Ticketing
from edge.domains.timetable.service import Timetable
from edge.kernel import qr
from edge.kernel.schemas import NUMBER, RideKey, RideSchema
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.ticketing.events import GIVEN_BACK, PROOFS, REASONS
from sync.kernel.ticket import RIDERS

AMOUNT = validate.Range(min=0, max=10**12)


class OrderRequest(RideKey):
    """Choose a ride; without ``seat`` the best one is taken."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    seat = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=1000))


class SaleRequest(OrderRequest):
    """Sell a ride. ``key``: the same key again gives the same ticket. ``proof``: what was seen for a concession."""

    rider = fields.String(load_default=RIDERS[0], validate=validate.OneOf(RIDERS))
    proof = fields.String(load_default="", validate=validate.OneOf(PROOFS))
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))
    tendered_minor = fields.Integer(load_default=None, allow_none=True, validate=AMOUNT)
    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)


class Payment(Schema):
    """Cash that was handed over; without it the exact price."""

    tendered_minor = fields.Integer(load_default=None, allow_none=True, validate=AMOUNT)
    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)


class OrderRiderSchema(Schema):
    """One rider of an order on one ride."""

    ride = fields.Nested(RideSchema)
    seat = fields.Integer()
    seat_label = fields.String()
    rider = fields.String()
    proof = fields.String()
    price_minor = fields.Integer()


class OrderSchema(Schema):
    """An order; ``riders`` only of one of several."""

    order_no = fields.Integer()
    ride = fields.Nested(RideSchema)
    seat = fields.Integer()
    seat_label = fields.String()
    price_minor = fields.Integer()
    currency = fields.String()
    channel = fields.String()
    state = fields.String()
    ticket_number = fields.String(allow_none=True)
    age_s = fields.Integer()
    named = fields.Boolean()
    riders = fields.List(fields.Nested(OrderRiderSchema))


class RefundedSchema(Schema):
    """How a ticket was given back; ``rule`` names the rule that gave the fee."""

    refunded_ms = fields.Integer()
    fee_minor = fields.Integer()
    refunded_minor = fields.Integer()
    reason = fields.String(validate=validate.OneOf(GIVEN_BACK))
    rule = fields.String()
    clerk_no = fields.Integer()


class TicketSchema(Schema):
    """A ticket; ``text`` is what its QR says. ``seat_label``: where its passenger sits; ``old_seat_label``: the seat that was
    sold, where another vehicle may have made it another."""

    number = fields.String()
    paper_number = fields.String()
    short_code = fields.String()
    text = fields.String()
    trip_no = fields.Integer(attribute="ride.trip_no")
    day = Day(attribute="ride.day")
    from_idx = fields.Integer(attribute="ride.from_idx")
    to_idx = fields.Integer(attribute="ride.to_idx")
    seat = fields.Integer()
    seat_label = fields.String()
    old_seat_label = fields.String()
    rider = fields.String(validate=validate.OneOf(RIDERS))
    proof = fields.String(validate=validate.OneOf(PROOFS))
    price_minor = fields.Integer()
    currency = fields.String()
    sold_ms = fields.Integer()
    clerk_no = fields.Integer()
    channel = fields.String()
    refunded = fields.Nested(RefundedSchema, allow_none=True)
    traveller = fields.Nested(MaskedSchema, allow_none=True)


class RefundReason(Schema):
    """Why a ticket is given back: all but the first are the carrier's or the station's fault and cost nothing."""

    reason = fields.String(load_default=REASONS[0], validate=validate.OneOf(REASONS))


class RefundRequest(RefundReason):
    """Take an offer: ``fee_minor`` as it was shown. ``key``: the same key again gives the same refund. The second clerk's
    number and PIN where the offer says so."""

    fee_minor = fields.Integer(required=True, validate=AMOUNT)
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))
    approver_no = fields.Integer(load_default=None, allow_none=True, validate=NUMBER)
    approver_pin = fields.String(load_default="", validate=validate.Length(max=20))


class OfferSchema(Schema):
    """What a refund costs now, and what is handed back. ``second``: another clerk has to agree, with a PIN."""

    number = fields.String(attribute="ticket.number")
    currency = fields.String(attribute="ticket.currency")
    reason = fields.String()
    fee_minor = fields.Integer()
    refunded_minor = fields.Integer()
    rule = fields.String()
    clock_sure = fields.Boolean()
    second = fields.Boolean()


class TakingsQuery(Schema):
    """Without ``day`` today; ``mine`` false counts all clerks."""

    day = Day(load_default=None)
    mine = fields.Boolean(load_default=True)


class TakingsSchema(Schema):
    """Sums by currency in minor units, and the newest tickets sold and given back. ``extras`` are part of
    ``totals``; ``in_hand``: cash taken less cash handed back."""

    count = fields.Integer()
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    extras = fields.Dict(keys=fields.String(), values=fields.Integer())
    refunds = fields.Integer()
    handed_back = fields.Dict(keys=fields.String(), values=fields.Integer())
    in_hand = fields.Dict(keys=fields.String(), values=fields.Integer())
    tickets = fields.List(fields.Nested(TicketSchema))
    returned = fields.List(fields.Nested(TicketSchema))


class Look(Schema):
    """A ticket number or the whole code."""

    ticket = fields.String(required=True, validate=validate.Length(min=1, max=1200))


def blueprint(ticketing: Ticketing, refunds: Refunds, timetable: Timetable, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("ticketing", __name__, url_prefix="/api/v1", description="Orders, sales, tickets, refunds, takings")
    _add_tickets(bp, ticketing, timetable, guard)
    _add_refunds(bp, refunds, guard)
    _add_orders(bp, ticketing, guard)
    return bp


def _add_tickets(bp: Any, ticketing: Ticketing, timetable: Timetable, guard: Guard) -> None:
    @bp.route("/tickets")
    class Tickets(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(SaleRequest)
        @bp.response(201, TicketSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Sell one ticket for cash. It is on the disk when this answers."""
            return ticketing.sell(**body, clerk_no=g.clerk.clerk_no)

        @guard("clerk", "agent", "gate")
        @bp.arguments(Look, location="query")
        @bp.response(200, TicketSchema)
        def get(self, query: dict[str, Any]) -> Any:
            """Look a ticket of this node up."""
            return ticketing.find(query["ticket"])

    @bp.route("/tickets/<number>/qr.svg")
    class Picture(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, content_type="image/svg+xml")
        def get(self, number: str) -> Response:
            """The ticket's QR."""
            return Response(qr.svg(ticketing.good(number).text), mimetype="image/svg+xml")

    @bp.route("/takings")
    class TakingsView(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(TakingsQuery, location="query")
        @bp.response(200, TakingsSchema)
        def get(self, query: dict[str, Any]) -> Any:
            """What was taken on a day."""
            day = timetable.today() if query["day"] is None else query["day"]
            return ticketing.takings(g.clerk.clerk_no if query["mine"] else None, day)


def _add_refunds(bp: Any, refunds: Refunds, guard: Guard) -> None:
    @bp.route("/tickets/<number>/refund")
    class Refund(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(RefundReason, location="query")
        @bp.response(200, OfferSchema)
        def get(self, query: dict[str, Any], number: str) -> Any:
            """What giving this ticket back would cost now."""
            return refunds.offer(number, query["reason"])

        @guard("clerk", "agent")
        @bp.arguments(RefundRequest)
        @bp.response(200, TicketSchema)
        def post(self, body: dict[str, Any], number: str) -> Any:
            """Give the ticket back at the fee that was shown. It is on the disk when this answers."""
            return refunds.refund(number, **body, clerk_no=g.clerk.clerk_no)


def _add_orders(bp: Any, ticketing: Ticketing, guard: Guard) -> None:
    @bp.route("/orders")
    class Orders(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(OrderRequest)
        @bp.response(201, OrderSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Choose a ride and hold a seat until it is paid."""
            return ticketing.order(**body, channel="counter")

        @guard("clerk", "agent")
        @bp.response(200, OrderSchema(many=True))
        def get(self) -> Any:
            """Orders that wait for cash, oldest first."""
            return ticketing.waiting()

    @bp.route("/orders/<int(max=9007199254740991):order_no>")
    class OrderDetail(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, OrderSchema)
        def get(self, order_no: int) -> Any:
            """One order."""
            return ticketing.order_view(order_no)

        @guard("clerk", "agent")
        @bp.response(204)
        def delete(self, order_no: int) -> None:
            """Give an order up."""
            ticketing.cancel(order_no)

    @bp.route("/orders/<int(max=9007199254740991):order_no>/confirm")
    class Confirm(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(Payment)
        @bp.response(200, TicketSchema)
        def post(self, body: dict[str, Any], order_no: int) -> Any:
            """The cash is here: sell. Again: the same ticket."""
            return ticketing.confirm(order_no, g.clerk.clerk_no, **body)
