"""The hub's own node: what other sellers ask for is sold by a node like any other, whose log the hub itself writes.

It has a number, a key, a certificate in the key directory and a hash-chained log; its events go through the same intake
and the same folds as a box's. So gates verify its tickets, and books, manifests, quarantine, rebuild and digests know of
no exception. Its log has one writer, however many hub processes there are: whoever holds the writer's turn of the
database. Its key is made of the hub's, so all processes of one hub have it, and a restored backup has it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import nodes, recovery
from cloud.kernel.enrolment import Enrolment
from cloud.kernel.fold import Folded
from cloud.kernel.intake import Intake
from cloud.kernel.nodes import ACTIVE, REPLACED, NodeInfo, Nodes
from cloud.kernel.tables import event_log, node_key
from sync.kernel import certificate, days, exchange, hlc, ticket
from sync.kernel.errors import Refusal, broken, invariant
from sync.kernel.events import Event, Registry, Stamp
from sync.kernel.exchange import Request
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ports import Clock
from sync.kernel.ticket import Claims

NAMES: Final = {"zh-Hans": "网上售票", "zh-Hant": "網上售票", "en": "Online sales"}
_RENEW_MS: Final = 86_400_000
_LAST: Final = sa.select(event_log.c.bytes).where(
    event_log.c.node_no == sa.bindparam("node_no"),
    event_log.c.epoch == sa.bindparam("epoch"),
    event_log.c.seq == sa.bindparam("seq"),
)
_CERTIFICATE: Final = sa.select(node_key.c.certificate).where(
    node_key.c.node_no == sa.bindparam("node_no"), node_key.c.epoch == sa.bindparam("epoch")
)

# What the domains decide once events are in: as in an exchange.
Decide = Callable[[Connection, NodeInfo, Folded], None]


class OwnNode:
    """Opens the hub's own node, writes its log, signs its tickets."""

    def __init__(
        self, registry: Registry, node_list: Nodes, enrolment: Enrolment, intake: Intake, decide: Sequence[Decide],
        clock: Clock, hub: Ed25519Signer,
    ) -> None:  # fmt: skip
        self._registry, self._nodes, self._enrolment, self._intake = registry, node_list, enrolment, intake
        self._decide, self._clock = tuple(decide), clock
        self._signer = lru_cache(8)(lambda node_no, epoch: _signer(hub, node_no, epoch))
        self._hub = hub.verify_key

    def open(self, tx: Connection) -> NodeInfo:
        """The node, ready to sell; it is made at its first use, and begins another log where the hub was restored.

        Raises :class:`Refusal`: ``hub_recovering``, ``hub_barred`` (a person revoked its key).
        """
        if recovery.recovering(tx):
            raise Refusal("hub_recovering", status=503)
        found = nodes.own(tx) or nodes.find(tx, self._nodes.add_own(tx, NAMES))
        key = nodes.current_key(tx, found.node_no)
        if key is None or key.status == REPLACED:
            self._begin_log(tx, found)
        elif key.status != ACTIVE:
            raise Refusal("hub_barred", status=503)
        now = self._clock.wall_ms()
        if now >= found.provision_due_ms:
            self._enrolment.renew(tx, found)
            self._nodes.provision_at(tx, now + _RENEW_MS, found.node_no)
        return nodes.find(tx, found.node_no)

    def begin_again(self, tx: Connection) -> int:
        """Another log with another key, after somebody barred the last one; gives its epoch. What the barred log holds stays
        held, as with any node. Raises :class:`Refusal` ``hub_not_barred``."""
        found = nodes.own(tx)
        key = None if found is None else nodes.current_key(tx, found.node_no)
        if found is None or key is None or key.status in (ACTIVE, REPLACED):
            raise Refusal("hub_not_barred")
        return self._begin_log(tx, found)

    def _begin_log(self, tx: Connection, info: NodeInfo) -> int:
        epoch = self._enrolment.next_epoch(tx, info)
        self._enrolment.certify(tx, info, self._signer(info.node_no, epoch).public, epoch)
        return epoch

    def record(self, tx: Connection, info: NodeInfo, events: Sequence[Event]) -> Sequence[int]:
        """Append ``events`` to the log and fold them in; gives the hybrid time of each.

        What breaks a rule raises :class:`sync.kernel.errors.Broken`, and with it the caller's whole transaction ends.
        """
        key = nodes.current_key(tx, info.node_no)
        if key is None or key.status != ACTIVE:
            broken("the hub's own log is not open")
        now, times = self._clock.wall_ms(), [self._last_hlc(tx, key)]
        data = []
        for event in events:
            times.append(hlc.following(times[-1], now))
            data.append(self._registry.encode(event, Stamp(times[-1], 0, now)))
        request = Request(info.epoch, 0, key.head_seq + 1, key.head_hash, tuple(data), 0)
        taken = self._intake.take(tx, self._intake.prepare(key.kid, request))
        invariant(taken.status == exchange.OK, "the hub's own log grows at its end")
        held = [one.held.code for one in taken.fresh.events if one.held is not None]
        invariant(not held, f"the hub itself breaks no rule: {held}")
        for decide in self._decide:
            decide(tx, info, taken.fresh)
        return times[1:]

    def code(self, tx: Connection, claims: Claims, sold_ms: int) -> str:
        """The signed text of a ticket that this node sold: the same as often as it is asked for."""
        log = {"node_no": claims.ticket_id.node_no, "epoch": claims.ticket_id.epoch}
        signed = bytes(tx.execute(_CERTIFICATE, log).scalar_one())
        young = certificate.read(signed, self._hub).young_on(days.day_at(sold_ms, "UTC"))
        return ticket.issue(claims, self._signer(*log.values()), signed if young else None)

    def _last_hlc(self, tx: Connection, key: Row[Any]) -> int:
        log = {"node_no": key.node_no, "epoch": key.epoch, "seq": key.head_seq}
        data = tx.execute(_LAST, log).scalar()
        return 0 if data is None else self._registry.decode(bytes(data)).stamp.hlc


def _signer(hub: Ed25519Signer, node_no: int, epoch: int) -> Ed25519Signer:
    return Ed25519Signer(hub.secret(b"own node " + node_no.to_bytes(3, "big") + epoch.to_bytes(1, "big")))
