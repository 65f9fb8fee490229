"""What nodes say of themselves: starts, and clerks locked out."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from cloud.kernel.database import insert_rows
from cloud.kernel.fold import Received
from cloud.kernel.tables import clerk_lock, node_start
from sync.kernel.events import ClerkLocked, Event, NodeStarted


class NodeApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({NodeStarted, ClerkLocked})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._starts: list[tuple[object, ...]] = []
        self._locks: list[tuple[object, ...]] = []

    def prepare(self, batch: Sequence[Received]) -> None:
        """Nothing to read."""

    def apply(self, received: Received) -> None:
        """Count one event in."""
        event = received.envelope and received.envelope.event
        if isinstance(event, NodeStarted):
            log = (received.pos, received.node_no, received.epoch, received.seq)
            self._starts.append((*log, event.boot_id, event.software))
        elif isinstance(event, ClerkLocked):
            self._locks.append((received.pos, received.node_no, event.clerk_no, event.attempts, event.until_ms))

    def flush(self) -> None:
        """Write."""
        insert_rows(self._tx, node_start, ("pos", "node_no", "epoch", "seq", "boot_id", "software"), self._starts)
        insert_rows(self._tx, clerk_lock, ("pos", "node_no", "clerk_no", "attempts", "until_ms"), self._locks)
