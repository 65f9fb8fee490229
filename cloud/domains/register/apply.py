"""Cards that were refused, folded into a table. Nothing that a box says of a card makes it good or bad at the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.register.tables import card_refusal
from cloud.kernel.database import insert_rows
from cloud.kernel.fold import Alert, Quarantine, Received
from sync.domains.register.cards.card import DAMAGED, FORGED, REASONS
from sync.domains.register.events import CardRefused
from sync.kernel import hlc
from sync.kernel.events import Event

MARK_BYTES: Final = 8
_MAX_NUMBER: Final = 1 << 32
_REFUSAL: Final = (
    "pos", "node_no", "reason", "card_no", "subject_no", "mark", "clerk_no", "clock_sure", "claimed_ms",
)  # fmt: skip


class RegisterApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({CardRefused})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._rows: list[tuple[object, ...]] = []

    def prepare(self, batch: Sequence[Received]) -> None:
        """Nothing is read."""

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if not isinstance(event, CardRefused):
            return
        unread = event.reason in (FORGED, DAMAGED)
        numbers = (event.card_no, event.subject_no)
        if event.reason not in REASONS or len(event.mark) != MARK_BYTES or max(numbers) >= _MAX_NUMBER:
            raise Quarantine("card_check_form", event.reason[:60])
        if any(numbers) if unread else not all(numbers):
            raise Quarantine("card_check_form", f"{event.reason} of card {event.card_no}")
        if event.reason == FORGED:
            received.alerts = (*received.alerts, Alert("forged_card", event.clerk_no, event.mark.hex()))
        claimed_ms = hlc.wall_ms_of(received.envelope.stamp.hlc) if received.envelope else 0
        said = (event.reason, *numbers, event.mark, event.clerk_no, event.clock_sure)
        self._rows.append((received.pos, received.node_no, *said, claimed_ms))

    def flush(self) -> None:
        insert_rows(self._tx, card_refusal, _REFUSAL, self._rows)
