"""The hub's part of finding and mending what a node lost of its streams: see :mod:`sync.kernel.repair`.

Asked only of a node that lacks nothing by its cursor, so that whatever differs is damage. The hub's own digest of each
stream is kept with every change; operations are read only for a node whose digests differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.tables import operation, stream, subscription
from sync.kernel import repair
from sync.kernel.exchange import DOWN_BUDGET_BYTES

_OVERHEAD: Final = 24
_MINE: Final = (subscription.c.node_no == sa.bindparam("node_no"), subscription.c.active)
_DIGESTS: Final = (
    sa.select(stream.c.stream, stream.c.digest)
    .join(subscription, subscription.c.stream == stream.c.stream)
    .where(*_MINE)
)
_LIVE: Final = (
    sa.select(operation.c.stream, operation.c.pos, operation.c.key, operation.c.body)
    .join(subscription, subscription.c.stream == operation.c.stream)
    .where(*_MINE, operation.c.body.is_not(None))
    .order_by(operation.c.pos)
)


def compare(tx: Connection, node_no: int, check: Sequence[bytes]) -> tuple[Any, ...]:
    """What a node's digests are worth: ``found`` of the answer."""
    held = {name: int.from_bytes(kept, "big") for name, kept in tx.execute(_DIGESTS, {"node_no": node_no})}
    if repair.root(held) == check[0]:
        return (repair.SAME,)
    if len(check) < 2:
        return (repair.DIFFERS,)
    bits = repair.bits_of(check[1])
    rows = tx.execute(_LIVE, {"node_no": node_no}).all()
    mine = repair.ranges(((row.stream, row.key, row.body) for row in rows), bits)
    wrong = repair.differing(mine, check[1])
    return _within(wrong, rows, bits)


def _within(wrong: list[int], rows: Sequence[Any], bits: int) -> tuple[Any, ...]:
    """As many whole ranges as the budget holds, and one at least."""
    wanted: dict[int, list[list[Any]]] = {number: [] for number in wrong}
    for row in rows:
        number = repair.range_of(row.stream, row.key, bits)
        if number in wanted:
            wanted[number].append(list(row))
    sent: list[int] = []
    operations: list[list[Any]] = []
    left = DOWN_BUDGET_BYTES
    for number, found in wanted.items():
        left -= sum(len(name) + len(key) + len(body) + _OVERHEAD for name, _, key, body in found)
        if sent and left < 0:
            break
        sent.append(number)
        operations += found
    return (repair.REPAIR, sent, operations)
