"""What the wallet's answers share: headers, language, and errors that its script reads."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from cloud.console.common import HEADERS, t
from cloud.console.desk import language
from sync import catalogue
from sync.kernel.errors import Refusal

# Scripts of its own, a worker, and calls to the hub: nothing inline, nothing from elsewhere.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def prepare(blueprint: Blueprint) -> None:
    """Everything under ``blueprint``."""

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS | {"Content-Security-Policy": POLICY})
        # The worker keeps what the phone needs without a line; asked with one, it gets what is new.
        response.headers["Cache-Control"] = "no-store" if request.method == "POST" else "no-cache"
        return response

    @blueprint.context_processor
    def context() -> dict[str, Any]:
        return {"language": language(), "languages": catalogue.LANGUAGES, "t": t}

    blueprint.register_error_handler(Refusal, lambda error: _said(error.code, error.status, error.details))
    blueprint.register_error_handler(HTTPException, _http_error)


def _said(code: str, status: int, args: Any) -> tuple[Response, int]:
    return jsonify(code=code, message=t(code, **args)), status


def _http_error(error: HTTPException) -> Any:
    code = error.code or 500
    return _said(f"http_{code if code in (404, 405, 413) else 400 if code < 500 else 500}", code, {})
