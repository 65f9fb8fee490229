"""Shifts folded into tables, and every slip worked out again from the events that it is made of.

Openings and closings are few: each is written at once, so that what comes behind it in the batch finds it there. Sales
and refunds are only held against the shift that their clerk has open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.shifts.tables import clerk_sum, shift, shift_line, shift_now
from cloud.kernel.database import add_to_rows, chunks, insert_rows, select_pairs, upsert_rows
from cloud.kernel.fold import AMENDED, Alert, Quarantine, Received, of
from cloud.kernel.tables import event_log
from sync.domains.shifts.events import CASH_REASONS, CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.rules import MAX_AMOUNT_MINOR, Drawer, is_currency, many_refunds, movement
from sync.domains.ticketing.events import RefundPaid, TicketRefunded, TicketSold
from sync.kernel import hlc
from sync.kernel.errors import Malformed
from sync.kernel.events import Event, Registry

OPEN, CLOSED, DIFFERS = "open", "closed", "differs"
_TRADE: Final = (TicketSold, TicketRefunded, RefundPaid)
MAX_NUMBER: Final = 1 << 31
MAX_LINES: Final = 60
MAX_TEXT: Final = 60
_NOW: Final = (
    "SELECT node_no, epoch, clerk_no, shift_no, is_open, rule FROM shift_now WHERE (node_no, epoch) IN {pairs}"
)
_SHIFT = (
    "node_no", "epoch", "shift_no", "clerk_no", "rule", "opened_pos", "opened_seq", "opened_ms", "closed_pos",
    "closed_ms", "taken_from", "taken_by", "state",
)  # fmt: skip
_LINE = (
    "node_no", "epoch", "shift_no", "currency", "payment", "sold", "sold_minor", "refunds", "refunded_minor",
    "expected_minor", "claimed_minor", "counted_minor",
)  # fmt: skip
_NOW_ROW = ("node_no", "epoch", "clerk_no", "shift_no", "is_open", "rule")
Log = tuple[int, int]


class ShiftApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {ShiftOpened, CashMoved, ShiftClosed, TicketSold, TicketRefunded, RefundPaid}
    )
    registry: Registry  # the list of domains gives it

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        # (log, clerk) → number of the last shift, whether it is open, the rule that asked for it
        self._now: dict[tuple[Log, int], tuple[int, bool, str]] = {}

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received] | None:
        logs = sorted({one.log for one in batch})
        for some in chunks(logs):
            for node_no, epoch, clerk_no, shift_no, is_open, rule in select_pairs(self._tx, _NOW, some):
                self._now[(node_no, epoch), clerk_no] = (shift_no, bool(is_open), rule)
        # Where nobody ever had a shift, none can be broken.
        return None if self._now or of(batch, ShiftOpened, CashMoved, ShiftClosed) else ()

    def apply(self, received: Received) -> None:
        event = received.event
        if isinstance(event, ShiftOpened):
            self._open(received, event)
        elif isinstance(event, CashMoved):
            self._move(received, event)
        elif isinstance(event, ShiftClosed):
            self._close(received, event)
        elif self._now and isinstance(event, _TRADE):
            self._hold_against_shift(received, event)

    def flush(self) -> None:
        """All is written already."""

    def _hold_against_shift(self, received: Received, event: TicketSold | TicketRefunded | RefundPaid) -> None:
        """Where a shift was asked for and is closed, its clerk sells no more: a box that obeys refuses."""
        _, is_open, rule = self._now.get((received.log, event.clerk_no), (0, True, ""))
        moved = movement(event)
        if is_open or not rule or moved is None:
            return
        amount = -moved.amount_minor if moved.back else moved.amount_minor
        received.alerts += (Alert("sale_without_shift", event.clerk_no, rule, moved.currency, _bounded(amount)),)

    def _open(self, received: Received, event: ShiftOpened) -> None:
        _check_range(event.shift_no, event.clerk_no, event.taken_from)
        if len(event.float_minor) > MAX_LINES:
            raise Quarantine("shift_range", "float")
        for currency, minor in event.float_minor:
            _check_amount(currency, minor)
        log, key = received.log, (received.log, event.clerk_no)
        if self._now.get(key, (0, False, ""))[1]:
            raise Quarantine("shift_twice", f"clerk {event.clerk_no} has one open")
        if self._tx.execute(_found(log, event.shift_no)).first():
            raise Quarantine("shift_twice", f"number {event.shift_no}")
        rule = event.rule[:MAX_TEXT]
        row = (
            *log, event.shift_no, event.clerk_no, rule, received.pos, received.seq, _at_ms(received), None, None,
            event.taken_from, 0, OPEN,
        )  # fmt: skip
        insert_rows(self._tx, shift, _SHIFT, [row])
        self._note(log, event.clerk_no, event.shift_no, True, rule)

    def _move(self, received: Received, event: CashMoved) -> None:
        _check_range(event.shift_no, event.clerk_no)
        _check_amount(event.currency, event.amount_minor)
        if event.reason >= len(CASH_REASONS):
            raise Quarantine("shift_range", f"reason {event.reason}")
        if self._now.get((received.log, event.clerk_no), (0, False, ""))[:2] != (event.shift_no, True):
            raise Quarantine("shift_unknown", f"number {event.shift_no}")

    def _close(self, received: Received, event: ShiftClosed) -> None:
        _check_range(event.shift_no, event.clerk_no, event.taken_by)
        claimed = _claimed(event)
        log = received.log
        number, is_open, rule = self._now.get((log, event.clerk_no), (0, False, ""))
        row = self._tx.execute(_found(log, event.shift_no)).first()
        if row is None or not is_open or number != event.shift_no:
            raise Quarantine("shift_unknown", f"number {event.shift_no}")
        drawer = self._again(received, event, row.opened_seq)
        expected = drawer.expected()
        found = {kind: expected.get(kind, 0) for kind in {*expected, *claimed}}
        said = {kind: both[0] for kind, both in claimed.items()}
        state = CLOSED if found == {kind: said.get(kind, 0) for kind in found} else DIFFERS
        closed = {"closed_pos": received.pos, "closed_ms": _at_ms(received), "taken_by": event.taken_by, "state": state}
        mine = (shift.c.node_no == log[0], shift.c.epoch == log[1], shift.c.shift_no == event.shift_no)
        self._tx.execute(sa.update(shift).where(*mine).values(**closed))
        self._keep_lines(received, event, drawer, found, claimed)
        self._note(log, event.clerk_no, event.shift_no, False, rule)
        self._look(received, event, row.opened_ms)
        if state == DIFFERS:
            raise Quarantine("shift_differs", f"its events make {_told(found)}")

    def _again(self, received: Received, event: ShiftClosed, opened_seq: int) -> Drawer:
        """The drawer of a shift as its events make it, whatever the box says of it."""
        drawer = Drawer(event.shift_no, event.clerk_no)
        for one in self._events(received, opened_seq):
            drawer.add(one)
        return drawer

    def _events(self, received: Received, first_seq: int) -> Iterator[Event]:
        """Events of a log up to this one, as far as the hub had them then, with what people took in for it."""
        node_no, epoch = received.log
        column = event_log.c
        query = sa.select(column.bytes).where(
            column.node_no == node_no, column.epoch.in_((epoch, epoch + AMENDED)),
            column.seq.between(first_seq, received.seq), column.pos <= received.pos,
        )  # fmt: skip
        for data in self._tx.execute(query.order_by(column.seq)).scalars():
            try:
                event = self.registry.decode(bytes(data)).event
            except Malformed:
                continue
            if event is not None:
                yield event

    def _keep_lines(
        self, received: Received, event: ShiftClosed, drawer: Drawer, found: dict[tuple[str, int], int],
        claimed: dict[tuple[str, int], tuple[int, int | None]],
    ) -> None:  # fmt: skip
        rows, sold, refunds = [], 0, 0
        for kind, expected_minor in sorted(found.items()):
            one, (said, counted) = drawer.sum_of(kind), claimed.get(kind, (0, None))
            sums = (one.sold, _bounded(one.sold_minor), one.refunds, _bounded(one.refunded_minor))
            rows.append((*received.log, event.shift_no, *kind, *sums, _bounded(expected_minor), said, counted))
            sold, refunds = sold + one.sold, refunds + one.refunds
            difference = 0 if counted is None else counted - expected_minor
            if difference:
                self._tell(received, "cash_difference", event.clerk_no, kind[0], difference, f"shift {event.shift_no}")
        insert_rows(self._tx, shift_line, _LINE, rows)
        totals = self._tx.execute(_OTHERS, {"clerk_no": event.clerk_no}).one()
        if many_refunds(sold, refunds, int(totals.sold or 0), int(totals.refunds or 0)):
            self._tell(received, "refunds_many", event.clerk_no, "", 0, f"{refunds} of {sold}, shift {event.shift_no}")
        add_to_rows(
            self._tx, clerk_sum, ("clerk_no",), ("clerk_no", "sold", "refunds"), [(event.clerk_no, sold, refunds)]
        )

    def _look(self, received: Received, event: ShiftClosed, opened_ms: int) -> None:
        """One person is at one counter: a shift at another box at the same time means that two know the PIN."""
        column, closed_ms = shift.c, _at_ms(received)
        other = sa.select(column.node_no, column.shift_no).where(
            column.clerk_no == event.clerk_no, column.node_no != received.node_no, column.closed_ms > opened_ms,
            column.opened_ms < closed_ms,
        )  # fmt: skip
        row = self._tx.execute(other.order_by(column.closed_pos).limit(1)).first()
        if row is not None:
            self._tell(received, "shared_pin", event.clerk_no, "", 0, f"node {row.node_no}, shift {row.shift_no}")

    def _tell(self, received: Received, code: str, clerk_no: int, currency: str, minor: int, detail: str) -> None:
        received.alerts += (Alert(code, clerk_no, detail, currency, _bounded(minor)),)

    def _note(self, log: Log, clerk_no: int, shift_no: int, is_open: bool, rule: str) -> None:
        self._now[log, clerk_no] = (shift_no, is_open, rule)
        upsert_rows(self._tx, shift_now, _NOW_ROW[:3], _NOW_ROW, [(*log, clerk_no, shift_no, is_open, rule)])


_OTHERS: Final = sa.select(
    sa.func.sum(clerk_sum.c.sold).label("sold"), sa.func.sum(clerk_sum.c.refunds).label("refunds")
).where(clerk_sum.c.clerk_no != sa.bindparam("clerk_no"))


def _found(log: Log, shift_no: int) -> sa.Select[tuple[int, int]]:
    mine = (shift.c.node_no == log[0], shift.c.epoch == log[1], shift.c.shift_no == shift_no)
    return sa.select(shift.c.opened_seq, shift.c.opened_ms).where(*mine)


def _claimed(event: ShiftClosed) -> dict[tuple[str, int], tuple[int, int | None]]:
    """(currency, payment) → what the box says must be there, and what was counted."""
    if len(event.lines) > MAX_LINES or len(event.pieces) > 10 * MAX_LINES:
        raise Quarantine("shift_range", "lines")
    found: dict[tuple[str, int], tuple[int, int | None]] = {}
    for currency, payment, expected, counted in event.lines:
        _check_amount(currency, abs(expected))
        _check_amount(currency, counted or 0)
        if not 0 <= payment < MAX_NUMBER or (currency, payment) in found:
            raise Quarantine("shift_range", f"payment {payment}")
        found[currency, payment] = (expected, counted)
    return found


def _check_range(*numbers: int) -> None:
    if max(numbers) >= MAX_NUMBER:
        raise Quarantine("shift_range", str(max(numbers)))


def _check_amount(currency: str, minor: int) -> None:
    if not is_currency(currency) or not 0 <= minor <= MAX_AMOUNT_MINOR:
        raise Quarantine("shift_range", f"{currency[:MAX_TEXT]} {minor}")


def _bounded(minor: int) -> int:
    """One absurd amount must not be more than a column holds."""
    return max(min(minor, MAX_AMOUNT_MINOR), -MAX_AMOUNT_MINOR)


def _told(found: dict[tuple[str, int], int]) -> str:
    return ", ".join(f"{minor} {currency}/{payment}" for (currency, payment), minor in sorted(found.items()))[:200]


def _at_ms(received: Received) -> int:
    return hlc.wall_ms_of(received.envelope.stamp.hlc) if received.envelope else 0
