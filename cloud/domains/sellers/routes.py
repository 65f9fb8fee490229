"""The open interface of sellers, in the steps and words of OSDM: places, offers, bookings, fulfillments, refund offers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from flask import request
from marshmallow import EXCLUDE, RAISE, Schema
from sqlalchemy.engine import Connection

from cloud.domains.sellers.api import files, problems, schemas
from cloud.domains.sellers.api.calls import Callers, Rate, caller
from cloud.domains.sellers.api.problems import SellersBlueprint
from cloud.domains.sellers.books import bookings, offers
from cloud.domains.sellers.books.accounts import READ, REFUND, SELL
from cloud.domains.sellers.books.bookings import Booking
from cloud.domains.sellers.books.naming import Shown
from cloud.domains.sellers.books.statements import Statement, statement
from cloud.domains.sellers.service import Once
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PREFIX: Final = "/sellers/v1"
SECURITY: Final[list[dict[str, list[str]]]] = [{"seller": []}]
_ID: Final = "/bookings/<string:booking_id>"


def blueprint(hub: Hub) -> SellersBlueprint:
    """Routes of this domain."""
    routes = SellersBlueprint("sellers", __name__, url_prefix=PREFIX, description="Other sellers")
    problems.handle(routes)
    callers = Callers(hub.database, Rate(hub.clock, hub.settings.seller_calls_per_minute))
    _register_search(routes, hub, callers)
    _register_bookings(routes, hub, callers)
    files.register(routes, hub, callers, f"{_ID}/fulfillments.pdf", SECURITY)
    _register_refunds(routes, hub, callers)
    _register_exchanges(routes, hub, callers)
    _register_statements(routes, hub, callers)
    return routes


def _register_search(routes: SellersBlueprint, hub: Hub, callers: Callers) -> None:
    @_route(routes, callers, READ, "/places", "GET", schemas.PlaceSchema(many=True), query=schemas.PlaceQuery)
    def places(query: dict[str, Any]) -> Sequence[Any]:
        """Stops by name"""
        with hub.database.read() as tx:
            return hub.places.search_stops(tx, query["q"], query["language"], query["limit"], query["offset"])

    @_route(routes, callers, READ, "/offers", "POST", schemas.OfferSchema(many=True), body=schemas.SearchSchema)
    def offer_list(body: dict[str, Any]) -> list[dict[str, Any]]:
        """Direct rides on a day with enough places left, by departure"""
        where = ([body["from_place"]], [body["to_place"]], body["date"], body["places"], body["language"])
        with hub.database.read() as tx:
            return [schemas.offer(found) for found in hub.offers.search(tx, *where)]


def _register_bookings(routes: SellersBlueprint, hub: Hub, callers: Callers) -> None:
    many, one = schemas.BookingSchema(many=True), schemas.BookingSchema()

    @_route(routes, callers, READ, "/bookings", "GET", many, query=schemas.BookingQuery)
    def booking_list(query: dict[str, Any]) -> list[dict[str, Any]]:
        """The seller's own bookings, the newest first"""
        with hub.database.read() as tx:
            found = bookings.of_seller(tx, caller().seller.seller_no, **query)
            moved, labels = hub.selling.moved(tx, found), hub.selling.labels(tx, found)
            return [schemas.booking(one, moved, labels, hub.selling.lacking(tx, one)) for one in found]

    @_route(routes, callers, SELL, "/bookings", "POST", one, 201, body=schemas.NewBookingSchema, once=True)
    def book(body: dict[str, Any], once: Once) -> dict[str, Any]:
        """Hold a place for each of some offers, all or none, until the booking expires"""
        wishes = [
            offers.wish(item["offer_id"], item["seat"], item["passenger_type"], item["proof"], _shown(item["document"]))
            for item in body["offers"]
        ]
        with hub.database.write() as tx:
            return _shown_booking(hub, tx, hub.selling.book(tx, caller().seller, wishes, body["reference"], once))

    @_route(routes, callers, READ, _ID, "GET", one)
    def booking(booking_id: str) -> dict[str, Any]:
        """One booking"""
        with hub.database.read() as tx:
            return _shown_booking(hub, tx, bookings.find(tx, booking_id, caller().seller.seller_no))

    @_route(routes, callers, SELL, _ID, "DELETE", one)
    def cancel(booking_id: str) -> dict[str, Any]:
        """Let the places of a booking that is not ticketed go"""
        with hub.database.write() as tx:
            return _shown_booking(hub, tx, hub.selling.cancel(tx, caller().seller, booking_id))

    @_route(
        routes, callers, SELL, f"{_ID}/fulfillments", "POST", schemas.FulfillmentSchema(many=True), 201,
        body=schemas.NewFulfillmentSchema, once=True,
    )  # fmt: skip
    def fulfill(body: dict[str, Any], booking_id: str, once: Once) -> list[dict[str, Any]]:
        """Put a booking on the seller's account and issue its tickets. Proofs that were not seen before are seen now"""
        proofs = {one["item"]: one["proof"] for one in body["proofs"]}
        with hub.database.write() as tx:
            done = hub.selling.ticket(tx, caller().seller, booking_id, once, proofs)
            return schemas.fulfillments(done, hub.selling.codes(tx, done))

    @_route(routes, callers, READ, f"{_ID}/fulfillments", "GET", schemas.FulfillmentSchema(many=True))
    def fulfillments(booking_id: str) -> list[dict[str, Any]]:
        """The tickets of a booking that are good"""
        with hub.database.read() as tx:
            found = bookings.find(tx, booking_id, caller().seller.seller_no)
            return schemas.fulfillments(found, hub.selling.codes(tx, found))


def _register_refunds(routes: SellersBlueprint, hub: Hub, callers: Callers) -> None:
    shown = schemas.RefundOfferSchema(many=True)

    @_route(routes, callers, REFUND, f"{_ID}/refund-offers", "POST", shown)
    def refund_offers(booking_id: str) -> list[dict[str, Any]]:
        """What giving each ticket of a booking back costs now; nothing is changed"""
        with hub.database.write() as tx:
            found = hub.selling.refund_offers(tx, caller().seller, booking_id)
            return [schemas.refund_offer(one) for one in found]

    @_route(
        routes, callers, REFUND, f"{_ID}/refund-offers/<string:refund_offer_id>", "PATCH",
        schemas.BookingSchema(), body=schemas.ConfirmSchema, once=True,
    )  # fmt: skip
    def refund(_body: dict[str, Any], booking_id: str, refund_offer_id: str, once: Once) -> dict[str, Any]:
        """Take a refund offer: the fee is still the one shown, or nothing happens. The money goes to the seller's account"""
        item, _, fee = refund_offer_id.partition("-")
        if not all(part.isascii() and part.isdigit() and len(part) < 13 for part in (item, fee)):
            raise Refusal("offer_form", status=422, field="refund_offer_id")
        with hub.database.write() as tx:
            done = hub.selling.refund(tx, caller().seller, booking_id, int(item), int(fee), once)
            return _shown_booking(hub, tx, done)


def _register_exchanges(routes: SellersBlueprint, hub: Hub, callers: Callers) -> None:
    @_route(
        routes, callers, REFUND, f"{_ID}/exchange-offers", "POST", schemas.ExchangeOfferSchema(),
        body=schemas.NewExchangeSchema,
    )  # fmt: skip
    def exchange_offer(body: dict[str, Any], booking_id: str) -> dict[str, Any]:
        """What exchanging one ticket for another ride costs now; nothing is changed"""
        with hub.database.write() as tx:
            found = bookings.find(tx, booking_id, caller().seller.seller_no)
            offer = hub.exchanges.offer(tx, found, body["item"], offers.wish(body["offer_id"], None))
        name = f"{body['item']}_{offer.due_minor}_{body['offer_id']}"
        shown = {"exchange_offer_id": name, "offer_id": body["offer_id"], "currency": offer.item.currency}
        money = {key: getattr(offer.terms, key) for key in ("fee_minor", "back_minor", "price_minor", "rule")}
        return {**shown, **money, "due_minor": offer.due_minor, "item": body["item"]}

    @_route(
        routes, callers, REFUND, f"{_ID}/exchange-offers/<string:exchange_offer_id>", "PATCH", schemas.BookingSchema(),
        body=schemas.ExchangeSchema, once=True,
    )  # fmt: skip
    def exchange(body: dict[str, Any], booking_id: str, exchange_offer_id: str, once: Once) -> dict[str, Any]:
        """Take an exchange offer: the money is still the one shown, or nothing happens. The old ticket is void"""
        item, _, rest = exchange_offer_id.partition("_")
        due, _, offer_id = rest.partition("_")
        digits = (item, due.removeprefix("-"))
        if not all(part.isascii() and part.isdigit() and len(part) < 13 for part in digits):
            raise Refusal("offer_form", status=422, field="exchange_offer_id")
        wish = offers.wish(offer_id, body["seat"])
        with hub.database.write() as tx:
            done = hub.exchanges.exchange(tx, caller().seller, booking_id, int(item), wish, int(due), once)
            return _shown_booking(hub, tx, done)


def _register_statements(routes: SellersBlueprint, hub: Hub, callers: Callers) -> None:
    shown = schemas.StatementSchema(many=True)

    @_route(routes, callers, READ, "/statements", "GET", shown, query=schemas.StatementQuery)
    def statements(query: dict[str, Any]) -> list[Statement]:
        """What the seller sold, gave back and keeps, from one day to another"""
        with hub.database.read() as tx:
            span = hub.offers.span_ms(tx, query["from_"], query["to"])
            return statement(tx, caller().seller.seller_no, *span)


def _route(
    routes: SellersBlueprint, callers: Callers, scope: str, rule: str, method: str, answer: Schema, status: int = 200, *,
    query: type[Schema] | None = None, body: type[Schema] | None = None, once: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Decorator of a route: who calls comes first, then what is sent, then the view. ``once``: it has an effect, and the
    view is given what makes a repetition the same."""

    def around(view: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            if not once:
                return view(*args, **kwargs)
            key, *rest = args
            return view(*rest, **kwargs, once=Once(key["key"], _digest(rest)))

        called.__doc__, called.__name__ = view.__doc__, view.__name__
        shown = routes.response(status, answer)(called)
        if body is not None:
            shown = routes.arguments(body, unknown=RAISE)(shown)
        if query is not None:
            shown = routes.arguments(query, location="query", unknown=RAISE)(shown)
        if once:
            shown = routes.arguments(schemas.KeySchema, location="headers", unknown=EXCLUDE)(shown)
        documented = routes.doc(security=SECURITY)(shown)
        routes.route(rule, methods=[method])(callers.require(scope)(documented))
        return view

    return around


def _shown_booking(hub: Hub, tx: Connection, found: Booking) -> dict[str, Any]:
    moved, labels = hub.selling.moved(tx, [found]), hub.selling.labels(tx, [found])
    return schemas.booking(found, moved, labels, hub.selling.lacking(tx, found))


def _shown(document: dict[str, str] | None) -> Shown | None:
    return None if document is None else Shown(**document)


def _digest(said: Sequence[Any]) -> bytes:
    """Of everything that makes a request this one: method, address and body, however the body was written. A document is left
    out: its number could be guessed from any digest of it."""
    text = json.dumps([request.method, request.path, *_without_documents(said)], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _without_documents(said: Any) -> Any:
    if isinstance(said, dict):
        kept = {key: value for key, value in said.items() if key != "document"}
        named = {"document": True} if said.get("document") else {}
        return {key: _without_documents(value) for key, value in kept.items()} | named
    return [_without_documents(one) for one in said] if isinstance(said, list | tuple) else said
