"""What all pages of the shop share: language, headers, limits, form tokens, and what a refusal looks like."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cloud.console.common import add_headers, choose_language, here, t
from cloud.console.desk import language
from cloud.console.web import iso_day
from cloud.kernel import guard
from cloud.kernel.formats import Formats
from cloud.shop.counter import Counter
from sync import catalogue
from sync.kernel.errors import Refusal

log = logging.getLogger("cloud.shop")
# Where a refusal's own sentence speaks to a program, a clerk or the operator: what a passenger reads instead.
_TO_PASSENGERS: Final = {
    "offer_changed": "shop_price_changed", "no_seat": "shop_no_seat", "places_held": "shop_places_held",
    "key_form": "shop_form_again", "key_differs": "shop_form_again", "refund_fee_changed": "shop_fee_changed",
    "hub_recovering": "shop_paused", "hub_barred": "shop_paused",
}  # fmt: skip


def render(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page."""
    return render_template(f"shop/{template}", **values), status


def prepare(blueprint: Blueprint, counter: Counter) -> None:
    """Everything under ``blueprint``."""

    @blueprint.before_request
    def check() -> Response | None:
        with counter.hub.database.read() as tx:
            g.formats = Formats(language(), counter.hub.places.main_zone(tx))
        if request.endpoint == "shop.static":
            return None
        counter.asked.spend(request.remote_addr or "")
        if request.method not in guard.SAFE:
            guard.csrf.protect()
        return choose_language()

    add_headers(blueprint)

    @blueprint.context_processor
    def context() -> dict[str, Any]:
        return {
            "language": language(), "languages": catalogue.LANGUAGES, "t": t, "f": g.formats, "here": here,
            "iso_day": iso_day,
        }  # fmt: skip

    blueprint.register_error_handler(Refusal, lambda error: refused(error.code, error.status, error.details))
    blueprint.register_error_handler(CSRFError, lambda _error: refused("console_stale_form", 403, {}))
    blueprint.register_error_handler(HTTPException, _http_error)
    blueprint.register_error_handler(Exception, _failed)


def refused(code: str, status: int, args: Mapping[str, object]) -> tuple[str, int]:
    """A page that says what is the matter; a booking that it is about is one step away."""
    booking_id = (request.view_args or {}).get("booking_id")
    known = booking_id if code != "booking_unknown" and request.endpoint != "shop.booking" else None
    return render("refused.html", status, sentence=t(_TO_PASSENGERS.get(code, code), **args), booking_id=known)


def explain(refusal: Refusal) -> str:
    """A refusal's sentence, as a passenger reads it."""
    return t(_TO_PASSENGERS.get(refusal.code, refusal.code), **refusal.details)


def _http_error(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    code = error.code or 500
    return refused(f"http_{code if code in (404, 405, 413) else 400 if code < 500 else 500}", code, {})


def _failed(error: Exception) -> tuple[str, int]:
    log.error("%s %s", request.method, request.path, exc_info=error)
    return refused("http_500", 500, {})
