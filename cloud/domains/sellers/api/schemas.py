"""Shapes of the sellers' interface. Words are OSDM's, instants are ISO 8601 in UTC, money is in minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import Schema, fields, validate

from cloud.domains.sellers.books.bookings import STATES, Booking, Item
from cloud.domains.sellers.books.offers import Offer
from cloud.domains.sellers.service import MAX_PLACES, Labels, RefundOffer
from cloud.kernel.ports import NewPlace
from cloud.kernel.web import NUMBER, Day, PageQuery
from sync.catalogue import LANGUAGES
from sync.domains.ticketing.events import PROOFS
from sync.kernel import ticket
from sync.kernel.documents import DOCUMENT_TYPES, MAX_NAME, MAX_NUMBER
from sync.kernel.ticket import RIDERS, TicketId

OFFER_ID: Final = "101-2518-0-4-3000-CNY"
BOOKING_ID: Final = "5f0c2d7e9a4b4c0f8e1d2c3b4a596877"
ADULT: Final = RIDERS[0]


class KeySchema(Schema):
    """Names a request: the same one again has no second effect, and gets the same booking."""

    key = fields.String(required=True, data_key="Idempotency-Key", validate=validate.Length(min=8, max=80))


class PlaceQuery(PageQuery):
    """Words that stand in a stop's name, in any language."""

    q = fields.String(load_default="", validate=validate.Length(max=200))
    language = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


class PlaceSchema(Schema):
    """A stop; ``station`` is the name of the one that it belongs to."""

    place_id = fields.Integer(attribute="stop_no")
    name = fields.String()
    station = fields.String()


class SearchSchema(Schema):
    """From where to where, on which day, for how many."""

    from_place = fields.Integer(required=True, validate=NUMBER, metadata={"example": 1})
    to_place = fields.Integer(required=True, validate=NUMBER, metadata={"example": 5})
    date = Day(required=True)
    places = fields.Integer(load_default=1, validate=validate.Range(min=1, max=MAX_PLACES))
    language = fields.String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


class OfferSchema(Schema):
    """A ride and its price for one adult; ``prices`` for every passenger type that has one, and ``proofs`` of which one has to be
    seen of such a passenger.

    ``seats`` may be chosen from, ``seat_labels`` say what stands on them; ``left`` is what the hub has at this moment,
    ``laps`` for how many children without a seat (``child_free``) there is room beside their adults."""

    offer_id = fields.String(metadata={"example": OFFER_ID})
    trip_no = fields.Integer()
    date = Day()
    from_place = fields.Integer()
    to_place = fields.Integer()
    from_name = fields.String()
    to_name = fields.String()
    departs = fields.String(metadata={"format": "date-time"})
    arrives = fields.String(metadata={"format": "date-time"})
    price_minor = fields.Integer()
    currency = fields.String()
    left = fields.Integer()
    laps = fields.Integer()
    seats = fields.List(fields.Integer())
    seat_labels = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"example": {"3": "01C"}})
    prices = fields.Dict(keys=fields.String(), values=fields.Integer())
    proofs = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    named = fields.Boolean()


class DocumentSchema(Schema):
    """A traveller's document, needed where the line wants names. It is sealed at once and never comes back."""

    document_type = fields.String(required=True, validate=validate.OneOf(DOCUMENT_TYPES))
    number = fields.String(required=True, validate=validate.Length(min=1, max=2 * MAX_NUMBER))
    name = fields.String(required=True, validate=validate.Length(min=1, max=2 * MAX_NAME))


class WantedSchema(Schema):
    """One place: for an offer, on a seat if one was chosen. ``proof``: what the seller saw before it sold a concession.

    A ``child_free`` rides on a lap, one with each adult of the same booking and ride, as far as ``laps`` of the offer goes."""

    document = fields.Nested(DocumentSchema, load_default=None, allow_none=True)

    offer_id = fields.String(required=True, validate=validate.Length(max=60), metadata={"example": OFFER_ID})
    seat = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=1_000))
    passenger_type = fields.String(load_default=ADULT, validate=validate.OneOf(RIDERS))
    proof = fields.String(load_default="", validate=validate.OneOf(PROOFS))


class NewBookingSchema(Schema):
    """All places of a booking are held, or none."""

    offers = fields.List(fields.Nested(WantedSchema), required=True, validate=validate.Length(min=1, max=MAX_PLACES))
    reference = fields.String(load_default="", validate=validate.Length(max=80))


class BookingQuery(PageQuery):
    """Which bookings."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class ItemSchema(Schema):
    """One place of a booking. ``ticket_number`` once it is ticketed; the last three once it was refunded.

    ``seat`` is null on a lap. ``seat_now``: where the passenger sits; another number than ``seat`` where another vehicle runs,
    0 for any seat, and null where that vehicle has none. The labels are what stands on these seats, null for none.
    ``proofs_needed``: of these one has to be seen before the booking is ticketed.
    ``free_of_fee``: because of another vehicle, the ticket may be given back or exchanged free."""

    item = fields.Integer()
    trip_no = fields.Integer()
    date = Day()
    from_idx = fields.Integer()
    to_idx = fields.Integer()
    seat = fields.Integer(allow_none=True)
    seat_label = fields.String(allow_none=True, metadata={"example": "01C"})
    seat_now = fields.Integer(allow_none=True)
    seat_now_label = fields.String(allow_none=True)
    free_of_fee = fields.Boolean()
    departs = fields.String(metadata={"format": "date-time"})
    passenger_type = fields.String()
    proofs_needed = fields.List(fields.String())
    named = fields.Boolean()
    price_minor = fields.Integer()
    currency = fields.String()
    ticket_number = fields.String(allow_none=True)
    refunded_minor = fields.Integer(allow_none=True)
    fee_minor = fields.Integer(allow_none=True)
    rule = fields.String(allow_none=True)


class BookingSchema(Schema):
    """``state``: held (until ``expires``), ticketed, cancelled or lapsed. ``totals``: currency → minor units."""

    booking_id = fields.String(metadata={"example": BOOKING_ID})
    reference = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    made = fields.String(metadata={"format": "date-time"})
    expires = fields.String(metadata={"format": "date-time"})
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    items = fields.List(fields.Nested(ItemSchema))


class ProofSchema(Schema):
    """What a person saw of one place of a booking."""

    item = fields.Integer(required=True, validate=validate.Range(min=0, max=1_000))
    proof = fields.String(required=True, validate=validate.OneOf(PROOFS[1:]))


class NewFulfillmentSchema(Schema):
    """``proofs`` of the places that say which they need."""

    proofs = fields.List(fields.Nested(ProofSchema), load_default=list, validate=validate.Length(max=1_000))


class FulfillmentSchema(Schema):
    """A ticket. ``text`` is the content of its QR code, which proves itself; ``number`` stands on paper."""

    item = fields.Integer()
    number = fields.String()
    short_code = fields.String()
    text = fields.String()


class RefundOfferSchema(Schema):
    """What giving one ticket back costs now."""

    refund_offer_id = fields.String(metadata={"example": "0-300"})
    item = fields.Integer()
    ticket_number = fields.String()
    fee_minor = fields.Integer()
    refunded_minor = fields.Integer()
    currency = fields.String()
    rule = fields.String()


class NewExchangeSchema(Schema):
    """One ticket of the booking, and the offer to exchange it for."""

    item = fields.Integer(required=True, validate=validate.Range(min=0, max=1_000))
    offer_id = fields.String(required=True, validate=validate.Length(max=60), metadata={"example": OFFER_ID})


class ExchangeOfferSchema(Schema):
    """What an exchange costs now. ``due_minor`` is what the account is charged; below 0: gets back."""

    exchange_offer_id = fields.String(metadata={"example": f"0_0_{OFFER_ID}"})
    item = fields.Integer()
    offer_id = fields.String()
    fee_minor = fields.Integer()
    back_minor = fields.Integer()
    price_minor = fields.Integer()
    due_minor = fields.Integer()
    currency = fields.String()
    rule = fields.String()


class ExchangeSchema(Schema):
    """Takes an exchange offer, on a seat if one was chosen."""

    status = fields.String(required=True, validate=validate.OneOf(["CONFIRMED"]))
    seat = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=1_000))


class StatementQuery(Schema):
    """From one calendar day to another, both included."""

    from_ = Day(required=True, data_key="from")
    to = Day(required=True)


class StatementSchema(Schema):
    """One currency. ``due_minor`` = sold − refunded − commission; ``fees_minor`` is what refunds left of sales."""

    currency = fields.String()
    tickets = fields.Integer()
    sold_minor = fields.Integer()
    refunds = fields.Integer()
    refunded_minor = fields.Integer()
    fees_minor = fields.Integer()
    commission_minor = fields.Integer()
    due_minor = fields.Integer()
    paid_minor = fields.Integer()


class ConfirmSchema(Schema):
    """Takes a refund offer."""

    status = fields.String(required=True, validate=validate.OneOf(["CONFIRMED"]))


def instant(at_ms: int) -> str:
    """``2026-07-31T06:05:00Z``."""
    held = min(max(at_ms, 0), 253_370_000_000_000)
    return datetime.fromtimestamp(held // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def offer(found: Offer) -> dict[str, Any]:
    """For :class:`OfferSchema`."""
    ride = found.ride
    return {
        "offer_id": found.offer_id, "trip_no": ride.trip_no, "date": ride.day, "from_place": ride.from_stop_no,
        "to_place": ride.to_stop_no, "from_name": found.from_name, "to_name": found.to_name,
        "departs": instant(ride.departs_ms), "arrives": instant(ride.arrives_ms), "price_minor": ride.price_minor,
        "currency": ride.currency, "left": found.left, "laps": found.laps, "seats": found.seats,
        "seat_labels": {str(seat): found.labels[seat] for seat in found.seats if seat in found.labels}, "prices": found.prices,
        "proofs": {rider: proofs for rider, proofs in found.proofs.items() if proofs},
        "named": found.named,
    }  # fmt: skip


def booking(
    found: Booking, moved: Mapping[bytes, NewPlace], labels: Labels, lacking: Mapping[int, Sequence[str]]
) -> dict[str, Any]:
    """For :class:`BookingSchema`; ``moved``: what another vehicle means to tickets; ``lacking``: proofs that nobody has seen."""
    return {
        "booking_id": found.booking_id, "reference": found.reference, "state": found.state,
        "made": instant(found.made_ms), "expires": instant(found.expires_ms), "totals": found.totals,
        "items": [
            _item(one, moved.get(one.ticket_id or b""), labels.get((one.trip_no, one.day), {}), lacking.get(one.idx, ()))
            for one in found.items
        ],
    }  # fmt: skip


def _item(one: Item, now: NewPlace | None, labels: Mapping[int, str], lacking: Sequence[str]) -> dict[str, Any]:
    seat_now = one.seat_no if now is None else now.seat
    return {
        "item": one.idx, "trip_no": one.trip_no, "date": one.day, "from_idx": one.from_idx, "to_idx": one.to_idx,
        "seat": one.seat_no, "seat_label": labels.get(one.seat),
        "seat_now": seat_now, "seat_now_label": labels.get(seat_now or 0), "free_of_fee": bool(now and now.fault),
        "departs": instant(one.departs_ms), "passenger_type": RIDERS[one.rider],
        "proofs_needed": lacking, "named": one.named is not None,
        "price_minor": one.price_minor, "currency": one.currency,
        "ticket_number": number_of(one), "refunded_minor": one.refunded_minor, "fee_minor": one.fee_minor,
        "rule": one.rule,
    }  # fmt: skip


def number_of(one: Item) -> str | None:
    """What stands on the paper of a place that was sold."""
    return None if one.ticket_id is None else TicketId.from_bytes(one.ticket_id).number


def fulfillments(found: Booking, texts: dict[int, str]) -> list[dict[str, Any]]:
    """For :class:`FulfillmentSchema`."""
    return [
        {"item": one.idx, "number": number_of(one), "short_code": ticket.short_code(texts[one.idx]), "text": texts[one.idx]}
        for one in found.items
        if one.idx in texts
    ]  # fmt: skip


def refund_offer(found: RefundOffer) -> dict[str, Any]:
    """For :class:`RefundOfferSchema`."""
    one = found.item
    return {
        "refund_offer_id": f"{one.idx}-{found.fee_minor}", "item": one.idx, "ticket_number": number_of(one),
        "fee_minor": found.fee_minor, "refunded_minor": found.refunded_minor, "currency": one.currency,
        "rule": found.rule,
    }  # fmt: skip
