"""Orders whose money comes otherwise than in cash: what the payments of this box need of a sale, and nothing more."""

from __future__ import annotations

import sqlite3

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.bookings import Bookings
from edge.domains.ticketing.office.travellers import Travellers
from edge.domains.ticketing.service import Ticketing
from edge.kernel.scribe import UnitOfWork
from sync.domains.ticketing.events import MOBILE
from sync.domains.ticketing.office.fares import ADULT
from sync.kernel.errors import Refusal, invariant


class Paying:
    """Orders of a node, as they are paid for by phone."""

    def __init__(self, ticketing: Ticketing, inventory: Inventory, bookings: Bookings, travellers: Travellers) -> None:
        self._ticketing, self._inventory, self._bookings = ticketing, inventory, bookings
        self._travellers = travellers

    def waits(self, connection: sqlite3.Connection, order_no: int) -> bool:
        """Whether an order still waits for its money."""
        row = store.order(connection, order_no)
        return row is not None and row.state == "waiting"

    def begin(self, unit: UnitOfWork, order_no: int) -> tuple[int, str]:
        """Somebody is about to pay: the seat is looked at again and held anew. What is due, and in which currency.

        Raises :class:`Refusal`: ``no_such_order``, ``order_sold``, ``order_cancelled``, ``seat_taken``, ``departed``, …,
        and ``document_at_counter``: a phone shows nobody's document.
        """
        row = self._waiting(unit, order_no)
        riders = booked.riders_of(unit.connection, order_no)
        unproved = {one.where for one in riders if one.rider != ADULT and not one.proof}
        several = [(one.where, one.seat) for one in riders]
        for item, (where, seat) in enumerate(several or [(row.where, row.seat)]):
            if self._travellers.demanded(where[0]) or where in unproved:
                raise Refusal("document_at_counter", status=422)
            ride = self._ticketing.for_sale(*where)
            self._inventory.take(unit.connection, where, ride.seat_kind, seat or None, own_hold=order_no)
            self._inventory.hold(unit.connection, order_no, where, seat, item)
        return row.price_minor, row.currency

    def next_serial(self, connection: sqlite3.Connection) -> int:
        """The serial of the next ticket of this log."""
        return store.next_serial(connection)

    def sell(self, unit: UnitOfWork, order_no: int, clerk_no: int, amount_minor: int) -> None:
        """The money is here: sell the order, in the caller's transaction. Raises as :meth:`begin`."""
        row = self._waiting(unit, order_no)
        self._bookings.sell_order(unit, order_no, clerk_no, None, MOBILE)
        invariant(row.price_minor == amount_minor, f"order {order_no} was sold for other money than was taken")

    def _waiting(self, unit: UnitOfWork, order_no: int) -> store.OrderRow:
        row = store.order(unit.connection, order_no)
        if row is None:
            raise Refusal("no_such_order", status=404)
        if row.state != "waiting":
            raise Refusal("order_sold" if row.state == "sold" else "order_cancelled")
        return row
