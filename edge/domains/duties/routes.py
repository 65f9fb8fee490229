"""API of the trip as it is driven."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.duties.handover.service import Handovers
from edge.domains.duties.service import WORDS, Duties, TripNow, Word
from edge.kernel.schemas import INDEX, NUMBER, TripSchema
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.disruption.rules import MAX_DELAY_MINUTES
from sync.domains.duties.events import DELAY_REASONS
from sync.domains.duties.operations import LEAST_NUMBER, MAX_FRAMES
from sync.domains.duties.rules import MAX_NOTE


class WordRequest(Schema):
    """What a driver says of a dated trip; ``idx`` is a stop of it. A word that does not fit what stands is refused.

    ``anyway``: start although a rule of rest would be broken.
    """

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    word = fields.String(required=True, validate=validate.OneOf(WORDS))
    idx = fields.Integer(load_default=0, validate=INDEX)
    minutes = fields.Integer(load_default=0, validate=validate.Range(min=0, max=MAX_DELAY_MINUTES))
    reason = fields.String(load_default="", validate=validate.OneOf(("", *DELAY_REASONS)))
    note = fields.String(load_default="", validate=validate.Length(max=MAX_NOTE))
    anyway = fields.Boolean(load_default=False)


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


class HandoverRequest(Schema):
    """Which trip goes to which box."""

    trip_no = fields.Integer(required=True, validate=NUMBER)
    day = Day(required=True)
    to_node_no = fields.Integer(required=True, validate=NUMBER)


class FramesSchema(Schema):
    """Texts of QR codes, in order."""

    frames = fields.List(fields.String())


class TakeRequest(Schema):
    """What was scanned, in any order; or the ``number`` of a handover that the hub passed on."""

    text = validate.Length(min=1, max=1_000)
    frames = fields.List(fields.String(validate=text), load_default=list, validate=validate.Length(max=2 * MAX_FRAMES))
    number = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(min=LEAST_NUMBER, max=2**63 - 1)
    )


def blueprint(duties: Duties, handovers: Handovers, guard: Guard) -> Any:
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
        @bp.arguments(WordRequest)
        @bp.response(200, TripNowSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Say something of a trip. It is on the disk when this answers."""
            where = (body.pop("trip_no"), body.pop("day"))
            return _shown(duties.say(where, g.clerk.clerk_no, Word(body.pop("word"), **body)))

    @bp.route("/handovers")
    class Giving(MethodView):
        @guard("driver")
        @bp.arguments(HandoverRequest)
        @bp.response(200, FramesSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Give a trip to another box. Its seats are given up here, on the disk, when this answers."""
            where = (body["trip_no"], body["day"])
            return {"frames": handovers.give(where, g.clerk.clerk_no, body["to_node_no"])}

    @bp.route("/takeovers")
    class Taking(MethodView):
        @guard("driver")
        @bp.arguments(TakeRequest)
        @bp.response(200, TripNowSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Go on with a trip of another box; the same again changes nothing."""
            if body["number"] is not None:
                return _shown(handovers.take_told(body["number"], g.clerk.clerk_no))
            return _shown(handovers.take(body["frames"], g.clerk.clerk_no))

    return bp


def _shown(one: TripNow) -> dict[str, Any]:
    run, ahead = one.run, one.next_call
    return {
        "trip": one.trip, "vehicle": one.vehicle, "drivers": one.drivers, "phase": run.phase, "idx": run.idx,
        "standing": run.standing, "next_idx": ahead.idx if ahead else None, "ends_idx": run.ends_idx,
        "started_ms": run.started_ms, "ended_ms": run.ended_ms, "delay_minutes": one.delay_minutes,
        "reason": run.reason, "note": run.note, "driver_no": run.driver_no,
    }  # fmt: skip
