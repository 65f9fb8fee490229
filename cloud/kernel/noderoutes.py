"""API of nodes and of quarantined events."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from cloud.kernel import fleet
from cloud.kernel.contact import Contacts
from cloud.kernel.database import Database
from cloud.kernel.web import NUMBER, PageQuery, reading


class NodeSchema(Schema):
    """A node. ``head_seq``: events held of its present log; ``status`` is empty before it was enrolled."""

    node_no = fields.Integer()
    name = fields.String()
    kind = fields.String()
    names = fields.Dict(keys=fields.String(), values=fields.String())
    stop_nos = fields.List(fields.Integer())
    status = fields.String()
    status_detail = fields.String()
    epoch = fields.Integer()
    head_seq = fields.Integer()
    last_contact_ms = fields.Integer(allow_none=True)
    waiting = fields.Integer()
    operations_behind = fields.Boolean()
    software = fields.String()
    quarantined = fields.Integer()
    unknown_events = fields.Integer()
    issues = fields.List(fields.String())


class QuarantineSchema(Schema):
    """An event that broke a rule. It stands in the log; ``resolved_ms`` is set once somebody has looked at it."""

    pos = fields.Integer()
    node_no = fields.Integer()
    epoch = fields.Integer()
    seq = fields.Integer()
    type = fields.Integer()
    code = fields.String()
    detail = fields.String()
    note = fields.String(allow_none=True)
    by = fields.String(allow_none=True)
    resolved_ms = fields.Integer(allow_none=True)


class QuarantineQuery(PageQuery):
    """Which events."""

    node_no = fields.Integer(load_default=None, validate=NUMBER)
    open_only = fields.Boolean(load_default=False)


def blueprint(database: Database, contacts: Contacts) -> Blueprint:
    """Routes of the fleet."""
    routes = Blueprint("nodes", __name__, url_prefix="/api/v1", description="Nodes and their events")

    @reading(routes, "/nodes", NodeSchema(many=True))
    def nodes() -> list[fleet.NodeState]:
        """Every node: last contact, position in its log, what is waiting, issues"""
        with database.read() as tx:
            return fleet.states(tx, contacts)

    @reading(routes, "/quarantine", QuarantineSchema(many=True), QuarantineQuery)
    def quarantine(query: dict[str, Any]) -> list[fleet.HeldEvent]:
        """Quarantined events with their reasons, the newest first"""
        with database.read() as tx:
            return fleet.quarantined_events(tx, **query)

    return routes
