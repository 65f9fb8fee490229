"""Streams of operations: what the hub says to its nodes, newest operation a key, in positions that follow commits.

Order: positions come from the row of ``counter`` that a writer holds until it commits. A transaction that sees
position p therefore sees every operation with a smaller one, so a reader's cursor never passes over a late commit.

Reading: a node's *floor* stands for all streams that it holds completely up to there. A stream that the node was
subscribed to at position S joins once the floor passes S: the same answer that carries the subscription names the
stream as an *exception* at 0, and it is read from its beginning until it has caught up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.database import FIRST_POS, chunks, insert_rows, next_pos, take_positions
from cloud.kernel.tables import operation, stream
from sync.kernel import digest as digests
from sync.kernel.operations import MAX_BODY_BYTES, NET, Operation, split_key

__all__ = ["Reading", "body", "digest", "heads", "next_pos", "publish", "publish_many", "read", "read_all"]

_EMPTY: Final = bytes(16)
_OVERHEAD: Final = 24
_PAGE: Final = 500
_COLUMNS: Final = ("stream", "key", "pos", "body")
_HEADS: Final = sa.select(stream.c.stream, stream.c.head).where(
    stream.c.stream.in_(sa.bindparam("names", expanding=True))
)
_NEXT: Final = (
    sa.select(operation.c.stream, operation.c.pos, operation.c.key, operation.c.body)
    .where(operation.c.stream.in_(sa.bindparam("names", expanding=True)), operation.c.pos > sa.bindparam("after"))
    .order_by(operation.c.pos)
    .limit(_PAGE)
)
_ON: Final = operation.c.stream == sa.bindparam("on")
_HELD: Final = sa.select(operation.c.key, operation.c.pos, operation.c.body).where(_ON)
_HELD_UNDER: Final = _HELD.where(operation.c.key.in_(sa.bindparam("keys", expanding=True)))
_STREAM: Final = sa.select(stream.c.digest, stream.c.live).where(stream.c.stream == sa.bindparam("on"))
_MOVE: Final = (
    sa.update(stream)
    .where(stream.c.stream == sa.bindparam("on"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("head", "live", "digest")})
)
_REPLACE: Final = (
    sa.update(operation)
    .where(_ON, operation.c.key == sa.bindparam("under"))
    .values(pos=sa.bindparam("at"), body=sa.bindparam("content"))
)


@dataclass(slots=True)
class Reading:
    """What to send a node, and where it stands afterwards. ``more``: another request would bring more at once."""

    operations: list[Operation] = field(default_factory=list)
    floor: int = 0
    exceptions: dict[str, int] = field(default_factory=dict)
    more: bool = False


def publish(tx: Connection, name: str, key: str, body: bytes | None) -> int:
    """Put ``body`` under ``key`` on stream ``name`` (None: gone) and return its position.

    The newest operation of the key is replaced; an unchanged body keeps its old position.
    """
    return publish_many(tx, name, [(key, body)])[0]


def publish_many(tx: Connection, name: str, items: Iterable[tuple[str, bytes | None]]) -> list[int]:
    """As :func:`publish` for many keys of one stream, in order; a key that stands twice counts with its last body."""
    wanted = list(items)
    for key, body in wanted:
        split_key(key)
        if body is not None and len(body) > MAX_BODY_BYTES:
            raise ValueError(f"{key}: {len(body)} bytes")
    found = _existing(tx, name, dict.fromkeys(key for key, _ in wanted))
    last = dict(wanted)
    changed = [key for key in last if key not in found or found[key][1] != last[key]]
    # A key that never was needs no tombstone.
    changed = [key for key in changed if key in found or last[key] is not None]
    first = take_positions(tx, len(changed)) if changed else 0
    positions = {key: first + i for i, key in enumerate(changed)}
    _store(tx, name, [(key, positions[key], last[key]) for key in changed], found)
    return [positions.get(key) or found.get(key, (0, None))[0] for key, _ in wanted]


def read(
    tx: Connection, subscriptions: Mapping[str, int], floor: int, exceptions: Mapping[str, int], budget: int
) -> Reading:
    """The operations that a node lacks, within ``budget`` bytes (but at least one if there is one).

    ``subscriptions``: stream → position since when. ``floor`` and ``exceptions`` as the node sent them; the result's
    are where it stands once it has applied the operations.
    """
    if floor < FIRST_POS:
        # It holds nothing at FIRST_POS either; having a floor, it counts what it subscribes to as behind.
        return Reading(floor=FIRST_POS, more=True)
    held = [name for name, since in subscriptions.items() if since <= floor and name not in exceptions]
    reading = Reading(floor=floor, exceptions={k: pos for k, pos in exceptions.items() if k in subscriptions})
    left = _read_floor(tx, held, reading, budget)
    if left > 0:
        _read_behind(tx, reading, left)
    fresh = {name: 0 for name, since in subscriptions.items() if floor < since <= reading.floor}
    reading.exceptions |= fresh
    reading.more = left == 0 or bool(reading.exceptions)
    return reading


def read_all(tx: Connection, name: str) -> list[Operation]:
    """Every live operation of one stream in order: what a node that holds it should have."""
    rows = tx.execute(
        sa.select(operation.c.pos, operation.c.key, operation.c.body)
        .where(operation.c.stream == name, operation.c.body.is_not(None))
        .order_by(operation.c.pos)
    )
    return [Operation(name, pos, key, body) for pos, key, body in rows]


def body(tx: Connection, name: str, key: str) -> bytes | None:
    """What stands under ``key`` on stream ``name`` now."""
    mine = (operation.c.stream == name, operation.c.key == key)
    return tx.execute(sa.select(operation.c.body).where(*mine)).scalar()


def bodies_under(tx: Connection, name: str, prefix: str) -> list[bytes]:
    """What stands now under the keys of stream ``name`` that begin with ``prefix``, in the order of the keys."""
    rows = tx.execute(_under(prefix), {"on": name})
    return [bytes(row.body) for row in sorted(rows, key=lambda row: row.key)]


@cache
def _under(prefix: str) -> sa.Select[tuple[str, bytes]]:
    """Made once for each of the few beginnings that there are; a bound one can't be escaped."""
    begins = operation.c.key.startswith(prefix, autoescape=True)
    return sa.select(operation.c.key, operation.c.body).where(_ON, begins, operation.c.body.is_not(None))


def keys_under(tx: Connection, name: str, prefix: str) -> list[str]:
    """The keys of stream ``name`` that begin with ``prefix`` and under which something stands now."""
    column = operation.c
    mine = (column.stream == name, column.key.startswith(prefix, autoescape=True), column.body.is_not(None))
    return sorted(tx.execute(sa.select(column.key).where(*mine)).scalars())


def digest(tx: Connection, name: str) -> bytes:
    """Digest of one stream's live operations (16 bytes, :mod:`sync.kernel.digest`); zero for an empty stream."""
    found = tx.execute(_STREAM, {"on": name}).scalar()
    return found if found is not None else _EMPTY


def heads(tx: Connection, names: Sequence[str]) -> dict[str, int]:
    """Position of the last operation of each stream; 0 for one without any."""
    found = dict.fromkeys(names, 0)
    for some in chunks(names):
        found.update(tuple(row) for row in tx.execute(_HEADS, {"names": some}))
    return found


def _existing(tx: Connection, name: str, keys: Mapping[str, Any]) -> dict[str, tuple[int, bytes | None]]:
    if len(keys) > 4 * _PAGE:
        return {key: (pos, body) for key, pos, body in tx.execute(_HELD, {"on": name})}
    found: dict[str, tuple[int, bytes | None]] = {}
    for some in chunks(keys, _PAGE):
        rows = tx.execute(_HELD_UNDER, {"on": name, "keys": some})
        found.update({key: (pos, body) for key, pos, body in rows})
    return found


def _store(
    tx: Connection,
    name: str,
    changed: list[tuple[str, int, bytes | None]],
    found: Mapping[str, tuple[int, bytes | None]],
) -> None:
    if not changed:
        return
    insert_rows(tx, operation, _COLUMNS, [(name, key, pos, body) for key, pos, body in changed if key not in found])
    replaced = [{"on": name, "under": key, "at": pos, "content": body} for key, pos, body in changed if key in found]
    if replaced:
        tx.execute(_REPLACE, replaced)
    row = tx.execute(_STREAM, {"on": name}).first()
    total, live = (int.from_bytes(row[0], "big"), row[1]) if row else (0, 0)
    for key, _, body in changed:
        old = found[key][1] if key in found else None
        total = digests.replace(total, key, old, body)
        live += (body is not None) - (old is not None)
    head, packed = changed[-1][1], total.to_bytes(16, "big")
    if row:
        tx.execute(_MOVE, {"on": name, "new_head": head, "new_live": live, "new_digest": packed})
    else:
        insert_rows(tx, stream, ("stream", "head", "live", "digest"), [(name, head, live, packed)])


def _cost(found: Operation) -> int:
    return len(found.stream) + len(found.key) + len(found.body or b"") + _OVERHEAD


def _read_floor(tx: Connection, held: list[str], reading: Reading, budget: int) -> int:
    """All streams at the floor together, in order of position. Returns what is left of the budget (0: it was cut)."""
    moved = [name for name, head in heads(tx, held).items() if head > reading.floor]
    left = budget
    while moved:
        rows = _page(tx, moved, reading.floor)
        for found in rows:
            if reading.operations and _cost(found) > left:
                return 0
            reading.operations.append(found)
            reading.floor = found.pos
            left -= _cost(found)
        if len(rows) < _PAGE:
            break
    return max(left, 1)


def _read_behind(tx: Connection, reading: Reading, left: int) -> None:
    """Streams that are behind, one after the other. One that has caught up is an exception no longer, and as nothing
    is left unread at the floor, its end lifts the floor for all."""
    top = reading.floor
    for name in sorted(reading.exceptions, key=lambda name: (name != NET, name)):
        left, position, done = _read_stream(tx, name, reading, left)
        reading.exceptions[name] = position
        if not done:
            break
        del reading.exceptions[name]
        top = max(top, position)
    reading.floor = top


def _read_stream(tx: Connection, name: str, reading: Reading, left: int) -> tuple[int, int, bool]:
    """What is left of the budget, the position reached on stream ``name``, and whether that is its end."""
    after = reading.exceptions[name]
    while True:
        rows = _page(tx, [name], after)
        for found in rows:
            if reading.operations and _cost(found) > left:
                return left, after, False
            reading.operations.append(found)
            after = found.pos
            left -= _cost(found)
        if len(rows) < _PAGE:
            return left, after, True


def _page(tx: Connection, names: list[str], after: int) -> list[Operation]:
    """The next operations of some streams in order of position, one page a stream at most."""
    found: list[Operation] = []
    for some in chunks(names, _PAGE):
        rows = tx.execute(_NEXT, {"names": some, "after": after})
        found += [Operation(*row) for row in rows]
    found.sort(key=lambda item: item.pos)
    return found[:_PAGE]
