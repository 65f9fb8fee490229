"""API of departure clearance."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.clearance.service import Clearance, DriverShown, Form
from edge.kernel.schemas import NUMBER
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.clearance import rules

_KM = validate.Range(min=0, max=rules.MAX_KM)
_PEOPLE = validate.Range(min=0, max=rules.MAX_PEOPLE)


class DriverRequest(Schema):
    """A driver by the number in the register, by the one with which he or she drives (``clerk_no``), or by the days until which
    the papers are good."""

    number = fields.Integer(load_default=0, validate=NUMBER)
    clerk_no = fields.Integer(load_default=0, validate=NUMBER)
    licence_until_day = Day(load_default=0)
    qualification_until_day = Day(load_default=0)


class FormRequest(Schema):
    """The form of a departure, signed with the ``pin`` of whoever is signed in."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    plate = fields.String(required=True, validate=validate.Length(min=1, max=60))
    aboard = fields.Integer(required=True, validate=_PEOPLE)
    checked = fields.Boolean(required=True)
    belts = fields.Boolean(required=True)
    motorway_km = fields.Integer(load_default=0, validate=_KM)
    other_km = fields.Integer(load_default=0, validate=_KM)
    inspection_until_day = Day(load_default=0)
    permit_until_day = Day(load_default=0)
    capacity = fields.Integer(load_default=0, validate=_PEOPLE)
    drivers = fields.List(
        fields.Nested(DriverRequest), load_default=list, validate=validate.Length(max=rules.MAX_DRIVERS)
    )
    pin = fields.String(required=True, validate=validate.Length(min=1, max=20))


class LackSchema(Schema):
    """What is wrong, and where that is written."""

    code = fields.String()
    source = fields.String()


class AnswerSchema(Schema):
    """Whether the vehicle may leave."""

    cleared = fields.Boolean()
    lacks = fields.List(fields.Nested(LackSchema))


class TripRequest(Schema):
    """A dated trip."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)


class PassengerCountRequest(TripRequest):
    """People counted: aboard after sailing, or (``on_board`` false) let through at the pier."""

    on_board = fields.Boolean(required=True)
    counted = fields.Integer(required=True, validate=_PEOPLE)


class PassengerCountSchema(Schema):
    """By how many the count differs from whom this box boarded."""

    difference = fields.Integer()


def blueprint(clearance: Clearance, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("clearance", __name__, url_prefix="/api/v1/departures", description="Who may leave the station")

    @bp.route("/clearances")
    class Clearances(MethodView):
        @guard("gate", "clerk")
        @bp.arguments(FormRequest)
        @bp.response(200, AnswerSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Clear a departure or refuse it; the answer is on the disk."""
            pin, drivers = body.pop("pin"), tuple(DriverShown(**one) for one in body.pop("drivers"))
            answer = clearance.decide(Form(**body, drivers=drivers), g.clerk.clerk_no, pin)
            lacks = [{"code": code, "source": source} for code, source in answer.lacks]
            return {"cleared": answer.cleared, "lacks": lacks}

        @guard("gate", "clerk")
        @bp.arguments(TripRequest, location="query")
        @bp.response(204)
        def delete(self, query: dict[str, Any]) -> None:
            """Take a clearance back."""
            clearance.undo(query["trip_no"], query["day"], g.clerk.clerk_no)

    @bp.route("/counts")
    class Counts(MethodView):
        @guard("gate", "clerk", "driver")
        @bp.arguments(PassengerCountRequest)
        @bp.response(200, PassengerCountSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Write down how many people were counted."""
            return {"difference": clearance.count(**body, clerk_no=g.clerk.clerk_no)}

    return bp
