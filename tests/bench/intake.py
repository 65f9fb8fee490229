"""The bare limit of the hub's intake: all rows that it has just written for a node's sales, written once more.

The same kind of database with the same tables and indexes, the same batches, each one durable commit behind one checked
signature and the chain hashes worked out; rows go in by executemany or COPY. No HTTP, no decoding, no look-up, no rule.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.tables import seat_sold
from cloud.domains.ticketing.tables import sale_sum, serial_end, ticket
from cloud.kernel.database import Database, insert_rows, take_positions, upsert_rows
from cloud.kernel.tables import event_log, node, node_key, place
from sync.kernel import chain
from sync.kernel.exchange import MAX_EVENTS
from tests.bench.limits import SIGNER

Row = tuple[Any, ...]
# What is rewritten with every batch that touches it, and how many columns make its key.
_SUMS: Final = ((seat_sold, 5), (sale_sum, 5), (serial_end, 2))


@dataclass(frozen=True)
class Batch:
    """One request's rows. ``log`` without the chain hashes, which stand in ``hashes``."""

    log: list[Row]
    hashes: list[bytes]
    tickets: list[Row]
    sums: list[list[Row]]
    signature: bytes


def events_per_s(source: str, target: str) -> float:
    """Events a second into the empty database ``target``, as the hub on ``source`` holds them."""
    hub, bare = Database(source), Database(target)
    try:
        with hub.read() as tx:
            batches, node_rows = _batches(tx), {table: _rows(tx, table) for table in (place, node, node_key)}
        bare.migrate()
        with bare.write() as tx:
            for table, rows in node_rows.items():
                tx.execute(sa.insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
        begun = time.perf_counter()
        previous = chain.GENESIS
        for batch in batches:
            previous = _write(bare, batch, previous)
        return sum(len(batch.log) for batch in batches) / (time.perf_counter() - begun)
    finally:
        hub.close()
        bare.close()


def _write(database: Database, batch: Batch, previous: bytes) -> bytes:
    hashes = []
    for row in batch.log:
        previous = chain.link(previous, row[-1])
        hashes.append(previous)
    if hashes != batch.hashes or not SIGNER.verify_key.verifies(batch.signature, previous):
        raise RuntimeError("the limit's own chain does not hold")
    with database.write() as tx:
        take_positions(tx, len(batch.log))
        rows = [(*row[:-1], hashed, row[-1]) for row, hashed in zip(batch.log, hashes, strict=True)]
        insert_rows(tx, event_log, event_log.c.keys(), rows)
        insert_rows(tx, ticket, ticket.c.keys(), batch.tickets)
        for (table, keys), rows in zip(_SUMS, batch.sums, strict=True):
            upsert_rows(tx, table, table.c.keys()[:keys], table.c.keys(), rows)
        head = {"head_seq": batch.log[-1][3], "head_hash": previous}
        tx.execute(sa.update(node_key).where(node_key.c.node_no == batch.log[0][1]).values(**head))
    return previous


def _batches(tx: Connection) -> list[Batch]:
    log, sold = _rows(tx, event_log, event_log.c.pos), {row[0]: row for row in _rows(tx, ticket)}
    sums = [_rows(tx, table) for table, _ in _SUMS]
    return [_batch(log[at : at + MAX_EVENTS], sold, sums) for at in range(0, len(log), MAX_EVENTS)]


def _batch(log: Sequence[Row], sold: dict[int, Row], sums: list[list[Row]]) -> Batch:
    tickets = [sold[row[0]] for row in log if row[0] in sold]
    trip, day = ticket.c.keys().index("trip_no"), ticket.c.keys().index("day")
    trips = {(row[trip], row[day]) for row in tickets}
    touched = [[row for row in rows if row[:2] in trips] for rows in sums[:2]]
    hashes = [row[5] for row in log]
    bare = [(*row[:5], row[6]) for row in log]
    return Batch(bare, hashes, tickets, [*touched, sums[2]], SIGNER.sign(hashes[-1]))


def _rows(tx: Connection, table: sa.Table, order: Any = None) -> list[Row]:
    query = sa.select(table)
    return [tuple(row) for row in tx.execute(query if order is None else query.order_by(order))]
