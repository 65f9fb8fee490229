"""When each node was last heard of and what it said of itself.

Soft state: an idle exchange costs no durable write. It is kept in memory and written now and then; what a crash takes
away comes again with the node's next visit.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.database import Database
from cloud.kernel.tables import contact
from sync.kernel.exchange import Request

_MAX_ISSUES: Final = 20
_MAX_TEXT: Final = 80


@dataclass(frozen=True, slots=True)
class Contact:
    """The last visit of one node. ``waiting``: events that it said it had not sent yet. ``turn_ms``: when it was told to
    come again for what it could not be given (:mod:`cloud.kernel.turns`); 0 when it was served. ``longest_gap_ms``: the longest
    time between two visits, to within the pause between two writes."""

    node_no: int
    last_contact_ms: int
    number: int = 0
    floor: int = 0
    behind_streams: int = 0
    waiting: int = 0
    software: str = ""
    reported: dict[str, Any] = field(default_factory=dict)
    turn_ms: int = 0
    longest_gap_ms: int = 0


class Contacts:
    """All nodes' last visits to this process, over what the database has from it and from others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, Contact] = {}
        self._unwritten: set[int] = set()

    def touch(self, node_no: int, now_ms: int, request: Request, turn_ms: int = 0) -> None:
        """Remember a visit. A node reports only what changed since its last start."""
        with self._lock:
            old = self._known.get(node_no) or Contact(node_no, now_ms)
            said = _said(request.reported)
            self._known[node_no] = Contact(
                node_no,
                now_ms,
                request.number,
                request.floor,
                len(request.exceptions),
                said.pop("waiting", 0),
                said.pop("software", old.software),
                old.reported | said,
                turn_ms,
                max(old.longest_gap_ms, now_ms - old.last_contact_ms),
            )
            self._unwritten.add(node_no)

    def flush(self, database: Database) -> int:
        """Write what changed since the last time; returns how many nodes that were."""
        with self._lock:
            waiting = [self._known[node_no] for node_no in sorted(self._unwritten)]
            self._unwritten.clear()
        if waiting:
            with database.write() as tx:
                self._merge(tx, waiting)
        return len(waiting)

    def every(self, tx: Connection) -> dict[int, Contact]:
        """The newest that is known of each node, whichever process heard it."""
        found = {row.node_no: Contact(**row._mapping) for row in tx.execute(sa.select(contact))}
        with self._lock:
            for node_no, mine in self._known.items():
                if node_no not in found:
                    found[node_no] = mine
                elif mine.last_contact_ms >= found[node_no].last_contact_ms:
                    found[node_no] = replace(mine, **_over(mine, found[node_no]))
        return found

    def _merge(self, tx: Connection, waiting: list[Contact]) -> None:
        stored = {
            row.node_no: row
            for row in tx.execute(
                sa.select(
                    contact.c.node_no,
                    contact.c.reported,
                    contact.c.software,
                    contact.c.last_contact_ms,
                    contact.c.longest_gap_ms,
                )
            )
        }
        fresh, changed = [], []
        for mine in waiting:
            row = asdict(mine)
            if mine.node_no not in stored:
                fresh.append(row)
                continue
            row |= _over(mine, stored[mine.node_no])
            changed.append({("which" if name == "node_no" else name): value for name, value in row.items()})
        if fresh:
            tx.execute(sa.insert(contact), fresh)
        if changed:
            tx.execute(sa.update(contact).where(contact.c.node_no == sa.bindparam("which")), changed)


def _over(mine: Contact, stored: Any) -> dict[str, Any]:
    """What this process heard over what is stored: another one, or this one before its last start, may have heard the part
    that was not told again."""
    return {
        "reported": stored.reported | mine.reported,
        "software": mine.software or stored.software,
        "longest_gap_ms": _longest(mine, stored),
    }


def _longest(mine: Contact, stored: Any) -> int:
    """Also the time that passed before this process heard the node first."""
    return max(mine.longest_gap_ms, int(stored.longest_gap_ms), mine.last_contact_ms - int(stored.last_contact_ms))


def _said(reported: Any) -> dict[str, Any]:
    """What is believed of a node's report: known names, bounded values."""
    found: dict[str, Any] = {}
    if type(reported.get("software")) is str:
        found["software"] = reported["software"].replace("\x00", "")[:_MAX_TEXT]
    if type(reported.get("waiting")) is int:
        found["waiting"] = min(max(reported["waiting"], 0), 1 << 53)
    if type(reported.get("clock_sure")) is bool:
        found["clock_sure"] = reported["clock_sure"]
    issues = reported.get("issues")
    if type(issues) is list:
        texts = [text for text in issues if type(text) is str and "\x00" not in text]
        found["issues"] = [text[:_MAX_TEXT] for text in texts[:_MAX_ISSUES]]
    return found
