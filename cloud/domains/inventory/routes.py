"""API of the seats."""

from __future__ import annotations

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from cloud.domains.inventory.books.overview import InventoryView, TripInventory
from cloud.kernel.database import Database
from cloud.kernel.web import Day, reading


class HolderSchema(Schema):
    """What one node holds of a dated trip, in (seat or place, leg) cells. ``suspect``: silent or barred."""

    node_no = fields.Integer()
    node_name = fields.String()
    granted = fields.Integer()
    open = fields.Integer()
    sold = fields.Integer()
    suspect = fields.Boolean()


class InventorySchema(Schema):
    """``all`` = ``free`` + ``granted`` + ``consumed`` + ``suspect``, in (seat or place, leg) cells."""

    trip_no = fields.Integer()
    day = Day()
    kind = fields.String()
    capacity = fields.Integer()
    legs = fields.Integer()
    departs_ms = fields.Integer()
    all = fields.Integer()
    free = fields.Integer()
    granted = fields.Integer()
    consumed = fields.Integer()
    suspect = fields.Integer()
    at_risk = fields.Integer()
    over = fields.Integer()
    clashes = fields.Integer()
    holders = fields.List(fields.Nested(HolderSchema))


def blueprint(database: Database, view: InventoryView) -> Blueprint:
    """Routes of this domain."""
    routes = Blueprint("inventory", __name__, url_prefix="/api/v1", description="Seats on legs")

    @reading(routes, "/trips/<int(max=2147483647):trip_no>/<day:day>/inventory", InventorySchema())
    def inventory(trip_no: int, day: int) -> TripInventory:
        """What is free, granted to whom, sold and suspect of a dated trip"""
        with database.read() as tx:
            return view.trip(tx, trip_no, day)

    return routes
