"""API of boarding."""

from __future__ import annotations

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from cloud.domains.boarding import service
from cloud.kernel.database import Database
from cloud.kernel.web import Day, reading


class BoardingSchema(Schema):
    """What the gates said of a dated trip; ``refused`` counts by reason."""

    trip_no = fields.Integer()
    day = Day()
    boarded = fields.Integer()
    boarded_twice = fields.Integer()
    refused = fields.Dict(keys=fields.String(), values=fields.Integer())


def blueprint(database: Database) -> Blueprint:
    """Routes of this domain."""
    routes = Blueprint("boarding", __name__, url_prefix="/api/v1", description="Who got on")

    @reading(routes, "/trips/<int(max=2147483647):trip_no>/<day:day>/boarding", BoardingSchema())
    def boarding(trip_no: int, day: int) -> service.BoardingCounts:
        """Boardings and refusals of a dated trip"""
        with database.read() as tx:
            return service.boarding_counts(tx, trip_no, day)

    return routes
