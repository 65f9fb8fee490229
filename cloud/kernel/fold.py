"""From the event log to state tables: the one way in which events change anything, live and in a rebuild.

A domain's applier sees a batch of events in order of position: ``prepare`` (read what the batch needs, in few
statements), ``apply`` one by one, ``flush`` (write, in few statements). How the log is cut into batches never changes
the outcome. An event that breaks a rule raises :class:`Quarantine`: it is kept, counted, shown, and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.database import insert_rows
from cloud.kernel.eventcheck import check
from cloud.kernel.tables import alert, event_log, quarantine, state_tables, unknown_event
from sync.kernel import hlc
from sync.kernel.errors import Malformed
from sync.kernel.events import Envelope, Event, Registry

BATCH: Final = 2_000
_ALERT: Final = ("pos", "code", "node_no", "clerk_no", "currency", "amount_minor", "detail", "claimed_ms")
UNREADABLE: Final = -1
# What a person took into the books of log E for it stands in the log as that of epoch E + AMENDED: the log itself never
# grows behind its end, and everybody sees which of its events came by a decision.
AMENDED: Final = 100


class Quarantine(Exception):
    """The event breaks a rule: ``code`` for people and machines, ``detail`` for people."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Alert:
    """An event looks like fraud: ``code`` for people and machines, what it is about, and whom it concerns."""

    code: str
    clerk_no: int
    detail: str = ""
    currency: str = ""
    amount_minor: int = 0


# Rules that nobody breaks by accident: what is quarantined for one of them is told as an alert, too.
SUSPECT: Final = {
    "price_differs": "price_override",
    "proof_missing": "concession_without_document",
    "refund_boarded": "ghost_refund",
    "boarded_refunded": "ghost_refund",
    "refund_unknown_ticket": "ghost_refund",
    "refund_twice": "refund_again",
    "refund_paid_out": "refund_again",
    "refund_no_exchange": "refund_again",
    "replace_unknown_ticket": "refund_again",
    "replace_twice": "refund_again",
    "refund_differs": "refund_differs",
    "refund_not_price": "refund_differs",
    "shift_differs": "slip_differs",
}


@dataclass(slots=True, init=False)
class Received:
    """One event of the log. ``envelope`` None: unreadable. ``held`` is set once a rule was found broken; ``alerts`` are what
    people should look at although it counts as it is."""

    pos: int
    node_no: int
    epoch: int
    seq: int
    envelope: Envelope | None
    held: Quarantine | None
    alerts: tuple[Alert, ...]
    #: The event itself; None when it is unreadable or unknown.
    event: Event | None
    #: (node_no, epoch) of the log whose grants and tickets this event is about.
    log: tuple[int, int]

    def __init__(
        self, pos: int, node_no: int, epoch: int, seq: int, envelope: Envelope | None, held: Quarantine | None = None
    ) -> None:
        self.pos = pos
        self.node_no = node_no
        self.epoch = epoch
        self.seq = seq
        self.envelope = envelope
        self.held = held
        self.alerts = ()
        self.event = None if envelope is None else envelope.event
        self.log = (node_no, epoch % AMENDED)

    @property
    def amended(self) -> bool:
        """Whether a person took this event in, and not its log."""
        return self.epoch >= AMENDED

    @property
    def type(self) -> int:
        """Type number of the event; -1 for bytes that are none."""
        return UNREADABLE if self.envelope is None else self.envelope.type


class Applier(Protocol):
    """One domain's part of the fold, made anew for each batch."""

    HANDLES: frozenset[type[Event]]

    def __init__(self, tx: Connection) -> None: ...

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received] | None:
        """Read what the events that this applier handles will need; gives those of them that it has to see, None for all:
        most sales are nothing to most domains."""

    def apply(self, received: Received) -> None:
        """Count one event in. May raise :class:`Quarantine`; appliers behind this one still see the event."""

    def flush(self) -> None:
        """Write the outcome."""


A = TypeVar("A", bound=Applier)


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch that was folded in, with the appliers that did it: what they read need not be read again. ``asks``: its log is
    still told things; what another one asks for, nobody would get."""

    events: Sequence[Received] = ()
    appliers: Sequence[Applier] = ()
    asks: bool = True

    def of(self, *kinds: type[Event]) -> list[Received]:
        """Those of the events that are of one of these types."""
        return of(self.events, *kinds)

    def by(self, kind: type[A]) -> A | None:
        """The applier of this kind, if the batch had anything for it."""
        return next((one for one in self.appliers if isinstance(one, kind)), None)


class Fold:
    """``appliers`` in the order in which they see an event."""

    def __init__(self, registry: Registry, appliers: Sequence[type[Applier]]) -> None:
        self._registry = registry
        self._appliers = tuple(appliers)

    def read(self, items: Sequence[bytes]) -> list[tuple[Envelope | None, Quarantine | None]]:
        """Events' bytes taken apart, each with what is wrong with it. Needs no database."""
        plain = self._registry.decode_plain(items)
        return [(one, None) if one else self._judged(data) for one, data in zip(plain, items, strict=True)]

    def _judged(self, data: bytes) -> tuple[Envelope | None, Quarantine | None]:
        """One event by itself."""
        try:
            found = self._registry.decode(data)
        except Malformed as error:
            return None, Quarantine("event_shape", f"{error.code}: {error}"[:200])
        wrong = check(found)
        if wrong is None:
            return found, None
        code, detail = wrong
        return (None if code == "event_shape" else found), Quarantine(code, detail)

    def apply(self, tx: Connection, batch: Sequence[Received]) -> Folded:
        """Apply a batch, and record what is quarantined or unknown."""
        fit = [one for one in batch if one.held is None and one.envelope is not None]
        kinds = [type(one.event) for one in fit]
        there, used = frozenset(kinds), []
        for applier in self._appliers:
            handled = there & applier.HANDLES
            if handled:
                mine = (
                    fit if handled == there else [one for one, kind in zip(fit, kinds, strict=True) if kind in handled]
                )
                used.append(_run(applier(tx), mine))
        _record(tx, batch)
        return Folded(batch, used)

    def rebuild(self, tx: Connection) -> int:
        """Empty all state tables and fold the whole log again. Returns the number of events."""
        for table in reversed(state_tables()):
            tx.execute(sa.delete(table))
        count = 0
        for batch in self._stored(tx):
            self.apply(tx, batch)
            count += len(batch)
        return count

    def _stored(self, tx: Connection) -> Iterator[list[Received]]:
        after = 0
        columns = (event_log.c.pos, event_log.c.node_no, event_log.c.epoch, event_log.c.seq, event_log.c.bytes)
        while True:
            query = sa.select(*columns).where(event_log.c.pos > after).order_by(event_log.c.pos).limit(BATCH)
            rows = tx.execute(query).all()
            if not rows:
                return
            read = self.read([row.bytes for row in rows])
            yield [Received(*row[:4], *one) for row, one in zip(rows, read, strict=True)]
            after = rows[-1].pos


def of(batch: Sequence[Received], *kinds: type[Event]) -> list[Received]:
    """The events of a batch that are of one of these types, in its order."""
    return [one for one in batch if type(one.event) in kinds]


def _run(applier: Applier, mine: Sequence[Received]) -> Applier:
    wanted = applier.prepare(mine)
    for received in mine if wanted is None else wanted:
        try:
            applier.apply(received)
        except Quarantine as found:
            # The first rule that an event breaks names it.
            received.held = received.held or found
    applier.flush()
    return applier


def _alerts_of(one: Received) -> list[tuple[object, ...]]:
    found = list(one.alerts)
    if one.held is not None and one.held.code in SUSPECT:
        clerk_no = getattr(one.event, "clerk_no", 0)
        found.insert(0, Alert(SUSPECT[one.held.code], clerk_no, f"{one.held.code} {one.held.detail}".strip()))
    claimed_ms = hlc.wall_ms_of(one.envelope.stamp.hlc) if one.envelope else 0
    return [
        (one.pos, code, one.node_no, said.clerk_no, said.currency, said.amount_minor, said.detail, claimed_ms)
        for code, said in {said.code: said for said in reversed(found)}.items()
    ]


def _record(tx: Connection, batch: Sequence[Received]) -> None:
    held = [(one.node_no, one.epoch, one.seq, one.pos, one.held.code, one.held.detail) for one in batch if one.held]
    insert_rows(tx, quarantine, ("node_no", "epoch", "seq", "pos", "code", "detail"), held)
    insert_rows(tx, alert, _ALERT, [row for one in batch if one.held or one.alerts for row in _alerts_of(one)])
    unknown = [
        (one.pos, one.node_no, one.envelope.type, one.envelope.version)
        for one in batch
        if one.envelope is not None and one.event is None
    ]
    insert_rows(tx, unknown_event, ("pos", "node_no", "type", "version"), unknown)
