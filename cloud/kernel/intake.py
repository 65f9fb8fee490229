"""Taking a node's events in: chain rules, log, fold. All of it in the caller's one transaction.

What a request may find, with ``head`` the end of the log as the hub holds it:

* it begins at the end: appended;
* it overlaps: what is held is compared byte by byte, the rest appended; other bytes under a held sequence are a *fork*
  (a copied disk): the log is closed, the refused tail kept for people to look at;
* it begins behind the end: the hub is the one that lacks something (restored backup): *resend* from the head;
* it ends before the head: the node lost what it had sent (restored backup): *rewound*.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel.database import insert_rows, take_positions
from cloud.kernel.fold import Fold, Folded, Quarantine, Received
from cloud.kernel.nodes import ACTIVE, BY_KID, FORKED, HELD, REPLACED, REVOKED, REWOUND, Nodes
from cloud.kernel.tables import event_log, node_key, quarantine
from cloud.kernel.tails import Tails
from sync.kernel import exchange
from sync.kernel.chain import GENESIS
from sync.kernel.events import Envelope
from sync.kernel.exchange import MAX_EVENTS, MAX_UP_BYTES, Request
from sync.kernel.ports import Clock

_HEAD: Final = (
    sa.update(node_key)
    .where(node_key.c.kid == sa.bindparam("which"))
    .values(head_seq=sa.bindparam("seq"), head_hash=sa.bindparam("hash"))
)
_QUARANTINED: Final = (
    sa.select(quarantine.c.seq, quarantine.c.code)
    .where(
        quarantine.c.node_no == sa.bindparam("node_no"),
        quarantine.c.epoch == sa.bindparam("epoch"),
        quarantine.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
    .order_by(quarantine.c.seq)
)
_HASHES: Final = (
    sa.select(event_log.c.seq, event_log.c.hash)
    .where(
        event_log.c.node_no == sa.bindparam("node_no"),
        event_log.c.epoch == sa.bindparam("epoch"),
        event_log.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
    .order_by(event_log.c.seq)
)
_NOTHING: Final = Folded()
_LOG: Final = ("pos", "node_no", "epoch", "seq", "type", "hash", "bytes")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A verified request with all that can be worked out before the writer's turn. Item i is event first_seq + i."""

    kid: bytes
    request: Request
    hashes: tuple[bytes, ...]
    read: tuple[tuple[Envelope | None, Quarantine | None], ...]

    @property
    def last_seq(self) -> int:
        """Sequence of the last event sent, or of the one before the first when none was."""
        return self.request.first_seq - 1 + len(self.request.events)


@dataclass(frozen=True, slots=True)
class Taken:
    """Outcome: a status of :mod:`sync.kernel.exchange`, what is held without a gap, and what was new."""

    status: int
    acked_seq: int
    fresh: Folded = _NOTHING


class Intake:
    """Takes prepared requests in, one after the other."""

    def __init__(self, fold: Fold, node_list: Nodes, tails: Tails, clock: Clock) -> None:
        self._fold, self._nodes, self._tails, self._clock = fold, node_list, tails, clock

    def prepare(self, kid: bytes, request: Request) -> Prepared:
        """Chain hashes and decoded events: the costly part, without the database."""
        hashes, previous = [], request.prev_hash
        for event in request.events:
            previous = hashlib.sha256(previous + event).digest()
            hashes.append(previous)
        return Prepared(kid, request, tuple(hashes), tuple(self._fold.read(request.events)))

    def take(self, tx: Connection, sent: Prepared) -> Taken:
        """Apply the chain rules and take in what is new."""
        key = tx.execute(BY_KID, {"kid": sent.kid}).one()
        if key.status in (REVOKED, FORKED):
            if key.status == FORKED:
                self._tails.hold_refused(tx, key, sent.request)
            return Taken(exchange.REVOKED if key.status == REVOKED else exchange.FORKED, key.safe_seq)
        before = sent.request.first_seq - 1
        if before > key.head_seq:
            return Taken(exchange.RESEND, key.head_seq)
        common = self._common(tx, key, sent)
        if common is not None:
            return self._fork(tx, key, sent.request, common)
        if sent.last_seq < key.head_seq:
            return self._short(tx, key, sent)
        if key.status == REWOUND:
            _set_status(tx, key, ACTIVE, self._clock.wall_ms())
            self._nodes.settle(tx, key.node_no, REWOUND)
        status = exchange.REPLACED if key.status == REPLACED else exchange.OK
        return Taken(status, sent.last_seq, self._append(tx, key, sent, key.head_seq - before))

    def _common(self, tx: Connection, key: Row[Any], sent: Prepared) -> int | None:
        """None when the request agrees with what is held; else the last sequence that both surely share."""
        before = sent.request.first_seq - 1
        if before == key.head_seq:
            return None if sent.request.prev_hash == key.head_hash else max(before - 1, 0)
        if hash_at(tx, key, before) != sent.request.prev_hash:
            return max(before - 1, 0)
        last = min(sent.last_seq, key.head_seq)
        for seq, stored in _hashes(tx, key, before + 1, last):
            if stored != sent.hashes[seq - before - 1]:
                return seq - 1
        return None

    def _append(self, tx: Connection, key: Row[Any], sent: Prepared, skip: int) -> Folded:
        events, first = sent.request.events[skip:], sent.request.first_seq + skip
        if not events:
            return _NOTHING
        pos = take_positions(tx, len(events))
        envelopes, held = zip(*sent.read[skip:], strict=True)
        seqs = range(first, first + len(events))
        places = (range(pos, pos + len(events)), repeat(key.node_no), repeat(key.epoch), seqs)
        fresh = list(map(Received, *places, envelopes, held))
        hashes, kinds = sent.hashes[skip:], [one.type for one in fresh]
        insert_rows(tx, event_log, _LOG, list(zip(*places, kinds, hashes, events, strict=False)))
        tx.execute(_HEAD, {"which": key.kid, "seq": sent.last_seq, "hash": hashes[-1]})
        return self._fold.apply(tx, fresh)

    def _short(self, tx: Connection, key: Row[Any], sent: Prepared) -> Taken:
        """The request ends before the head. That is a repeated older request if the node says or shows that it has
        more, else a node that lost the end of its log."""
        request = sent.request
        waiting = request.reported.get("waiting", 0)
        full = len(request.events) >= MAX_EVENTS or sum(map(len, request.events)) >= MAX_UP_BYTES // 4
        if full or (type(waiting) is int and sent.last_seq + waiting >= key.head_seq):
            return Taken(exchange.OK, key.head_seq)
        if key.status == ACTIVE:
            detail = f"ends at {sent.last_seq}, the hub holds {key.head_seq}"
            _set_status(tx, key, REWOUND, self._clock.wall_ms(), detail)
            self._nodes.note(tx, key.node_no, REWOUND, detail)
        return Taken(exchange.REWOUND, key.head_seq)

    def _fork(self, tx: Connection, key: Row[Any], request: Request, common: int) -> Taken:
        """Two histories under one key: nothing more is taken from either, and the key's later tickets are void."""
        self._tails.hold_refused(tx, key, request)
        self._nodes.bar(tx, key, FORKED, f"two histories after event {common}", common)
        return Taken(exchange.FORKED, common)


def hash_at(tx: Connection, key: Row[Any], seq: int) -> bytes | None:
    """Chain hash of a log after event ``seq``; None when that event is not held."""
    if seq == 0:
        return GENESIS
    return dict(_hashes(tx, key, seq, seq)).get(seq)


def quarantined(tx: Connection, node_no: int, epoch: int, first_seq: int, last_seq: int) -> tuple[tuple[int, str], ...]:
    """(sequence, code) of the quarantined events of a log between two sequences, both included."""
    span = {"node_no": node_no, "epoch": epoch, "first": first_seq, "last": last_seq}
    rows = tx.execute(_QUARANTINED, span)
    return tuple((seq, code) for seq, code in rows)


def may_speak(status: str) -> bool:
    """Whether a node with a key of this status is still told anything."""
    return status not in (REVOKED, FORKED, REPLACED, HELD)


def _hashes(tx: Connection, key: Row[Any], first: int, last: int) -> list[tuple[int, bytes]]:
    span = {"node_no": key.node_no, "epoch": key.epoch, "first": first, "last": last}
    return [(seq, hashed) for seq, hashed in tx.execute(_HASHES, span)]


def _set_status(tx: Connection, key: Row[Any], status: str, now_ms: int, detail: str = "") -> None:
    values = {"status": status, "status_detail": detail, "status_ms": now_ms}
    tx.execute(sa.update(node_key).where(node_key.c.kid == key.kid).values(**values))
