"""API of what may be done with a ticket after its sale, besides refunds."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.ticketing.office.affected import AffectedTickets
from edge.domains.ticketing.office.booking_routes import LegSchema
from edge.domains.ticketing.office.onward import Onward
from edge.domains.ticketing.office.rebooking import Rebooking
from edge.domains.ticketing.office.reissue import Reissuing
from edge.domains.ticketing.office.shapes import Compared, Comparison, DocumentSchema
from edge.domains.ticketing.office.travellers import Travellers
from edge.domains.ticketing.routes import AMOUNT, RefundReason, TicketSchema
from edge.kernel.schemas import NUMBER, RideKey, RideSchema
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.ticketing.office.bookings import MOST_LEGS
from sync.domains.ticketing.office.reissue import CAUSES


class DayQuery(Schema):
    """A service date."""

    day = Day(required=True)


class NewRide(RideKey, RefundReason):
    """The ride for which a ticket is exchanged, and why."""

    trip_no = fields.Integer(required=True, validate=NUMBER)


class RebookOfferSchema(Schema):
    """What an exchange costs now. ``due_minor``: the passenger pays; below 0: is handed back."""

    number = fields.String(attribute="ticket.number")
    currency = fields.String(attribute="ticket.currency")
    ride = fields.Nested(RideSchema)
    reason = fields.String()
    fee_minor = fields.Integer()
    price_minor = fields.Integer()
    due_minor = fields.Integer()
    rule = fields.String()
    clock_sure = fields.Boolean()


class RebookRequest(NewRide):
    """Take an offer: ``due_minor`` as it was shown. ``key``: the same key again gives the same new ticket."""

    seat = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=1000))
    due_minor = fields.Integer(required=True, validate=validate.Range(min=-AMOUNT.max, max=AMOUNT.max))
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))
    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)


class ReissueRequest(Schema):
    """Why a ticket gets a new paper. ``key``: the same key again gives the same new ticket."""

    cause = fields.String(required=True, validate=validate.OneOf(CAUSES))
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))
    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)


class AffectedSchema(Schema):
    """A trip that does not run as planned, and the tickets for it that were sold here and are still good. ``moved``: those
    that another vehicle has another seat for."""

    trip_no = fields.Integer(attribute="trip.trip_no")
    day = Day(attribute="trip.day")
    kind = fields.String(attribute="said.kind")
    minutes = fields.Integer(attribute="said.minutes")
    note = fields.String(attribute="said.note")
    reason = fields.String()
    tickets = fields.List(fields.Nested(TicketSchema))
    moved = fields.List(fields.Nested(TicketSchema))


class RestLegSchema(Schema):
    """One ride of a rest, and the numbers of the tickets in whose place it comes."""

    ride = fields.Nested(RideSchema)
    tickets = fields.List(fields.Pluck(TicketSchema, "number"))


class RestSchema(Schema):
    """What takes the place of the rest of a broken journey. ``due_minor``: all of them pay; below 0: is handed back."""

    legs = fields.List(fields.Nested(RestLegSchema))
    due_minor = fields.Integer()
    currency = fields.String()


class RestRequest(Schema):
    """Take that offer: its rides and ``due_minor`` as they were shown. ``key``: the same key again, the same tickets."""

    rides = fields.List(fields.Nested(LegSchema), required=True, validate=validate.Length(min=1, max=MOST_LEGS))
    due_minor = fields.Integer(required=True, validate=validate.Range(min=-AMOUNT.max, max=AMOUNT.max))
    key = fields.String(required=True, validate=validate.Length(min=8, max=64))


def blueprint(
    rebooking: Rebooking,
    onward: Onward,
    reissuing: Reissuing,
    affected: AffectedTickets,
    travellers: Travellers,
    guard: Guard,
) -> Any:
    """The API of the office."""
    bp = Blueprint("office", __name__, url_prefix="/api/v1", description="Rebookings, reissues and disruptions")
    _add_affected(bp, affected, guard)
    _add_rebooking(bp, rebooking, guard)
    _add_onward(bp, onward, guard)
    _add_reissue(bp, reissuing, guard)
    _add_documents(bp, travellers, guard)
    return bp


def _add_rebooking(bp: Any, rebooking: Rebooking, guard: Guard) -> None:
    @bp.route("/tickets/<number>/rides")
    class Rides(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(DayQuery, location="query")
        @bp.response(200, RideSchema(many=True))
        def get(self, query: dict[str, Any], number: str) -> Any:
            """Rides of a date for which this ticket may be exchanged, by departure."""
            return rebooking.rides(number, query["day"])

    @bp.route("/tickets/<number>/rebooking")
    class Rebook(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(NewRide, location="query")
        @bp.response(200, RebookOfferSchema)
        def get(self, query: dict[str, Any], number: str) -> Any:
            """What exchanging this ticket for that ride would cost now."""
            return rebooking.offer(number, _where(query), query["reason"])

        @guard("clerk", "agent")
        @bp.arguments(RebookRequest)
        @bp.response(201, TicketSchema)
        def post(self, body: dict[str, Any], number: str) -> Any:
            """Exchange the ticket for what was shown; gives the new one. It is on the disk when this answers."""
            return rebooking.rebook(
                number, _where(body), body["seat"], body["reason"], body["due_minor"], g.clerk.clerk_no, body["key"],
                body["document"],
            )  # fmt: skip


def _add_onward(bp: Any, onward: Onward, guard: Guard) -> None:
    @bp.route("/tickets/<number>/onward")
    class Rest(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, RestSchema)
        def get(self, number: str) -> Any:
            """What the rest of a journey that the carrier broke would be exchanged for now, for all who ride."""
            return onward.offer(number)

        @guard("clerk", "agent")
        @bp.arguments(RestRequest)
        @bp.response(201, TicketSchema)
        def post(self, body: dict[str, Any], number: str) -> Any:
            """Exchange all of it or nothing; gives the first new ticket. It is on the disk when this answers."""
            rides = tuple(_where(one) for one in body["rides"])
            return onward.take(number, rides, body["due_minor"], g.clerk.clerk_no, body["key"])


def _add_affected(bp: Any, affected: AffectedTickets, guard: Guard) -> None:
    @bp.route("/disruptions")
    class Disruptions(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, AffectedSchema(many=True))
        def get(self) -> Any:
            """Trips that do not run as planned, the soonest first, with the tickets whose passengers are to be helped."""
            return affected.all()


def _add_reissue(bp: Any, reissuing: Reissuing, guard: Guard) -> None:
    @bp.route("/tickets/<number>/reissue")
    class Reissue(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(ReissueRequest)
        @bp.response(201, TicketSchema)
        def post(self, body: dict[str, Any], number: str) -> Any:
            """A new paper for the same ride, the old one void; gives the new ticket. It is on the disk when this answers."""
            return reissuing.reissue(number, body["cause"], g.clerk.clerk_no, body["key"], body["document"])


def _where(given: dict[str, Any]) -> tuple[int, int, int, int]:
    return given["trip_no"], given["day"], given["from_idx"], given["to_idx"]


def _add_documents(bp: Any, travellers: Travellers, guard: Guard) -> None:
    @bp.route("/documents/compare")
    class Compare(MethodView):
        @guard("clerk", "agent", "gate")
        @bp.arguments(Comparison)
        @bp.response(200, Compared)
        def post(self, body: dict[str, Any]) -> Any:
            """Whether a ticket was sold to the document that is shown with it. Nothing of it is kept."""
            return {"fits": travellers.fits(body["code"], body["document"])}
