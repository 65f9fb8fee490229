"""What goes wrong for a while: machines, full disks, clocks, lines. Whole disks: see :mod:`.disks`."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.simulation.acts.admin import visit
from tests.simulation.boxes import Box
from tests.simulation.disks import FULL, IO_ERROR
from tests.simulation.times import HOUR_MS, MINUTE_MS
from tests.simulation.versions import NEWER, SAME, VERSIONS

if TYPE_CHECKING:
    from tests.simulation.world import World

OUTAGE_MS = 5 * HOUR_MS


def kill(world: World, box: Box, rng: random.Random) -> str:
    """Somebody pulls the plug, and puts it back after a while."""
    if box.node is None:
        return "off"
    world.fired["kill_box"] += 1
    box.disk.pull_plug()
    box.off("killed")
    box.up_at_ms = world.time.now_ms + rng.randint(1, 240) * MINUTE_MS
    return "killed"


def crash_box(_world: World, box: Box, rng: random.Random) -> str:
    """The box dies before or after one of its next commits, or at one of its next writes."""
    return box.disk.arm_crash(rng, 6)


def io_error_box(_world: World, box: Box, rng: random.Random) -> str:
    """One of the next commits can't be written."""
    return box.disk.arm_io_error(rng, 5)


def full_box(_world: World, box: Box, rng: random.Random) -> str:
    """The disk is full until somebody makes room."""
    box.disk.fill(True, rng.choice((FULL, IO_ERROR)))
    box.say("its disk is full")
    return "full"


def room_box(_world: World, box: Box, _rng: random.Random) -> str:
    """Somebody made room."""
    box.disk.fill(False)
    return "room"


def skew(world: World, box: Box, rng: random.Random) -> str:
    """Somebody sets the clock, hours off."""
    world.fired["clock_skew"] += 1
    box.clock.offset_ms = rng.randint(-9 * 60, 9 * 60) * MINUTE_MS
    box.say("its clock was set")
    return "set"


def back(world: World, box: Box, rng: random.Random) -> str:
    """The clock jumps back."""
    world.fired["clock_back"] += 1
    box.clock.offset_ms -= rng.randint(1, 72) * HOUR_MS
    box.say("its clock jumped back")
    return "jumped"


def boot_1970(world: World, box: Box, _rng: random.Random) -> str:
    """A power cut, and no battery for the clock."""
    world.fired["boot_1970"] += 1
    if box.node is not None:
        box.disk.pull_plug()
        box.off("killed")
    box.switch_on(in_1970=True)
    return "booted"


def kill_hub(world: World, _box: Box, rng: random.Random) -> str:
    """The hub's machine loses power for a while."""
    world.fired["kill_hub"] += 1
    world.hub.disk.pull_plug()
    world.hub.all_off("killed")
    world.hub.up_at_ms = world.time.now_ms + rng.randint(1, 300) * MINUTE_MS
    return "killed"


def crash_hub(world: World, _box: Box, rng: random.Random) -> str:
    """A hub process dies before or after one of the next commits, or its machine at one of the next writes."""
    return world.hub.disk.arm_crash(rng, 5)


def io_error_hub(world: World, _box: Box, rng: random.Random) -> str:
    """One of the hub's next commits can't be written."""
    return world.hub.disk.arm_io_error(rng, 5)


def full_hub(world: World, _box: Box, rng: random.Random) -> str:
    """The hub's disk is full."""
    world.hub.disk.fill(True, rng.choice((FULL, IO_ERROR)))
    world.hub.say("its disk is full")
    return "full"


def room_hub(world: World, _box: Box, _rng: random.Random) -> str:
    """Somebody made room."""
    world.hub.disk.fill(False)
    return "room"


def skew_hub(world: World, _box: Box, rng: random.Random) -> str:
    """Somebody sets the hub's clock, hours off."""
    world.fired["hub_clock_skew"] += 1
    world.hub.clock.offset_ms = rng.randint(-150, 150) * MINUTE_MS
    world.hub.say("its clock was set")
    return "set"


def outage(world: World, box: Box, rng: random.Random) -> str:
    """A region is cut off: more than half of the boxes, all until the same moment."""
    until = world.time.now_ms + OUTAGE_MS
    for one in world.boxes:
        if one is box or rng.random() < 0.6:
            one.line.down_until_ms = until
    return "cut off"


def everyone(world: World, _box: Box, rng: random.Random) -> str:
    """All boxes visit the hub in the same moment, as after an outage."""
    world.fired["everyone_at_once"] += 1
    for box in list(world.boxes):
        world.trace.say(box.name, f"visit: {visit(world, box, rng)}", box.clock.offset_ms)
    return "back"


def one_way(world: World, box: Box, rng: random.Random) -> str:
    """Requests arrive, answers do not."""
    box.line.one_way_until_ms = world.time.now_ms + rng.randint(30, 400) * MINUTE_MS
    return "one way"


def other_version(_world: World, box: Box, rng: random.Random) -> str:
    """The box gets software one version older or newer than that of the hub, or the same again."""
    box.version = rng.choice((*VERSIONS, *VERSIONS, SAME))
    box.say(f"has {box.version} software")
    return box.version


def newer_hub(world: World, _box: Box, rng: random.Random) -> str:
    """The hub gets newer software than the boxes have, or the older again."""
    world.hub.version = NEWER if rng.random() < 0.8 else SAME
    world.hub.say(f"has {world.hub.version} software")
    return world.hub.version


def away(world: World, box: Box, rng: random.Random) -> str:
    """Nobody is in touch with this box for thirty days; the plan's next steps stand behind them."""
    world.fired["away_30_days"] += 1
    box.line.down_until_ms = world.time.now_ms + (30 * 24 + rng.randint(0, 4)) * HOUR_MS
    return "away"


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    act.__name__: act
    for act in (
        kill, crash_box, io_error_box, full_box, room_box, skew, back, boot_1970, kill_hub, crash_hub, io_error_hub,
        full_hub, room_hub, skew_hub, outage, everyone, one_way, other_version, newer_hub, away,
    )
}  # fmt: skip
