"""API of sales."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields

from cloud.domains.ticketing import service
from cloud.kernel.database import Database
from cloud.kernel.web import NUMBER, Day, PageQuery, reading


class SalesQuery(PageQuery):
    """What to count; without any of these everything."""

    day = Day(load_default=None)
    trip_no = fields.Integer(load_default=None, validate=NUMBER)
    node_no = fields.Integer(load_default=None, validate=NUMBER)


class SaleSchema(Schema):
    """Takings of one node with one dated trip, and what it handed back. ``state`` quarantined: against a rule, still paid."""

    trip_no = fields.Integer()
    day = Day()
    node_no = fields.Integer()
    currency = fields.String()
    state = fields.String()
    tickets = fields.Integer()
    amount_minor = fields.Integer()
    refunds = fields.Integer()
    refunded_minor = fields.Integer()


class TicketSchema(Schema):
    """One ticket as it was sold."""

    number = fields.String()
    node_no = fields.Integer()
    trip_no = fields.Integer()
    day = Day()
    from_idx = fields.Integer()
    to_idx = fields.Integer()
    seat = fields.Integer()
    price_minor = fields.Integer()
    currency = fields.String()
    clerk_no = fields.Integer()
    state = fields.String()
    refunded_minor = fields.Integer(allow_none=True)


def blueprint(database: Database) -> Blueprint:
    """Routes of this domain."""
    routes = Blueprint("ticketing", __name__, url_prefix="/api/v1", description="Sales and tickets")

    @reading(routes, "/sales", SaleSchema(many=True), SalesQuery)
    def sales(query: dict[str, Any]) -> list[service.SaleLine]:
        """Takings by dated trip and node, the newest day first"""
        with database.read() as tx:
            return service.sales(tx, **query)

    @reading(routes, "/trips/<int(max=2147483647):trip_no>/<day:day>/tickets", TicketSchema(many=True), PageQuery)
    def tickets(query: dict[str, Any], trip_no: int, day: int) -> list[service.TicketLine]:
        """Tickets of a dated trip in the order in which the hub received them"""
        with database.read() as tx:
            return service.tickets_of(tx, trip_no, day, **query)

    @reading(routes, "/tickets/<string:number>", TicketSchema())
    def ticket(number: str) -> service.TicketLine:
        """A ticket by the number on its paper"""
        with database.read() as tx:
            return service.find_ticket(tx, number)

    return routes
