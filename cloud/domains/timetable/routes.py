"""API of the timetable: stops, trips, departures, imports."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from cloud.domains.timetable import service
from cloud.kernel.database import Database
from cloud.kernel.web import NUMBER, Day, PageQuery, reading
from sync.catalogue import LANGUAGES
from sync.kernel.errors import Refusal

MAX_INSTANT_MS = 253_370_000_000_000
LONGEST_SPAN_MS = 31 * 86_400_000


class StopQuery(PageQuery):
    """Words that stand in the stop's name, in any language, or in its feed id."""

    q = fields.String(load_default="", validate=validate.Length(max=200))
    language = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


class StopSchema(Schema):
    """A published stop; ``station`` is the name of the one that it belongs to."""

    stop_no = fields.Integer()
    feed_id = fields.String()
    name = fields.String()
    station = fields.String()


class TripSchema(Schema):
    """A trip on whatever day. Times are seconds from ``start_s``; lists have one item a stop."""

    trip_no = fields.Integer()
    feed_id = fields.String(attribute="trip.feed_id")
    agency_no = fields.Integer()
    route_no = fields.Integer()
    pattern_no = fields.Integer()
    service_no = fields.Integer()
    start_s = fields.Integer()
    approximate = fields.Boolean(attribute="trip.approximate")
    stop_nos = fields.List(fields.Integer())
    arrivals = fields.List(fields.Integer())
    departures = fields.List(fields.Integer())
    pickup = fields.List(fields.Boolean())
    drop_off = fields.List(fields.Boolean())
    zone = fields.String()
    currency = fields.String()
    seat_plan_kind = fields.String()
    capacity = fields.Integer()
    for_sale = fields.Boolean()


class DepartureQuery(Schema):
    """From one stop, in a span of at most 31 days."""

    stop_no = fields.Integer(required=True, validate=NUMBER)
    from_ms = fields.Integer(required=True, validate=validate.Range(min=0, max=MAX_INSTANT_MS))
    until_ms = fields.Integer(required=True, validate=validate.Range(min=0, max=MAX_INSTANT_MS))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))


class DepartureSchema(Schema):
    """A dated trip that calls at the stop."""

    trip_no = fields.Integer()
    day = Day()
    stop_idx = fields.Integer()
    departs_ms = fields.Integer()


class ImportSchema(Schema):
    """One import, with what it changed and what it could not sell."""

    import_no = fields.Integer()
    imported_ms = fields.Integer()
    source = fields.String()
    publisher = fields.String()
    version = fields.String()
    start_day = Day(allow_none=True)
    end_day = Day(allow_none=True)
    report = fields.Function(lambda item: item["report"].as_json())


def blueprint(database: Database) -> Blueprint:
    """Routes of the timetable."""
    routes = Blueprint("timetable", __name__, url_prefix="/api/v1", description="Stops, trips and imports")

    @reading(routes, "/stops", StopSchema(many=True), StopQuery)
    def stops(query: dict[str, Any]) -> list[service.FoundStop]:
        """Published stops by name"""
        with database.read() as tx:
            return service.search_stops(tx, query["q"], query["language"], query["limit"], query["offset"])

    @reading(routes, "/trips/<int(min=1, max=2147483647):trip_no>", TripSchema())
    def trip(trip_no: int) -> service.TripFacts:
        """Everything about one trip"""
        with database.read() as tx:
            facts = service.trip_facts(tx, trip_no)
        if facts is None:
            raise Refusal("trip_unknown", status=404, trip=trip_no)
        return facts

    @reading(routes, "/departures", DepartureSchema(many=True), DepartureQuery)
    def departures(query: dict[str, Any]) -> list[service.DatedTrip]:
        """Departures from a stop on which a ride is for sale, in order"""
        until_ms = min(query["until_ms"], query["from_ms"] + LONGEST_SPAN_MS)
        with database.read() as tx:
            return service.dated_trips_at(tx, [query["stop_no"]], query["from_ms"], until_ms, query["limit"])

    @reading(routes, "/imports", ImportSchema(many=True), PageQuery)
    def imports(query: dict[str, Any]) -> list[dict[str, Any]]:
        """Imports with their reports, the newest first"""
        with database.read() as tx:
            return service.list_imports(tx, query["limit"], query["offset"])

    return routes
