"""The keys of the months: made ahead, told to the nodes, used for one look at a time, destroyed when nobody may look any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import OK
from cloud.domains.ticketing.tables import sealing_period, traveller
from cloud.kernel import streams
from cloud.kernel.nodes import NodeInfo
from cloud.kernel.tables import event_log
from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.office import realname, sealing
from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.kernel import days, seal
from sync.kernel.documents import Document, Masked
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.events import Registry
from sync.kernel.operations import NET
from sync.kernel.ports import Clock, Ids
from sync.kernel.seal import Veil
from sync.kernel.ticket import TicketId

_EVENTS: Final = Registry([TravellerNamed])
_RULES: Final = "ruleset/realname/"
_LOOK_MS: Final = 10 * 60_000


@dataclass(frozen=True, slots=True)
class Period:
    """A month's keys. ``named``: travellers; ``due``: nobody has to keep it any more."""

    period: int
    suite: str
    named: int
    made_ms: int
    erased_ms: int | None
    due: bool


@dataclass(frozen=True, slots=True)
class Named:
    """What the hub holds of a ticket's traveller. ``masked`` None: the month was erased, or a box wrote rubbish."""

    number: str
    trip_no: int
    day: int
    period: int
    masked: Masked | None
    state: str


class Sealing:
    """``wrapping_key`` gives 32 secret bytes that are in no database, made when they are first asked for. ``suite``: the
    name of that of keys which are made from now on."""

    def __init__(self, wrapping_key: Callable[[], bytes], suite: str, clock: Clock, ids: Ids) -> None:
        self._wrapping, self._clock, self._ids = wrapping_key, clock, ids
        self._suite = next(one for one in seal.SUITES.values() if one.name == suite)
        self._next_look_ms = 0

    def provide(self, tx: Connection, _info: NodeInfo | None = None) -> None:
        """Make and publish the keys of this month and of those that come, once a rule wants names. Looks every ten minutes
        when a node's visit asks."""
        now = self._clock.wall_ms()
        if _info is not None and now < self._next_look_ms:
            return
        self._next_look_ms = now + _LOOK_MS
        if not published_rules(tx):
            return
        first = realname.period_of(max(days.day_at(now, "UTC") - 1, 0))
        wanted = [realname.following(first, months) for months in range(realname.MONTHS_AHEAD + 1)]
        there = set(tx.execute(sa.select(sealing_period.c.period)).scalars())
        for period in wanted:
            if period not in there:
                self._make(tx, period, now)
                continue
            key = self._key(tx, period)
            if key is not None and not key.contexts:  # of a hub that was older
                streams.publish(tx, NET, key.key, replace(key, contexts=True).to_bytes())

    def periods(self, tx: Connection) -> list[Period]:
        """All months, the newest first."""
        column = sealing_period.c
        counts = tx.execute(sa.select(traveller.c.period, sa.func.count()).group_by(traveller.c.period))
        counted = {period: int(count) for period, count in counts}
        today, keep_days = days.day_at(self._clock.wall_ms(), "UTC"), _keep_days(tx)
        rows = tx.execute(sa.select(sealing_period).order_by(column.period.desc()))
        return [
            Period(
                row.period, seal.suite_of(row.suite).name, counted.get(row.period, 0), row.made_ms, row.erased_ms,
                row.wrapped is not None and realname.over(row.period, keep_days, today),
            )
            for row in rows
        ]  # fmt: skip

    def erase(self, tx: Connection) -> list[int]:
        """Destroy the keys of every month that nobody has to keep any more: at the hub, and on the stream to the nodes.

        What was sealed, masked or compared under them stays in the logs as bytes that nobody can read. Gives the months.
        """
        due = [one.period for one in self.periods(tx) if one.due]
        if due and tx.dialect.name == "sqlite":
            tx.exec_driver_sql("PRAGMA secure_delete = ON")
        for period in due:
            gone = {"wrapped": None, "erased_ms": self._clock.wall_ms()}
            tx.execute(sa.update(sealing_period).where(sealing_period.c.period == period).values(**gone))
            streams.publish(tx, NET, f"{SealingKey.PREFIX}/{period}", None)
        return due

    def named(self, tx: Connection, number: str) -> Named:
        """What may be shown of a ticket's traveller. Raises :class:`Refusal`: ``ticket_number_form``, ``traveller_unknown``."""
        row, event = self._find(tx, number)
        return Named(number, row.trip_no, row.day, row.period, self._masked(tx, event), row.state)

    def reveal(self, tx: Connection, number: str) -> Document:
        """The document itself. Only inside the transaction that writes down who looked and why.

        Raises :class:`Refusal` as :meth:`named`, ``identity_erased``, and ``identity_unreadable`` for what a box sealed badly.
        """
        row, event = self._find(tx, number)
        found = tx.execute(sa.select(sealing_period).where(sealing_period.c.period == row.period)).first()
        if found is None or found.wrapped is None:
            raise Refusal("identity_erased", status=410)
        try:
            secret = Veil(seal.suite_of(found.suite), self._wrapping()).lift(found.wrapped, _bound(row.period))
            document = sealing.document_of(event, secret)
        except Malformed as error:
            raise Refusal("identity_unreadable", why=error.code) from None
        key = self._key(tx, row.period)
        if key is not None and sealing.check_of(document, event.trip_no, event.day, key) != event.check:
            raise Refusal("identity_unreadable", why="check_differs")
        return document

    def _make(self, tx: Connection, period: int, now: int) -> None:
        secret, suite = self._ids.token(seal.KEY_BYTES), self._suite
        key = SealingKey(period, suite.number, seal.public_of(suite, secret), self._ids.token(seal.KEY_BYTES), True)
        wrapped = Veil(suite, self._wrapping()).cover(self._ids.token(seal.NONCE_BYTES), secret, _bound(period))
        row = {"period": period, "suite": suite.number, "public": key.public, "wrapped": wrapped, "made_ms": now}
        tx.execute(sa.insert(sealing_period), row)
        streams.publish(tx, NET, key.key, key.to_bytes())

    def _find(self, tx: Connection, number: str) -> tuple[sa.Row[tuple[object, ...]], TravellerNamed]:
        wanted = TicketId.from_number(number)
        if wanted is None:
            raise Refusal("ticket_number_form", status=422, field="number")
        mine = traveller.c.ticket_id == wanted.to_bytes()
        # One that broke no rule before one that did.
        order = (traveller.c.state != OK, traveller.c.pos)
        row = tx.execute(sa.select(traveller).where(mine).order_by(*order)).first()
        if row is None:
            raise Refusal("traveller_unknown", status=404, field="number")
        data = tx.execute(sa.select(event_log.c.bytes).where(event_log.c.pos == row.pos)).scalar_one()
        event = _EVENTS.decode(data).event
        if not isinstance(event, TravellerNamed):
            raise Refusal("traveller_unknown", status=404, field="number")
        return row, event

    def _masked(self, tx: Connection, event: TravellerNamed) -> Masked | None:
        key = self._key(tx, event.period)
        if key is None:
            return None
        try:
            return sealing.masked_of(event, sealing.veil_of(key))
        except Malformed:
            return None

    def _key(self, tx: Connection, period: int) -> SealingKey | None:
        body = streams.body(tx, NET, f"{SealingKey.PREFIX}/{period}")
        return None if body is None else SealingKey.from_bytes(body)


def published_rules(tx: Connection) -> list[RealNameRules]:
    """All sets that say where travellers are named."""
    return [RealNameRules.from_bytes(one) for one in streams.bodies_under(tx, NET, _RULES)]


def _keep_days(tx: Connection) -> int:
    """The longest that any set wants; without one, the least that the law allows."""
    return max((one.keep_days for one in published_rules(tx)), default=realname.LEAST_KEEP_DAYS)


def _bound(period: int) -> bytes:
    return b"yipiao sealing period %d" % period
