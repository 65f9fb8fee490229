"""API of the trip as it is driven."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.duties.service import WORDS, Duties, TripNow, Word
from edge.kernel.schemas import INDEX, NUMBER, TripSchema
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.disruption.rules import MAX_DELAY_MINUTES
from sync.domains.duties.events import DELAY_REASONS
from sync.domains.duties.rules import MAX_NOTE


class WordRequest(Schema):
    """What a driver says of a dated trip; ``idx`` is a stop of it. A word that does not fit what stands is refused."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    word = fields.String(required=True, validate=validate.OneOf(WORDS))
    idx = fields.Integer(load_default=0, validate=INDEX)
    minutes = fields.Integer(load_default=0, validate=validate.Range(min=0, max=MAX_DELAY_MINUTES))
    reason = fields.String(load_default="", validate=validate.OneOf(("", *DELAY_REASONS)))
    note = fields.String(load_default="", validate=validate.Length(max=MAX_NOTE))


class TripNowSchema(Schema):
    """A trip and where it stands. ``phase``: planned, running or ended; ``idx``: the last stop reached, ``standing`` while the
    vehicle is there; ``ends_idx``: where it ends before its last stop."""

    trip = fields.Nested(TripSchema)
    vehicle = fields.String()
    drivers = fields.List(fields.Integer())
    phase = fields.String()
    idx = fields.Integer()
    standing = fields.Boolean()
    next_idx = fields.Integer(allow_none=True)
    ends_idx = fields.Integer(allow_none=True)
    started_ms = fields.Integer(allow_none=True)
    ended_ms = fields.Integer(allow_none=True)
    delay_minutes = fields.Integer()
    reason = fields.String()
    note = fields.String()
    driver_no = fields.Integer()


def blueprint(duties: Duties, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("duties", __name__, url_prefix="/api/v1/duties", description="The trip as it is driven")

    @bp.route("")
    class Today(MethodView):
        @guard("driver", "gate", "clerk")
        @bp.response(200, TripNowSchema(many=True))
        def get(self) -> Any:
            """The trips that this box runs, from yesterday on."""
            return [_shown(one) for one in duties.today()]

    @bp.route("/words")
    class Words(MethodView):
        @guard("driver")
        @bp.arguments(WordRequest())
        @bp.response(200, TripNowSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Say something of a trip. It is on the disk when this answers."""
            where = (body.pop("trip_no"), body.pop("day"))
            return _shown(duties.say(where, g.clerk.clerk_no, Word(body.pop("word"), **body)))

    return bp


def _shown(one: TripNow) -> dict[str, Any]:
    run, ahead = one.run, one.next_call
    return {
        "trip": one.trip, "vehicle": one.vehicle, "drivers": one.drivers, "phase": run.phase, "idx": run.idx,
        "standing": run.standing, "next_idx": ahead.idx if ahead else None, "ends_idx": run.ends_idx,
        "started_ms": run.started_ms, "ended_ms": run.ended_ms, "delay_minutes": one.delay_minutes,
        "reason": run.reason, "note": run.note, "driver_no": run.driver_no,
    }  # fmt: skip
