"""What a phone is told of a ticket that belongs to it, in the language that it asks in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from cloud.console.common import t
from cloud.console.desk import language
from sync.kernel import ticket
from sync.kernel.days import local_time
from sync.kernel.ticket import TicketId

if TYPE_CHECKING:
    from cloud.bootstrap import Hub
    from cloud.domains.sellers.books.holding import Bound


def bound_view(tx: Connection, hub: Hub, found: Bound) -> dict[str, Any]:
    """What the phone keeps; ``text`` is empty until the place is paid."""
    item = found.item
    from_no, to_no, zone = hub.rides.ends_of(tx, item.trip_no, item.from_idx, item.to_idx)
    names = hub.places.stop_names(tx, {from_no, to_no}, language())
    return {
        "text": found.text, "number": TicketId.from_bytes(item.ticket_id).number if item.ticket_id else "",
        "short_code": ticket.short_code(found.text) if found.text else "",
        "from_name": names.get(from_no, ""), "to_name": names.get(to_no, ""),
        "moment": local_time(item.departs_ms, zone).strftime("%Y-%m-%d %H:%M"), **_place(found),
    }  # fmt: skip


def news_view(found: Bound) -> dict[str, Any]:
    """What may have changed of it since, under the key by which the phone knows it."""
    return {"holder": (found.item.holder or b"").hex(), **_place(found)}


def _place(found: Bound) -> dict[str, Any]:
    """``seat``: as it stands on the seat where the passenger sits now. ``said``: sentences about that."""
    item, now, labels = found.item, found.now, found.labels
    sold, said = str(labels.get(item.seat, item.seat_no or "")), []
    seat = sold if now is None else str(labels.get(now.seat or 0, now.seat or ""))
    if item.refunded_ms is not None:
        return {"seat": sold, "said": [t("wallet_given_back")]}
    if now is not None and now.seat is None:
        said.append(t("shop_seat_none"))
    elif seat and seat != sold:
        said.append(t("shop_seat_now", seat=seat, old=sold))
    if now is not None and now.fault:
        said.append(t("shop_seat_fault"))
    return {"seat": seat, "said": said}
