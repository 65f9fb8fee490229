"""What people decide about passengers who met because two places did not know of each other."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.tables import conflict_word
from cloud.kernel.fleet import note_quarantine
from sync.kernel.errors import Refusal

# The fare was taken after all; the operator bears it; whoever let it happen pays; it turned out that nothing was lost.
OUTCOMES: Final = ("collected", "written_off", "charged", "no_loss")
MAX_REASON: Final = 500


def decide(tx: Connection, pos: int, outcome: str, reason: str, by: str, now_ms: int) -> None:
    """Write down what comes of the conflict whose second event stands at ``pos``, and why. Decided again, it stands anew;
    the audit has both.

    Raises :class:`Refusal`: ``conflict_outcome``, ``conflict_reason``, ``quarantine_unknown``.
    """
    if outcome not in OUTCOMES:
        raise Refusal("conflict_outcome", status=422, field="outcome")
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise Refusal("conflict_reason", status=422, field="reason")
    note_quarantine(tx, pos, reason.strip(), by, now_ms)
    tx.execute(sa.delete(conflict_word).where(conflict_word.c.pos == pos))
    values = {"pos": pos, "outcome": outcome, "reason": reason.strip(), "by": by, "decided_ms": now_ms}
    tx.execute(sa.insert(conflict_word).values(**values))
