"""API of ratings."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from cloud.domains.ratings import service
from cloud.kernel.database import Database
from cloud.kernel.web import NUMBER, Day, PageQuery, reading


class RatingsQuery(PageQuery):
    """Which ratings; without any of these all."""

    trip_no = fields.Integer(load_default=None, validate=NUMBER)
    day = Day(load_default=None)


class RatingSchema(Schema):
    """One passenger's words, without the ticket that proved the ride."""

    trip_no = fields.Integer()
    day = Day()
    level = fields.Integer()
    tags = fields.List(fields.String())
    comment = fields.String()
    language = fields.String()


class RatingSumSchema(Schema):
    """Ratings of one trip; ``levels`` counts from level 1 to 5."""

    trip_no = fields.Integer()
    count = fields.Integer()
    levels = fields.List(fields.Integer())


def blueprint(database: Database) -> Blueprint:
    """Routes of this domain."""
    routes = Blueprint("ratings", __name__, url_prefix="/api/v1", description="What passengers said")

    @reading(routes, "/ratings", RatingSchema(many=True), RatingsQuery)
    def ratings(query: dict[str, Any]) -> list[service.RatingLine]:
        """Ratings, the newest first"""
        with database.read() as tx:
            return service.ratings(tx, **query)

    @reading(routes, "/ratings/trips", RatingSumSchema(many=True), PageQuery)
    def sums(query: dict[str, Any]) -> list[service.RatingSum]:
        """Ratings by trip, the most rated first"""
        with database.read() as tx:
            return service.rating_sums(tx, **query)

    return routes
