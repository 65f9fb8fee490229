"""The hub as a web application: exchange, API, console."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, jsonify, redirect
from flask_smorest import Api
from werkzeug.routing import BaseConverter, ValidationError

from cloud.cardpage import create_card_page
from cloud.console import create_console
from cloud.domains.boarding import routes as boarding
from cloud.domains.inventory import routes as inventory
from cloud.domains.ratings import routes as ratings
from cloud.domains.sellers import routes as sellers
from cloud.domains.ticketing import routes as ticketing
from cloud.domains.timetable import routes as timetable
from cloud.kernel import noderoutes, syncroutes
from cloud.kernel.web import Problem, handle_errors
from cloud.shop import create_shop, nowhere
from cloud.voices import create_voices
from cloud.wallet import create_wallet
from sync.domains.inventory.elsewhere import enquiry
from sync.kernel import apidoc
from sync.kernel.days import date_of, day_of
from sync.kernel.exchange import MAX_REQUEST_BYTES

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

DOCUMENT: Final = "/api/v1/openapi.json"
STYLE: Final = "/api/style.css"
BEARER: Final = {"type": "http", "scheme": "bearer"}
FARTHEST_DAY: Final = 20_000 - 1  # half a century either way: what the API writes as a date


def create_app(hub: Hub) -> Flask:
    """The whole application on one hub."""
    app = Flask("cloud", static_folder=None)
    app.config.update(
        API_TITLE="Yipiao hub",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"token": BEARER, "seller": BEARER}},
            "security": [{"token": []}],
        },
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app.url_map.converters["day"] = DayConverter
    questions = [(enquiry.PATH, enquiry.MAX_BYTES, hub.enquiry.answer)]
    app.register_blueprint(syncroutes.blueprint(hub.database, hub.exchange, hub.enrolment, hub.presenting, questions))
    _add_api(app, hub)
    app.register_blueprint(create_console(hub))
    app.register_blueprint(create_shop(hub))
    app.register_blueprint(create_voices(hub))
    app.register_blueprint(create_wallet(hub))
    app.register_blueprint(create_card_page(hub))
    app.add_url_rule("/", view_func=lambda: redirect("/console/"), endpoint="home")
    app.add_url_rule("/healthz", view_func=lambda: jsonify(ok=True), endpoint="healthz")
    handle_errors(app, nowhere.page)
    app.wsgi_app = syncroutes.Door(app, hub.exchange)  # type: ignore[method-assign]
    return app


class DayConverter(BaseConverter):
    """A service date in a path: ``2026-07-31``."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> int:
        """Days since 2020-01-01."""
        try:
            day = day_of(date.fromisoformat(value))
        except ValueError:
            raise ValidationError from None
        if abs(day) > FARTHEST_DAY:
            raise ValidationError
        return day

    def to_url(self, value: int) -> str:
        """The date again."""
        return date_of(value).isoformat()


def _add_api(app: Flask, hub: Hub) -> None:
    api = Api()
    api.ERROR_SCHEMA = Problem
    api.init_app(app)
    api.register_converter(DayConverter, lambda _converter: {"type": "string", "format": "date"})
    for blueprint in (
        timetable.blueprint(hub.database),
        ticketing.blueprint(hub.database),
        inventory.blueprint(hub.database, hub.seats),
        boarding.blueprint(hub.database),
        ratings.blueprint(hub.database),
        sellers.blueprint(hub),
        noderoutes.blueprint(hub.database, hub.contacts),
    ):
        api.register_blueprint(blueprint)
    app.add_url_rule("/api/", view_func=lambda: apidoc.page(api.spec.to_dict(), DOCUMENT, STYLE), endpoint="api_page")
    app.add_url_rule(STYLE, view_func=lambda: Response(apidoc.CSS, mimetype="text/css"), endpoint="api_style")
