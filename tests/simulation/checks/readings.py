"""What stands on the disks, read past the production code and decoded with nothing but CBOR and zstd."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cbor2
import zstandard

from sync.kernel.keys import Ed25519Signer

if TYPE_CHECKING:
    from tests.simulation.world import World

STARTED, SOLD, REFUNDED, RETURNED, BOARDED, RATED = 1, 10, 11, 21, 30, 40
BOOKED, NAMED, REBOOKED, REISSUED, ASKED_BACK, PAID_OUT, TAKEN_BACK = 12, 13, 14, 15, 16, 17, 18
PAY_ASKED, PAY_TAKEN, PAY_ENDED, BACK_ASKED, BACK_MADE = 50, 51, 52, 53, 54
ALIGHTED, ABSENT, UNDONE, LET_IN_APART = 34, 35, 36, 37
HANDED, TAKEN = 78, 79
SHIFT_OPENED, CASH_MOVED, SHIFT_CLOSED = 60, 61, 62
CASH, ACCOUNT, MOBILE = 0, 1, 2
Log = tuple[int, int]
# A refund that broke a rule is none, but for one of a ticket that boarded too: that is for people to settle.
STILL_BACK = ("", "refund_boarded")


class Happened(NamedTuple):
    """An event as the hub holds it."""

    pos: int
    log: Log
    seq: int
    data: bytes
    type: int
    body: list[Any]


class Key(NamedTuple):
    """How one log stands at the hub."""

    kid: bytes
    status: str
    head_seq: int
    head_hash: bytes
    safe_seq: int


@dataclass
class OnDisk:
    """One node's disk. ``current``: in a box that runs now. ``operations``: (stream, key) → (position, body). ``past``:
    events of the logs before the present one."""

    name: str
    disk: tuple[str, int] | None
    log: Log | None
    kid: bytes
    tainted: bool
    current: bool
    events: list[tuple[int, bytes]]
    operations: dict[tuple[str, str], tuple[int, bytes | None]]
    digests: dict[str, str]
    behind: int
    past: dict[Log, list[bytes]]


@dataclass
class Readings:
    """All disks of a world. ``own_no``: the hub's own node, 0 before it sold anything."""

    events: list[Happened] = field(default_factory=list)
    keys: dict[Log, Key] = field(default_factory=dict)
    disks: list[OnDisk] = field(default_factory=list)
    held: set[tuple[int, int, bytes]] = field(default_factory=set)
    quarantined: dict[int, str] = field(default_factory=dict)
    own_no: int = 0

    def tainted_logs(self) -> set[Log]:
        """Logs of which there are, or were, several."""
        return {disk.log for disk in self.disks if disk.tainted and disk.log is not None}

    def given_back(self, event: Happened) -> bytes | None:
        """The ticket that an event gives back, or whose seat it takes back, against no rule of its own; else None."""
        if event.type not in (REFUNDED, PAID_OUT, TAKEN_BACK) or self.quarantined.get(event.pos, "") not in STILL_BACK:
            return None
        ticket_id: bytes = event.body[2 if event.type == PAID_OUT else 0]
        return ticket_id

    def by_log(self, without: set[Log]) -> dict[Log, list[Happened]]:
        """The logs as the hub holds them, each in its own order."""
        logs: dict[Log, list[Happened]] = {}
        for event in self.events:
            if event.log not in without:
                logs.setdefault(event.log, []).append(event)
        return logs


def read(world: World) -> Readings:
    """Everything that the judges look at."""
    found, hub = Readings(), world.hub
    for pos, node_no, epoch, seq, data in hub.rows(
        "SELECT pos, node_no, epoch, seq, bytes FROM event_log ORDER BY pos"
    ):
        number, _, _, _, _, body = cbor2.loads(data)
        found.events.append(Happened(pos, (node_no, epoch), seq, data, number, body))
    keys = "SELECT node_no, epoch, kid, status, head_seq, head_hash, safe_seq FROM node_key"
    found.keys = {(row[0], row[1]): Key(*row[2:]) for row in hub.rows(keys)}
    for node_no, epoch, events in hub.rows("SELECT node_no, epoch, events FROM held_tail"):
        found.held |= {(node_no, epoch, event) for event in cbor2.loads(events)}
    found.own_no = next((row[0] for row in hub.rows("SELECT node_no FROM node WHERE kind = 'hub'")), 0)
    found.quarantined = dict(hub.rows("SELECT pos, code FROM quarantine"))
    for box in world.boxes:
        look = box.disk.look("node.sqlite")
        found.disks.append(_disk(look, box.disk.folder, box.name, (box.name, box.renewals), box.tainted))
    for old in world.drawer:
        folder = world.folder / old.folder
        found.disks.append(_disk(sqlite3.connect(folder / "node.sqlite"), folder, old.folder, None, old.tainted))
    return found


def _disk(reader: Any, folder: Path, name: str, disk: tuple[str, int] | None, tainted: bool) -> OnDisk:
    try:
        meta = dict(reader.execute("SELECT name, value FROM meta"))
        log = (meta["node_no"], meta["epoch"]) if "node_no" in meta else None
        operations = {
            (stream, key): (pos, body)
            for stream, key, pos, body in reader.execute("SELECT stream, key, pos, body FROM stream_operation")
        }
        past: dict[Log, list[bytes]] = {}
        for epoch, packed in reader.execute("SELECT epoch, events FROM past_segment ORDER BY epoch, last_seq"):
            past.setdefault((meta["node_no"], epoch), []).extend(_unpacked(packed))
        return OnDisk(
            name, disk, log, Ed25519Signer((folder / "node.key").read_bytes()).kid, tainted, disk is not None,
            node_log(reader), operations,
            dict(reader.execute("SELECT stream, digest FROM stream_digest")),
            reader.execute("SELECT count(*) FROM stream_behind").fetchone()[0], past,
        )  # fmt: skip
    finally:
        reader.close()


def ticket_of(log: Log, serial: int) -> bytes:
    """The id of a ticket."""
    return log[0].to_bytes(3, "big") + log[1].to_bytes(1, "big") + serial.to_bytes(4, "big")


def node_log(reader: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """``(seq, event)`` of a node's log in the order of the disk: packed segments, then rows. An event that stands in both,
    or a segment that ends before it begins, shows as a sequence that is there twice."""
    found: list[tuple[int, bytes]] = []
    for last, packed in reader.execute("SELECT last_seq, events FROM log_segment ORDER BY last_seq"):
        events = _unpacked(packed)
        found += enumerate(events, start=last - len(events) + 1)
    return found + reader.execute("SELECT seq, event FROM event_log ORDER BY seq").fetchall()


def _unpacked(packed: bytes) -> list[bytes]:
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed[1:]) if packed[0] else packed[1:]
    found: list[bytes] = cbor2.loads(plain)
    return found
