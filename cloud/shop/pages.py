"""The shop's pages: search, a booking, its tickets, giving one back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.engine import Connection

from cloud.console.desk import language
from cloud.domains.sellers.api.schemas import number_of
from cloud.domains.sellers.books.bookings import TICKETED, Booking
from cloud.domains.sellers.books.offers import Typed
from cloud.domains.sellers.service import Once
from cloud.kernel.ports import NewPlace
from cloud.shop.counter import Counter
from cloud.shop.rides import search_again, times
from cloud.shop.web import render
from sync.kernel import qr, ticket
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

_ID: Final = "/bookings/<string:booking_id>"
_KEY_BYTES: Final = 16


def register(blueprint: Blueprint, counter: Counter) -> None:
    """Every page under its address."""
    _register_search(blueprint, counter)
    _register_booking(blueprint, counter)
    _register_refund(blueprint, counter)


def _register_search(blueprint: Blueprint, counter: Counter) -> None:
    hub = counter.hub

    @blueprint.get("/")
    def search() -> ResponseReturnValue:
        """From where to where, and when; below it what there is."""
        asked = {name: request.args.get(name, "").strip()[:60] for name in ("from", "to", "date")}
        with hub.database.read() as tx:
            counter.seller(tx)
            day = _day(asked["date"], hub.offers.today(tx))
            values: dict[str, Any] = {"asked": asked, "day": day, "found": None}
            if asked["from"] and asked["to"]:
                values |= _found(tx, counter, asked, day)
        return render("search.html", **values)


def _register_booking(blueprint: Blueprint, counter: Counter) -> None:
    hub = counter.hub

    @blueprint.get(_ID)
    def booking(booking_id: str) -> ResponseReturnValue:
        """What is held and until when; once it is paid, the tickets."""
        with hub.database.read() as tx:
            found = counter.booking(tx, booking_id)
            texts = hub.selling.codes(tx, found) if found.state == TICKETED else {}
            moved = hub.selling.moved(tx, [found])
            plans = hub.selling.labels(tx, [found])
            rides = [_described(tx, counter, found, idx, texts, moved, plans) for idx in range(len(found.items))]
            seller, lacking = counter.seller(tx), hub.selling.lacking(tx, found)
        first = rides[0]
        leaves = day_at(first["item"].departs_ms, first["zone"])
        return render(
            "booking.html", booking=found, rides=rides, seller=seller, lacking=lacking, pdf_offered=not hub.press.lack,
            search=search_again(first["from_name"], first["to_name"], leaves),
        )  # fmt: skip

    @blueprint.post(f"{_ID}/cancel")
    def cancel(booking_id: str) -> ResponseReturnValue:
        """Let the places go."""
        with hub.database.write() as tx:
            hub.selling.cancel(tx, counter.seller(tx), booking_id)
        return redirect(url_for("shop.booking", booking_id=booking_id))


def _register_refund(blueprint: Blueprint, counter: Counter) -> None:
    hub = counter.hub

    @blueprint.get(f"{_ID}/refund/<int(max=100):idx>")
    def refund(booking_id: str, idx: int) -> ResponseReturnValue:
        """What giving one ticket back costs; nothing is changed yet."""
        with hub.database.write() as tx:
            found = counter.booking(tx, booking_id)
            offer = hub.selling.refund_offer(tx, found, idx)
            ride = _described(tx, counter, found, idx, {}, {}, hub.selling.labels(tx, [found]))
        key = hub.ids.token(_KEY_BYTES).hex()
        return render("refund.html", booking=found, offer=offer, ride=ride, key=key)

    @blueprint.post(f"{_ID}/refund/<int(max=100):idx>")
    def refund_confirmed(booking_id: str, idx: int) -> ResponseReturnValue:
        """Take the offer that was shown."""
        fee = request.form.get("fee_minor", "")
        if not (fee.isascii() and fee.isdigit() and len(fee) < 13):
            raise Refusal("refund_fee_changed")
        once = Once(request.form.get("key", ""), hashlib.sha256(f"{booking_id} {idx} {fee}".encode()).digest())
        with hub.database.write() as tx:
            hub.selling.refund(tx, counter.seller(tx), booking_id, idx, int(fee), once)
        return redirect(url_for("shop.booking", booking_id=booking_id))


def _found(tx: Connection, counter: Counter, asked: dict[str, str], day: int) -> dict[str, Any]:
    """The rides, or the names that somebody may have meant, or why there is nothing."""
    ends: dict[str, Typed] = {}
    for name in ("from", "to"):
        try:
            ends[name] = counter.hub.offers.place(tx, asked[name], language())
        except Refusal as refusal:
            return {"wrong": {name: refusal}}
    if any(end.names for end in ends.values()):
        return {"choices": {name: end.names for name, end in ends.items() if end.names}}
    stops = (ends["from"].stop_nos, ends["to"].stop_nos)
    if set(stops[0]) & set(stops[1]):
        return {"wrong": {"to": Refusal("shop_same_stop")}}
    found = counter.hub.offers.search(tx, *stops, day, 1, language())
    names = {name: end.name for name, end in ends.items()}
    return {"asked": asked | names, "found": [(offer, times(offer)) for offer in found]}


def _day(text: str, today: int) -> int:
    """The day that was asked for; today for none or one that is over."""
    try:
        return max(day_of(date.fromisoformat(text)), today)
    except ValueError:
        return today


def _described(
    tx: Connection, counter: Counter, found: Booking, idx: int, texts: dict[int, str],
    moved: Mapping[bytes, NewPlace], plans: Mapping[tuple[int, int], Mapping[int, str]],
) -> dict[str, Any]:  # fmt: skip
    """One place of a booking as the page shows it. ``moved``: where passengers sit in another vehicle, by ticket; ``plans``: the
    labels of the seats, by dated trip."""
    item = next(item for item in found.items if item.idx == idx)
    from_no, to_no, zone = counter.hub.rides.ends_of(tx, item.trip_no, item.from_idx, item.to_idx)
    names = counter.hub.places.stop_names(tx, {from_no, to_no}, language())
    text, labels = texts.get(idx), plans.get((item.trip_no, item.day), {})
    now = moved.get(item.ticket_id or b"")
    return {
        "wallet": url_for("wallet.page", _anchor=f"booking={found.booking_id}&place={idx}"),
        "item": item, "rider": RIDERS[item.rider], "seat": labels.get(item.seat, item.seat_no), "now": now,
        "seat_now": labels.get(now.seat, now.seat) if now and now.seat else "",
        "from_name": names.get(from_no, ""), "to_name": names.get(to_no, ""),
        "zone": zone, "number": number_of(item),
        "short_code": ticket.short_code(text) if text else None,
        "qr": Markup(qr.svg(text)) if text and not item.holder else None,  # noqa: S704
    }  # fmt: skip
