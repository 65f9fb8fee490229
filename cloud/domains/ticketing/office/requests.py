"""Refunds that nodes asked for, folded into the books; and what was paid out on the hub's word."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import OK, QUARANTINED
from cloud.domains.ticketing.tables import refund_decision, refund_request
from cloud.kernel.database import insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import CHOSEN, RefundAsked, RefundPaid
from sync.domains.ticketing.rules import ASKED

_COLUMNS = (
    "pos", "node_no", "epoch", "request_no", "ticket_id", "reason", "kind", "clerk_no", "asked_hlc", "state",
)  # fmt: skip
_MINE = (
    refund_request.c.node_no == sa.bindparam("node"),
    refund_request.c.epoch == sa.bindparam("log"),
    refund_request.c.request_no == sa.bindparam("no"),
)
_KNOWN = sa.select(refund_request.c.pos, refund_request.c.state).where(*_MINE).order_by(refund_request.c.pos)
_DECIDED = sa.select(refund_decision).where(refund_decision.c.pos == sa.bindparam("which"), refund_decision.c.approved)
_MAX_NO = 1 << 32
Number = tuple[int, int, int]


class Requests:
    """Those of one batch. They are few, so each is looked up by itself."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        # Number of a request → position of the good one in this batch.
        self._numbers: dict[Number, int | None] = {}
        self._rows: list[tuple[object, ...]] = []

    def ask(self, received: Received, event: RefundAsked) -> None:
        """Count a request in. Raises :class:`Quarantine`: ``request_ticket``, ``request_range``, ``request_twice``."""
        wrong = self._wrong(received, event)
        hlc = received.envelope.stamp.hlc if received.envelope else 0
        if wrong is None or wrong.code != "request_twice":
            self._numbers[(*received.log, event.request_no)] = None if wrong else received.pos
        about = (event.ticket_id, event.reason, event.kind, event.clerk_no)
        self._rows.append((received.pos, *received.log, event.request_no, *about, hlc, QUARANTINED if wrong else OK))
        if wrong is not None:
            raise wrong

    def wrong_payout(self, received: Received, event: RefundPaid) -> Quarantine | None:
        """What is wrong with a payout: ``payout_unknown``, ``payout_differs``."""
        node_no, epoch = received.log
        told: Any = None
        if event.request_no < _MAX_NO and event.epoch <= epoch:
            asked = self._known((node_no, event.epoch or epoch, event.request_no))
            told = self._tx.execute(_DECIDED, {"which": asked}).first() if asked else None
        # Who pays before the word has no word, however often the books are folded again.
        if told is None or told.made_pos > received.pos:
            return Quarantine("payout_unknown", f"request {event.request_no}")
        word = (bytes(told.ticket_id), told.trip_no, told.day, told.fee_minor, told.refunded_minor, told.currency)
        said = (event.ticket_id, event.trip_no, event.day, event.fee_minor, event.paid_minor, event.currency)
        return None if word == said else Quarantine("payout_differs", f"request {event.request_no}")

    def flush(self) -> None:
        """Write the outcome."""
        insert_rows(self._tx, refund_request, _COLUMNS, self._rows)

    def _wrong(self, received: Received, event: RefundAsked) -> Quarantine | None:
        if len(event.ticket_id) != 8:
            return Quarantine("request_ticket", event.ticket_id.hex())
        if event.reason not in CHOSEN or event.kind >= len(ASKED) or not 0 < event.request_no < _MAX_NO:
            return Quarantine("request_range", str(event.request_no))
        number = (*received.log, event.request_no)
        if number in self._numbers or self._row(number) is not None:
            return Quarantine("request_twice", str(event.request_no))
        return None

    def _known(self, number: Number) -> int | None:
        """Position of the good request of this number."""
        if number in self._numbers:
            return self._numbers[number]
        row = self._row(number)
        return row.pos if row is not None and row.state == OK else None

    def _row(self, number: Number) -> Any:
        return self._tx.execute(_KNOWN, {"node": number[0], "log": number[1], "no": number[2]}).first()
