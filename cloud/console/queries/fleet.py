"""Nodes, their logs and cursors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import nodes as node_list
from cloud.kernel.contact import Contact, Contacts
from cloud.kernel.database import chunks
from cloud.kernel.tables import (
    clerk_lock,
    held_tail,
    issue,
    node,
    node_key,
    node_start,
    operation,
    place,
    stream,
    subscription,
)
from sync.kernel.days import DAY_MS

SHOWN_STARTS: Final = 10
MOST_TO_READ: Final = 10_000


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node as the list shows it. ``status`` is that of its present log, '' before it was enrolled.

    ``head_seq``: events held; ``waiting``: events that it said it still has; ``floor``: its cursor.
    """

    node_no: int
    name: str
    kind: str
    status: str
    created_ms: int
    head_seq: int
    last_contact_ms: int
    waiting: int
    software: str
    floor: int
    reported: Mapping[str, Any] = field(default_factory=dict)
    longest_gap_ms: int = 0

    def risk_ms(self, now_ms: int) -> int:
        """The longest time in which its gates knew nothing of what happened elsewhere, up to now."""
        return max(self.longest_gap_ms, now_ms - self.last_contact_ms if self.last_contact_ms else 0)


class StreamPosition(NamedTuple):
    """One stream that a node holds. ``behind`` operations of it stand after the node's cursor."""

    name: str
    head: int
    behind: int


def node_states(tx: Connection, contacts: Contacts, only: int | None = None) -> list[NodeState]:
    """All nodes by number, or one."""
    heard = contacts.every(tx)
    present = sa.and_(node_key.c.node_no == node.c.node_no, node_key.c.epoch == node.c.epoch)
    query = sa.select(node, node_key.c.status, node_key.c.head_seq).outerjoin(node_key, present)
    if only is not None:
        query = query.where(node.c.node_no == only)
    rows = tx.execute(query.order_by(node.c.node_no)).all()
    states = [_state(row, heard.get(row.node_no) or Contact(row.node_no, 0)) for row in rows]
    started = _started(tx, [state.node_no for state in states if not state.software])
    return [replace(state, software=state.software or started.get(state.node_no, "")) for state in states]


def _started(tx: Connection, node_nos: Sequence[int]) -> dict[int, str]:
    """The software of the last start in each node's log, for nodes that did not say it since the hub's own start."""
    column, found = node_start.c, {}
    for some in chunks(node_nos):
        newest = sa.select(sa.func.max(column.pos)).where(column.node_no.in_(some)).group_by(column.node_no)
        for row in tx.execute(sa.select(column.node_no, column.software).where(column.pos.in_(newest))):
            found[row.node_no] = row.software
    return found


def _state(row: Row[Any], contact: Contact) -> NodeState:
    return NodeState(
        node_no=row.node_no,
        name=row.name,
        kind=row.kind,
        status=row.status or "",
        created_ms=row.created_ms,
        head_seq=row.head_seq or 0,
        last_contact_ms=contact.last_contact_ms,
        waiting=contact.waiting,
        software=contact.software,
        floor=contact.floor,
        reported=contact.reported,
        longest_gap_ms=contact.longest_gap_ms,
    )


def noted_counts(tx: Connection) -> dict[int, int]:
    """Open issues that the hub noted, by node."""
    query = sa.select(issue.c.node_no, sa.func.count()).where(issue.c.closed_ms.is_(None)).group_by(issue.c.node_no)
    return {row[0]: row[1] for row in tx.execute(query)}


def close_issue(tx: Connection, number: int, now_ms: int) -> Row[Any] | None:
    """Close a noted issue; the row as it was, None when it is not open."""
    mine = (issue.c.issue_no == number, issue.c.closed_ms.is_(None))
    found = tx.execute(sa.select(issue).where(*mine)).first()
    if found is not None:
        tx.execute(sa.update(issue).where(*mine).values(closed_ms=now_ms))
    return found


def places(tx: Connection) -> list[tuple[int, dict[str, str]]]:
    """Stations, points and piers: number and names."""
    return [(row.place_no, row.names) for row in tx.execute(sa.select(place).order_by(place.c.place_no))]


def logs(tx: Connection, node_no: int) -> Sequence[Row[Any]]:
    """The logs of a node, the newest first."""
    return tx.execute(sa.select(node_key).where(node_key.c.node_no == node_no).order_by(node_key.c.epoch.desc())).all()


def stream_positions(tx: Connection, node_no: int, floor: int) -> list[StreamPosition]:
    """The streams that a node holds, those that it lacks most of first."""
    names = list(node_list.streams_of(tx, node_no))
    held = sa.select(stream.c.stream, stream.c.head).where(stream.c.stream.in_(names))
    heads = {row.stream: row.head for row in tx.execute(held)}
    lacks = sa.select(operation.c.stream, sa.func.count()).where(operation.c.pos > floor).group_by(operation.c.stream)
    behind = {row[0]: row[1] for row in tx.execute(lacks.where(operation.c.stream.in_(names)))}
    found = [StreamPosition(name, heads.get(name, 0), behind.get(name, 0)) for name in names]
    return sorted(found, key=lambda item: (-item.behind, item.name))


def to_read(tx: Connection, node_no: int, floor: int) -> int:
    """Operations that wait for a node behind its cursor; counted up to ``MOST_TO_READ``."""
    joined = operation.join(subscription, subscription.c.stream == operation.c.stream)
    mine = (subscription.c.node_no == node_no, subscription.c.active, operation.c.pos > floor)
    some = sa.select(operation.c.pos).select_from(joined).where(*mine).limit(MOST_TO_READ).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def starts(tx: Connection, node_no: int) -> Sequence[Row[Any]]:
    """The last starts of a node's process."""
    newest = sa.select(node_start).where(node_start.c.node_no == node_no).order_by(node_start.c.pos.desc())
    return tx.execute(newest.limit(SHOWN_STARTS)).all()


def held_tails(tx: Connection, node_no: int) -> int:
    """How many refused ends of a forked log are kept."""
    return tx.execute(
        sa.select(sa.func.count()).select_from(held_tail).where(held_tail.c.node_no == node_no)
    ).scalar_one()


def recent_locks(tx: Connection, now_ms: int) -> Sequence[Row[Any]]:
    """Clerks locked out within a day, by the nodes' own clocks."""
    query = sa.select(clerk_lock, node.c.name).outerjoin(node, node.c.node_no == clerk_lock.c.node_no)
    recent = clerk_lock.c.until_ms.between(now_ms - DAY_MS, now_ms + 2 * DAY_MS)
    return tx.execute(query.where(recent).order_by(clerk_lock.c.pos.desc()).limit(20)).all()
