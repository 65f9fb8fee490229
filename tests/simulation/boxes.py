"""A box in the field: a folder on a disk, a clock, a line, and the process of a node while it is switched on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from edge.bootstrap import Node, build
from edge.kernel.settings import Settings
from sync.kernel.errors import Broken, YipiaoError
from tests.simulation.chance import SeededIds
from tests.simulation.disks import DEATHS
from tests.simulation.gateway import URL
from tests.simulation.line import Line
from tests.simulation.times import MINUTE_MS, WrongClock
from tests.simulation.trace import Violation, code_of
from tests.simulation.versions import SAME

if TYPE_CHECKING:
    from tests.simulation.told import Paper
    from tests.simulation.world import World

UP_AGAIN_MS = 5 * MINUTE_MS
OFF = "off"
DIED = "died"


class Answer(NamedTuple):
    """What somebody got from a box: a value, or a code of why not (empty when all went well)."""

    value: Any
    code: str


class Ride(NamedTuple):
    """A departure that a box may sell: from one stop to any later one."""

    trip_no: int
    day: int
    from_idx: int
    last_idx: int
    departs_ms: int


class Order(NamedTuple):
    """An order as it was shown. ``proofs``: one a rider, of those who travel together; none for a single one."""

    number: int
    price_minor: int
    currency: str
    proofs: tuple[str, ...]


class OldDisk(NamedTuple):
    """A disk that is in no box any more; ``renewals`` tells it from its owner's others. ``hand_in``: somebody has it and
    will let it hand in what it holds."""

    owner: Box
    folder: str
    renewals: int
    tainted: bool
    hand_in: bool


class Box:
    """``tainted``: its log is not the only one of its identity (a copied disk), or lost its end (an old backup)."""

    def __init__(self, world: World, name: str, kind: str, folder_name: str) -> None:
        self.world, self.name, self.kind = world, name, kind
        self.disk = world.new_disk(folder_name)
        self.clock = WrongClock(world.time)
        self.line = Line(world, self)
        self.node: Node | None = None
        self.boots = self.renewals = self.scans = 0
        self.tainted = self.stolen = False
        self.version = SAME
        self.copy_of: Box | None = None
        self.copy: Box | None = None
        self.up_at_ms = 0
        self.unfinished: list[Callable[[World, Box], str]] = []
        self.unanswered: list[tuple[Any, ...]] = []
        self.orders: list[Order] = []
        self.requests: list[tuple[str, Paper]] = []
        self.backups: list[str] = []
        self._rides: dict[int, list[Ride]] = {}

    def say(self, text: str) -> None:
        """Into the story, with this box's clock."""
        self.world.trace.say(self.name, text, self.clock.offset_ms)

    def switch_on(self, in_1970: bool = False) -> bool:
        """A boot; False when the process did not come up."""
        if self.node is not None:
            return True
        self.clock.switch_on(in_1970)
        self.boots += 1
        self.orders, self._rides = [], {}
        ids = SeededIds(f"{self.world.seed} {self.name} {self.renewals} {self.boots}")
        gate, gateway = "gate-1" if self.kind == "vehicle" else "", self.world.gateway
        settings = Settings(data=self.disk.folder, gate_device=gate)
        if gateway is not None:
            settings = replace(
                settings, gateway_url=URL, gateway_key_file=str(gateway.key_file), gateway_notify_url=URL + "/heard"
            )
        way = gateway.line(self) if gateway is not None else None
        try:
            self.node = build(settings, self.clock, ids, self.line, gateway_line=way)
        except DEATHS:
            self.off("died while starting")
        except (YipiaoError, OSError) as error:
            self.off(f"did not start: {code_of(error)}")
        else:
            self.say("started" + (" in 1970" if in_1970 else ""))
            self.world.told.booted(self)
        return self.node is not None

    def off(self, why: str) -> None:
        """The process is gone, without a farewell."""
        self.node = None
        self.up_at_ms = self.world.time.now_ms + UP_AGAIN_MS
        self.disk.unplug()
        if why:
            self.say(why)

    def wake(self) -> None:
        """What looks after the process starts it again, a while after it ended."""
        if self.node is None and self.world.time.now_ms >= self.up_at_ms:
            self.switch_on()

    def ask(self, work: Callable[[Node], Any]) -> Answer:
        """Somebody wants something of the box."""
        node, crashes = self.node, self.disk.deaths
        if node is None:
            return Answer(None, OFF)
        try:
            found = Answer(work(node), "")
        except DEATHS:
            found = Answer(None, DIED)
        except Broken as error:
            raise Violation("box_stopped", f"{self.name} stopped: {error}") from error
        except YipiaoError as error:
            found = Answer(None, error.code)
        if self.disk.deaths != crashes and self.node is not None:
            self.off("died")
        return found

    def rides(self, day: int) -> list[Ride]:
        """What leaves here on a service day, as the box itself says; a vehicle sells what it runs."""
        if day not in self._rides and self.node is not None:
            answer = self.ask(lambda node: self._find_rides(node, day))
            if answer.code:
                return []
            self._rides[day] = answer.value
        return self._rides.get(day, [])

    def forget_rides(self) -> None:
        """The hub may have told something new."""
        self._rides = {}

    def _find_rides(self, node: Node, day: int) -> list[Ride]:
        if self.kind == "vehicle":
            duties = [trip for trip in node.boarding.duties() if trip.day == day]
            return [
                Ride(trip.trip_no, day, call.idx, len(trip.calls) - 1, call.departs_ms)
                for trip in duties
                for call in trip.calls[:-1]
            ]
        found = [ride for ride in node.timetable.departures(day) if ride.price_minor is not None]
        return [Ride(ride.trip_no, day, ride.from_idx, ride.to_idx, ride.departs_ms) for ride in found]

    def identity(self) -> tuple[int, int] | None:
        """(node number, epoch of its log), as the box has it."""
        found = self.node.identity if self.node is not None else None
        return (found.node_no, found.epoch) if found else None

    def heard(self, stream: str, key: str) -> bytes | None:
        """What the hub's word of a stream says on this box's disk; None where there is none, or it was taken back."""
        if self.node is None:
            return None
        query = "SELECT body FROM stream_operation WHERE stream = ? AND key = ?"
        row = self.node.database.read().execute(query, (stream, key)).fetchone()
        body: bytes | None = row[0] if row else None
        return body

    def renew(self, hand_in: bool = True) -> None:
        """A new disk in the box, as it comes from the factory; the old one goes into the drawer, or away with a thief."""
        if self.node is not None:
            self.off("switched off for a new disk")
        self.renewals += 1
        old = self.disk.folder.with_name(f"{self.disk.folder.name}.old{self.renewals}")
        self.disk.folder.rename(old)
        shutil.copytree(self.world.opening.blank, self.disk.folder)
        self.world.drawer.append(OldDisk(self, old.name, self.renewals - 1, self.tainted, hand_in))
        self.disk.calm()
        self.tainted = self.stolen = False
        self.forget_people()
        self.backups = []

    def forget_people(self) -> None:
        """Another disk, or another log: whoever waited for an answer of the old one asks nobody any more."""
        self.unfinished, self.unanswered, self.orders, self.requests = [], [], [], []
