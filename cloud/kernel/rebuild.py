"""Folding the whole log again, and proving that it gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

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
    hashed = hashlib.sha256()
    order = [_in_byte_order(tx, column) for column in table.primary_key.columns]
    for row in tx.execute(sa.select(table).order_by(*order).execution_options(yield_per=5_000)):
        hashed.update(cbor.encode(list(row)))
    return hashed.digest()


def _in_byte_order(tx: Connection, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Texts by their bytes, whatever the language of the database."""
    if tx.dialect.name == "postgresql" and isinstance(column.type, sa.Text):
        return column.collate("C")
    return column
