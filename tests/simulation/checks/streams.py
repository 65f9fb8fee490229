"""Law 8: node and hub hold the same operations, key by key, by digests worked out anew, and got them over the line."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.simulation.checks.readings import OnDisk, Readings
from tests.simulation.trace import Violation
from tests.simulation.wire import Op

if TYPE_CHECKING:
    from tests.simulation.world import World

Held = dict[str, dict[str, bytes]]


def judge(world: World, found: Readings) -> None:
    """Every box that runs, against the hub; and the grants that were ever told, against each other."""
    hub: Held = defaultdict(dict)
    for stream, key, body in world.hub.rows("SELECT stream, key, body FROM operation WHERE body IS NOT NULL"):
        hub[stream][key] = body
    for stream, kept in world.hub.rows("SELECT stream, digest FROM stream"):
        if kept != _digest(hub[stream]).to_bytes(16, "big"):
            raise Violation("digest", f"the hub's digest of {stream} is not that of its operations")
    subscribed: dict[int, set[str]] = defaultdict(set)
    for node_no, stream in world.hub.rows("SELECT node_no, stream FROM subscription WHERE active"):
        subscribed[node_no].add(stream)
    delivered = world.wire.operations()
    for disk in found.disks:
        if disk.current and disk.log is not None and not disk.tainted and disk.disk is not None:
            _judge_box(world, disk, hub, subscribed[disk.log[0]], delivered.get(disk.disk, set()))
    _judge_positions(world, delivered)


def _judge_box(world: World, disk: OnDisk, hub: Held, subscribed: set[str], delivered: set[Op]) -> None:
    other = [key for key, (pos, body) in disk.operations.items() if (key[0], pos, key[1], body) not in delivered]
    if other:
        raise Violation("other_way", f"no answer of the hub brought {other[0]} to {disk.name}")
    mine: Held = defaultdict(dict)
    for (stream, key), (_, body) in disk.operations.items():
        if body is not None:
            mine[stream][key] = body
    for stream, kept in disk.digests.items():
        if int(kept, 16) != _digest(mine[stream]):
            raise Violation("digest", f"{disk.name}'s digest of {stream} is not that of its operations")
    for stream in sorted(subscribed | set(mine)):
        theirs = hub[stream] if stream in subscribed else {}
        if mine[stream] != theirs:
            keys = sorted(key for key in mine[stream] | theirs if mine[stream].get(key) != theirs.get(key))
            raise Violation("streams_differ", f"{disk.name} and the hub differ in {stream}: {', '.join(keys[:4])}")
    if disk.behind:
        raise Violation("streams_behind", f"{disk.name} still lacks {disk.behind} streams")


def _judge_positions(world: World, delivered: dict[tuple[str, int], set[Op]]) -> None:
    """A position means one thing for ever."""
    meant: dict[int, Op] = {}
    for operations in delivered.values():
        for op in operations:
            if meant.setdefault(op[1], op) != op:
                raise Violation("position_twice", f"position {op[1]} was {meant[op[1]][:3]} and {op[:3]}")


def _digest(operations: dict[str, bytes]) -> int:
    total = 0
    for key, body in operations.items():
        name = key.encode()
        total += int.from_bytes(hashlib.sha256(len(name).to_bytes(4, "big") + name + body).digest()[:16], "big")
    return total % (1 << 128)
