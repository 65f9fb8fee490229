"""API of payments by phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.views import MethodView
from marshmallow import Schema, fields

from edge.domains.payments.service import Payments
from edge.kernel.web import Blueprint, Guard
from sync.domains.payments.rules import MAX_MESSAGE
from sync.kernel.errors import Refusal


class OfferedSchema(Schema):
    """Whether somebody can pay by phone now; ``reason`` says why not."""

    offered = fields.Boolean()
    reason = fields.String(allow_none=True)


class PhonePaymentSchema(Schema):
    """A payment. ``code_url`` is what its QR says while it waits; ``back_minor`` goes back, ``returned`` once all of it has."""

    order_no = fields.String()
    sale_no = fields.Integer()
    amount_minor = fields.Integer()
    currency = fields.String()
    state = fields.String()
    code_url = fields.String()
    back_minor = fields.Integer()
    returned = fields.Boolean()


class HeardSchema(Schema):
    """What the gateway wants to hear."""

    code = fields.String()


def blueprint(payments: Payments, soon: Callable[[], None], guard: Guard) -> Any:
    """The API of this domain."""
    bp = Blueprint("payments", __name__, url_prefix="/api/v1", description="Paying by phone")

    @bp.route("/payments/offer")
    class Offered(MethodView):
        @bp.response(200, OfferedSchema)
        def get(self) -> Any:
            """Whether the gateway can be reached."""
            reason = payments.refused()
            return {"offered": reason is None, "reason": reason}

    @bp.route("/payments/callback")
    class Callback(MethodView):
        @bp.response(200, HeardSchema)
        def post(self) -> Any:
            """The gateway's word on a payment, signed by it. What it says is on the disk when this answers."""
            if (request.content_length or 0) > MAX_MESSAGE:
                raise Refusal("http_413", status=413)
            payments.heard(request.get_data())
            soon()
            return {"code": "ok"}

    @bp.route("/orders/<int(max=9007199254740991):order_no>/payment")
    class OfOrder(MethodView):
        @guard("clerk", "agent")
        @bp.response(201, PhonePaymentSchema)
        def post(self, order_no: int) -> Any:
            """Let the passenger pay this order by phone."""
            payment = payments.ask(order_no, g.clerk.clerk_no)
            soon()
            return payment

        @guard("clerk", "agent")
        @bp.response(200, PhonePaymentSchema)
        def get(self, order_no: int) -> Any:
            """What became of the newest payment for this order."""
            found = payments.of_sale(order_no)
            if found is None:
                raise Refusal("no_such_payment", status=404)
            return found

    return bp
