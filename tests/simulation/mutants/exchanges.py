"""What goes wrong between a request and its answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final, cast
from unittest import mock

import sqlalchemy as sa

from cloud.kernel import exchange as hub_exchange
from cloud.kernel import repair, streams
from cloud.kernel.exchange import Exchange
from cloud.kernel.intake import may_speak
from cloud.kernel.nodes import ACTIVE
from cloud.kernel.tables import node_key
from edge.kernel import meta
from edge.kernel.exchange import Exchanger, _chunks
from edge.kernel.streams import CHUNK, Streams
from sync.kernel import cbor, cose, digest, wire
from sync.kernel import exchange as protocol
from sync.kernel import repair as agreed
from sync.kernel.errors import Malformed
from sync.kernel.operations import Subscriptions
from tests.simulation.acts import ACTS, Act
from tests.simulation.disks import Crash


@contextlib.contextmanager
def acknowledged_before_commit() -> Iterator[None]:
    """The hub's answer goes out whether or not the commit behind it came through."""

    def work(self: Exchange, kid: bytes, request: Any, who: Any, now: int) -> Any:
        answer = None
        try:
            with self._database.write() as tx:
                taken = self._intake.take(tx, self._intake.prepare(kid, request))
                if may_speak(who.status) and taken.status not in (protocol.FORKED, protocol.REVOKED):
                    self._decide(tx, who, taken, now)
                answer = self._respond(tx, tx.execute(hub_exchange._WHO, {"kid": kid}).one(), request, taken, now)
        except Crash:
            if answer is None:
                raise
        return answer

    with mock.patch.object(Exchange, "_work", work):
        yield


@contextlib.contextmanager
def floor_before_operations() -> Iterator[None]:
    """The node moves its cursor first and applies the operations after that. The comparison of digests, which would mend
    this within hours, is off; so is the row that goes bad, which nothing else can mend."""

    def take(self: Exchanger, request: Any, answer: Any) -> int:
        if self._changes(request, answer):
            self._scribe.write(lambda unit: self._settle(unit, request, answer))
        got = 0
        for chunk in _chunks(answer.operations, CHUNK):
            got += self._scribe.write(lambda unit, chunk=chunk: self._apply(unit, chunk))  # type: ignore[misc]
        return got

    spared = mock.patch.dict(cast("dict[str, Act]", ACTS), rotten_row=lambda _world, _box, _rng: "spared")
    with mock.patch.object(Exchanger, "_take", take), mismatch_ignored(), spared:
        yield


@contextlib.contextmanager
def head_before_events() -> Iterator[None]:
    """How far a log is held is written down in one transaction, and its events in the next."""
    work = Exchange._work

    def early(self: Exchange, kid: bytes, request: Any, who: Any, now: int) -> Any:
        sent, mine = self._intake.prepare(kid, request), node_key.c.kid == kid
        if sent.hashes and request.first_seq - 1 == who.head_seq and who.status == ACTIVE:
            with self._database.write() as tx:
                tx.execute(sa.update(node_key).where(mine).values(head_seq=sent.last_seq, head_hash=sent.hashes[-1]))
            with self._database.write() as tx:
                tx.execute(sa.update(node_key).where(mine).values(head_seq=who.head_seq, head_hash=who.head_hash))
        return work(self, kid, request, who, now)

    with mock.patch.object(Exchange, "_work", early):
        yield


@contextlib.contextmanager
def new_stream_from_now() -> Iterator[None]:
    """A stream that a node is newly given is read from here on, and not from its beginning."""
    read = streams.read

    def later(tx: Any, subscriptions: Any, floor: int, exceptions: Any, budget: int) -> Any:
        reading = read(tx, subscriptions, floor, exceptions, budget)
        reading.exceptions = {name: pos for name, pos in reading.exceptions.items() if name in exceptions}
        return reading

    def subscribed(self: Streams, connection: Any, _rest: Any, body: bytes | None) -> None:
        wanted = set(Subscriptions.from_bytes(body).streams) if body else set()
        known = set(meta.get(connection, "subscribed", "").split())
        meta.put(connection, subscribed=" ".join(sorted(wanted)))
        for stream in sorted(known - wanted):
            self._forget(connection, stream)

    with mock.patch.object(Streams, "_subscribed", subscribed), mock.patch.object(streams, "read", later):
        yield


@contextlib.contextmanager
def digest_ignores_key() -> Iterator[None]:
    """The digest leaves out one kind of key, on both ends alike."""
    item = digest.item

    def blind(key: str, body: bytes | None) -> int:
        return 0 if key.startswith("grant/") else item(key, body)

    with mock.patch.object(digest, "item", blind):
        yield


@contextlib.contextmanager
def mismatch_ignored() -> Iterator[None]:
    """The hub finds every digest good that a node sends."""
    with mock.patch.object(repair, "compare", lambda _tx, _node_no, _check: (agreed.SAME,)):
        yield


@contextlib.contextmanager
def more_fields_refused() -> Iterator[None]:
    """The hub takes a request only in the very form that it knows, and shuts out boxes that were updated before it."""
    decode = protocol.decode_request

    def strict(data: bytes, find_key: cose.FindKey) -> tuple[bytes, protocol.Request]:
        body = cbor.decode(wire.unpack(cose.parse(data).payload, protocol.MAX_PLAIN_BYTES), protocol.MAX_PLAIN_BYTES)
        if body[0] != protocol.PROTOCOL:
            raise Malformed("exchange_protocol", str(body[0]))
        return decode(data, find_key)

    with mock.patch.object(protocol, "decode_request", strict):
        yield


MUTANTS: Final = {
    "acknowledged_before_commit": acknowledged_before_commit,
    "floor_before_operations": floor_before_operations,
    "head_before_events": head_before_events,
    "new_stream_from_now": new_stream_from_now,
    "digest_ignores_key": digest_ignores_key,
    "mismatch_ignored": mismatch_ignored,
    "more_fields_refused": more_fields_refused,
}
