"""What the box knows of itself: single values under names in the table ``meta``."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from edge.kernel.database import Database
from sync.kernel.errors import Refusal
from sync.kernel.keys import VerifyKey

_IDENTITY: Final = (
    "SELECT name, value FROM meta WHERE name IN ('node_no', 'epoch', 'name', 'hub_public', 'certificate')"
)
# What the hub says of a log that may not grow: this box sells nothing more before it begins another.
BARRED: Final = ("log_forked", "log_rewound", "revoked", "log_replaced")


@dataclass(frozen=True)
class Identity:
    """Who this node is, from its enrolment. ``certificate`` is the hub's signed bytes."""

    node_no: int
    epoch: int
    name: str
    hub_key: VerifyKey
    certificate: bytes


def get(connection: sqlite3.Connection, name: str, default: Any = None) -> Any:
    """The value under ``name``."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return default if row is None else row[0]


def put(connection: sqlite3.Connection, **values: Any) -> None:
    """Set values; inside the caller's transaction."""
    connection.executemany(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values.items(),
    )


def barred(connection: sqlite3.Connection) -> bool:
    """Whether the hub has closed the log that this box writes."""
    return get(connection, "hub_status", "ok") in BARRED


def require_log(database: Database, connection: sqlite3.Connection) -> None:
    """Whoever sells must have a log that the hub takes. Raises :class:`Refusal`: ``not_enrolled``, ``box_barred``."""
    if known_identity(database) is None:
        raise Refusal("not_enrolled", status=503)
    if barred(connection):
        raise Refusal("box_barred", status=503)


def known_identity(database: Database) -> Identity | None:
    """The node's identity as remembered; for what asks with every sale."""
    return database.memory.get("identity", lambda: identity(database.read()))


def identity(connection: sqlite3.Connection) -> Identity | None:
    """The node's identity, or None before its enrolment."""
    known = dict(connection.execute(_IDENTITY).fetchall())
    if known.get("node_no") is None:
        return None
    return Identity(
        node_no=known["node_no"],
        epoch=known["epoch"],
        name=known.get("name", ""),
        hub_key=VerifyKey(known["hub_public"]),
        certificate=known["certificate"],
    )
