"""API of seats: what is open here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.inventory.elsewhere.service import Enquiry
from edge.domains.inventory.service import Inventory
from edge.kernel.schemas import RideKey
from edge.kernel.web import Blueprint, Guard
from sync.kernel.errors import Refusal


class AskSchema(RideKey):
    """Ask the hub for seats on a ride."""

    count = fields.Integer(load_default=1, validate=validate.Range(min=1, max=50))


class SeatSchema(Schema):
    """A seat on the map."""

    seat = fields.Integer()
    label = fields.String()
    row = fields.Integer()
    column = fields.Integer()
    state = fields.String()


class AvailabilitySchema(Schema):
    """Places open in this node's hands, with the seat map when seats are reserved."""

    kind = fields.String()
    places = fields.Integer()
    capacity = fields.Integer()
    seats = fields.List(fields.Nested(SeatSchema))


class ElsewhereSchema(Schema):
    """Places in other hands, and how old that figure is."""

    places = fields.Integer()
    age_s = fields.Integer()


def blueprint(inventory: Inventory, elsewhere: Enquiry, guard: Guard, on_ask: Callable[[], None]) -> Any:
    """The API of this domain. ``on_ask`` makes the node visit the hub soon."""
    bp = Blueprint("inventory", __name__, url_prefix="/api/v1", description="Seats and places")

    @bp.route("/trips/<int(max=9007199254740991):trip_no>/seats")
    class Seats(MethodView):
        @bp.arguments(RideKey, location="query")
        @bp.response(200, AvailabilitySchema)
        def get(self, query: dict[str, Any], trip_no: int) -> Any:
            """What is open here for a ride."""
            where = (trip_no, query["day"], query["from_idx"], query["to_idx"])
            found = inventory.availability(*where)
            return {
                "kind": found.kind,
                "places": found.places,
                "capacity": found.capacity,
                "seats": inventory.seat_map(*where),
            }

        @guard("clerk", "agent")
        @bp.arguments(AskSchema)
        @bp.response(202)
        def post(self, body: dict[str, Any], trip_no: int) -> None:
            """Ask the hub for seats on a ride; they come with the next exchange."""
            inventory.ask(trip_no, body["day"], body["from_idx"], body["to_idx"], body["count"])
            on_ask()

    @bp.route("/trips/<int(max=9007199254740991):trip_no>/elsewhere")
    class Elsewhere(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(RideKey, location="query")
        @bp.response(200, ElsewhereSchema)
        def get(self, query: dict[str, Any], trip_no: int) -> Any:
            """Ask the hub what is left of a ride in other hands; while it is away, what it last said."""
            where = (trip_no, query["day"], query["from_idx"], query["to_idx"])
            try:
                elsewhere.ask([where])
            except Refusal:
                if elsewhere.known(where) is None:
                    raise
            found = elsewhere.known(where)
            if found is None:
                raise Refusal("elsewhere_unknown", status=404)
            return found

    return bp
