"""API of sales on board."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields

from edge.domains.ticketing.office.aboard import WalkUp, WalkUps
from edge.domains.ticketing.routes import SaleRequest, TicketSchema
from edge.kernel.schemas import INDEX, NUMBER, RideSchema
from edge.kernel.web import Blueprint, Day, Guard


class WayQuery(Schema):
    """From which stop of which trip."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    from_idx = fields.Integer(required=True, validate=INDEX)


class WaySchema(Schema):
    """A ride and the places that this box can sell for it."""

    ride = fields.Nested(RideSchema)
    places = fields.Integer()


def blueprint(walk_ups: WalkUps, guard: Guard) -> Any:
    """The API of sales on board."""
    bp = Blueprint("walk_ups", __name__, url_prefix="/api/v1/walk-ups", description="Selling on board")

    @bp.route("")
    class Sales(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(WayQuery, location="query")
        @bp.response(200, WaySchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """Where somebody who gets on at a stop may ride to."""
            return walk_ups.ways(**query)

        @guard("clerk", "agent")
        @bp.arguments(SaleRequest)
        @bp.response(201, TicketSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Sell to somebody who gets on, and board the ticket."""
            key, tendered = body.pop("key"), body.pop("tendered_minor")
            return walk_ups.sell(WalkUp(**body), g.clerk.clerk_no, key, tendered)

    return bp
