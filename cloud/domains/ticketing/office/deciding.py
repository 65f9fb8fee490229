"""The hub's word on refunds that nodes asked for: by a person, or at once where the books leave no doubt.

The word goes to the node where the passenger asked, which alone pays it, once; the ticket is void from then on, also for the
node that sold it. Its seat stays sold until that node says that it has it on sale again (``SeatTakenBack``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.ticketing.apply import OK
from cloud.domains.ticketing.office.broken import BrokenOff
from cloud.domains.ticketing.tables import refund, refund_decision, refund_request, ticket
from cloud.kernel import streams
from cloud.kernel.database import next_pos
from cloud.kernel.fold import Folded
from cloud.kernel.nodes import NodeInfo
from sync.domains.boarding.operations import VoidTicket
from sync.domains.ticketing.events import CASH, GIVEN_BACK, RefundAsked
from sync.domains.ticketing.operations import RefundWord
from sync.domains.ticketing.rules import ASKED
from sync.kernel import hlc
from sync.kernel.errors import Refusal
from sync.kernel.operations import node_stream, trip_stream
from sync.kernel.ports import Clock
from sync.kernel.ticket import TicketId

MAX_NOTE = 200
# Why the hub decides by itself, as the catalogue words it.
NOTE_REFUNDED, NOTE_BOARDED, NOTE_CANCELLED = "word_refunded", "word_boarded", "word_cancelled"
NOTE_OTHER_WAY, NOTE_VEHICLE, NOTE_SHORT = "word_other_way", "word_vehicle", "word_short"
BY_ITSELF = "hub"
_NO = {"refunded": NOTE_REFUNDED, "boarded": NOTE_BOARDED, "other_way": NOTE_OTHER_WAY}
_REQUESTS = sa.select(refund_request, refund_decision.c.approved, refund_decision.c.note).outerjoin(
    refund_decision, refund_decision.c.pos == refund_request.c.pos
)
_WAITING = _REQUESTS.where(refund_request.c.state == OK, refund_decision.c.pos.is_(None))
Where = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as the console lists it. ``problem``: empty, or why it can't be approved: ``unknown``, ``refunded``,
    ``boarded``, ``other_way`` (not paid in cash, and sold in another log). The prices are None where the hub has no sale."""

    pos: int
    node_no: int
    number: str
    ticket_number: str
    reason: str
    kind: str
    asked_ms: int
    trip_no: int | None
    day: int | None
    price_minor: int | None
    currency: str
    problem: str


class Deciding:
    """``boarded``: whether a ticket was let in; ``cancelled``: those of some dated trips that do not run; ``stands``: whether
    another vehicle has no place for a ticket; ``broken``: what a trip that ended early means to a ticket."""

    def __init__(
        self,
        clock: Clock,
        boarded: Callable[[Connection, bytes], bool],
        cancelled: Callable[[Connection, Iterable[Where]], set[Where]],
        stands: Callable[[Connection, bytes], bool],
        broken: BrokenOff,
    ) -> None:
        self._clock, self._boarded, self._cancelled, self._stands = clock, boarded, cancelled, stands
        self._broken = broken

    def waiting(self, tx: Connection, limit: int, offset: int = 0) -> list[RequestLine]:
        """Requests without a word, the oldest first."""
        rows = tx.execute(_WAITING.order_by(refund_request.c.pos).limit(limit).offset(offset)).all()
        return [self._line(tx, row) for row in rows]

    def one(self, tx: Connection, pos: int) -> RequestLine | None:
        """The request at ``pos`` while it has no word."""
        row = tx.execute(_WAITING.where(refund_request.c.pos == pos)).first()
        return None if row is None else self._line(tx, row)

    def decide(self, tx: Connection, pos: int, approved: bool, fee_minor: int, note: str, by: str) -> None:
        """Say yes or no to the request at ``pos``, with a reason in words.

        Raises :class:`Refusal`: ``request_unknown``, ``request_decided``, ``request_note``, ``request_fee``, and for a yes
        ``request_ticket_unknown``, ``request_ticket_refunded``, ``request_ticket_boarded``, ``request_ticket_other_way``.
        """
        row = tx.execute(_REQUESTS.where(refund_request.c.pos == pos, refund_request.c.state == OK)).first()
        if row is None:
            raise Refusal("request_unknown", status=404)
        if row.approved is not None:
            raise Refusal("request_decided")
        if not note.strip() or len(note) > MAX_NOTE or "\x00" in note:
            raise Refusal("request_note", status=422, field="note", most=MAX_NOTE)
        sale, problem = self._look(tx, bytes(row.ticket_id), (row.node_no, row.epoch))
        if approved and (problem or sale is None):
            raise Refusal(f"request_ticket_{problem}")
        price = sale.price_minor if sale is not None else 0
        if not 0 <= fee_minor <= price:
            raise Refusal("request_fee", status=422, field="fee")
        self._say(tx, row, sale, approved, fee_minor, note.strip(), by)

    def decide_new(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """What the books answer by themselves: no to what was given back or used, or goes back another way; yes to a trip
        that was cancelled, to whom another vehicle has no place for, and to what a trip that ended early did not carry."""
        for one in fresh.of(RefundAsked):
            event = one.event
            if one.held is not None or not isinstance(event, RefundAsked):
                continue
            row = tx.execute(_REQUESTS.where(refund_request.c.pos == one.pos)).one()
            sale, problem = self._look(tx, event.ticket_id, (row.node_no, row.epoch))
            if problem in _NO:
                self._say(tx, row, sale, False, 0, _NO[problem], BY_ITSELF)
            elif sale is not None and (fee_minor := self._broken.fee_minor(tx, sale)) is not None:
                self._say(tx, row, sale, True, fee_minor, NOTE_SHORT, BY_ITSELF)
            elif sale is not None and self._cancelled(tx, [(sale.trip_no, sale.day)]):
                self._say(tx, row, sale, True, 0, NOTE_CANCELLED, BY_ITSELF)
            elif sale is not None and self._stands(tx, event.ticket_id):
                self._say(tx, row, sale, True, 0, NOTE_VEHICLE, BY_ITSELF)

    def _look(self, tx: Connection, ticket_id: bytes, log: tuple[int, int]) -> tuple[Row[Any] | None, str]:
        """The sale, and what stands in the way of a refund that ``log`` makes: money goes back by the way it came, and only
        the log that sold a ticket by phone knows that way."""
        mine = (ticket.c.ticket_id == ticket_id, ticket.c.state == OK)
        sale = tx.execute(sa.select(ticket).where(*mine).order_by(ticket.c.pos)).first()
        if sale is None:
            return None, "unknown"
        back = sa.select(refund.c.pos).where(refund.c.ticket_id == ticket_id, refund.c.state == OK)
        promised = sa.select(refund_decision.c.pos).where(
            refund_decision.c.ticket_id == ticket_id, refund_decision.c.approved
        )
        if tx.execute(back).first() or tx.execute(promised).first():
            return sale, "refunded"
        if self._boarded(tx, ticket_id) and not self._broken.concerns(tx, sale):
            return sale, "boarded"
        return sale, "other_way" if sale.payment != CASH and (sale.node_no, sale.epoch) != log else ""

    def _say(
        self, tx: Connection, row: Row[Any], sale: Row[Any] | None, approved: bool, fee_minor: int, note: str, by: str
    ) -> None:
        now, ticket_id = self._clock.wall_ms(), bytes(row.ticket_id)
        trip_no, day, currency = (sale.trip_no, sale.day, sale.currency) if sale is not None else (0, 0, "")
        back_minor = sale.price_minor - fee_minor if sale is not None and approved else 0
        money = {"fee_minor": fee_minor, "refunded_minor": back_minor, "currency": currency}
        about = {"approved": approved, "ticket_id": ticket_id, "trip_no": trip_no, "day": day, **money, "note": note}
        made = {"pos": row.pos, "by": by, "made_pos": next_pos(tx), "made_ms": now}
        tx.execute(sa.insert(refund_decision).values(**about, **made))
        word = RefundWord(approved, ticket_id, trip_no, day, fee_minor, back_minor, currency, note, now)
        streams.publish(tx, node_stream(row.node_no), f"refund/{row.epoch}/{row.request_no}", word.to_bytes())
        if approved:
            void = (f"void/{ticket_id.hex()}", VoidTicket(trip_no, day, now).to_bytes())
            streams.publish(tx, node_stream(TicketId.from_bytes(ticket_id).node_no), *void)
            streams.publish_many(tx, trip_stream(trip_no, day), [(f"manifest/{ticket_id.hex()}", None), void])

    def _line(self, tx: Connection, row: Row[Any]) -> RequestLine:
        sale, problem = self._look(tx, bytes(row.ticket_id), (row.node_no, row.epoch))
        return RequestLine(
            row.pos, row.node_no, f"R{row.node_no:05d}-{row.epoch:02d}-{row.request_no:05d}",
            TicketId.from_bytes(bytes(row.ticket_id)).number, GIVEN_BACK[row.reason], ASKED[row.kind],
            hlc.wall_ms_of(row.asked_hlc), sale.trip_no if sale else None, sale.day if sale else None,
            sale.price_minor if sale else None, sale.currency if sale else "", problem,
        )  # fmt: skip


def count_waiting(tx: Connection) -> int:
    """How many requests have no word yet."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(_WAITING.subquery())).scalar_one())
