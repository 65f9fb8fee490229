"""How tickets are dealt with at the counter: prints counted, and what looks like fraud told. Nothing is refused here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.tables import printed, refund, shown_void, ticket
from cloud.kernel.database import chunks, insert_rows, upsert_rows
from cloud.kernel.fold import Alert, Quarantine, Received
from sync.domains.boarding.events import BoardingRefused
from sync.domains.ticketing.events import EXCHANGED, REASONS, TicketPrinted, TicketRefunded, TicketSold
from sync.kernel import hlc
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

STATION_ERROR: Final = REASONS.index("station_error")
# A refused ticket that somebody gave the money back for: who holds it did not.
SHOWN_AFTER_REFUND: Final = frozenset({"refunded", "superseded"})
# Clocks are set by hand and by the network; five minutes say nothing.
EARLIER_MS: Final = 5 * 60_000
TICKET_ID_BYTES: Final = 8
_TRADE: Final = (TicketSold, TicketRefunded)
MAX_AMOUNT_MINOR: Final = 1 << 40
_SALES: Final = sa.select(ticket.c.ticket_id, ticket.c.pos, ticket.c.payment, ticket.c.clerk_no).where(
    ticket.c.ticket_id.in_(sa.bindparam("ids", expanding=True))
)
_REFUNDS: Final = (
    sa.select(refund.c.ticket_id, refund.c.pos, refund.c.reason, refund.c.clerk_no)
    .where(refund.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(refund.c.pos)
)
_SHOWN: Final = sa.select(shown_void).where(shown_void.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))
_SHOWN_COLUMNS: Final = ("ticket_id", "pos", "reason")
_PRINTED: Final = sa.select(printed).where(printed.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))


class ConductApplier:
    """One batch. It comes behind those that keep sales and refunds; of what they wrote, only what stands before counts."""

    HANDLES: frozenset[type[Event]] = frozenset({TicketSold, TicketRefunded, TicketPrinted, BoardingRefused})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._sales: dict[bytes, list[tuple[int, int, int]]] = {}
        self._refunds: dict[bytes, list[tuple[int, int, int]]] = {}
        self._shown_before: dict[bytes, tuple[int, str]] = {}
        self._fresh: set[bytes] = set()
        self._copies: dict[bytes, int] = {}
        self._changed: set[bytes] = set()

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received]:
        mine = [one for one in batch if type(one.event) is not TicketSold or _early_by_ms(one) > EARLIER_MS]
        if mine:
            self._load([one.event for one in mine])
        return mine

    def _load(self, events: Sequence[Event | None]) -> None:
        back = {event.ticket_id for event in events if isinstance(event, TicketRefunded)}
        shown = {event.ticket_id for event in events if isinstance(event, BoardingRefused) and _void(event)}
        paper = {event.ticket_id for event in events if isinstance(event, TicketPrinted)}
        for some in chunks(sorted(back)):
            for ticket_id, *sale in self._tx.execute(_SALES, {"ids": some}):
                self._sales.setdefault(bytes(ticket_id), []).append(tuple(sale))
        for some in chunks(sorted(shown)):
            for ticket_id, *given in self._tx.execute(_REFUNDS, {"ids": some}):
                self._refunds.setdefault(bytes(ticket_id), []).append(tuple(given))
        for some in chunks(sorted(back | shown)):
            found = self._tx.execute(_SHOWN, {"ids": some})
            self._shown_before |= {bytes(row.ticket_id): (row.pos, row.reason) for row in found}
        for some in chunks(sorted(back | paper)):
            self._copies |= {bytes(row.ticket_id): row.copies for row in self._tx.execute(_PRINTED, {"ids": some})}

    def apply(self, received: Received) -> None:
        event = received.event
        if received.envelope is None:
            return
        if isinstance(event, _TRADE):
            early_ms = _early_by_ms(received)
            if early_ms > EARLIER_MS:
                detail = f"{early_ms // 60_000} minutes before {received.envelope.stamp.hub_ms}"
                received.alerts += (Alert("back_dated", event.clerk_no, detail),)
            if isinstance(event, TicketRefunded):
                self._refund(received, event)
        elif isinstance(event, TicketPrinted):
            self._print(received, event)
        elif isinstance(event, BoardingRefused) and _void(event):
            self._shown(received, event)

    def flush(self) -> None:
        rows = [(ticket_id, self._copies[ticket_id]) for ticket_id in sorted(self._changed)]
        upsert_rows(self._tx, printed, ("ticket_id",), ("ticket_id", "copies"), rows)
        early = [(ticket_id, *self._shown_before[ticket_id]) for ticket_id in sorted(self._fresh)]
        insert_rows(self._tx, shown_void, _SHOWN_COLUMNS, early)

    def _refund(self, received: Received, event: TicketRefunded) -> None:
        sale = next((one for one in self._sales.get(event.ticket_id, ()) if one[0] < received.pos), None)
        if sale is None:
            return
        _, payment, sold_by = sale
        what = (_number(event.ticket_id), event.currency, min(event.refunded_minor, MAX_AMOUNT_MINOR))
        if event.payment != payment:
            received.alerts += (Alert("refund_other_payment", event.clerk_no, *what),)
        mistake = event.reason == STATION_ERROR and event.clerk_no == sold_by
        if mistake and self._copies.get(event.ticket_id, 0):
            received.alerts += (Alert("void_after_print", event.clerk_no, *what),)
        shown = self._shown_before.get(event.ticket_id)
        if shown is not None and shown[0] < received.pos and event.reason not in EXCHANGED:
            received.alerts += (_ghost(event.clerk_no, event.ticket_id, shown[1]),)

    def _print(self, received: Received, event: TicketPrinted) -> None:
        own = received.node_no.to_bytes(3, "big")  # of any of its logs: paper of an older one may be asked for again
        if len(event.ticket_id) != TICKET_ID_BYTES or event.ticket_id[:3] != own:
            raise Quarantine("ticket_id", event.ticket_id.hex()[:40])
        self._copies[event.ticket_id] = self._copies.get(event.ticket_id, 0) + 1
        self._changed.add(event.ticket_id)

    def _shown(self, received: Received, event: BoardingRefused) -> None:
        """Somebody holds a ticket that was given back, and not for another one: the passenger never saw that money.

        The gate's box may be heard before the one that gave it back: then it is told with the refund.
        """
        given = [one for one in self._refunds.get(event.ticket_id, ()) if one[0] < received.pos]
        if not given and event.ticket_id not in self._shown_before:
            self._shown_before[event.ticket_id] = received.pos, event.reason
            self._fresh.add(event.ticket_id)
        elif given and given[0][1] not in EXCHANGED:
            received.alerts += (_ghost(given[0][2], event.ticket_id, event.reason),)


def _early_by_ms(received: Received) -> int:
    """By how much an event claims to be older than the hub's time that its box had seen; below zero when it does not."""
    if received.envelope is None:
        return 0
    stamp = received.envelope.stamp
    return stamp.hub_ms - hlc.wall_ms_of(stamp.hlc)


def _ghost(clerk_no: int, ticket_id: bytes, reason: str) -> Alert:
    return Alert("ghost_refund", clerk_no, f"{_number(ticket_id)} {reason}")


def _void(event: BoardingRefused) -> bool:
    return event.reason in SHOWN_AFTER_REFUND and len(event.ticket_id) == TICKET_ID_BYTES


def _number(ticket_id: bytes) -> str:
    return TicketId.from_bytes(ticket_id).number
