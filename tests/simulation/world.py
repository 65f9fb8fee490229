"""The world of one seed: a hub, boxes, lines, disks and clocks around the production code."""

from __future__ import annotations

import contextlib
import logging
import random
import shutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

from cloud.kernel.settings import Settings
from edge.kernel import compaction
from tests.simulation.acts import ACTS, BY_NOBODY
from tests.simulation.boxes import Box, OldDisk
from tests.simulation.codes import Codes
from tests.simulation.disks import Crash, Disk, Disks
from tests.simulation.faults import Fired
from tests.simulation.gates import Gates
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.hubs import HubSide
from tests.simulation.mix import CALM, Mix
from tests.simulation.opening import POSTS, opening
from tests.simulation.plan import Step
from tests.simulation.power import CachedDisk
from tests.simulation.remembered import remembered
from tests.simulation.times import MINUTE_MS, TrueTime
from tests.simulation.told import Told
from tests.simulation.trace import Trace
from tests.simulation.versions import SAME, several_versions
from tests.simulation.wire import Wire

MOST_ROUNDS = 200
# A box of a world lives too short for whole segments; of these it packs many, between all that goes wrong.
SEGMENT = 16
_RIVALS = ("sell", "sell", "board", "confirm")
# What another thread does too at the same moment.
_AT_ONCE = frozenset(
    (
        "sell",
        "board",
        "confirm",
        "rate",
        "scan",
        "book",
        "rebook",
        "reissue",
        "refund",
        "pay_out",
        "turn",
        "shift_close",
    )
)


class _Heard(logging.Handler):
    """What the production code writes to its log goes into the story, and not onto the screen."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.WARNING)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        """One line, with its cause."""
        cause = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        self._world.trace.note(f"{record.name}: {record.getMessage()} {cause}".strip())

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """To nodes and hub."""
        loggers = [logging.getLogger(name) for name in ("edge", "cloud")]
        before = [(logger.propagate, logger.level) for logger in loggers]
        for logger in loggers:
            logger.addHandler(self)
            logger.propagate = False
        try:
            yield
        finally:
            for logger, (propagate, _) in zip(loggers, before, strict=True):
                logger.removeHandler(self)
                logger.propagate = propagate


class World:
    """``tainted_logs``: there are, or were, several of them. ``doubtful``: disks that told what may be known to nobody.
    ``revoked``: log → how long it was when its key was barred. ``rng`` is the randomness of the step under way. ``cards``: texts
    of trust cards by number. ``shop``: bookings of sellers as their programs last saw them: (seller, booking, state)."""

    def __init__(self, seed: int, mix: Mix, folder: Path) -> None:
        self.seed, self.mix, self.folder = seed, mix, folder
        self.opening = opening(mix.first_day)
        self.time, self.fired, self.disks, self.wire = TrueTime(), Fired(), Disks(), Wire()
        self.trace, self.told = Trace(self.time), Told(self)
        self.codes, self.gates = Codes(), Gates()
        self.rng = random.Random(0)
        self.most_rounds, self.visits, self.echo = MOST_ROUNDS, 0, ""
        self.drawer: list[OldDisk] = []
        self.tainted_logs: set[tuple[int, int]] = set()
        self.doubtful: set[tuple[str, int]] = set()
        self.revoked: dict[tuple[int, int], int] = {}
        self.cards: dict[int, str] = {}
        self.timetable = 1
        self.shop: dict[str, tuple[str, str, str]] = {}
        self.shop_unanswered: list[Callable[[World], str]] = []
        self._late: list[tuple[int, Callable[[], None]]] = []
        self._busy = False
        shutil.copytree(self.opening.folder, folder, dirs_exist_ok=True)
        station, village, pier = mix.block
        settings = Settings(
            data=folder, block_station=station, block_village=village, block_pier=3 * pier,
            share_percent=mix.share_percent, provision_every_s=mix.provision_every_s,
            turns_per_s=1,  # so that those who come together meet a hub that is busy
        )  # fmt: skip
        self.gateway = SimulatedGateway(self) if mix.phones else None
        self.hub = HubSide(self, settings, mix.processes)
        self.boxes = [Box(self, name, kind, name) for name, kind, _ in POSTS]
        for name, request, answer in self.opening.said:
            self.wire.went_up(request)
            self.wire.down.append(((name, 0), answer))

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """As long as this lasts, the production code of this process lives in this world."""
        heard = _Heard(self)
        with (
            self.disks.plugged_in(), heard.listening(), remembered(), several_versions(self),
            mock.patch.object(compaction, "SEGMENT", SEGMENT),
            mock.patch("time.sleep", _at_once),
        ):  # fmt: skip
            try:
                self.hub.switch_on()
                for box in self.boxes:
                    box.switch_on()
                yield
            finally:
                self.hub.all_off("")
                for box in self.boxes:
                    box.off("")
                if self.gateway is not None:
                    self.gateway.books.close_file()

    def new_disk(self, folder_name: str, side: str = "") -> Disk:
        """The disk of a machine, of the kind that this world has."""
        folder = self.folder / folder_name
        if not self.mix.power:
            return self.disks.add(Disk(folder, self.fired, side))
        chance = random.Random(f"{self.seed} cache of {folder_name}")
        return self.disks.add(CachedDisk(folder, self.fired, side, chance))

    def step(self, step: Step) -> str:
        """One step of a plan."""
        self.time.move_to(step.at_ms)
        self.rng = random.Random(step.salt)
        self._bring_late()
        self.hub.wake()
        box = self.boxes[step.who]
        if box.copy is not None and step.salt & 1:
            box = box.copy
        box.wake()
        if box.node is not None and self.rng.random() < self.mix.interrupted:
            self._interrupt(box, step)
        outcome = ACTS[step.act](self, box, random.Random(step.salt))
        box.clock.interrupt = None
        if step.act in BY_NOBODY:
            self.trace.say("world", f"{step.act}: {outcome}")
        else:
            self.trace.say(box.name, f"{step.act}: {outcome}", box.clock.offset_ms)
        return outcome

    def log_events(self) -> int:
        """Events in the logs of all boxes."""
        return sum(box.node.scribe.log.head.seq for box in self.boxes if box.node is not None)

    def draw(self, count: int) -> int:
        """A number below ``count``."""
        return self.rng.randrange(count) if count > 1 else 0

    def wait_minutes(self) -> None:
        """Up to five minutes go by."""
        self.time.move_to(self.time.now_ms + (1 + self.draw(300)) * 1_000)

    def later(self, happen: Callable[[], None]) -> None:
        """Something that is under way for up to three hours."""
        self._late.append((self.time.now_ms + (1 + self.draw(180)) * MINUTE_MS, happen))

    def meanwhile(self, box: Box) -> bool:
        """While a request is on its way, somebody may do something at the box."""
        if self._busy or box.node is None or self.rng.random() >= self.mix.meanwhile:
            return False
        self.fired["acted_meanwhile"] += 1
        act, salt = _RIVALS[self.draw(len(_RIVALS))], self.rng.getrandbits(40)
        self._busy = True
        try:
            outcome = ACTS[act](self, box, random.Random(salt))
        finally:
            self._busy = False
        self.trace.say(box.name, f"meanwhile {act}: {outcome}", box.clock.offset_ms)
        return True

    def taint(self, box: Box, log: tuple[int, int] | None) -> None:
        """The log of this box is no longer the only one of its identity, or has lost its end."""
        box.tainted = True
        self.doubtful.add((box.name, box.renewals))
        if log is not None:
            self.tainted_logs.add(log)

    def board(self, box: Box, ticket_id: bytes) -> None:
        """Somebody was let in at a box who neither came along with its trip nor is aboard already."""
        self.codes.board(box, ticket_id)
        self.told.board(box, ticket_id)

    def calm(self) -> None:
        """From now on nothing goes wrong: lines, disks and clocks are in order, and one process of the hub runs."""
        self.mix = replace(self.mix, line=CALM, meanwhile=0.0, interrupted=0.0, troubles=(), processes=1, older="")
        self._late = []
        self.hub.disk.calm()
        self.hub.clock.offset_ms = 0
        self.hub.version = SAME
        self.hub.all_off("stopped")
        self.hub.hubs = self.hub.hubs[:1]
        self.hub.switch_on()
        if self.gateway is not None:
            self.gateway.calm()
        for box in self.boxes:
            box.disk.calm()
            box.line.down_until_ms = box.line.one_way_until_ms = 0
            box.clock.offset_ms, box.clock.interrupt = 0, None
            box.switch_on()

    def _interrupt(self, box: Box, step: Step) -> None:
        """At one of the next readings of its clock, another thread of the box does the same thing, from begin to end."""
        if self._busy or step.act not in _AT_ONCE:
            return
        skip, self.echo = self.draw(5), ""
        echo = "b" if self.draw(2) else ""

        def happen() -> bool:
            nonlocal skip
            node = box.node
            if node is None or node.scribe._pen.locked() or skip > 0:
                skip -= 1
                return False
            self.fired["interrupted"] += 1
            self._busy, self.echo = True, echo
            try:
                outcome = ACTS[step.act](self, box, random.Random(step.salt))
            finally:
                self._busy, self.echo = False, ""
            self.trace.say(box.name, f"at the same moment {step.act}: {outcome}", box.clock.offset_ms)
            if box.node is None:
                raise Crash
            return True

        box.clock.interrupt = happen

    def _bring_late(self) -> None:
        due = [happen for at_ms, happen in self._late if at_ms <= self.time.now_ms]
        self._late = [one for one in self._late if one[0] > self.time.now_ms]
        for happen in due:
            happen()


def _at_once(_seconds: float) -> None:
    """Nobody waits by the machine's clock here."""
