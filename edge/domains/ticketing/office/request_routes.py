"""API of refunds that the hub decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.ticketing.office.requests import Requests
from edge.domains.ticketing.routes import RefundReason
from edge.kernel.web import Blueprint, Guard


class AskRequest(RefundReason):
    """Take down a request for the ticket with this number or code. ``key``: the same key again gives the same request."""

    ticket = fields.String(required=True, validate=validate.Length(min=1, max=1200))
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))


class WordSchema(Schema):
    """What the hub decided."""

    approved = fields.Boolean()
    fee_minor = fields.Integer()
    refunded_minor = fields.Integer()
    currency = fields.String()
    note = fields.String()


class RequestSchema(Schema):
    """A request; ``state``: waiting, approved, denied, paid."""

    number = fields.String()
    ticket_number = fields.String()
    reason = fields.String()
    kind = fields.String()
    clerk_no = fields.Integer()
    asked_ms = fields.Integer()
    state = fields.String()
    word = fields.Nested(WordSchema, allow_none=True)
    paid_ms = fields.Integer(allow_none=True)
    paid_minor = fields.Integer(allow_none=True)
    currency = fields.String(allow_none=True)


def blueprint(requests: Requests, guard: Guard, soon: Callable[[], None]) -> Any:
    """The API of this part; ``soon`` asks for a visit to the hub."""
    bp = Blueprint("requests", __name__, url_prefix="/api/v1", description="Refunds that the hub decides")

    @bp.route("/refund-requests")
    class RequestList(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(AskRequest)
        @bp.response(201, RequestSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Take a request down. It is on the disk when this answers."""
            made = requests.ask(body["ticket"], body["reason"], g.clerk.clerk_no, body["key"])
            soon()
            return made

        @guard("clerk", "agent")
        @bp.response(200, RequestSchema(many=True))
        def get(self) -> Any:
            """The last requests, those that wait first."""
            return requests.newest()

    @bp.route("/refund-requests/<number>/payment")
    class Payment(MethodView):
        @guard("clerk", "agent")
        @bp.response(200, RequestSchema)
        def post(self, number: str) -> Any:
            """Hand out what the hub approved; again: nothing more happens. It is on the disk when this answers."""
            return requests.pay(number, g.clerk.clerk_no)

    return bp
