"""The addresses that nodes call. What is refused is answered with a small JSON body: a code, and nothing done.

Nothing is asked as often as the exchange, and the framework's routing, context and response would cost a quarter of a quiet
one. So its good answers go past it, through :class:`Door`; all else, refusals with it, goes the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, Response, request

from cloud.kernel.database import Database
from cloud.kernel.enrolment import Enrolment
from cloud.kernel.exchange import Exchange
from cloud.kernel.presenting import Presenting
from cloud.kernel.web import refuse
from sync.kernel import enrolment, exchange, presentation
from sync.kernel.errors import Malformed, Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CBOR: Final = "application/cbor"
_STATUS: Final = {
    "cose_unknown_key": 401,
    "cose_signature": 403,
    "cose_size": 413,
    "cbor_size": 413,
    "wire_size": 413,
    "exchange_size": 413,
}
_MAX_ENROL_BYTES: Final = 4_096


def blueprint(
    database: Database,
    exchanger: Exchange,
    enrolling: Enrolment,
    presenting: Presenting,
    questions: Iterable[tuple[str, int, Callable[[bytes], bytes]]] = (),
) -> Blueprint:
    """Blueprint of ``/sync/v1``. ``questions``: addresses of the domains' own, with the most bytes each takes."""
    routes = Blueprint("sync", __name__)

    def answer(limit: int, work: Callable[[bytes], bytes]) -> Response:
        if request.content_length is not None and request.content_length > limit:
            return refuse("exchange_size", 413)
        data = request.get_data(cache=False)
        if len(data) > limit:
            return refuse("exchange_size", 413)
        try:
            return Response(work(data), content_type=CBOR)
        except Malformed as error:
            return refuse(error.code, _STATUS.get(error.code, 400))
        except Refusal as error:
            return refuse(error.code, error.status)

    def enrol(data: bytes) -> bytes:
        with database.write() as tx:
            return enrolling.enrol(tx, data)

    @routes.post(exchange.PATH)
    def exchange_() -> Response:
        return answer(exchange.MAX_REQUEST_BYTES, exchanger.answer)

    @routes.post(presentation.PATH)
    def present_() -> Response:
        return answer(presentation.MAX_BYTES, presenting.answer)

    @routes.post(enrolment.PATH)
    def enrol_() -> Response:
        return answer(_MAX_ENROL_BYTES, enrol)

    for path, limit, work in questions:
        routes.add_url_rule(path, path, partial(answer, limit, work), methods=["POST"])

    return routes


class Door:
    """A WSGI application in front of ``app``'s own."""

    def __init__(self, app: Flask, exchanger: Exchange) -> None:
        self._app, self._inner, self._exchanger = app, app.wsgi_app, exchanger

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "none"
        if (environ["PATH_INFO"], environ["REQUEST_METHOD"]) != (exchange.PATH, "POST") or not (
            length.isascii() and length.isdigit() and int(length) <= exchange.MAX_REQUEST_BYTES
        ):
            return self._inner(environ, start_response)
        data = environ["wsgi.input"].read(int(length))
        try:
            body = self._exchanger.answer(data)
        except (Malformed, Refusal):
            environ["wsgi.input"] = BytesIO(data)
            return self._inner(environ, start_response)
        except Exception as error:
            with self._app.request_context(environ):
                return self._app.make_response(self._app.handle_user_exception(error))(environ, start_response)
        start_response("200 OK", [("Content-Type", CBOR), ("Content-Length", str(len(body)))])
        return [body]
