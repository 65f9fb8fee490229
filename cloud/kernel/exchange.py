"""The hub's end of the exchange: verify, take in, commit, and only then acknowledge and tell what is new.

A quiet request touches one read of the database and nothing else: no writer, no durable write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel import repair, streams
from cloud.kernel.contact import Contacts
from cloud.kernel.database import Database
from cloud.kernel.fold import Folded
from cloud.kernel.intake import Intake, Taken, hash_at, may_speak, quarantined
from cloud.kernel.nodes import ACTIVE, NodeInfo, find, streams_of
from cloud.kernel.recovery import Recovery
from cloud.kernel.settings import Settings
from cloud.kernel.streams import Reading
from cloud.kernel.tables import contact, counter, node, node_key, stream, subscription
from cloud.kernel.turns import Turns
from sync.kernel import cose, exchange, lean, wire
from sync.kernel.errors import Malformed
from sync.kernel.exchange import DOWN_BUDGET_BYTES, Request, Response
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Clock, Signer

SPEAKS: Final = lean.PROTOCOL
_LIMIT: Final = 1 << 62
# A restored hub may be behind by what it did since its backup, not by more.
_MAX_LEAP: Final = 1 << 40

_NEWEST: Final = (
    sa.select(sa.func.coalesce(sa.func.max(stream.c.head), 0))
    .select_from(subscription.join(stream, stream.c.stream == subscription.c.stream))
    .where(subscription.c.node_no == node_key.c.node_no, subscription.c.active)
    .correlate(node_key)
    .scalar_subquery()
)
_WHO: Final = (
    sa.select(
        node_key.c.node_no, node_key.c.epoch, node_key.c.public, node_key.c.status,
        node_key.c.head_seq, node_key.c.head_hash, node_key.c.generation, node.c.provision_due_ms,
        sa.func.coalesce(contact.c.last_contact_ms, 0).label("heard_ms"),
        sa.func.coalesce(contact.c.turn_ms, 0).label("turn_ms"),
        sa.select(counter.c.pos).scalar_subquery().label("pos"),
        sa.select(counter.c.generation).scalar_subquery().label("hub_generation"),
        _NEWEST.label("newest"),
    )
    .join(node, node.c.node_no == node_key.c.node_no)
    .outerjoin(contact, contact.c.node_no == node_key.c.node_no)
    .where(node_key.c.kid == sa.bindparam("kid"))
)  # fmt: skip
_HEARD: Final = sa.select(contact.c.last_contact_ms).order_by(contact.c.last_contact_ms)

# What the domains decide once a node's events are in (refill, answers, manifests), in the same transaction.
Decide = Callable[[Connection, NodeInfo, Folded], None]
# What a node is given as time goes on (seats for trips that come within reach, streams, a newer certificate).
Provision = Callable[[Connection, NodeInfo], None]


@dataclass(frozen=True, slots=True)
class Steps:
    """The domains' part of an exchange."""

    decide: Sequence[Decide]
    provision: Sequence[Provision]


class Exchange:
    """Answers requests of nodes."""

    def __init__(
        self,
        database: Database,
        intake: Intake,
        rescue: Recovery,
        contacts: Contacts,
        steps: Steps,
        settings: Settings,
        clock: Clock,
        signer: Signer,
    ) -> None:
        self._database, self._intake, self._recovery, self._contacts = database, intake, rescue, contacts
        self._steps, self._settings, self._clock, self._signer = steps, settings, clock, signer
        # A turn is written with the next flush of the contacts, and read by other processes after that.
        soonest_ms = 2 * settings.contact_flush_ms
        self._turns = Turns(settings.visits_per_s, settings.turns_per_s, soonest_ms, self._last_contacts)

    def answer(self, data: bytes) -> bytes:
        """The signed answer to a node's request. Raises :class:`Malformed` for anything that is not a good request."""
        now = self._clock.wall_ms()
        response, turn_ms = None, 0
        with self._database.read() as tx:
            kid, request, who = _open(tx, data)
            if self._is_quiet(who, request):
                due = now >= who.provision_due_ms
                if due or _lacks(who, request):
                    turn_ms = self._turns.put_off(who.node_no, now, who.turn_ms, who.heard_ms)
                if turn_ms:
                    response = _later(who, request, now, turn_ms)
                elif not due:
                    response = self._respond(tx, who, request, Taken(exchange.OK, who.head_seq), now)
        if response is None:
            response = self._work(kid, request, who, now)
        self._contacts.touch(who.node_no, now, request, turn_ms)
        encode = lean.encode_response if request.protocol == lean.PROTOCOL else exchange.encode_response
        return encode(response, data, self._signer, _packing(request))

    def _is_quiet(self, who: Any, request: Request) -> bool:
        """Nothing is handed in, and both sides agree on what was handed in before."""
        return (
            not request.events
            and who.status == ACTIVE
            and who.generation == who.hub_generation
            and request.first_seq - 1 == who.head_seq
            and request.prev_hash == who.head_hash
            and request.floor <= who.pos
        )

    def _work(self, kid: bytes, request: Request, who: Any, now: int) -> Response:
        if request.events:
            self._turns.hand_in(now)
        sent = self._intake.prepare(kid, request)
        with self._database.write() as tx:
            if self._recovery.must_present(tx, kid, request.floor, request.first_seq - 1):
                return self._wait(who, request, now)
            taken = self._intake.take(tx, sent)
            if taken.status not in (exchange.FORKED, exchange.REVOKED):
                self._decide(tx, who, taken, now)
        with self._database.read() as tx:
            return self._respond(tx, tx.execute(_WHO, {"kid": kid}).one(), request, taken, now)

    def _wait(self, who: Any, request: Request, now: int) -> Response:
        """This hub was restored, and the node is to show what it holds first. Nothing is taken in or told."""
        return Response(
            status=exchange.RESTORED,
            acked_seq=who.head_seq,
            quarantined=(),
            operations=(),
            floor=request.floor,
            exceptions=request.exceptions,
            more=False,
            hub_ms=now,
            come_back_ms=self._settings.come_back_ms,
            speaks=SPEAKS,
        )

    def _decide(self, tx: Connection, who: Any, taken: Taken, now: int) -> None:
        """What follows from what a node wrote, and what time brings it. A log that another one has replaced, or whose key is
        held, is given nothing more; but what it brings is in the books, and gates, passengers and those who wait for seats
        hear of that."""
        info, told = find(tx, who.node_no), may_speak(who.status)
        if taken.fresh.events:
            for decide in self._steps.decide:
                decide(tx, info, replace(taken.fresh, asks=told))
        if told and now >= info.provision_due_ms:
            for provision in self._steps.provision:
                provision(tx, info)

    def _respond(self, tx: Connection, who: Any, request: Request, taken: Taken, now: int) -> Response:
        reading = Reading(floor=request.floor, exceptions=dict(request.exceptions))
        lacks = _lacks(who, request)
        if lacks:
            held = streams_of(tx, who.node_no)
            reading = streams.read(tx, held, request.floor, request.exceptions, DOWN_BUDGET_BYTES)
        compared = bool(request.check) and not lacks and may_speak(who.status) and taken.status == exchange.OK
        last = request.first_seq - 1 + len(request.events)
        refused = quarantined(tx, who.node_no, who.epoch, request.first_seq, last) if request.events else ()
        return Response(
            status=taken.status,
            acked_seq=taken.acked_seq,
            quarantined=refused,
            operations=tuple(reading.operations),
            floor=reading.floor,
            exceptions=reading.exceptions,
            more=reading.more,
            hub_ms=now,
            come_back_ms=self._come_back_ms(who.node_no, now, light=not lacks, more=reading.more),
            speaks=SPEAKS,
            found=repair.compare(tx, who.node_no, request.check) if compared else (),
        )

    def _come_back_ms(self, node_no: int, now: int, *, light: bool, more: bool) -> int:
        """The same wish for one node each time, and different among nodes, so that they don't come together; later when
        so many are expected then that the hub could not serve them."""
        spread = self._settings.come_back_spread_percent
        share = node_no * 2_654_435_761 % (1 << 32)
        pause = self._settings.come_back_ms * (100 - spread + share * 2 * spread // (1 << 32)) // 100
        return self._turns.served(node_no, now, now + pause, light=light, more=more) - now

    def _last_contacts(self) -> list[int]:
        with self._database.read() as tx:
            return list(tx.execute(_HEARD).scalars())


def _lacks(who: Any, request: Request) -> bool:
    """Whether there is anything that the node may be told and does not have."""
    return may_speak(who.status) and bool(who.newest > request.floor or request.exceptions or request.floor == 0)


def _later(who: Any, request: Request, now: int, turn_ms: int) -> Response:
    """Nothing was handed in, so nothing is lost: where both stand, and when it is the node's turn."""
    return Response(
        exchange.OK, who.head_seq, (), (), request.floor, request.exceptions, False, now, max(turn_ms - now, 1),
        speaks=SPEAKS,
    )  # fmt: skip


def _open(tx: Connection, data: bytes) -> tuple[bytes, Request, Any]:
    """Verify a request against the key of the node that claims to send it."""
    found: dict[bytes, Any] = {}

    def key_of(kid: bytes) -> VerifyKey | None:
        row = tx.execute(_WHO, {"kid": kid}).first()
        if row is None:
            return None
        found[kid] = row
        return VerifyKey(row.public)

    def hash_of(kid: bytes, seq: int) -> bytes | None:
        who = found[kid]
        return who.head_hash if seq == who.head_seq else hash_at(tx, who, seq)

    if cose.is_bare(data):
        kid, request = lean.decode_request(data, key_of, hash_of)
    else:
        kid, request = exchange.decode_request(data, key_of)
    who = found[kid]
    if request.epoch != who.epoch:
        raise Malformed("exchange_epoch")
    if max(request.floor, request.number, request.first_seq, *request.exceptions.values(), 0) >= _LIMIT:
        raise Malformed("exchange_shape")
    if request.floor > who.pos + _MAX_LEAP:
        raise Malformed("exchange_floor")
    return kid, request, who


def _packing(request: Request) -> int:
    """The best packing that the node can read."""
    return next((one for one in (wire.ZSTD, wire.GZIP) if one in request.packings), wire.RAW)
