"""API of the gate."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.boarding.service import Boarding
from edge.kernel.schemas import LABEL, NUMBER, RideSchema, TripSchema, names
from edge.kernel.web import Blueprint, Day, Guard


class ShownNumber(Schema):
    """What the passenger shows with a ticket that was sold by name; nothing of it is kept."""

    document_type = fields.String(required=True, validate=validate.Length(max=80))
    number = fields.String(required=True, validate=validate.Length(min=1, max=80))


class CheckRequest(Schema):
    """A scanned code, and the trip that the gate boards. ``stop_idx``: where the vehicle stands, if known."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=1200))
    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    gate = fields.String(load_default="gate", validate=LABEL)
    stop_idx = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=0, max=1000))
    document = fields.Nested(ShownNumber, load_default=None, allow_none=True)


class VerdictSchema(Schema):
    """green may board, amber may board but something was not checked, red may not and ``reason`` says why.
    ``old_seat_label``: the seat in its code, where another vehicle has another for it. ``first_ms``:
    when it was used first, or since when it is void; ``newer``: the number of the ticket that took its place."""

    colour = fields.String()
    reason = fields.String(allow_none=True)
    notes = fields.List(fields.String())
    number = fields.String(allow_none=True)
    seat_label = fields.String()
    old_seat_label = fields.String()
    from_names = names(allow_none=True)
    to_names = names(allow_none=True)
    first_ms = fields.Integer(allow_none=True)
    first_gate = fields.String()
    newer = fields.String(allow_none=True)
    right = fields.Nested(RideSchema, allow_none=True)


class TripKey(Schema):
    """A dated trip."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)


class CurrentSchema(Schema):
    """What this box boards now; null when nothing was chosen and no duty waits."""

    trip_no = fields.Integer(allow_none=True)
    day = Day(allow_none=True)
    boarded = fields.Integer()
    expected = fields.Integer(allow_none=True)


def blueprint(boarding: Boarding, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("boarding", __name__, url_prefix="/api/v1/boarding", description="Checking tickets")

    @bp.route("/checks")
    class Checks(MethodView):
        @guard("gate", "clerk")
        @bp.arguments(CheckRequest)
        @bp.response(200, VerdictSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Decide on a code. An acceptance is on the disk when this answers."""
            shown = body.pop("document")
            document = (shown["document_type"], shown["number"]) if shown else None
            return boarding.check(**body, document=document, clerk_no=g.clerk.clerk_no)

    @bp.route("/current")
    class Current(MethodView):
        @guard("gate", "clerk")
        @bp.response(200, CurrentSchema)
        def get(self) -> Any:
            """What this box boards now."""
            current = boarding.current()
            if current is None:
                return {"trip_no": None, "day": None, "boarded": 0, "expected": None}
            boarded, expected = boarding.counts(*current)
            return {"trip_no": current[0], "day": current[1], "boarded": boarded, "expected": expected}

        @guard("gate", "clerk")
        @bp.arguments(TripKey)
        @bp.response(204)
        def put(self, body: dict[str, Any]) -> None:
            """Board this trip from now on."""
            boarding.choose(body["trip_no"], body["day"], g.clerk.clerk_no)

    @bp.route("/duties")
    class Duties(MethodView):
        @guard("gate", "clerk")
        @bp.response(200, TripSchema(many=True))
        def get(self) -> Any:
            """The trips that this box runs."""
            return boarding.duties()

    return bp
