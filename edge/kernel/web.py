"""What every API of a node shares: who asks, how errors look, days as people write them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from functools import cache, wraps
from typing import Any, TypeVar

from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, HTTPException

from edge.kernel.accounts import Accounts, Clerk
from sync.catalogue import LANGUAGES, Catalogue
from sync.kernel import days
from sync.kernel.errors import Broken, Fault, Refusal

F = TypeVar("F", bound=Callable[..., Any])
MAX_DAY = 36_524  # in the year 2119
log = logging.getLogger(__name__)


class Day(fields.Field[int]):
    """A service date from 2020 to 2119: ISO text outside, days since 2020-01-01 inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": "^(20[2-9]|21[01])[0-9]-[0-9]{2}-[0-9]{2}$"}, **kwargs)

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else days.date_of(value).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            found = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.make_error("validator_failed") from None
        day = days.day_of(found)
        if found.isoformat() != value or not 0 <= day <= MAX_DAY:
            raise self.make_error("validator_failed")
        return day


class _Parser(FlaskParser):
    """JSON that is nested too deep, or has a number of thousands of digits, is as bad as any other that does not parse."""

    def load_json(self, req: Any, schema: Any) -> Any:
        try:
            return super().load_json(req, schema)
        except (RecursionError, ValueError):
            raise BadRequest from None


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """A blueprint whose bodies are read with care, and which makes one schema of a class for all routes: not one for each
    (1 MiB: a ticket's alone has 50 fields, and those inside it), nor one a request, as webargs would."""

    ARGUMENTS_PARSER = _Parser()

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """See flask-smorest."""
        return super().arguments(_one_of(schema), **kwargs)

    def response(self, status_code: Any, schema: Any = None, **kwargs: Any) -> Any:
        """See flask-smorest."""
        return super().response(status_code, _one_of(schema), **kwargs)


def _one_of(schema: Any) -> Any:
    return _made(schema) if isinstance(schema, type) else schema


@cache
def _made(kind: type[Schema]) -> Schema:
    made = kind()
    # flask-smorest copies what it tells of a route, schemas and all.
    made.__deepcopy__ = lambda _memo: made  # type: ignore[attr-defined]
    return made


class Problem(Schema):
    """Every error: a stable code and a sentence that says what to do. ``field`` is the input that it is about."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    field = fields.String(allow_none=True)


class Guard:
    """Bearer tokens of clerks. ``roles`` empty: any signed-in person."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __call__(self, *roles: str) -> Callable[[F], F]:
        """Decorate a view that only these roles may call; above all else, so that nothing of a stranger's is read."""

        def decorate(view: F) -> F:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                g.clerk = self.require(roles)
                return view(*args, **kwargs)

            return SmorestBlueprint.doc(security=[{"clerk": []}])(guarded)  # type: ignore[no-any-return]

        return decorate

    def require(self, roles: tuple[str, ...]) -> Clerk:
        """The clerk who asks. Raises :class:`Refusal`: ``sign_in_first``, ``not_allowed``."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal("sign_in_first", status=401)
        clerk = self._accounts.session(token.strip())
        if roles and not set(roles) & set(clerk.roles):
            raise Refusal("not_allowed", status=403)
        return clerk


def language() -> str:
    """The language of the request: ``?lang=``, else what the browser prefers."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    best = request.accept_languages.best_match(["zh-Hans", "zh-CN", "zh-Hant", "zh-HK", "zh-TW", "en"], "zh-Hans")
    return {"zh-CN": "zh-Hans", "zh-HK": "zh-Hant", "zh-TW": "zh-Hant"}.get(best, best)


def handle_errors(app: Flask, catalogue: Catalogue, api_prefix: str = "/api/") -> None:
    """JSON problems for everything under ``api_prefix``; pages bring their own handlers for the rest."""

    def problem(code: str, status: int, field: str | None = None, **args: object) -> ResponseReturnValue:
        text = catalogue.text(code, language(), **args)
        answer = jsonify({"code": code, "message": text, "field": field})
        if status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer, status

    def refused(error: Refusal) -> ResponseReturnValue:
        return problem(error.code, error.status, error.field, **error.details)

    def faulty(error: Fault) -> ResponseReturnValue:
        return problem(error.code, 503 if error.retry else 422)

    def http(error: HTTPException) -> ResponseReturnValue:
        if not request.path.startswith(api_prefix):
            return error.get_response()
        status = error.code or 500
        return problem(f"http_{status}", status, _first_field(error))

    def unexpected(error: Exception) -> ResponseReturnValue:
        log.exception("unexpected error at %s", request.path)
        code = "box_stopped" if isinstance(error, Broken) else "http_500"
        return problem(code, 500, reason=type(error).__name__)

    app.register_error_handler(Refusal, refused)
    app.register_error_handler(Fault, faulty)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, unexpected)


def _first_field(error: HTTPException) -> str | None:
    """The first input field that a 422 of webargs is about."""
    messages = getattr(error, "data", {}).get("messages", {}) if isinstance(getattr(error, "data", None), dict) else {}
    for place in messages.values():
        if isinstance(place, dict):
            return next(iter(map(str, place)), None)
    return None
