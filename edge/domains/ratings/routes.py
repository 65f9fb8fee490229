"""API of ratings: open to passengers, who prove with their ticket that they were there."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.ratings.service import Ratings
from edge.kernel.web import Blueprint, language
from sync.domains.ratings import rules


class RatingRequest(Schema):
    """``ticket``: the whole code, or the number together with ``short_code``."""

    ticket = fields.String(required=True, validate=validate.Length(min=1, max=1200))
    short_code = fields.String(load_default="", validate=validate.Length(max=10))
    level = fields.Integer(required=True, validate=validate.Range(min=1, max=5))
    tags = fields.List(
        fields.String(validate=validate.Length(min=1, max=rules.MAX_TAG)),
        load_default=list,
        validate=validate.Length(max=rules.MAX_TAGS),
    )
    comment = fields.String(load_default="", validate=validate.Length(max=2000))


def blueprint(ratings: Ratings) -> Any:
    """The API of this domain."""
    bp = Blueprint("ratings", __name__, url_prefix="/api/v1", description="Ratings of trips")

    @bp.route("/ratings")
    class RatingsView(MethodView):
        @bp.arguments(RatingRequest)
        @bp.response(201)
        def post(self, body: dict[str, Any]) -> None:
            """Rate the trip that a ticket was used for; once a ticket."""
            ratings.rate(body["ticket"], body["short_code"], body["level"], body["tags"], body["comment"], language())

    return bp
