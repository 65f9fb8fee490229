"""What looks like fraud, and who looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.tables import alert, alert_note, node
from sync.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert, and what a person noted about it. ``claimed_ms``: when it happened, by the box's own word."""

    pos: int
    code: str
    node_no: int
    clerk_no: int
    currency: str
    amount_minor: int
    detail: str
    claimed_ms: int
    node_name: str
    note: str | None
    by: str | None
    seen_ms: int | None


def every(
    tx: Connection, told: sa.ColumnElement[bool], *, open_only: bool = True, limit: int = 100, offset: int = 0
) -> list[AlertLine]:
    """Alerts, the newest first. ``told``: which of them are worth a person's time."""
    query = sa.select(alert, node.c.name.label("node_name"), *list(alert_note.c)[2:]).select_from(_noted())
    query = _wanted(query.outerjoin(node, node.c.node_no == alert.c.node_no), told, open_only)
    query = query.order_by(alert.c.pos.desc(), alert.c.code).limit(limit).offset(offset)
    return [
        AlertLine(**{**row, "node_name": row["node_name"] or str(row["node_no"])})
        for row in tx.execute(query).mappings()
    ]


def count_open(tx: Connection, told: sa.ColumnElement[bool]) -> int:
    """How many nobody looked at yet."""
    found: int = tx.execute(_wanted(sa.select(sa.func.count()).select_from(_noted()), told, True)).scalar_one()
    return found


def note(tx: Connection, pos: int, code: str, text: str, by: str, now_ms: int) -> None:
    """A person has looked at an alert. Raises :class:`Refusal` (``alert_unknown``, 404)."""
    mine = (alert.c.pos == pos, alert.c.code == code)
    if tx.execute(sa.select(alert.c.pos).where(*mine)).first() is None:
        raise Refusal("alert_unknown", status=404)
    tx.execute(sa.delete(alert_note).where(alert_note.c.pos == pos, alert_note.c.code == code))
    tx.execute(sa.insert(alert_note).values(pos=pos, code=code, note=text, by=by, seen_ms=now_ms))


def _noted() -> Any:
    same = sa.and_(alert_note.c.pos == alert.c.pos, alert_note.c.code == alert.c.code)
    return alert.outerjoin(alert_note, same)


def _wanted(query: sa.Select[Any], told: sa.ColumnElement[bool], open_only: bool) -> sa.Select[Any]:
    query = query.where(told)
    return query.where(alert_note.c.pos.is_(None)) if open_only else query
