"""Who did what, when: one row an act, written in the transaction that did it, never changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.tables import Big, metadata

# Who works in a shell of the hub has no account there.
COMMAND_LINE = "command line"

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("audit_no", Big, primary_key=True),
    sa.Column("at_ms", Big, nullable=False, index=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
)


def record(tx: Connection, now_ms: int, who: str, act: str, **details: Any) -> None:
    """Write down that ``who`` did ``act``. ``details`` are plain values."""
    tx.execute(sa.insert(audit_entry), {"at_ms": now_ms, "who": who, "act": act, "details": details})


def entries(tx: Connection, limit: int, offset: int = 0) -> list[sa.Row[Any]]:
    """Acts, newest first."""
    newest = sa.select(audit_entry).order_by(audit_entry.c.audit_no.desc())
    return list(tx.execute(newest.limit(limit).offset(offset)))
