"""API of the manifest."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.boarding.manifest.service import Manifest
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.boarding.rules import STATES
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

MARKS = ("no_show", "alighted", "undo")


class DayArgument(Schema):
    """The service date."""

    day = Day(required=True)


class LineSchema(Schema):
    """A passenger. ``name`` is masked; ``at_idx``: where the seat was left."""

    number = fields.String()
    from_idx = fields.Integer()
    to_idx = fields.Integer()
    seat_label = fields.String()
    rider = fields.String()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    at_idx = fields.Integer(allow_none=True)


class StopCountSchema(Schema):
    """Counts at one stop, and of people aboard behind it."""

    idx = fields.Integer()
    to_board = fields.Integer()
    boarded = fields.Integer()
    to_alight = fields.Integer()
    aboard = fields.Integer()


class ManifestSchema(Schema):
    """Who is on a trip. ``left_idx``: the last stop that the vehicle left, -1 for none; ``runs``: this box runs it."""

    lines = fields.List(fields.Nested(LineSchema))
    stops = fields.List(fields.Nested(StopCountSchema))
    states = fields.Dict(keys=fields.String(), values=fields.Integer())
    riders = fields.Dict(keys=fields.String(), values=fields.Integer())
    left_idx = fields.Integer()
    runs = fields.Boolean()
    capacity = fields.Integer()


class MarkRequest(Schema):
    """What the crew saw of a passenger."""

    day = Day(required=True)
    number = fields.String(required=True, validate=validate.Length(min=1, max=60))
    mark = fields.String(required=True, validate=validate.OneOf(MARKS))


class LeftRequest(Schema):
    """The vehicle left this stop; -1: it stands at its first one."""

    day = Day(required=True)
    left_idx = fields.Integer(required=True, validate=validate.Range(min=-1, max=1000))


def blueprint(manifest: Manifest, guard: Guard) -> Any:
    """The API of the manifest."""
    bp = Blueprint("manifest", __name__, url_prefix="/api/v1/trips", description="Who is on a trip")

    @bp.route("/<int(max=9007199254740991):trip_no>/manifest")
    class OfTrip(MethodView):
        @guard("gate", "clerk", "driver")
        @bp.arguments(DayArgument, location="query")
        @bp.response(200, ManifestSchema)
        def get(self, query: dict[str, Any], trip_no: int) -> Any:
            """Who is expected, aboard, absent, gone."""
            return manifest.view(trip_no, query["day"])

    @bp.route("/<int(max=9007199254740991):trip_no>/marks")
    class Marks(MethodView):
        @guard("gate", "clerk", "driver")
        @bp.arguments(MarkRequest)
        @bp.response(204)
        def post(self, body: dict[str, Any], trip_no: int) -> None:
            """Say that a passenger did not come or got off, or take back what was said last."""
            mark(manifest, trip_no, body["day"], body["number"], body["mark"], g.clerk.clerk_no)

    @bp.route("/<int(max=9007199254740991):trip_no>/left")
    class Left(MethodView):
        @guard("gate", "clerk", "driver")
        @bp.arguments(LeftRequest)
        @bp.response(204)
        def put(self, body: dict[str, Any], trip_no: int) -> None:
            """Say which stop the vehicle left last."""
            manifest.leave(trip_no, body["day"], body["left_idx"])

    return bp


def mark(manifest: Manifest, trip_no: int, day: int, number: str, kind: str, clerk_no: int) -> None:
    """Do what ``kind`` (of MARKS) says. Raises :class:`Refusal` ``not_on_manifest``, and as the manifest."""
    found = TicketId.from_number(number)
    if found is None:
        raise Refusal("not_on_manifest", status=404)
    act = {"no_show": manifest.no_show, "alighted": manifest.alight, "undo": manifest.undo}[kind]
    act(trip_no, day, found.to_bytes(), clerk_no)
