"""What the operator does about a hub that came back from its backup: says so before it serves, and ends it when every box
that was ever enrolled has shown what it holds. It is the operator who knows what boxes there are."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cloud.bootstrap import Hub, build
from sync.kernel.keys import Ed25519Signer
from tests.simulation.chance import SeededIds

if TYPE_CHECKING:
    from tests.simulation.boxes import OldDisk
    from tests.simulation.world import World

BY = "operator"


def say_restored(world: World) -> None:
    """``hub recover``, after the backup was put back and before the hub serves."""
    side = world.hub
    side.disk.calm()
    hub = build(side.settings, side.clock, SeededIds(f"{world.seed} recover {world.time.now_ms}"))
    with hub.database.write() as tx:
        hub.recovery.begin(tx, "restored")
    hub.database.engine.dispose()
    side.disk.unplug()


def look(world: World) -> None:
    """Ends the recovery as soon as nobody is missing; a disk that will never run again is written off."""
    if not recovering(world) or not world.hub.up():
        return
    there = {kid for _, kid in _disks(world)}
    for kid, node_no, epoch, name in world.hub.rows(
        "SELECT k.kid, k.node_no, k.epoch, n.name FROM node_key k JOIN node n ON n.node_no = k.node_no, counter c "
        "WHERE k.generation < c.generation AND k.written_off < c.generation"
    ):
        if bytes(kid) not in there:
            _write_off(world, node_no, epoch, name)
    if not missing(world):
        world.hub.admin("recover --done", lambda hub, tx: hub.recovery.finish(tx, BY).generation)


def decide_held(world: World) -> int:
    """Keys that nodes say were barred: the operator remembers, and bars them again. Gives how many there were."""
    held = world.hub.rows(
        "SELECT k.node_no, n.name FROM node_key k JOIN node n ON n.node_no = k.node_no WHERE k.status = 'held'"
    )
    for node_no, name in held:

        def bar(hub: Hub, tx: sa.Connection, no: int = node_no) -> None:
            hub.nodes.revoke(tx, no, "again")

        _, code = world.hub.admin(f"bar {name} again", bar)
        if not code:
            for log, head_seq, _ in barred(world):
                world.revoked.setdefault(log, head_seq)
    return len(held)


def barred(world: World) -> list[tuple[tuple[int, int], int, str]]:
    """(log, how long it is, name of its box) of every revoked key."""
    rows = world.hub.rows(
        "SELECT k.node_no, k.epoch, k.head_seq, n.name FROM node_key k JOIN node n ON n.node_no = k.node_no "
        "WHERE k.status = 'revoked'"
    )
    return [((row[0], row[1]), row[2], row[3]) for row in rows]


def recovering(world: World) -> bool:
    """As the hub has it."""
    return bool(world.hub.rows("SELECT recovering FROM counter")[0][0])


def missing(world: World) -> list[str]:
    """Disks that have not shown what they hold: the operator's own list, and the hub's."""
    generation = world.hub.rows("SELECT generation FROM counter")[0][0]
    there = {
        bytes(kid): max(presented, off)
        for kid, presented, off in world.hub.rows("SELECT kid, generation, written_off FROM node_key")
    }
    found = [name for name, kid in _disks(world) if there.get(kid, 0) < generation]
    return found + ["somebody else"] * any(value < generation for value in there.values())


def enrolled_kid(reader: Any, folder: Path) -> bytes | None:
    """The key id of a disk that was enrolled."""
    try:
        enrolled = reader.execute("SELECT value FROM meta WHERE name = 'node_no'").fetchone()
    finally:
        reader.close()
    return Ed25519Signer((folder / "node.key").read_bytes()).kid if enrolled else None


def _old_kid(world: World, old: OldDisk) -> bytes | None:
    folder = world.folder / old.folder
    return enrolled_kid(sqlite3.connect(folder / "node.sqlite"), folder)


def _disks(world: World) -> list[tuple[str, bytes]]:
    """Name and key of every disk that runs, or will run once more."""
    boxes = [(box.name, enrolled_kid(box.disk.look("node.sqlite"), box.disk.folder)) for box in world.boxes]
    found = boxes + [(old.folder, _old_kid(world, old)) for old in world.drawer if old.hand_in]
    return [(name, kid) for name, kid in found if kid is not None]


def _write_off(world: World, node_no: int, epoch: int, name: str) -> None:
    """A log whose disk is gone for good, or goes on under another key."""

    def drop(hub: Hub, tx: sa.Connection) -> int:
        return hub.recovery.write_off(tx, node_no, "gone for good", BY, epoch)

    last = max(box.renewals for box in world.boxes if box.name == name)
    world.told.written_off |= {(name, number) for number in range(last + 1)}
    world.hub.admin(f"write off log {epoch} of {name}", drop)
