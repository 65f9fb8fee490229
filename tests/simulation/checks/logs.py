"""Law 5 and 6: nothing accepted is dropped; a fork or a rewind is seen and has a name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

import cbor2

from tests.simulation.checks.readings import Log, OnDisk, Readings
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

NAMED = ("forked", "rewound", "revoked")


def judge(world: World, found: Readings) -> None:
    """Each log at the hub is whole, chained, came over the line, and is that of its box unless it has a name."""
    held: dict[Log, list[bytes]] = defaultdict(list)
    for event in sorted(found.events, key=lambda event: (event.log, event.seq)):
        held[event.log].append(event.data)
        if event.seq != len(held[event.log]):
            raise Violation("gap", f"the hub's log {event.log} has no event {len(held[event.log])}")
    crossed = world.wire.events()
    for log, key in found.keys.items():
        events = held.get(log, [])
        if (key.head_seq, key.head_hash) != (len(events), _chain(events)):
            raise Violation("chain", f"the hub's head of log {log} is not that of its {len(events)} events")
        if log[0] == found.own_no:
            continue  # the hub itself wrote it
        strange = [seq for seq, data in enumerate(events, 1) if (key.kid, data) not in crossed]
        if strange:
            raise Violation("other_way", f"event {strange[0]} of log {log} never crossed the line to the hub")
    for disk in found.disks:
        _judge_disk(world, disk, held, found)
        for log, mine in disk.past.items():
            _judge_past(disk, log, mine, set(held.get(log, [])), found)


def _judge_disk(world: World, disk: OnDisk, held: dict[Log, list[bytes]], found: Readings) -> None:
    _judge_order(disk)
    if disk.log is None:
        return
    key = found.keys.get(disk.log)
    if key is None:
        raise Violation("log_unknown", f"the hub does not know log {disk.log} of {disk.name}")
    mine, theirs = [data for _, data in disk.events], held.get(disk.log, [])
    if mine == theirs:
        return
    if key.status not in NAMED and not (key.status == "replaced" and disk.tainted):
        lacking = next((n for n, pair in enumerate(zip(mine, theirs, strict=False), 1) if pair[0] != pair[1]), None)
        where = f"event {lacking} differs" if lacking else f"{len(mine)} events here, {len(theirs)} at the hub"
        raise Violation("event_lost", f"{disk.name} and the hub hold two logs {disk.log} ({key.status}): {where}")
    if key.status == "forked":
        tail = [data for data in mine[min(key.safe_seq, len(mine)) :] if data not in set(theirs)]
        gone = [data for data in tail if (*disk.log, data) not in found.held]
        if gone and disk.tainted and len(found.held) < 50:
            raise Violation("tail_not_held", f"the hub keeps no copy of {len(gone)} refused events of {disk.name}")


def _judge_past(disk: OnDisk, log: Log, mine: list[bytes], theirs: set[bytes], found: Readings) -> None:
    """A log that ended: the hub has each of its events, in the books or aside."""
    gone = [data for data in mine if data not in theirs and (*log, data) not in found.held]
    if gone and disk.current:
        raise Violation("event_lost", f"{len(gone)} of {len(mine)} events of log {log} are on {disk.name} alone")


def _judge_order(disk: OnDisk) -> None:
    """Sequences without a gap, hybrid logical time that only grows."""
    last = 0
    for expected, (seq, data) in enumerate(disk.events, 1):
        hlc = cbor2.loads(data)[2]
        if seq != expected or hlc <= last:
            raise Violation("log_order", f"{disk.name}: event {seq} at hybrid time {hlc} behind {last}")
        last = hlc


def _chain(events: list[bytes]) -> bytes:
    head = bytes(32)
    for event in events:
        head = hashlib.sha256(head + event).digest()
    return head
