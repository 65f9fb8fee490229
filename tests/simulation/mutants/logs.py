"""Logs that are believed too easily."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from unittest import mock

import sqlalchemy as sa

from cloud.kernel.intake import Intake
from cloud.kernel.nodes import ACTIVE, REVOKED
from cloud.kernel.tables import node_key
from sync.kernel import exchange, hlc


@contextlib.contextmanager
def chain_not_checked() -> Iterator[None]:
    """Sequence numbers are compared, chain hashes are not."""
    with mock.patch.object(Intake, "_common", lambda _self, _tx, _key, _sent: None):
        yield


@contextlib.contextmanager
def gap_accepted() -> Iterator[None]:
    """A request that begins behind the hub's end is taken as it is."""
    take = Intake.take

    def lenient(self: Intake, tx: Any, sent: Any) -> Any:
        taken = take(self, tx, sent)
        if taken.status == exchange.RESEND and sent.request.events:
            key = tx.execute(sa.select(node_key).where(node_key.c.kid == sent.kid)).one()
            return replace(taken, status=exchange.OK, acked_seq=sent.last_seq, fresh=self._append(tx, key, sent, 0))
        return taken

    with mock.patch.object(Intake, "take", lenient):
        yield


@contextlib.contextmanager
def revocation_by_time() -> Iterator[None]:
    """A revoked box may still hand in what its own clock says to be older than the revocation."""
    take = Intake.take

    def trusting(self: Intake, tx: Any, sent: Any) -> Any:
        mine = node_key.c.kid == sent.kid
        key = tx.execute(sa.select(node_key).where(mine)).one()
        older = [one and hlc.wall_ms_of(one.stamp.hlc) < key.status_ms for one, _ in sent.read]
        if key.status != REVOKED or not older or not older[0]:
            return take(self, tx, sent)
        tx.execute(sa.update(node_key).where(mine).values(status=ACTIVE))
        taken = take(self, tx, sent)
        tx.execute(sa.update(node_key).where(mine).values(status=REVOKED))
        return taken

    with mock.patch.object(Intake, "take", trusting):
        yield


@contextlib.contextmanager
def fork_told_ok() -> Iterator[None]:
    """The hub sees that two histories stand under one key, and says nothing of it to the box."""
    take = Intake.take

    def polite(self: Intake, tx: Any, sent: Any) -> Any:
        taken = take(self, tx, sent)
        return replace(taken, status=exchange.OK) if taken.status == exchange.FORKED else taken

    with mock.patch.object(Intake, "take", polite):
        yield


MUTANTS: Final = {
    "chain_not_checked": chain_not_checked,
    "gap_accepted": gap_accepted,
    "revocation_by_time": revocation_by_time,
    "fork_told_ok": fork_told_ok,
}
