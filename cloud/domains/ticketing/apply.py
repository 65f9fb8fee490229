"""Sales folded into tickets and takings. A sale that breaks a rule still counts as sold, marked as quarantined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.office.prices import Line, Prices
from cloud.domains.ticketing.tables import sale_sum, serial_end, ticket
from cloud.kernel.database import add_to_rows, chunks, insert_rows, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import TicketSold
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

OK = "ok"
QUARANTINED = "quarantined"
MAX_SERIAL = (1 << 32) - 1
MAX_PRICE_MINOR = 1 << 40
_TICKET = (
    "pos", "ticket_id", "node_no", "epoch", "serial", "trip_no", "day", "from_idx", "to_idx", "seat", "rider",
    "price_minor", "currency", "payment", "clerk_no", "channel", "sold_hlc", "state",
)  # fmt: skip
_SUM = ("trip_no", "day", "node_no", "currency", "state", "tickets", "amount_minor")
_END = ("node_no", "epoch", "last_serial", "missing")
_ENDS = sa.select(serial_end).where(
    sa.tuple_(serial_end.c.node_no, serial_end.c.epoch).in_(sa.bindparam("logs", expanding=True))
)

Log = tuple[int, int]


@dataclass(slots=True)
class _Serials:
    """Of one log: ``last`` serial and how many below it are ``missing``; those ``used`` that this batch might use again;
    what the ids of its tickets begin with."""

    prefix: bytes
    last: int = 0
    missing: int = 0
    used: set[int] = field(default_factory=set)


class TicketingApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({TicketSold})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._prices = Prices(tx, self.lines)
        self._logs: dict[Log, _Serials] = {}
        self._rows: list[tuple[object, ...]] = []
        # key → [tickets, amount]
        self._sums: dict[tuple[object, ...], list[int]] = {}

    @staticmethod
    def lines(_tx: Connection, _trip_nos: Sequence[int]) -> Mapping[int, Line]:
        """The timetable's word on trips, which the list of domains gives; without it no price is looked at."""
        return {}

    def prepare(self, batch: Sequence[Received]) -> None:
        self._prices.prepare({one.event.trip_no for one in batch if isinstance(one.event, TicketSold)})
        self._logs = {log: _Serials(TicketId(*log, 0).to_bytes()[:4]) for log in sorted({one.log for one in batch})}
        for some in chunks(list(self._logs)):
            for node_no, epoch, last, missing in self._tx.execute(_ENDS, {"logs": some}):
                found = self._logs[node_no, epoch]
                found.last, found.missing = last, missing
        # Only serials at or below the end of their log can have been used before.
        low: dict[Log, set[int]] = {}
        for one in batch:
            event = one.event
            if isinstance(event, TicketSold) and event.serial <= self._logs[one.log].last:
                low.setdefault(one.log, set()).add(event.serial)
        for log, serials in low.items():
            self._load_used(log, sorted(serials))

    def apply(self, received: Received) -> None:
        envelope, event = received.envelope, received.event
        if envelope is None or not isinstance(event, TicketSold):
            return
        log, serial = received.log, event.serial
        serials = self._logs[log]
        wrong = _wrong(serials, event) or self._prices.wrong(received, event)
        state = QUARANTINED if received.held or wrong else OK
        ticket_id = serials.prefix + (serial if serial < MAX_SERIAL else MAX_SERIAL).to_bytes(4, "big")
        self._rows.append(
            (
                received.pos, ticket_id, *log, serial, event.trip_no, event.day,
                event.from_idx, event.to_idx, event.seat, event.rider, event.price_minor, event.currency,
                event.payment, event.clerk_no, event.channel, envelope.stamp.hlc, state,
            )
        )  # fmt: skip
        key = (event.trip_no, event.day, received.node_no, event.currency, state)
        # One absurd price must not spoil a sum of everybody's.
        amount = event.price_minor if wrong is None or wrong.code != "price_range" else 0
        both = self._sums.get(key)
        if both is None:
            self._sums[key] = [1, amount]
        else:
            both[0] += 1
            both[1] += amount
        if wrong is not None:
            raise wrong

    def flush(self) -> None:
        insert_rows(self._tx, ticket, _TICKET, self._rows)
        sums = [(*key, *both) for key, both in self._sums.items()]
        add_to_rows(self._tx, sale_sum, _SUM[:5], _SUM, sums)
        ends = [(*log, one.last, one.missing) for log, one in sorted(self._logs.items()) if one.last]
        upsert_rows(self._tx, serial_end, _END[:2], _END, ends)

    def _load_used(self, log: Log, serials: list[int]) -> None:
        column = ticket.c
        for some in chunks(serials):
            mine = (column.node_no == log[0], column.epoch == log[1], column.serial.in_(some))
            found = self._tx.execute(sa.select(column.serial).where(*mine)).scalars()
            self._logs[log].used.update(found)


def _wrong(serials: _Serials, event: TicketSold) -> Quarantine | None:
    serial = event.serial
    if not 1 <= serial <= MAX_SERIAL:
        return Quarantine("serial_range", str(serial))
    if serial in serials.used:
        return Quarantine("serial_used", str(serial))
    serials.used.add(serial)
    if serial > serials.last:
        serials.missing += serial - serials.last - 1
        serials.last = serial
    else:
        serials.missing -= 1
    if event.price_minor > MAX_PRICE_MINOR:
        return Quarantine("price_range", str(event.price_minor))
    return None
