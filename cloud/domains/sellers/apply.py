"""Sales and refunds on a seller's account folded into what it owes. This stands before the tickets: only the hub's own
node sells on account, and a box that says it does is quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeGuard

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.sellers.tables import seller_entry, seller_sum
from cloud.kernel.database import add_to_rows, chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from cloud.kernel.nodes import HUB
from cloud.kernel.tables import node
from sync.domains.ticketing.events import ACCOUNT, TicketRefunded, TicketSold
from sync.kernel import hlc
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

SALE: Final = "sale"
REFUND: Final = "refund"
_ENTRY = (
    "pos", "seller_no", "kind", "ticket_id", "trip_no", "day", "amount_minor", "fee_minor", "currency", "sold_ms", "at_ms",
)  # fmt: skip
_SUM = ("seller_no", "currency", "tickets", "sold_minor", "refunds", "refunded_minor")
_TRADE: Final = (TicketSold, TicketRefunded)
_OWN: Final = sa.select(node.c.node_no).where(node.c.kind == HUB)
_SOLD: Final = sa.select(seller_entry.c.ticket_id, seller_entry.c.at_ms).where(
    seller_entry.c.ticket_id.in_(sa.bindparam("ids", expanding=True)), seller_entry.c.kind == SALE
)


class SellersApplier:
    """One batch; nothing is read unless somebody sold or refunded on account."""

    HANDLES: frozenset[type[Event]] = frozenset({TicketSold, TicketRefunded})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._own: set[int] = set()
        self._sold: dict[bytes, int] = {}
        self._rows: list[tuple[object, ...]] = []
        self._sums: dict[tuple[int, str], Counter[str]] = {}

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received]:
        mine = [one for one in batch if _on_account(one.event)]
        if mine:
            self._own = set(self._tx.execute(_OWN).scalars())
        ids = {one.event.ticket_id for one in mine if isinstance(one.event, TicketRefunded)}
        for some in chunks(sorted(ids)):
            self._sold |= {bytes(row.ticket_id): row.at_ms for row in self._tx.execute(_SOLD, {"ids": some})}
        return mine

    def apply(self, received: Received) -> None:
        event = received.event
        if received.envelope is None or not _on_account(event):
            return
        if received.node_no not in self._own:
            raise Quarantine("account_not_hub", f"seller {event.clerk_no}")
        if received.held is not None:
            return
        at_ms = hlc.wall_ms_of(received.envelope.stamp.hlc)
        if isinstance(event, TicketSold):
            ticket_id = TicketId(*received.log, event.serial).to_bytes()
            self._sold[ticket_id] = at_ms
            self._enter(received, event, SALE, ticket_id, event.price_minor, 0, at_ms)
        else:
            self._enter(received, event, REFUND, event.ticket_id, event.refunded_minor, event.fee_minor, at_ms)

    def flush(self) -> None:
        insert_rows(self._tx, seller_entry, _ENTRY, self._rows)
        sums = [(*key, *(count[name] for name in _SUM[2:])) for key, count in sorted(self._sums.items())]
        add_to_rows(self._tx, seller_sum, _SUM[:2], _SUM, sums)

    def _enter(
        self, received: Received, event: TicketSold | TicketRefunded, kind: str, ticket_id: bytes, amount: int, fee: int,
        at_ms: int,
    ) -> None:  # fmt: skip
        where = (event.trip_no, event.day)
        sold_ms = self._sold.get(ticket_id, at_ms)
        self._rows.append(
            (received.pos, event.clerk_no, kind, ticket_id, *where, amount, fee, event.currency, sold_ms, at_ms)
        )
        count = self._sums.setdefault((event.clerk_no, event.currency), Counter())
        names = ("tickets", "sold_minor") if kind == SALE else ("refunds", "refunded_minor")
        count.update({names[0]: 1, names[1]: amount})


def _on_account(event: Event | None) -> TypeGuard[TicketSold | TicketRefunded]:
    return isinstance(event, _TRADE) and event.payment == ACCOUNT
