"""Rows and operations of one import, handed on in bulk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, update

from cloud.kernel import streams
from cloud.kernel.database import insert_rows
from sync.kernel.errors import Refusal
from sync.kernel.operations import MAX_BODY_BYTES, NET

BATCH: Final = 5_000
HASH_BYTES: Final = 16


def content_hash(body: bytes) -> bytes:
    """The fingerprint of a record's canonical bytes."""
    return hashlib.sha256(body).digest()[:HASH_BYTES]


@dataclass(slots=True)
class Changes:
    """How many records of one kind an import touched. ``kept``: sold, so they stay for those days."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    kept: int = 0


@dataclass(slots=True)
class Outbox:
    """Operations in the order in which nodes are to read them: the network, the operators, and what is gone last."""

    new: list[tuple[str, str, bytes]] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)

    def put(self, stream: str, key: str, body: bytes) -> None:
        """A new or changed record. Raises :class:`Refusal` (``feed_record_large``) for one that no node would take."""
        if len(body) > MAX_BODY_BYTES:
            raise Refusal("feed_record_large", status=422, key=key, bytes=len(body), most=MAX_BODY_BYTES)
        self.new.append((stream, key, body))

    def remove(self, stream: str, key: str) -> None:
        """A record that is no more."""
        self.gone.append((stream, key))

    def publish(self, tx: Connection) -> int:
        """Hand everything to the streams; the number of operations."""
        self.new.sort(key=lambda item: (item[0] != NET, item[0]))
        everything: list[tuple[str, str, bytes | None]] = [*self.new]
        self.gone.sort(key=lambda item: (item[0] == NET, item[0]))
        everything += [(stream, key, None) for stream, key in self.gone]
        for stream, items in groupby(everything, key=lambda item: item[0]):
            streams.publish_many(tx, stream, [(key, body) for _, key, body in items])
        return len(everything)


class Rows:
    """Inserts and updates of one table, sent in batches."""

    def __init__(self, tx: Connection, table: Table) -> None:
        self._tx = tx
        self._table = table
        self._key = next(iter(table.primary_key.columns)).name
        self._new: list[dict[str, Any]] = []
        self._changed: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    def insert(self, row: dict[str, Any]) -> None:
        """A new row; all rows name the same columns in the same order."""
        self._new.append(row)
        if len(self._new) >= BATCH:
            self.flush()

    def update(self, key: int | str, values: dict[str, Any]) -> None:
        """New ``values`` of the row ``key``."""
        waiting = self._changed.setdefault(tuple(values), [])
        waiting.append({"key_": key, **{f"{name}_": value for name, value in values.items()}})
        if len(waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what waits. Inserts first: a row may be changed by the import that brought it."""
        if self._new:
            insert_rows(self._tx, self._table, list(self._new[0]), [tuple(row.values()) for row in self._new])
        for names, rows in self._changed.items():
            target = update(self._table).where(self._table.c[self._key] == bindparam("key_"))
            self._tx.execute(target.values({name: bindparam(f"{name}_") for name in names}), rows)
        self._new = []
        self._changed = {}
