"""Errors of the sellers' interface as problem+json (RFC 9457), each with a code, a sentence and a next step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from cloud.kernel.web import Problem
from sync import catalogue
from sync.kernel.errors import Fault, Refusal

MEDIA: Final = "application/problem+json"
NAME: Final = "SellerProblem"
CORRECT: Final = "correct_request"
SEARCH: Final = "search_again"
WAIT: Final = "wait_and_repeat"
ASK: Final = "ask_operator"
# People read what the state of the booking means; to programs it is one code.
_OVER: Final = "booking_over"
_STEPS: Final = {
    "offer_changed": SEARCH, "no_seat": SEARCH, "seat_taken": SEARCH, "departed": SEARCH, _OVER: SEARCH,
    "not_running": SEARCH, "not_for_sale": SEARCH, "trip_not_for_sale": SEARCH, "no_such_trip": SEARCH,
    "refund_fee_changed": "ask_for_refund_offers",
    "rebook_due_changed": "ask_for_exchange_offers", "key_differs": "use_new_key", "credit_short": "settle_account",
    "places_held": "ticket_or_cancel_bookings", "hub_barred": ASK, "refund_by_operator": ASK,
    "exchange_named": "ask_for_refund_offers",
    "pdf_no_font": ASK, "pdf_no_thread": ASK,
}  # fmt: skip
_BY_STATUS: Final = {400: CORRECT, 401: "sign_in", 403: ASK, 404: CORRECT, 415: CORRECT, 422: CORRECT, 429: WAIT}


class SellerProblemSchema(Schema):
    """Any answer that is no success. ``code`` never changes its meaning; ``next_step`` says what may help."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    next_step = fields.String(required=True)
    fields_ = fields.Dict(data_key="fields")


class SellersBlueprint(Blueprint):
    """A blueprint whose document says that errors are problems."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._prepare_doc_cbks.append(_say_problems)


def handle(routes: Blueprint) -> None:
    """Answer errors of these routes as problems."""
    texts = catalogue.load()

    def answer(code: str, status: int, args: Mapping[str, object], wrong: Any = None, text: str = "") -> Response:
        tongue = request.accept_languages.best_match(catalogue.LANGUAGES) or "en"
        body: dict[str, Any] = {
            "type": f"urn:yipiao:problem:{code}",
            "title": code.replace("_", " "),
            "status": status,
            "detail": texts.text(text or code, tongue, **args),
            "code": code,
            "next_step": _STEPS.get(code) or _BY_STATUS.get(status) or (WAIT if status >= 500 else ASK),
        }
        if wrong:
            body["fields"] = wrong
        made = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA)
        if status == 401:
            made.headers["WWW-Authenticate"] = "Bearer"
        return made

    def refusal(error: Refusal) -> Response:
        code = _OVER if error.code.startswith(_OVER) else error.code
        wrong = {error.field: [error.code]} if error.field else None
        made = answer(code, error.status, error.details, wrong, error.code)
        if error.status == 429:
            made.headers["Retry-After"] = str(error.details.get("seconds", 60))
        return made

    def http(error: HTTPException) -> Any:
        if error.response is not None:
            return error.response
        status = error.code or 500
        code = "input" if status == 422 else "input_json" if status == 400 else f"http_{status}"
        return answer(code, status, {}, getattr(error, "data", {}).get("messages"))

    def fault(error: Fault) -> Response:
        return answer(error.code, 503 if error.retry else 400, {})

    routes.register_error_handler(Refusal, refusal)
    routes.register_error_handler(Fault, fault)
    routes.register_error_handler(HTTPException, http)


def _say_problems(doc: dict[str, Any], _info: Any, *, spec: Any, **_more: Any) -> dict[str, Any]:
    if NAME not in spec.components.responses:
        # The latter for an address that is none of these.
        content = {MEDIA: {"schema": SellerProblemSchema}, "application/json": {"schema": Problem}}
        spec.components.response(NAME, {"description": "What went wrong, and what may help.", "content": content})
    responses = doc["responses"]
    for code, said in list(responses.items()):
        if code == "default" or str(code) == "422" or said == "DEFAULT_ERROR":
            responses[code] = NAME
    return doc
