"""API of the register: trust cards that are shown to those on duty."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.register.cards.service import Cards
from edge.kernel.web import Blueprint, Day, Guard
from sync.domains.register.cards.card import KINDS, Verdict


class CardRequest(Schema):
    """What was scanned: the whole text of a card."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=1500))


class CardSchema(Schema):
    """green is good, amber wants a look, red is no good and ``reason`` says why. Of a forged or damaged card there is
    nothing else; ``newer``: the facts are those that the hub told since the card was made. ``as_of_ms``: the last hub
    time that this node saw."""

    colour = fields.String()
    reason = fields.String(allow_none=True)
    notes = fields.List(fields.String())
    as_of_ms = fields.Integer()
    newer = fields.Boolean()
    card_no = fields.Integer()
    kind = fields.String()
    subject_no = fields.Integer()
    label = fields.String()
    operator = fields.String()
    trust_level = fields.String()
    permit_until_day = Day()
    inspection_until_day = Day()


def blueprint(cards: Cards, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("register", __name__, url_prefix="/api/v1/cards", description="Trust cards")

    @bp.route("/checks")
    class CardChecks(MethodView):
        @guard("gate", "clerk")
        @bp.arguments(CardRequest)
        @bp.response(200, CardSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Look at a trust card, with or without a line. One that is no good is on record when this answers."""
            return _said(cards.inspect(body["code"], g.clerk.clerk_no), cards.as_of_ms())

    return bp


def _said(verdict: Verdict, as_of_ms: int) -> dict[str, Any]:
    said: dict[str, Any] = {"colour": verdict.colour, "reason": verdict.reason, "notes": verdict.notes}
    said |= {"as_of_ms": as_of_ms, "newer": verdict.newer is not None}
    if verdict.card is None:
        return said
    facts = verdict.newer or verdict.card.facts
    told = ("subject_no", "label", "operator", "trust_level", "permit_until_day", "inspection_until_day")
    return (
        said
        | {name: getattr(facts, name) for name in told}
        | {"card_no": verdict.card.card_no, "kind": KINDS[facts.kind]}
    )
