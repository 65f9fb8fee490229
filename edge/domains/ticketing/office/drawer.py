"""What cash a day's takings leave in the drawer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from sync.domains.ticketing.events import CASH


def cash_in_hand(
    connection: sqlite3.Connection, sales: Iterable[store.SoldRow], span: tuple[int, int], clerk_no: int | None
) -> dict[str, int]:
    """Currency → minor units of cash that ``sales`` and their extras brought in a span of time, less what was handed back in
    cash, by one clerk or by all."""
    found = booked.cash_extras(connection, *span, clerk_no)
    for sale in sales:
        cash = sale.event.price_minor if sale.event.payment == CASH else 0
        found[sale.event.currency] = found.get(sale.event.currency, 0) + cash
    for currency, minor in store.cash_refunds(connection, *span, clerk_no).items():
        found[currency] = found.get(currency, 0) - minor
    return dict(sorted(found.items()))
