"""What the hub's API routes share: dates, pages of a long list, and errors as ``{code, message}``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

from flask import Flask, Response, jsonify, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from cloud.kernel.accounts import VIEWER
from cloud.kernel.guard import require
from sync import catalogue
from sync.kernel.days import date_of, day_of
from sync.kernel.errors import Fault, Refusal

F = TypeVar("F", bound=Callable[..., Any])
log = logging.getLogger("cloud.app")
MAX_PAGE: Final = 1_000
NUMBER: Final = validate.Range(min=1, max=2_147_483_647)
_HTTP: Final = {404: "not_found", 405: "method_not_allowed", 413: "exchange_size", 422: "input"}


class Day(fields.Field[int]):
    """A service date: ``2026-07-31`` outside, days since 2020-01-01 inside."""

    def __init__(self, **more: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date"}, **more)

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        # What a node claims may be no date at all.
        return None if value is None else date_of(value).isoformat() if abs(value) < 1_000_000 else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        try:
            return day_of(date.fromisoformat(value))
        except (TypeError, ValueError):
            raise ValidationError("Not a date of the form YYYY-MM-DD.") from None


class Problem(Schema):
    """Any answer that is no success. ``fields`` names the inputs that did not fit."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    fields_ = fields.Dict(data_key="fields")


class PageQuery(Schema):
    """Part of a long list."""

    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=MAX_PAGE))
    offset = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2_147_483_647))


def reading(
    routes: Blueprint, rule: str, answer: Schema, query: type[Schema] | None = None, role: str = VIEWER
) -> Callable[[F], F]:
    """Decorator of a GET route: who asks comes first, then what is asked, then the view."""

    def around(view: F) -> F:
        shown = routes.response(200, answer)(view)
        if query is not None:
            shown = routes.arguments(query, location="query", unknown=RAISE)(shown)
        routes.get(rule)(require(role)(shown))
        return view

    return around


def refuse(code: str, status: int, message: str = "", **more: Any) -> Response:
    """A small JSON answer with a code."""
    body = jsonify({"code": code, "message": message or code, **more})
    body.status_code = status
    if status == 401:
        body.headers["WWW-Authenticate"] = "Bearer"
    return body


def handle_errors(app: Flask, page: Callable[[HTTPException], BaseResponse | None]) -> None:
    """Every error is a code for programs and a sentence for people, never a trace. ``page``: what a browser gets where there is
    nothing (404) or nothing of that kind (405); None where a program asks.
    """
    texts = catalogue.load()

    def sentence(code: str, args: Mapping[str, object]) -> str:
        tongue = request.accept_languages.best_match(catalogue.LANGUAGES) or "en"
        return texts.text(code, tongue, **args)

    def refusal(error: Refusal) -> Response:
        return refuse(error.code, error.status, sentence(error.code, error.details))

    def fault(error: Fault) -> Response:
        return refuse(error.code, 503 if error.retry else 400, sentence(error.code, {}))

    def http(error: HTTPException) -> BaseResponse:
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        status = error.code or 500
        wrong = getattr(error, "data", {}).get("messages")
        shown = page(error) if status in (404, 405) else None
        code = _HTTP.get(status, f"http_{status}")
        answer = shown or refuse(code, status, error.description or "", **_fields(wrong))
        # Such as Allow with 405: all but the type of the body that was not sent.
        answer.headers.extend([(name, value) for name, value in error.get_headers() if name != "Content-Type"])
        return answer

    def unexpected(error: Exception) -> Response:
        log.error("%s %s", request.method, request.path, exc_info=error)
        return refuse("internal", 500, sentence("internal", {}))

    app.register_error_handler(Refusal, refusal)
    app.register_error_handler(Fault, fault)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, unexpected)


def _fields(wrong: Any) -> dict[str, Any]:
    return {"fields": wrong} if wrong else {}
