"""The tickets of a booking as PDF, for who bought them: to keep, or to print at home."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from cloud.console.desk import language
from cloud.domains.sellers.api import sheets
from cloud.domains.sellers.api.calls import Rate
from cloud.shop.counter import TOO_OFTEN, Counter
from papers.sheets import A6, ROLL

FILES_PER_MINUTE: Final = 6


def register(blueprint: Blueprint, counter: Counter) -> None:
    """The page under its address."""
    hub, drawn_for = counter.hub, Rate(counter.hub.clock, FILES_PER_MINUTE, TOO_OFTEN)

    @blueprint.get("/bookings/<string:booking_id>/tickets.pdf")
    def file(booking_id: str) -> Response:
        """A page a ticket, then what was paid; ``?size=roll`` for 80 mm."""
        drawn_for.spend(request.remote_addr or "")
        size = ROLL if request.args.get("size") == ROLL else A6
        with hub.database.read() as tx:
            found = counter.booking(tx, booking_id)
            asked = sheets.job(hub, tx, found, counter.seller(tx).name, language(), size)
        headers = {"Content-Disposition": f'attachment; filename="booking-{found.reference}-{size}.pdf"'}
        return Response(hub.press.draw(asked), mimetype="application/pdf", headers=headers)
