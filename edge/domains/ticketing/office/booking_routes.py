"""API of bookings: quote, hold, sell, pay, look up."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.ticketing.office.bookings import Bookings, Quote, Rider, Wish
from edge.domains.ticketing.office.shapes import DocumentSchema
from edge.domains.ticketing.routes import OrderSchema, Payment, TicketSchema
from edge.kernel.schemas import NUMBER, RideKey, names
from edge.kernel.web import Blueprint, Guard
from sync.domains.ticketing.events import PROOFS
from sync.domains.ticketing.office.bookings import MOST_LEGS, MOST_RIDERS
from sync.domains.ticketing.office.fares import MOST_OF_ONE_EXTRA
from sync.kernel.ticket import RIDERS

_SEAT = validate.Range(min=1, max=1000)


class LegSchema(RideKey):
    """One ride of a booking."""

    trip_no = fields.Integer(required=True, validate=NUMBER)


class RiderRequest(Schema):
    """One rider. ``seat`` is that on the first leg, ``seats`` has one a leg; null or none: the box chooses. ``proof``: what
    was seen for a concession."""

    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)
    rider = fields.String(load_default=RIDERS[0], validate=validate.OneOf(RIDERS))
    proof = fields.String(load_default="", validate=validate.OneOf(PROOFS))
    seat = fields.Integer(load_default=None, allow_none=True, validate=_SEAT)
    seats = fields.List(
        fields.Integer(allow_none=True, validate=_SEAT), load_default=list, validate=validate.Length(max=MOST_LEGS)
    )


class ExtraRequest(Schema):
    """``count`` of an extra of the published rules."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=20))
    count = fields.Integer(load_default=1, validate=validate.Range(min=1, max=MOST_OF_ONE_EXTRA))


class WishRequest(Schema):
    """What a booking is to be: every rider rides every leg."""

    legs = fields.List(fields.Nested(LegSchema), required=True, validate=validate.Length(min=1, max=MOST_LEGS))
    riders = fields.List(fields.Nested(RiderRequest), required=True, validate=validate.Length(min=1, max=MOST_RIDERS))
    extras = fields.List(fields.Nested(ExtraRequest), load_default=list, validate=validate.Length(max=MOST_RIDERS))


class BookingRequest(WishRequest):
    """Sell all of it or nothing. ``key``: the same key again gives the same booking."""

    key = fields.String(required=True, validate=validate.Length(min=8, max=80))
    tendered_minor = Payment().fields["tendered_minor"]


class PartyPayment(Schema):
    """Cash that was handed over; without it the exact price. ``documents``: one a rider, where the line wants names;
    ``proofs``: one a rider, of those who held a concession at a kiosk."""

    tendered_minor = Payment().fields["tendered_minor"]
    documents = fields.List(
        fields.Nested(DocumentSchema, allow_none=True), load_default=list, validate=validate.Length(max=MOST_RIDERS)
    )
    proofs = fields.List(
        fields.String(validate=validate.OneOf(PROOFS)), load_default=list, validate=validate.Length(max=MOST_RIDERS)
    )


class FareLineSchema(Schema):
    """One rider on one leg (from 0): price, and the rule that gives it."""

    leg = fields.Integer()
    rider = fields.String()
    price_minor = fields.Integer()
    rule = fields.String()


class QuotedExtraSchema(Schema):
    """What an extra costs, as many as are wanted together."""

    code = fields.String()
    count = fields.Integer()
    price_minor = fields.Integer()


class ExtraSchema(Schema):
    """What goes along, for ``price_minor`` together."""

    code = fields.String()
    names = names()
    count = fields.Integer()
    price_minor = fields.Integer()


class QuoteSchema(Schema):
    """What a booking costs now."""

    lines = fields.List(fields.Nested(FareLineSchema))
    extras = fields.List(fields.Nested(QuotedExtraSchema))
    total_minor = fields.Integer()
    currency = fields.String()


class BookingSchema(Schema):
    """Tickets that were paid together, leg by leg; ``number`` is that of the first."""

    number = fields.String()
    tickets = fields.List(fields.Nested(TicketSchema))
    extras = fields.List(fields.Nested(ExtraSchema))
    total_minor = fields.Integer()
    currency = fields.String()


def blueprint(bookings: Bookings, guard: Guard) -> Any:
    """The API of bookings."""
    bp = Blueprint("bookings", __name__, url_prefix="/api/v1", description="Several riders and legs, paid together")
    _add_bookings(bp, bookings, guard)
    _add_offers(bp, bookings, guard)
    return bp


def _add_bookings(bp: Any, bookings: Bookings, guard: Guard) -> None:
    @bp.route("/bookings")
    class BookingList(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(BookingRequest)
        @bp.response(201, BookingSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Sell several riders' tickets for cash, all or none. They are on the disk when this answers."""
            return bookings.sell(wish_of(body), g.clerk.clerk_no, body["key"], body["tendered_minor"])

    @bp.route("/bookings/<number>")
    class BookingDetail(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, BookingSchema)
        def get(self, number: str) -> Any:
            """The booking of a ticket."""
            return bookings.find(number)

    @bp.route("/orders/<int(max=9007199254740991):order_no>/pay")
    class Pay(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(PartyPayment)
        @bp.response(200, BookingSchema)
        def post(self, body: dict[str, Any], order_no: int) -> Any:
            """The cash for an order is here, of one rider or of several: sell. Again: the same booking."""
            return bookings.pay(order_no, g.clerk.clerk_no, **body)


def _add_offers(bp: Any, bookings: Bookings, guard: Guard) -> None:
    @bp.route("/bookings/quote")
    class QuoteView(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(WishRequest)
        @bp.response(200, QuoteSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """What a booking would cost now, line by line; nothing is held."""
            return quote_view(bookings.quote(wish_of(body)))

    @bp.route("/bookings/hold")
    class Hold(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(WishRequest)
        @bp.response(201, OrderSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Hold a seat for each rider on each leg until it is paid."""
            return bookings.hold(wish_of(body), "counter")


def wish_of(body: dict[str, Any]) -> Wish:
    """The booking that a request asks for."""
    legs = tuple((leg["trip_no"], leg["day"], leg["from_idx"], leg["to_idx"]) for leg in body["legs"])
    riders = tuple(
        Rider(one["rider"], tuple(one["seats"]) or (one["seat"],), one["proof"], one["document"])
        for one in body["riders"]
    )
    return Wish(legs, riders, tuple((extra["code"], extra["count"]) for extra in body["extras"]))


def quote_view(quote: Quote) -> dict[str, Any]:
    """A quote as the API answers it."""
    lines = [
        {"leg": line.leg, "rider": RIDERS[line.fare.rider], "price_minor": line.fare.minor, "rule": line.fare.rule}
        for line in quote.lines
    ]
    return {"lines": lines, "extras": quote.extras, "total_minor": quote.total_minor, "currency": quote.currency}
