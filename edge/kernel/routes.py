"""API of the node itself: signing in, and how it is."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from edge.kernel.accounts import Accounts
from edge.kernel.fleet import Fleet
from edge.kernel.web import Blueprint, Guard


class SignIn(Schema):
    """A clerk's number and PIN."""

    clerk_no = fields.Integer(required=True, validate=validate.Range(min=1, max=2**53 - 1))
    pin = fields.String(required=True, validate=validate.Length(min=1, max=40))


class SessionSchema(Schema):
    """A bearer token, good for twelve hours of this boot."""

    token = fields.String()
    name = fields.String()
    roles = fields.List(fields.String())


class IssueSchema(Schema):
    """Something wrong."""

    code = fields.String()
    details = fields.Dict()


class StatusSchema(Schema):
    """How the node is."""

    node_no = fields.Integer(allow_none=True)
    name = fields.String()
    software = fields.String()
    head_seq = fields.Integer()
    acked_seq = fields.Integer()
    waiting = fields.Integer()
    hub_age_s = fields.Integer(allow_none=True)
    clock_sure = fields.Boolean()
    can_sell = fields.Boolean()
    issues = fields.List(fields.Nested(IssueSchema))


def blueprint(accounts: Accounts, fleet: Fleet, guard: Guard) -> Any:
    """The API of the kernel."""
    bp = Blueprint("node", __name__, url_prefix="/api/v1", description="Signing in, status")

    @bp.route("/sessions")
    class Sessions(MethodView):
        @bp.arguments(SignIn)
        @bp.response(201, SessionSchema)
        def post(self, body: dict[str, Any]) -> Any:
            """Sign in with number and PIN; works with the hub away."""
            clerk = accounts.sign_in(body["clerk_no"], body["pin"])
            return {"token": accounts.open_session(clerk), "name": clerk.name, "roles": clerk.roles}

    @bp.route("/status")
    class Status(MethodView):
        @guard()
        @bp.response(200, StatusSchema)
        def get(self) -> Any:
            """How this node is."""
            return fleet.status()

    return bp
