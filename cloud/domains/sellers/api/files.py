"""The tickets of a booking as a file, for a seller that prints them or sends them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Response
from marshmallow import RAISE, Schema, fields, validate

from cloud.domains.sellers.api import sheets
from cloud.domains.sellers.api.calls import Callers, caller
from cloud.domains.sellers.api.problems import SellersBlueprint
from cloud.domains.sellers.books import bookings
from cloud.domains.sellers.books.accounts import READ
from papers.sheets import A6, SIZES
from sync.catalogue import LANGUAGES

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PDF: Final = "application/pdf"
_BYTES: Final = {"type": "string", "format": "binary"}


class FileQuery(Schema):
    """``size``: ``a6``, or ``roll`` of 80 mm. ``language``: of the words on it."""

    size = fields.String(load_default=A6, validate=validate.OneOf(SIZES))
    language = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


def register(
    routes: SellersBlueprint, hub: Hub, callers: Callers, rule: str, security: list[dict[str, list[str]]]
) -> None:
    """The route under ``rule``, which names a booking."""

    @routes.route(rule, methods=["GET"])
    @callers.require(READ)
    @routes.doc(security=security)
    @routes.arguments(FileQuery, location="query", unknown=RAISE)
    @routes.response(200, _BYTES, content_type=PDF)
    def file(query: dict[str, Any], booking_id: str) -> Response:
        """The good tickets of a booking as PDF, a page a ticket, then what was paid"""
        seller = caller().seller
        with hub.database.read() as tx:
            found = bookings.find(tx, booking_id, seller.seller_no)
            asked = sheets.job(hub, tx, found, seller.name, query["language"], query["size"])
        return Response(hub.press.draw(asked), mimetype=PDF, headers={"Cache-Control": "no-store"})
