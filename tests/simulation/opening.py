"""The morning on which every seed begins: a hub with its timetable, and boxes that have been enrolled.

On some mornings they were never in touch with the hub since, on the others they visited it once. Each morning is the
same every time, so it is made once a process, by the production procedures, and copied for each seed.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.bootstrap import build as build_hub
from cloud.domains.timetable import tables
from cloud.domains.timetable.publish import import_feed
from cloud.kernel.settings import Settings as HubSettings
from edge.bootstrap import Node, open_database
from edge.bootstrap import build as build_node
from edge.kernel.enrolment import enrol
from edge.kernel.settings import Settings
from sync.kernel import exchange
from tests.simulation import feeds
from tests.simulation.chance import SeededIds
from tests.simulation.times import TrueTime, WrongClock

MEMORY = Path("/dev/shm")
# name, kind, where it stands
POSTS = (
    ("station", "station", ("S1",)),
    ("counter", "station", ("S1",)),
    ("village", "village", ("S3",)),
    ("pier", "pier", ("P1",)),
    ("coach", "vehicle", ()),
    ("boat", "vehicle", ()),
)


@dataclass(frozen=True)
class Opening:
    """Folders to copy: ``hub``, one a post, and ``blank``, a new disk. ``said``: (post, request, answer) of the visits."""

    folder: Path
    said: list[tuple[str, bytes, bytes]]

    @property
    def blank(self) -> Path:
        """A disk as it comes from the factory."""
        return self.folder / "blank"


def new_folder() -> Path:
    """A folder in memory where the machine has one; it is removed at the end of the process at the latest."""
    found = Path(tempfile.mkdtemp(prefix="yipiao-sim-", dir=MEMORY if MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    return found


@cache
def opening(first_day: bool) -> Opening:
    """A morning, made at the first call."""
    folder, clock = new_folder(), WrongClock(TrueTime())
    hub = build_hub(HubSettings(data=folder / "hub", block_station=4, block_pier=4), clock, SeededIds("opening hub"))
    import_feed(hub.database, feeds.compiled(1), now_ms=clock.wall_ms(), source="version 1")
    with hub.database.read() as tx:
        stops = {row.feed_id: row.stop_no for row in tx.execute(sa.select(tables.stop))}
    for name, kind, places in POSTS:
        _enrol(hub, folder, clock, name, kind, [stops[place] for place in places])
    said: list[tuple[str, bytes, bytes]] = []
    for name, _, _ in () if first_day else POSTS:
        said += [(name, *message) for message in _visit(hub, folder, clock, name)]
    hub.close()
    open_database(_made(folder / "blank")).close()
    return Opening(folder, said)


def _enrol(hub: Hub, folder: Path, clock: WrongClock, name: str, kind: str, stop_nos: list[int]) -> None:
    with hub.database.write() as tx:
        node_no = hub.nodes.add(tx, name, kind, stop_nos, {"en": name})
        code = hub.enrolment.new_code(tx, node_no)
    node = build_node(_made(folder / name), clock, SeededIds(f"opening {name}"), _Straight(hub), record_start=False)
    enrol(code, node.signer, _Straight(hub), node.scribe)
    _close(node)


def _visit(hub: Hub, folder: Path, clock: WrongClock, name: str) -> list[tuple[bytes, bytes]]:
    ids, line = SeededIds(f"opening visit {name}"), _Straight(hub)
    node = build_node(Settings(data=folder / name), clock, ids, line, record_start=False)
    node.exchange.visit()
    _close(node)
    return line.said


def _close(node: Node) -> None:
    node.database.read().close()
    node.database.close()


def _made(folder: Path) -> Settings:
    folder.mkdir(parents=True)
    return Settings(data=folder)


class _Straight:
    """A line that nothing happens on."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.said: list[tuple[bytes, bytes]] = []

    def post(self, path: str, body: bytes) -> bytes:
        if path == exchange.PATH:
            answer = self._hub.exchange.answer(body)
            self.said.append((body, answer))
            return answer
        with self._hub.database.write() as tx:
            return self._hub.enrolment.enrol(tx, body)
