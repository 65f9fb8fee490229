"""Selling: check the trip, take the seat, price it, record the sale; only then is there a ticket."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.drawer import cash_in_hand
from edge.domains.ticketing.office.fares import Fare, Fares
from edge.domains.ticketing.office.parties import party_of, seat_labels
from edge.domains.ticketing.office.shown import Order, Refunded, Since, Takings, Ticket, refunded_of, showable
from edge.domains.ticketing.office.travellers import ShownDocument, Travellers
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import (
    CASH,
    CHANNELS,
    COUNTER,
    PAYMENTS,
    PROOFS,
    TicketSold,
    TravellerNamed,
)
from sync.domains.ticketing.office.fares import ADULT, check_children
from sync.kernel import certificate, days, hlc, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ports import Signer
from sync.kernel.ticket import MAX_SUPERSEDED, RIDERS, TicketId

__all__ = ["Order", "Refunded", "Takings", "Ticket", "Ticketing", "check_key"]
_LISTED = 200
_KEY_LENGTH = 80


class Ticketing:
    """The ticketing domain of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        signer: Signer,
        timetable: Timetable,
        inventory: Inventory,
        fares: Fares,
        travellers: Travellers,
        boot_id: bytes,
        boarded: Callable[[TicketId], tuple[int, str] | None],
        on_duty: Callable[[sqlite3.Connection, int], None],
    ) -> None:
        self._database, self._scribe, self._keeper, self._signer = database, scribe, keeper, signer
        self._boarded, self._fares, self._on_duty, self._travellers = boarded, fares, on_duty, travellers
        self._timetable, self._inventory, self._boot = timetable, inventory, boot_id

    def order(
        self, trip_no: int, day: int, from_idx: int, to_idx: int, seat: int | None = None, channel: str = "kiosk",
        key: str = "",
    ) -> Order:  # fmt: skip
        """Choose a ride and hold a seat for it until it is paid. The same ``key`` again, if there is one, gives the same order.

        Raises :class:`Refusal` as :meth:`for_sale`, ``no_seat``, ``seat_taken``, ``key_form``.
        """
        if key:
            check_key(key)
        known = store.order_of_key(self._database.read(), key) if key else None
        if known is None:
            ride = self.for_sale(trip_no, day, from_idx, to_idx)
            known = self._scribe.record(lambda unit: self._hold(unit, ride, seat, CHANNELS.index(channel), key))
        return self.order_view(known)

    def order_view(self, order_no: int) -> Order:
        """Raises :class:`Refusal` ``no_such_order``."""
        row = store.order(self._database.read(), order_no)
        if row is None:
            raise Refusal("no_such_order", status=404)
        return self._order(row)

    def waiting(self) -> list[Order]:
        """Orders that wait for cash, oldest first."""
        return showable(self._order, store.waiting_orders(self._database.read()))

    def cancel(self, order_no: int) -> None:
        """Give an order up. Raises :class:`Refusal`: ``no_such_order``, ``order_sold``."""
        self._scribe.record(lambda unit: self._cancel(unit, order_no))

    def confirm(
        self, order_no: int, clerk_no: int, tendered_minor: int | None = None, document: ShownDocument | None = None
    ) -> Ticket:
        """The agent has the cash: sell. Confirming a sold order again gives the same ticket.

        Raises :class:`Refusal`: ``no_such_order``, ``order_cancelled``, ``seat_taken``, ``no_seat``, ``cash_short``,
        and as :meth:`Travellers.prepare`.
        """
        row = store.order(self._database.read(), order_no)
        waits = row is not None and row.state == "waiting"
        named = self._travellers.prepare(row.trip_no, row.day, document) if row is not None and waits else None
        sold = self._scribe.record(lambda unit: self.sell_order(unit, order_no, clerk_no, tendered_minor, CASH, named))
        return self.ticket(*sold)

    def sell(
        self, trip_no: int, day: int, from_idx: int, to_idx: int, seat: int | None, clerk_no: int, key: str,
        tendered_minor: int | None = None, rider: str = "adult", proof: str = "", document: ShownDocument | None = None,
    ) -> Ticket:  # fmt: skip
        """Sell across the counter. The same ``key`` again gives the same ticket, whatever happened in between.

        ``proof`` (of PROOFS) was seen for a concession. Raises :class:`Refusal`: ``key_form``, ``not_for_sale``, ``no_seat``,
        ``seat_taken``, ``cash_short``, ``rider_unknown``, ``rider_not_here``, ``proof_needed``, ``child_needs_adult``, …,
        and as :meth:`Travellers.prepare` and :meth:`Travellers.add`.
        """
        check_key(key)
        known = store.serial_of_key(self._database.read(), key)
        if known is None:
            ride = self.for_sale(trip_no, day, from_idx, to_idx)
            check_children([rider])
            fare, until_s = self._fares.of(ride, rider, proof), self._until_s(ride)
            named = self._travellers.prepare(trip_no, day, document)

            def work(unit: UnitOfWork) -> store.SoldRow | tuple[int, int | None]:
                again = store.serial_of_key(unit.connection, key)
                if again is not None:
                    return again
                taken = self._inventory.take(unit.connection, ride.where, ride.seat_kind, seat)
                sold = self._record(unit, ride, taken, fare, clerk_no, COUNTER, until_s, tendered_minor, named)
                store.keep_key(unit.connection, key, sold.event.serial)
                return sold

            done = self._scribe.record(work)
            if isinstance(done, store.SoldRow):
                return self.just_sold(done, ride, named)
            known = done
        return self.ticket(*known)

    def find(self, text: str) -> Ticket:
        """A ticket of this node by its number or its code. Raises :class:`Refusal` ``ticket_not_here``, ``ticket_form``,
        ``ticket_mistyped``."""
        wanted = TicketId.from_number(text)
        if wanted is None:
            if ticket.mistyped(text):
                raise Refusal("ticket_mistyped", status=422, field="ticket")
            try:
                wanted = ticket.parse(text).claims.ticket_id
            except Malformed:
                raise Refusal("ticket_form", status=422, field="ticket") from None
        identity = meta.identity(self._database.read())
        if identity is None or wanted.node_no != identity.node_no:
            raise Refusal("ticket_not_here", status=404, field="ticket", node=wanted.node_no)
        return self.ticket(wanted.serial, None if wanted.epoch == identity.epoch else wanted.epoch)

    def good(self, text: str) -> Ticket:
        """As :meth:`find`, for showing its code. Raises also :class:`Refusal` ``ticket_refunded``."""
        found = self.find(text)
        if found.refunded is not None:
            raise Refusal("ticket_refunded", status=410)
        return found

    def takings(self, clerk_no: int | None, day: int) -> Takings:
        """What was taken and handed back on a calendar day here, by one clerk or by all."""
        zone = self._timetable.zone()
        from_ms, until_ms = days.instant_ms(day, 0, zone), days.instant_ms(day + 1, 0, zone)
        connection = self._database.read()
        sales = [
            sale
            for sale in store.sold_between(connection, from_ms, until_ms)
            if clerk_no is None or sale.event.clerk_no == clerk_no
        ]
        extras = dict(booked.extra_sums(connection, from_ms, until_ms, clerk_no))
        totals: dict[str, int] = dict(extras)
        for sale in sales:
            totals[sale.event.currency] = totals.get(sale.event.currency, 0) + sale.event.price_minor
        refunds = store.refund_sums(connection, from_ms, until_ms, clerk_no)
        handed_back = {currency: minor for currency, _, minor in refunds}
        returned = store.refunds_between(connection, from_ms, until_ms, clerk_no, _LISTED)
        return Takings(
            count=len(sales),
            totals=dict(sorted(totals.items())),
            extras=extras,
            refunds=sum(count for _, count, _ in refunds),
            handed_back=handed_back,
            in_hand=cash_in_hand(connection, sales, (from_ms, until_ms), clerk_no),
            tickets=showable(self._view, sales[: -_LISTED - 1 : -1]),
            returned=showable(lambda row: self.ticket(row.serial, row.epoch), returned),
        )

    def require_duty(self, connection: sqlite3.Connection, clerk_no: int) -> None:
        """Raises :class:`Refusal` ``shift_needed``, and as :func:`meta.require_log`."""
        meta.require_log(self._database, connection)
        self._on_duty(connection, clerk_no)

    def end_log(self, unit: UnitOfWork, epoch: int) -> None:
        """The log of ``epoch`` is about to end, and its key with it: its tickets are signed a last time, so that they can
        be shown and printed again."""
        identity = meta.identity(unit.connection)
        if identity is not None:
            sold = store.all_sold(unit.connection)
            check_of = self._travellers.check_of
            codes = [(row.event.serial, self._code(identity, row, check_of(row.event.serial))) for row in sold]
            store.keep_codes(unit.connection, epoch, codes)
        store.end_orders(unit.connection, epoch)

    def for_sale(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        """The ride, if it is on sale now. Raises as :meth:`Timetable.offered`, and ``not_bookable``, ``departed``."""
        self._scribe.require_room()
        ride = self._timetable.offered(trip_no, day, from_idx, to_idx)
        first = self._timetable.today()
        if not first - 1 <= day < first + 60:
            raise Refusal("not_bookable", field="day")
        if self._keeper.sure() and ride.leaves_ms <= self._keeper.wall_ms():
            raise Refusal("departed")
        return ride

    def _until_s(self, ride: Ride) -> int:
        return rules.valid_until_s(self._timetable.ends_ms(ride.trip_no, ride.day))

    def _hold(self, unit: UnitOfWork, ride: Ride, seat: int | None, channel: int, key: str) -> int:
        connection = unit.connection
        again = store.order_of_key(connection, key) if key else None
        if again is not None:
            return again
        taken = self._inventory.take(connection, ride.where, ride.seat_kind, seat)
        order_no = self.add_order(unit, ride, ride.price_minor or 0, channel, taken)
        self._inventory.hold(connection, order_no, ride.where, taken)
        if key:
            store.keep_order_key(connection, key, order_no)
        return order_no

    def add_order(self, unit: UnitOfWork, ride: Ride, price_minor: int, channel: int, seat: int = 0) -> int:
        """Inside a transaction: a new order that waits for its cash; its number."""
        row = store.OrderRow(
            0, *ride.where, seat, price_minor, ride.currency, channel, "waiting", None,
            self._boot, self._keeper.since_start_ms(),
        )  # fmt: skip
        return store.add_order(unit.connection, row)

    def record(
        self, unit: UnitOfWork, ride: Ride, seat: int, fare: Fare, named: TravellerNamed | None, clerk_no: int,
        channel: int, payment: int = CASH,
    ) -> store.SoldRow:  # fmt: skip
        """Inside a transaction: record the sale of a seat that :meth:`Inventory.take` gave in it."""
        return self._record(unit, ride, seat, fare, clerk_no, channel, self._until_s(ride), None, named, payment)

    def _cancel(self, unit: UnitOfWork, order_no: int) -> None:
        row = self.order_row(unit, order_no)
        if row.state == "sold":
            raise Refusal("order_sold")
        store.set_order(unit.connection, order_no, "cancelled")
        self._inventory.release(unit.connection, order_no)

    def sell_order(
        self,
        unit: UnitOfWork,
        order_no: int,
        clerk_no: int,
        tendered_minor: int | None,
        payment: int = CASH,
        named: TravellerNamed | None = None,
    ) -> tuple[int, int | None]:
        """As :meth:`confirm`, in the caller's transaction: serial, and epoch of its log (None: the present one)."""
        row = self.order_row(unit, order_no)
        if row.serial is not None:
            return row.serial, row.epoch
        if row.state == "cancelled":
            raise Refusal("order_cancelled")
        if booked.riders_of(unit.connection, order_no):
            raise Refusal("order_of_several")
        # The price is what the passenger was shown, also where the timetable has changed since.
        ride = replace(self.for_sale(*row.where), currency=row.currency)
        fare, until_s = Fare(ADULT, 0, row.price_minor, "fare"), self._until_s(ride)
        seat = self._inventory.take(unit.connection, row.where, ride.seat_kind, row.seat or None, own_hold=order_no)
        sold = self._record(unit, ride, seat, fare, clerk_no, row.channel, until_s, tendered_minor, named, payment)
        store.set_order(unit.connection, order_no, "sold", sold.event.serial)
        self._inventory.release(unit.connection, order_no)
        return sold.event.serial, None

    def order_row(self, unit: UnitOfWork, order_no: int) -> store.OrderRow:
        """An order as stored. Raises :class:`Refusal` ``no_such_order``."""
        row = store.order(unit.connection, order_no)
        if row is None:
            raise Refusal("no_such_order", status=404)
        return row

    def _record(
        self, unit: UnitOfWork, ride: Ride, seat: int, fare: Fare, clerk_no: int, channel: int, until_s: int,
        tendered_minor: int | None, named: TravellerNamed | None, payment: int = CASH,
    ) -> store.SoldRow:  # fmt: skip
        self.require_duty(unit.connection, clerk_no)
        if tendered_minor is not None:
            rules.change_minor(fare.minor, tendered_minor)
        serial = store.next_serial(unit.connection)
        event = TicketSold(
            serial, *ride.where, seat, fare.rider, fare.minor, ride.currency, payment, clerk_no, channel, until_s, fare.proof,
        )  # fmt: skip
        _, stamp = unit.append(event)
        self._travellers.add(unit, named, serial)
        return store.SoldRow(event, hlc.wall_ms_of(stamp.hlc), None)

    def ticket(self, serial: int, epoch: int | None = None) -> Ticket:
        """A ticket of the present log, or of that of ``epoch``. Raises :class:`Refusal` ``ticket_not_here``."""
        found = store.sold(self._database.read(), serial, epoch)
        if found is None:
            raise Refusal("ticket_not_here", status=404, field="ticket", node=0)
        return self._view(found)

    def just_sold(self, row: store.SoldRow, ride: Ride, named: TravellerNamed | None) -> Ticket:
        """The ticket of a sale that was durable a moment ago: what can't have happened to it yet is not looked up."""
        since = Since(traveller=self._travellers.masked_in(named), check=named.check if named else b"")
        return self._view(row, since, ride)

    def _since(self, row: store.SoldRow, ticket_id: TicketId) -> Since:
        serial, epoch, connection = row.event.serial, row.epoch, self._database.read()
        refunded = refunded_of(store.refund(connection, serial, epoch))
        check = self._travellers.check_of(serial) if epoch is None else b""
        return Since(self._boarded(ticket_id), refunded, self._travellers.masked(serial, epoch), check)

    def _code(self, identity: meta.Identity, row: store.SoldRow, check: bytes) -> str:
        """The ticket's text: signed anew as often as it is asked for, which gives the same; or as its log left it."""
        if row.epoch is not None:
            return store.code_of(self._database.read(), row.epoch, row.event.serial)
        own = _certificate(identity)
        carry = identity.certificate if own.young_on(days.day_at(row.sold_ms, "UTC")) else None
        superseded = store.superseded_by(self._database.read(), row.event, MAX_SUPERSEDED)
        claims = rules.claims_of(row.event, identity.node_no, identity.epoch, superseded, check)
        return ticket.issue(claims, self._signer, carry)

    def _view(self, row: store.SoldRow, since: Since | None = None, ride: Ride | None = None) -> Ticket:
        identity = meta.known_identity(self._database)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        sold = row.event
        ticket_id = TicketId(identity.node_no, identity.epoch if row.epoch is None else row.epoch, sold.serial)
        since = since or self._since(row, ticket_id)
        text, reseated = self._code(identity, row, since.check), self._timetable.reseated(ticket_id.to_bytes())
        label, old_label = seat_labels(self._timetable, self._inventory, row, reseated)
        return Ticket(
            number=ticket_id.number,
            short_code=ticket.short_code(text),
            text=text,
            ticket_id=ticket_id,
            ride=ride or self._timetable.ride(sold.trip_no, sold.day, sold.from_idx, sold.to_idx),
            seat=sold.seat,
            seat_label=label,
            reseated=reseated,
            old_seat_label=old_label,
            rider=RIDERS[sold.rider],
            proof=PROOFS[sold.proof],
            price_minor=sold.price_minor,
            currency=sold.currency,
            sold_ms=row.sold_ms,
            clerk_no=sold.clerk_no,
            channel=CHANNELS[sold.channel],
            boarded=since.boarded,
            refunded=since.refunded,
            past=row.epoch is not None,
            payment=PAYMENTS[sold.payment],
            traveller=since.traveller,
            paper_number=ticket_id.printed(*self._timetable.codes()),
        )

    def _order(self, row: store.OrderRow) -> Order:
        age_ms = self._keeper.since_start_ms() - (row.mono_ms if row.boot == self._boot else 0)
        identity = meta.known_identity(self._database)
        number = None
        if row.serial is not None and identity is not None:
            number = TicketId(identity.node_no, row.epoch or identity.epoch, row.serial).number
        return Order(
            row.order_no, self._timetable.ride(*row.where), row.seat, self._inventory.label(row.trip_no, row.day, row.seat),
            row.price_minor, row.currency, CHANNELS[row.channel], row.state, number, max(age_ms, 0) // 1000,
            self._travellers.demanded(row.trip_no),
            *party_of(self._database.read(), row.order_no, self._timetable, self._inventory, self._fares),
        )  # fmt: skip


def check_key(key: str) -> None:
    """Refuse (``key_form``) an idempotency key that is none."""
    if not 8 <= len(key) <= _KEY_LENGTH or not key.isascii():
        raise Refusal("key_form", status=422, field="key")


@lru_cache(maxsize=4)
def _certificate(identity: meta.Identity) -> Certificate:
    """The node's own certificate, verified once for each identity."""
    return certificate.read(identity.certificate, identity.hub_key)
