"""Ends of logs that no log took in: kept as they came until a person decides, and never deleted.

A box may not add to a log that is closed, because nobody can say who holds its key. A person can look at what it sold
and take it into the books. What was taken in stands behind the log as an amendment (:data:`cloud.kernel.fold.AMENDED`):
the money counts, gates honour the tickets, a seat that somebody else holds shows as a clash.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel.database import chunks, insert_rows, take_positions
from cloud.kernel.fold import AMENDED, Fold, Folded, Received
from cloud.kernel.nodes import NodeInfo, Nodes, find
from cloud.kernel.tables import event_log, held_tail, tail_verdict
from sync.domains.ticketing.events import TicketSold
from sync.kernel import cbor
from sync.kernel.errors import Refusal
from sync.kernel.events import TailHandedIn
from sync.kernel.exchange import Request
from sync.kernel.ports import Clock

MAX_REFUSED: Final = 50
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
_HANDED: Final = bytes((TailHandedIn.TYPE,))
_LOG: Final = ("pos", "node_no", "epoch", "seq", "type", "hash", "bytes")

# What follows from events that are in the books (tickets for the gates), as after an exchange.
Decide = Callable[[Connection, NodeInfo, Folded], None]


@dataclass(slots=True)
class Tail:
    """What came of one log by one way. ``handed_by``: the log that handed it in; None: refused under its own key.

    ``amounts``: currency → minor units of the sales in it; ``fresh``: how many of its events the books do not have.
    ``verdict`` is empty while nobody has decided.
    """

    name: str
    node_no: int
    epoch: int
    handed_by: int | None
    held_ms: int
    first_seq: int
    events: int = 0
    sales: int = 0
    fresh: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    verdict: str = ""
    reason: str = ""
    by: str = ""
    decided_ms: int = 0


class Tails:
    """Keeps them, shows them, and does what a person decides."""

    def __init__(self, fold: Fold, node_list: Nodes, clock: Clock, decide: Sequence[Decide]) -> None:
        self._fold, self._nodes, self._clock, self._decide = fold, node_list, clock, decide

    def hold_refused(self, tx: Connection, key: Row[Any], request: Request) -> None:
        """Keep the events of a request that a forked log brought; of one node no more than ``MAX_REFUSED`` times."""
        mine = (held_tail.c.node_no == key.node_no, held_tail.c.handed_by.is_(None))
        count = tx.execute(sa.select(sa.func.count()).select_from(held_tail).where(*mine)).scalar_one()
        if request.events and count < MAX_REFUSED:
            log = (key.node_no, key.epoch)
            self._hold(tx, log, request.first_seq, request.prev_hash, request.events, None)

    def take(self, tx: Connection, info: NodeInfo, fresh: Folded) -> None:
        """After a node's events: keep what its present log handed in of older ones."""
        for one in fresh.of(TailHandedIn):
            event = one.event
            if isinstance(event, TailHandedIn) and 0 < event.epoch < one.epoch:
                log = (info.node_no, event.epoch)
                self._hold(tx, log, event.first_seq, event.prev_hash, event.events, one.epoch)

    def every(self, tx: Connection, node_no: int | None = None, limit: int = 200) -> list[Tail]:
        """Tails, those that wait for a decision first, then the newest."""
        query = _ROWS.order_by(tail_verdict.c.digest.is_not(None), held_tail.c.held_ms.desc()).limit(limit)
        rows = tx.execute(query if node_no is None else query.where(held_tail.c.node_no == node_no)).all()
        found: dict[tuple[str, str], Tail] = {}
        for row in rows:
            name, verdict = _name(row), row.verdict or ""
            log = (row.node_no, row.epoch, row.handed_by)
            tail = found.setdefault((name, verdict), Tail(name, *log, row.held_ms, row.first_seq, verdict=verdict))
            self._count_in(tx, tail, row)
        return list(found.values())

    def waiting(self, tx: Connection) -> dict[int, int]:
        """Node → how many tails of it wait for a decision."""
        rows = tx.execute(_ROWS.where(tail_verdict.c.digest.is_(None)))
        names = {(row.node_no, _name(row)) for row in rows}
        return dict(Counter(node_no for node_no, _ in names))

    def accept(self, tx: Connection, name: str, reason: str, by: str) -> tuple[int, int]:
        """Take a tail into the books. (events that were new, quarantined ones among them).

        Raises :class:`Refusal`: ``tail_unknown`` (404), ``tail_decided``, ``reason_missing``.
        """
        rows = self._open(tx, name, reason)
        taken = held = 0
        for row in rows:
            folded = self._append(tx, row)
            taken += len(folded.events)
            held += sum(one.held is not None for one in folded.events)
            self._decided(tx, row, ACCEPTED, len(folded.events), reason, by)
        self._nodes.move_end(tx, rows[0].node_no, rows[0].epoch)
        return taken, held

    def reject(self, tx: Connection, name: str, reason: str, by: str) -> None:
        """Leave a tail out of the books for good; it stays where it is. Raises as :meth:`accept`."""
        for row in self._open(tx, name, reason):
            self._decided(tx, row, REJECTED, 0, reason, by)

    def _hold(
        self, tx: Connection, log: tuple[int, int], first_seq: int, previous: bytes, events: Sequence[bytes],
        handed_by: int | None,
    ) -> None:  # fmt: skip
        """Keep events once, and apart from them what stands wrapped in them: a log that ended before it had handed in
        all of the one before."""
        data = cbor.encode(list(events))
        digest = hashlib.sha256(cbor.encode([*log, handed_by or 0, previous]) + data).digest()
        if tx.execute(sa.select(held_tail.c.digest).where(held_tail.c.digest == digest)).first():
            return
        if handed_by is None or self._unknown(tx, log, _hashes(previous, events)):
            values = {"digest": digest, "node_no": log[0], "epoch": log[1], "first_seq": first_seq}
            values |= {"prev_hash": previous, "events": data, "held_ms": self._clock.wall_ms()}
            tx.execute(sa.insert(held_tail).values(**values, handed_by=handed_by))
        for event in events:
            if event[1:2] == _HANDED:
                self._hold_wrapped(tx, log, event)

    def _hold_wrapped(self, tx: Connection, log: tuple[int, int], data: bytes) -> None:
        ((envelope, _),) = self._fold.read([data])
        inner = envelope and envelope.event
        if isinstance(inner, TailHandedIn) and 0 < inner.epoch < log[1]:
            self._hold(tx, (log[0], inner.epoch), inner.first_seq, inner.prev_hash, inner.events, log[1])

    def _unknown(self, tx: Connection, log: tuple[int, int], hashes: Iterable[bytes]) -> set[bytes]:
        """Those of ``hashes`` that the books of a log don't have, by itself or amended."""
        wanted, column = set(hashes), event_log.c
        for some in chunks(sorted(wanted)):
            epochs = column.epoch.in_((log[1], log[1] + AMENDED))
            mine = (column.node_no == log[0], epochs, column.hash.in_(some))
            wanted -= {bytes(found) for found in tx.execute(sa.select(column.hash).where(*mine)).scalars()}
        return wanted

    def _append(self, tx: Connection, row: Row[Any]) -> Folded:
        log, events = (row.node_no, row.epoch), cbor.decode(row.events)
        hashes = list(_hashes(row.prev_hash, events))
        unknown = self._unknown(tx, log, hashes)
        wanted = [(hashed, data) for hashed, data in zip(hashes, events, strict=True) if hashed in unknown]
        if not wanted:
            return Folded()
        epoch = row.epoch + AMENDED
        mine = (event_log.c.node_no == row.node_no, event_log.c.epoch == epoch)
        last = tx.execute(sa.select(sa.func.max(event_log.c.seq)).where(*mine)).scalar() or 0
        pos = take_positions(tx, len(wanted))
        read = self._fold.read([data for _, data in wanted])
        fresh = [Received(pos + i, row.node_no, epoch, last + 1 + i, *one) for i, one in enumerate(read)]
        rows = [
            (one.pos, one.node_no, one.epoch, one.seq, one.type, hashed, data)
            for one, (hashed, data) in zip(fresh, wanted, strict=True)
        ]
        insert_rows(tx, event_log, _LOG, rows)
        folded = self._fold.apply(tx, fresh)
        for decide in self._decide:
            decide(tx, find(tx, row.node_no), replace(folded, asks=False))
        return folded

    def _count_in(self, tx: Connection, tail: Tail, row: Row[Any]) -> None:
        events = cbor.decode(row.events)
        tail.first_seq, tail.events = min(tail.first_seq, row.first_seq), tail.events + len(events)
        tail.fresh += len(self._unknown(tx, (row.node_no, row.epoch), _hashes(row.prev_hash, events)))
        tail.reason, tail.by, tail.decided_ms = row.reason or "", row.by or "", row.decided_ms or 0
        for envelope, _ in self._fold.read(events):
            sold = envelope and envelope.event
            if isinstance(sold, TicketSold):
                tail.sales += 1
                tail.amounts[sold.currency] += sold.price_minor

    def _open(self, tx: Connection, name: str, reason: str) -> list[Row[Any]]:
        if not reason.strip():
            raise Refusal("reason_missing", status=422, field="reason")
        node_no = name.split("-")[0]
        mine = held_tail.c.node_no == (int(node_no) if node_no.isascii() and node_no.isdigit() else 0)
        rows = [row for row in tx.execute(_ROWS.where(mine).order_by(held_tail.c.first_seq)) if _name(row) == name]
        if not rows:
            raise Refusal("tail_unknown", status=404, tail=name)
        waiting = [row for row in rows if row.verdict is None]
        if not waiting:
            raise Refusal("tail_decided", tail=name)
        return waiting

    def _decided(self, tx: Connection, row: Row[Any], verdict: str, events: int, reason: str, by: str) -> None:
        values = {"digest": row.digest, "verdict": verdict, "events": events, "reason": reason.strip()[:200], "by": by}
        tx.execute(sa.insert(tail_verdict).values(**values, decided_ms=self._clock.wall_ms()))


_ROWS: Final = sa.select(
    held_tail, tail_verdict.c.verdict, tail_verdict.c.reason, tail_verdict.c.by, tail_verdict.c.decided_ms
).outerjoin(tail_verdict, tail_verdict.c.digest == held_tail.c.digest)


def _name(row: Row[Any]) -> str:
    """``node-log-…``: parts that one log handed in go together; what was refused is judged piece by piece."""
    return f"{row.node_no}-{row.epoch}-{row.handed_by or row.digest.hex()[:12]}"


def _hashes(previous: bytes, events: Iterable[bytes]) -> Iterable[bytes]:
    for event in events:
        previous = hashlib.sha256(previous + event).digest()
        yield previous
