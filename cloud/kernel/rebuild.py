"""Folding the whole log again, and proving that it gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.database import Database
from cloud.kernel.fold import Fold
from cloud.kernel.tables import state_tables
from sync.kernel import cbor


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``differing``: tables whose rows were not the same before and after."""

    events: int
    tables: int
    differing: list[str]


class _Undo(Exception):
    """Leaves the transaction without keeping anything."""


def rebuild(database: Database, fold: Fold, keep: bool) -> Rebuilt:
    """Fold all state tables again and compare; nothing is kept unless ``keep``. Holds the writer's turn meanwhile."""
    try:
        with database.write() as tx:
            before = digests(tx)
            events = fold.rebuild(tx)
            after = digests(tx)
            done = Rebuilt(events, len(before), [name for name in before if before[name] != after[name]])
            if not keep:
                raise _Undo
    except _Undo:
        pass
    return done


def digests(tx: Connection) -> dict[str, bytes]:
    """State table → SHA-256 over all its rows in the order of the primary key."""
    return {table.name: _digest(tx, table) for table in state_tables()}


def _digest(tx: Connection, table: sa.Table) -> bytes:
    # Sorted here and not by the database, whose order of texts depends on its language.
    keys = [column.name for column in table.primary_key.columns]
    rows = sorted(tx.execute(sa.select(table)).mappings(), key=lambda row: [row[name] for name in keys])
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(cbor.encode(list(row.values())))
    return hashed.digest()
