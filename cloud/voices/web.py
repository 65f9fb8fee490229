"""What these pages share: language, headers, limits, form tokens, and what a refusal looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cloud.console.common import add_headers, choose_language, here, t
from cloud.console.desk import language
from cloud.domains.sellers.api.calls import Rate
from cloud.kernel import guard
from cloud.kernel.formats import Formats
from sync import catalogue
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PAGES_PER_MINUTE: Final = 60


def or_code(prefix: str, code: str) -> str:
    """The text for one of many codes; the code itself where there is none yet."""
    text = t(prefix + code)
    return code if text == prefix + code else text


def render(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page."""
    return render_template(f"voices/{template}", **values), status


def prepare(blueprint: Blueprint, hub: Hub) -> None:
    """Everything under ``blueprint``."""
    asked = Rate(hub.clock, PAGES_PER_MINUTE)

    @blueprint.before_request
    def check() -> Response | None:
        if request.endpoint == "voices.static":
            return None
        with hub.database.read() as tx:
            g.formats = Formats(language(), hub.places.main_zone(tx))
        asked.spend(request.remote_addr or "")
        if request.method not in guard.SAFE:
            guard.csrf.protect()
        return choose_language()

    add_headers(blueprint)

    @blueprint.context_processor
    def context() -> dict[str, Any]:
        return {
            "language": language(), "languages": catalogue.LANGUAGES, "t": t, "or_code": or_code, "f": g.formats, "here": here,
        }  # fmt: skip

    blueprint.register_error_handler(Refusal, lambda error: _refused(error.code, error.status, error.details))
    blueprint.register_error_handler(CSRFError, lambda _error: _refused("console_stale_form", 403, {}))
    blueprint.register_error_handler(HTTPException, _http_error)


def _refused(code: str, status: int, args: Any) -> tuple[str, int]:
    return render("refused.html", status, sentence=t(code, **args))


def _http_error(error: HTTPException) -> tuple[str, int]:
    code = error.code or 500
    known = code if code in (404, 405, 413) else 400 if code < 500 else 500
    return _refused(f"console_http_{known}", code, {})
