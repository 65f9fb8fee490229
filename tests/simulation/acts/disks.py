"""Disks that are copied, put back, worn out or stolen, at the boxes and at the hub."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cloud.kernel import nodes
from edge.kernel.renewal import STOPPED
from tests.simulation.acts import recovering
from tests.simulation.acts.admin import enrol
from tests.simulation.boxes import Box
from tests.simulation.checks.readings import node_log
from tests.simulation.disks import Disk
from tests.simulation.told import Facts, places_on

if TYPE_CHECKING:
    from tests.simulation.world import World


def backup(world: World, box: Box, _rng: random.Random) -> str:
    """Somebody copies the disk away."""
    name = f"{box.disk.folder.name}.backup{len(box.backups)}"
    box.disk.copy_to(world.folder / name)
    box.backups.append(name)
    return "kept"


def restore_box(world: World, box: Box, rng: random.Random) -> str:
    """An older copy of the disk is put back."""
    if not box.backups:
        return "no backup"
    before = _facts(box)
    if box.node is not None:
        box.off("switched off for its backup")
    box.disk.put_back(world.folder / box.backups[rng.randrange(len(box.backups))])
    after = _facts(box)
    world.fired["restored_box"] += 1
    if after.head != before.head:
        world.taint(box, before.log)
    world.told.put_back(box, after)
    world.codes.put_back(box, after.boarded)
    box.forget_people()
    box.switch_on()
    box.say(f"runs from a backup: event {after.head} of {before.head}")
    return "restored"


def copy_disk(world: World, box: Box, _rng: random.Random) -> str:
    """Somebody copies the disk and switches a second box on with it."""
    if box.copy is not None or box.copy_of is not None:
        return "copied already"
    if box.node is not None:
        box.off("switched off and copied")
    copy = Box(world, f"{box.name}-copy", box.kind, f"{box.disk.folder.name}.copy")
    box.disk.copy_to(copy.disk.folder)
    box.copy, copy.copy_of = copy, box
    copy.scans = box.scans  # its scanner does not begin anew with numbers that were answered
    log = _facts(box).log
    world.taint(box, log)
    world.taint(copy, log)
    world.boxes.append(copy)
    world.fired["copied_disk"] += 1
    box.switch_on()
    copy.switch_on()
    return "copied"


def backup_hub(world: World, _box: Box, _rng: random.Random) -> str:
    """The nightly backup."""
    name = f"hub.backup{len(world.hub.backups)}"
    world.hub.disk.copy_to(world.folder / name)
    world.hub.backups.append(name)
    return "kept"


def restore_hub(world: World, _box: Box, _rng: random.Random) -> str:
    """The hub comes back from its backup."""
    if not world.hub.backups:
        return "no backup"
    world.hub.all_off("switched off for its backup")
    world.hub.disk.put_back(world.folder / world.hub.backups[-1])
    world.revoked = {log: head_seq for log, head_seq, _ in recovering.barred(world)}
    # Of its own node's log nobody else has the end.
    own = "SELECT k.node_no, k.epoch FROM node_key k JOIN node n ON n.node_no = k.node_no WHERE n.kind = 'hub'"
    world.tainted_logs |= {(row[0], row[1]) for row in world.hub.rows(own)}
    recovering.say_restored(world)
    world.fired["restored_hub"] += 1
    world.told.hub_put_back(world.hub)
    world.hub.switch_on()
    return "restored"


def revoke(world: World, box: Box, _rng: random.Random) -> str:
    """The box was stolen: its key is barred; the thief uses it on."""
    original = box.copy_of or box
    _, code = world.hub.admin(
        f"revoke {original.name}", lambda hub, tx: hub.nodes.revoke(tx, nodes.find(tx, original.name).node_no, "stolen")
    )
    # Also a hub that died right behind its commit has done it.
    for log, head_seq, name in recovering.barred(world):
        if log not in world.revoked:
            world.fired["revoked"] += 1
            world.revoked[log] = head_seq
            if name == original.name:
                original.stolen = True
                world.doubtful.add((original.name, original.renewals))
    return code or "revoked"


def renew(world: World, box: Box, rng: random.Random) -> str:
    """A worn disk: a new one, a new code; the old one is kept."""
    original = box.copy_of or box
    world.fired["renewed"] += 1
    original.renew(hand_in=not original.stolen)
    return enrol(world, original, rng) if original.switch_on() else "did not start"


def rotten_row(world: World, box: Box, rng: random.Random) -> str:
    """A block of the disk goes bad: one operation that the box holds is another, or gone."""
    if type(box.disk) is not Disk:
        return "another kind of disk"
    with contextlib.closing(box.disk.look("node.sqlite")) as disk, disk:
        rows = disk.execute("SELECT stream, key, body FROM stream_operation WHERE body IS NOT NULL").fetchall()
        if not rows:
            return "nothing there"
        stream, key, body = rows[rng.randrange(len(rows))]
        at, gone = rng.randrange(len(body)), rng.random() < 0.3
        bent = body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1 :]
        change = "DELETE FROM stream_operation" if gone else "UPDATE stream_operation SET body = :bent"
        disk.execute(f"{change} WHERE stream = :stream AND key = :key", {"bent": bent, "stream": stream, "key": key})
    world.fired["rotten_row"] += 1
    box.say(f"a row of its disk went bad: {stream} {key}")
    return "rotten"


def re_enrol(world: World, box: Box, _rng: random.Random) -> str:
    """A new key and a new log in the same folder, as the handbook says, also where the line breaks in between."""
    original = box.copy_of or box
    if original.stolen:
        return "stolen"
    outcome = begin_anew(world, original)
    world.fired["re_enrolled"] += outcome == "re_enrolled"
    return outcome


def begin_anew(world: World, box: Box) -> str:
    """``node re-enrol`` at a box: the process that did it ends, and another one comes up."""
    found, code = world.hub.admin(
        f"code for {box.name}", lambda hub, tx: hub.enrolment.new_code(tx, nodes.find(tx, box.name).node_no)
    )
    if code or box.node is None:
        return code or "off"
    answer = box.ask(lambda node: node.renewal.re_enrol(found, box.line))
    if box.node is not None and box.node.scribe.stopped == STOPPED:
        # Also where the answer came after a crash behind the commit: what matters is what is on the disk.
        box.off(f"has begun log {answer.value.welcome.epoch}, and hands in {answer.value.handed_in} events")
        box.tainted = box.stolen = False
        box.unfinished, box.unanswered = [], []
        box.switch_on()
        return "re_enrolled"
    return answer.code


def _facts(box: Box) -> Facts:
    reader = box.disk.look("node.sqlite")
    try:
        meta = dict(reader.execute("SELECT name, value FROM meta"))
        head = max((seq for seq, _ in node_log(reader)), default=0)
        sold = places_on(reader)
        boarded = {row[0] for row in reader.execute("SELECT ticket_id FROM boarded")}
        rated = {row[0] for row in reader.execute("SELECT ticket_id FROM rating")}
        refunded = places_on(reader, "refund")
        paid = {row[0] for row in reader.execute("SELECT ticket_id FROM refund_request WHERE paid_ms IS NOT NULL")}
    finally:
        reader.close()
    log = (meta["node_no"], meta["epoch"]) if "node_no" in meta else None
    return Facts(log, head, sold, boarded, rated, refunded, paid)


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    act.__name__: act
    for act in (backup, restore_box, copy_disk, backup_hub, restore_hub, revoke, renew, re_enrol, rotten_row)
}
