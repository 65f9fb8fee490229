"""API of shifts."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.domains.shifts.service import Shifts
from edge.kernel.accounts import Accounts
from edge.kernel.web import Blueprint, Guard
from sync.domains.shifts.events import CASH_REASONS
from sync.domains.shifts.rules import MAX_AMOUNT_MINOR
from sync.domains.ticketing.events import PAYMENTS

AMOUNT = validate.Range(min=0, max=MAX_AMOUNT_MINOR)
CURRENCY = validate.Regexp("^[A-Z]{3}$")
NUMBER = validate.Range(min=0, max=2**31 - 1)
MOST = validate.Length(max=40)


class Amount(Schema):
    """Cash of one currency."""

    currency = fields.String(required=True, validate=CURRENCY)
    amount_minor = fields.Integer(required=True, validate=AMOUNT)


class OpenRequest(Schema):
    """``float``: what lies in the drawer already, by currency."""

    float_amounts = fields.List(fields.Nested(Amount), data_key="float", load_default=list, validate=MOST)


class CashRequest(Amount):
    """Cash put in (``into``) or taken out. ``key``: the same key again does nothing more."""

    into = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(CASH_REASONS))
    key = fields.String(required=True, validate=validate.Length(min=8, max=80))


class Count(Amount):
    """What was counted of one currency and kind of payment."""

    payment = fields.String(load_default=PAYMENTS[0], validate=validate.OneOf(PAYMENTS))


class Pieces(Schema):
    """How many of one note or coin."""

    currency = fields.String(required=True, validate=CURRENCY)
    worth_minor = fields.Integer(required=True, validate=NUMBER)
    count = fields.Integer(required=True, validate=NUMBER)


class Successor(Schema):
    """Who goes on with the drawer, signing for it."""

    clerk_no = fields.Integer(required=True, validate=NUMBER)
    pin = fields.String(required=True, validate=validate.Length(min=1, max=40))


class CloseRequest(Schema):
    """``counted``: sums; ``pieces``: notes and coins, where no sum is given. Cash that nobody counted counts as none."""

    counted = fields.List(fields.Nested(Count), load_default=list, validate=MOST)
    pieces = fields.List(fields.Nested(Pieces), load_default=list, validate=validate.Length(max=200))
    taken_by = fields.Nested(Successor, load_default=None, allow_none=True)


class SlipLineSchema(Schema):
    """Of one currency and kind of payment. ``difference_minor``: counted less expected, null where nothing was counted."""

    currency = fields.String()
    payment = fields.String()
    float_minor = fields.Integer()
    sold = fields.Integer()
    sold_minor = fields.Integer()
    refunds = fields.Integer()
    refunded_minor = fields.Integer()
    paid_in_minor = fields.Integer()
    paid_out_minor = fields.Integer()
    expected_minor = fields.Integer()
    counted_minor = fields.Integer(allow_none=True)
    difference_minor = fields.Integer(allow_none=True)


class PartSchema(Schema):
    """Sales and refunds of one line of the timetable, or to one kind of rider."""

    names = fields.Dict(keys=fields.String(), values=fields.String())
    name = fields.String()
    currency = fields.String()
    sold = fields.Integer(attribute="sums.sold")
    sold_minor = fields.Integer(attribute="sums.sold_minor")
    refunds = fields.Integer(attribute="sums.refunds")
    refunded_minor = fields.Integer(attribute="sums.refunded_minor")


class SlipSchema(Schema):
    """A shift. ``closed_ms`` null: it is open. ``taken_from``, ``taken_by``: shift before and clerk after, 0 for none."""

    shift_no = fields.Integer()
    clerk_no = fields.Integer()
    opened_ms = fields.Integer()
    closed_ms = fields.Integer(allow_none=True)
    taken_from = fields.Integer()
    taken_by = fields.Integer()
    lines = fields.List(fields.Nested(SlipLineSchema))
    by_route = fields.List(fields.Nested(PartSchema))
    by_rider = fields.List(fields.Nested(PartSchema))


def blueprint(shifts: Shifts, accounts: Accounts, guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("shifts", __name__, url_prefix="/api/v1/shifts", description="Shifts and their cash")

    @bp.route("")
    class Open(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(OpenRequest)
        @bp.response(201, SlipSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Begin a shift; one at a time."""
            amounts = {one["currency"]: one["amount_minor"] for one in body["float_amounts"]}
            return shifts.open(g.clerk.clerk_no, amounts)

    @bp.route("/<int(max=2147483647):shift_no>")
    class One(MethodView):
        @guard("clerk", "agent", "admin")
        @bp.response(200, SlipSchema)
        def get(self, shift_no: int) -> Any:
            """A shift of one's own; an admin reads everybody's."""
            return shifts.slip(shift_no, g.clerk)

    @bp.route("/cash")
    class Cash(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(CashRequest)
        @bp.response(201, SlipSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Put cash into the drawer of the open shift, or take some out."""
            return shifts.move_cash(g.clerk.clerk_no, **body)

    @bp.route("/<int(max=2147483647):shift_no>/close")
    class Close(MethodView):
        @guard("clerk", "agent")
        @bp.arguments(CloseRequest)
        @bp.response(200, SlipSchema)
        def post(self, body: dict[str, Any], shift_no: int) -> Any:
            """Count the drawer and end the shift. Again: the same slip."""
            counted = {
                (one["currency"], PAYMENTS.index(one["payment"])): one["amount_minor"] for one in body["counted"]
            }
            pieces = [(one["currency"], one["worth_minor"], one["count"]) for one in body["pieces"]]
            next_clerk = accounts.sign_in(**body["taken_by"]) if body["taken_by"] else None
            return shifts.close(shift_no, g.clerk.clerk_no, counted, pieces, next_clerk)

    return bp
