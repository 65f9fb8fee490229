"""The two addresses that nodes call. What is refused is answered with a small JSON body: a code, and nothing done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, request

from cloud.kernel.database import Database
from cloud.kernel.enrolment import Enrolment
from cloud.kernel.exchange import Exchange
from cloud.kernel.web import refuse
from sync.kernel import enrolment, exchange
from sync.kernel.errors import Malformed, Refusal

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


def blueprint(database: Database, exchanger: Exchange, enrolling: Enrolment) -> Blueprint:
    """Blueprint of ``/sync/v1``."""
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

    @routes.post(enrolment.PATH)
    def enrol_() -> Response:
        return answer(_MAX_ENROL_BYTES, enrol)

    return routes
