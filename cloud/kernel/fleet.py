"""The state of all nodes at a glance, and the events that broke a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel import nodes
from cloud.kernel.contact import Contact, Contacts
from cloud.kernel.database import head_pos
from cloud.kernel.tables import (
    event_log,
    issue,
    node_key,
    quarantine,
    quarantine_note,
    stream,
    subscription,
    unknown_event,
)
from sync.kernel.errors import Refusal


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node. ``operations_behind``: the hub has told it something that it had not read at its last visit."""

    node_no: int
    name: str
    kind: str
    names: Mapping[str, str]
    stop_nos: tuple[int, ...]
    status: str
    status_detail: str
    epoch: int
    head_seq: int
    enrolled_ms: int | None
    last_contact_ms: int | None
    waiting: int
    operations_behind: bool
    software: str
    quarantined: int
    unknown_events: int
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """A quarantined event, and what a person noted about it."""

    pos: int
    node_no: int
    epoch: int
    seq: int
    type: int
    code: str
    detail: str
    note: str | None
    by: str | None
    resolved_ms: int | None


def states(tx: Connection, contacts: Contacts) -> list[NodeState]:
    """All nodes by number."""
    keys = {(row.node_no, row.epoch): row for row in tx.execute(sa.select(node_key))}
    heard, newest = contacts.every(tx), _newest(tx)
    held, unknown = _counts(tx, quarantine), _counts(tx, unknown_event)
    noted: dict[int, list[str]] = {}
    query = sa.select(issue.c.node_no, issue.c.code).where(issue.c.closed_ms.is_(None)).order_by(issue.c.issue_no)
    for node_no, code in tx.execute(query):
        noted.setdefault(node_no, []).append(code)
    return [
        _state(info, keys.get((info.node_no, info.epoch)), heard.get(info.node_no), newest, held, unknown, noted)
        for info in nodes.every(tx)
    ]


def quarantined_events(
    tx: Connection, *, node_no: int | None = None, open_only: bool = False, limit: int = 100, offset: int = 0
) -> list[HeldEvent]:
    """Events that broke a rule, the newest first."""
    query = (
        sa.select(quarantine, event_log.c.type, quarantine_note.c.note, quarantine_note.c.by,
                  quarantine_note.c.resolved_ms)
        .join(event_log, event_log.c.pos == quarantine.c.pos)
        .outerjoin(quarantine_note, quarantine_note.c.pos == quarantine.c.pos)
        .order_by(quarantine.c.pos.desc())
    )  # fmt: skip
    if node_no is not None:
        query = query.where(quarantine.c.node_no == node_no)
    if open_only:
        query = query.where(quarantine_note.c.pos.is_(None))
    return [HeldEvent(**row._mapping) for row in tx.execute(query.limit(limit).offset(offset))]


def note_quarantine(tx: Connection, pos: int, note: str, by: str, now_ms: int) -> None:
    """A person has looked at a quarantined event. Raises :class:`Refusal` (``quarantine_unknown``, 404)."""
    if tx.execute(sa.select(quarantine.c.pos).where(quarantine.c.pos == pos)).first() is None:
        raise Refusal("quarantine_unknown", status=404)
    tx.execute(sa.delete(quarantine_note).where(quarantine_note.c.pos == pos))
    tx.execute(sa.insert(quarantine_note).values(pos=pos, note=note, by=by, resolved_ms=now_ms))


def _newest(tx: Connection) -> dict[int, int]:
    """Position of the last operation on any stream of each node."""
    joined = subscription.join(stream, stream.c.stream == subscription.c.stream)
    query = (
        sa.select(subscription.c.node_no, sa.func.max(stream.c.head)).select_from(joined).where(subscription.c.active)
    )
    return dict(tuple(row) for row in tx.execute(query.group_by(subscription.c.node_no)))


def _counts(tx: Connection, table: sa.Table) -> dict[int, int]:
    query = sa.select(table.c.node_no, sa.func.count()).group_by(table.c.node_no)
    return dict(tuple(row) for row in tx.execute(query))


def _state(
    info: nodes.NodeInfo,
    key: Any,
    heard: Contact | None,
    newest: Mapping[int, int],
    held: Mapping[int, int],
    unknown: Mapping[int, int],
    noted: Mapping[int, list[str]],
) -> NodeState:
    said = heard.reported.get("issues", []) if heard else []
    behind = heard is None or heard.behind_streams > 0 or heard.floor < newest.get(info.node_no, 0)
    return NodeState(
        node_no=info.node_no,
        name=info.name,
        kind=info.kind,
        names=info.names,
        stop_nos=info.stop_nos,
        status=key.status if key else "",
        status_detail=key.status_detail if key else "",
        epoch=info.epoch,
        head_seq=key.head_seq if key else 0,
        enrolled_ms=key.enrolled_ms if key else None,
        last_contact_ms=heard.last_contact_ms if heard else None,
        waiting=heard.waiting if heard else 0,
        operations_behind=behind,
        software=heard.software if heard else "",
        quarantined=held.get(info.node_no, 0),
        unknown_events=unknown.get(info.node_no, 0),
        issues=tuple(dict.fromkeys([*noted.get(info.node_no, []), *said])),
    )


def counts(tx: Connection) -> dict[str, int]:
    """Sums over all nodes: events held, quarantined, of unknown type; the hub's position."""
    tables = {"events": event_log, "quarantined": quarantine, "unknown_events": unknown_event}
    found = {
        name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for name, table in tables.items()
    }
    return {**found, "position": head_pos(tx)}


def as_json(record: NodeState | HeldEvent) -> dict[str, Any]:
    """A record as plain values."""
    return asdict(record)
