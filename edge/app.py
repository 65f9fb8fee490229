"""The node's HTTP API as a Flask application, with its OpenAPI document."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify
from flask_smorest import Api

from edge.bootstrap import Node
from edge.domains.boarding import routes as boarding
from edge.domains.boarding.manifest import routes as manifest
from edge.domains.clearance import routes as clearance
from edge.domains.duties import routes as duties
from edge.domains.inventory import routes as inventory
from edge.domains.payments import routes as payments
from edge.domains.ratings import routes as ratings
from edge.domains.register import routes as register
from edge.domains.shifts import routes as shifts
from edge.domains.ticketing import routes as ticketing
from edge.domains.ticketing.office import aboard_routes as aboard
from edge.domains.ticketing.office import booking_routes as bookings
from edge.domains.ticketing.office import request_routes as asking
from edge.domains.ticketing.office import routes as office
from edge.domains.timetable import routes as timetable
from edge.kernel import routes
from edge.kernel.settings import SOFTWARE
from edge.kernel.web import Day, Guard, Problem, handle_errors
from sync.kernel import apidoc

DOCUMENT, STYLE = "/api/v1/openapi.json", "/api/style.css"
MAX_REQUEST_BYTES = 10 * 1024 * 1024


class _Api(Api):
    """The OpenAPI document, with this project's errors."""

    ERROR_SCHEMA = Problem


def create_app(node: Node) -> Flask:
    """The API of ``node``. Pages are added by ``kiosk_ui``."""
    app = Flask("edge", static_folder=None)
    app.config.update(
        API_TITLE="Yipiao node",
        API_VERSION=SOFTWARE,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"clerk": {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = _Api(app)
    api.register_field(Day, "string", "date")
    guard = Guard(node.accounts)
    for blueprint in (
        routes.blueprint(node.accounts, node.fleet, guard),
        timetable.blueprint(node.timetable, node.journeys),
        inventory.blueprint(node.inventory, node.elsewhere, guard, node.schedule.soon),
        register.blueprint(node.cards, guard),
        shifts.blueprint(node.shifts, node.accounts, guard),
        ticketing.blueprint(node.ticketing, node.refunds, node.timetable, guard),
        bookings.blueprint(node.bookings, guard),
        office.blueprint(node.rebooking, node.onward, node.reissuing, node.affected, node.travellers, guard),
        asking.blueprint(node.requests, guard, node.schedule.soon),
        payments.blueprint(node.payments, node.rounds.soon, guard),
        boarding.blueprint(node.boarding, guard),
        manifest.blueprint(node.manifest, guard),
        clearance.blueprint(node.clearance, guard),
        aboard.blueprint(node.walk_ups, guard),
        duties.blueprint(node.duties, node.handovers, guard),
        ratings.blueprint(node.ratings),
    ):
        api.register_blueprint(blueprint)
    handle_errors(app, node.catalogue)
    app.add_url_rule("/healthz", view_func=_alive)
    app.add_url_rule("/api/", view_func=lambda: apidoc.page(api.spec.to_dict(), DOCUMENT, STYLE), endpoint="api_page")
    app.add_url_rule(STYLE, view_func=lambda: Response(apidoc.CSS, mimetype="text/css"), endpoint="api_style")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return app


def _alive() -> Response:
    """Whether the process answers. Says nothing of the hub: a box without a line is healthy."""
    return jsonify({"ok": True})
