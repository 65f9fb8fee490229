"""API of the timetable: open to everybody at the place."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.timetable.journeys.service import MOST, Journeys
from edge.domains.timetable.service import Timetable
from edge.kernel.schemas import NUMBER, ConnectionSchema, PlaceSchema, RideSchema, StopSchema, TripSchema
from edge.kernel.web import Blueprint, Day


class Search(Schema):
    """A text in any language."""

    text = fields.String(load_default="", validate=validate.Length(max=60))


class RidesQuery(Schema):
    """``day`` is a service date; without ``from_stop_no`` any stop of this place."""

    to_stop_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    from_stop_no = fields.Integer(load_default=None, validate=NUMBER)


class JourneysQuery(RidesQuery):
    """``day`` is a calendar day; ``after_ms``: leaving at that instant or later."""

    after_ms = fields.Integer(load_default=None, validate=NUMBER)
    most = fields.Integer(load_default=MOST, validate=validate.Range(1, 12))


class TripQuery(Schema):
    """``day`` is a service date."""

    day = Day(required=True)


def blueprint(timetable: Timetable, journeys: Journeys) -> Any:
    """The API of this domain."""
    bp = Blueprint("timetable", __name__, url_prefix="/api/v1", description="Stops, rides and trips")

    @bp.route("/place")
    class PlaceView(MethodView):
        @bp.response(200, PlaceSchema)
        def get(self) -> Any:
            """Where this box stands; empty before its first exchange."""
            return timetable.place() or {}

    @bp.route("/destinations")
    class Destinations(MethodView):
        @bp.arguments(Search, location="query")
        @bp.response(200, StopSchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """Stops that can be reached from here with a ticket."""
            return timetable.destinations(query["text"])

    @bp.route("/rides")
    class Rides(MethodView):
        @bp.arguments(RidesQuery, location="query")
        @bp.response(200, RideSchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """Rides from here to a stop on a service date, by departure."""
            return timetable.rides(**query)

    @bp.route("/stops")
    class Stops(MethodView):
        @bp.arguments(Search, location="query")
        @bp.response(200, StopSchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """Stops by name, pinyin or initials, wherever they are."""
            return timetable.known_stops(query["text"])

    @bp.route("/journeys")
    class JourneyList(MethodView):
        @bp.arguments(JourneysQuery, location="query")
        @bp.response(200, ConnectionSchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """Ways to a stop on a day with up to two changes, across all operators that this box knows."""
            return journeys.find(**query)

    @bp.route("/departures")
    class Departures(MethodView):
        @bp.arguments(TripQuery, location="query")
        @bp.response(200, RideSchema(many=True))
        def get(self, query: dict[str, Any]) -> Any:
            """What leaves here on a service date."""
            return timetable.departures(query["day"])

    @bp.route("/trips/<int(max=9007199254740991):trip_no>")
    class TripDetail(MethodView):
        @bp.arguments(TripQuery, location="query")
        @bp.response(200, TripSchema)
        def get(self, query: dict[str, Any], trip_no: int) -> Any:
            """A trip on a service date with all of its calls."""
            return timetable.trip(trip_no, query["day"])

    return bp
