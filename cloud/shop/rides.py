"""The page of one ride: who rides, and on which seats. What was typed stands there again after an error, but never what may be
a document's number."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from cloud.console.desk import language
from cloud.console.web import iso_day
from cloud.domains.sellers.books import offers
from cloud.domains.sellers.books.bookings import Booking
from cloud.domains.sellers.books.naming import Shown
from cloud.domains.sellers.books.offers import Offer
from cloud.domains.sellers.service import Once
from cloud.shop.counter import Counter
from cloud.shop.riders import FREE, MOST_PLACES, places_of
from cloud.shop.web import explain, render
from sync.kernel.days import day_at, local_time
from sync.kernel.documents import DOCUMENT_TYPES
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

_KEY_BYTES: Final = 16
# The ride is no longer to be had, whatever is typed: only another one helps.
_GONE: Final = frozenset({"departed", "not_bookable"})
# Field of a refusal, or its code where it names none → the part of the page that it stands beside.
_PART_OF: Final = {
    "rider": "riders", "passenger_type": "riders", "seat": "seats", "no_seat": "riders",
    "document_type": "document_type", "document_number": "document_number", "document_name": "document_name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What was typed, as far as the page may show it again."""

    counts: Mapping[str, str]
    rider: str = ""
    seats: tuple[str, ...] = ()
    document_type: str = ""
    document_name: str = ""


def register(blueprint: Blueprint, counter: Counter) -> None:
    """The page under its address."""
    hub = counter.hub

    @blueprint.get("/ride")
    def ride() -> ResponseReturnValue:
        """One ride: who rides, on which seats."""
        with hub.database.read() as tx:
            counter.seller(tx)
            offer = hub.offers.one(tx, request.args.get("offer", ""), language())
        return _page(counter, offer, Kept({RIDERS[0]: "1"}))

    @blueprint.post("/ride")
    def book() -> ResponseReturnValue:
        """Hold the places. The same form sent twice is one booking."""
        try:
            made = _book(counter)
        except Refusal as refusal:
            return _again(counter, refusal)
        return redirect(url_for("shop.booking", booking_id=made.booking_id))


def search_again(from_name: str, to_name: str, day: int) -> str:
    """The address of the search between two stops on a calendar day."""
    asked: dict[str, Any] = {"from": from_name, "to": to_name, "date": iso_day(day)}
    return url_for("shop.search", **asked)


def times(offer: Offer) -> tuple[str, str]:
    """Departure and arrival as clocks show them there."""
    return _clock(offer.ride.departs_ms, offer.ride.zone), _clock(offer.ride.arrives_ms, offer.ride.zone)


def kept(form: MultiDict[str, str]) -> Kept:
    """What the page shows again of a form."""
    name = form.get("document_name", "")[:120]
    if any(sign.isdigit() for sign in name):
        name = ""  # no name has one, but a number that was typed into the wrong field has
    counts = {rider: form.get(f"count_{rider}", "0") for rider in RIDERS}
    return Kept(counts, form.get("rider", ""), tuple(form.getlist("seat")), form.get("document_type", ""), name)


def _book(counter: Counter) -> Booking:
    hub, who = counter.hub, request.remote_addr or ""
    counter.tried.spend(who)
    document, places, offer_id = _document(), places_of(request.form), request.form.get("offer", "")
    wishes = [offers.wish(offer_id, seat, rider, document=document) for rider, seat in places]
    said = repr([offer_id, places]).encode()
    once = Once(request.form.get("key", ""), hashlib.sha256(said).digest())
    number = counter.pick_up_number()
    try:
        with hub.database.write() as tx:
            made = hub.selling.book(tx, counter.seller(tx), wishes, number, once, proved=False)
            if made.reference == number:
                counter.booked.spend(who)  # above the limit nothing of this was done; the same form again is none more
    except Refusal as refusal:
        if refusal.code == "document_used":
            counter.booked.spend(who)  # tells who travels, so it is not to be had more often than a booking
        raise
    return made


def _again(counter: Counter, refusal: Refusal) -> ResponseReturnValue:
    """The page with what was typed, and what is the matter. Raises ``refusal`` where there is no such ride to show."""
    try:
        with counter.hub.database.read() as tx:
            counter.seller(tx)
            offer = counter.hub.offers.one(tx, request.form.get("offer", ""), language())
    except Refusal:
        raise refusal from None
    return _page(counter, offer, kept(request.form), refusal)


def _page(counter: Counter, offer: Offer, typed: Kept, refusal: Refusal | None = None) -> ResponseReturnValue:
    """``wrong``: the part of the page → its sentence, with ``top`` for what no part of it can mend."""
    gone = not offer.left or (refusal is not None and refusal.code in _GONE)
    wrong = {} if refusal is None else {_part(offer, refusal, gone): explain(refusal)}
    day = day_at(offer.ride.departs_ms, offer.ride.zone)
    search = search_again(offer.from_name, offer.to_name, day)
    return render(
        "ride.html", refusal.status if refusal else 200, offer=offer, times=times(offer), labels=offer.labels,
        key=counter.hub.ids.token(_KEY_BYTES).hex(), most=_most(offer), kinds=DOCUMENT_TYPES, kept=typed, wrong=wrong,
        gone=gone, search=search,
    )  # fmt: skip


def _part(offer: Offer, refusal: Refusal, gone: bool) -> str:
    """Where on the page a refusal stands."""
    part = _PART_OF.get(refusal.field or refusal.code, "top")
    on_page = part == "riders" or (offer.named if part.startswith("document") else bool(offer.seats))
    return part if on_page and not gone else "top"


def _document() -> Shown | None:
    """The document that was typed; None where the form asks for none."""
    typed = [request.form.get(f"document_{name}", "")[:120] for name in ("type", "number", "name")]
    return Shown(*typed) if any(typed[1:]) else None


def _most(offer: Offer) -> dict[str, int]:
    """Rider → how many of them may be asked for. Where the line wants names, one traveller with one document; a child on a lap
    goes with its adult, so not there."""
    if offer.named:
        return {rider: 1 for rider in offer.prices if rider != FREE}
    return {rider: min(MOST_PLACES, offer.laps if rider == FREE else offer.left) for rider in offer.prices}


def _clock(at_ms: int, zone: str) -> str:
    return local_time(at_ms, zone).strftime("%H:%M")
