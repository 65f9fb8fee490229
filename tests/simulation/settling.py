"""After the faults: the production protocol alone must bring everybody together again, within so many visits.

What people do besides is what the handbook would tell them: a box that the hub barred is enrolled anew, a copy is
switched off, an old disk is put into a spare box once more so that it can hand in what it still holds.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from edge.kernel.repair import CHECK_EVERY_MS
from tests.simulation.acts import recovering
from tests.simulation.acts.admin import BARRED, enrol, visit
from tests.simulation.acts.disks import begin_anew
from tests.simulation.acts.drawers import close_all
from tests.simulation.acts.gates import tell
from tests.simulation.acts.phones import look_round
from tests.simulation.acts.requests import decide, pay_out
from tests.simulation.acts.sellers import lapse
from tests.simulation.boxes import Box, OldDisk
from tests.simulation.times import MINUTE_MS
from tests.simulation.trace import Violation
from tests.simulation.versions import SAME

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_ROUNDS: Final = 8
MOST_TRIES: Final = 4
HELD_MS: Final = 20 * MINUTE_MS  # longer than a seller may hold what nobody paid
QUIET: Final = "0 up, 0 down"
_NO_DICE: Final = random.Random(0)


def settle(world: World) -> None:
    """Everything is in order again, and stays so until nobody has anything to say."""
    world.calm()
    world.trace.say("world", "the faults are over")
    handed_in = 0
    for _ in range(MOST_TRIES):
        for box in list(world.boxes):
            _look_after(world, box)
        waiting = world.drawer[handed_in:]
        handed_in = len(world.drawer)
        for old in waiting:
            if old.hand_in:
                _hand_in(world, old)
        if not recovering.decide_held(world) and not waiting:
            break
    _settle_payments(world)
    _bring_gates_together(world)
    recovering.look(world)
    if recovering.recovering(world):
        raise Violation("not_recovered", f"the hub still waits for {recovering.missing(world)}")
    world.time.move_to(world.time.now_ms + HELD_MS)
    _close_office(world)
    until_quiet(world)
    if world.fired["rotten_row"]:
        # A box looks at its own disk every few hours; one of an older version never does, and gets the present one.
        for box in world.boxes:
            box.version = SAME
        until_quiet(world)
        world.time.move_to(world.time.now_ms + CHECK_EVERY_MS)
        until_quiet(world)


def _settle_payments(world: World) -> None:
    """Everything that is open at the gateway is given the time that it takes: questions every minute, and one more about
    what was closed."""
    if world.gateway is None:
        return
    for wait_ms, times in ((61_000, 6), (11 * MINUTE_MS, 2), (370 * MINUTE_MS, 1), (61_000, 4)):
        for _ in range(times):
            world.time.move_to(world.time.now_ms + wait_ms)
            for box in world.boxes:
                look_round(world, box)


def _bring_gates_together(world: World) -> None:
    """Each reaches its node again; the gates of a box that is no more have nobody to tell."""
    boxes = {box.name: box for box in world.boxes}
    for name, gate in world.gates.all():
        if name in boxes:
            outcome = tell(world, boxes[name], gate)
            if gate.waiting:
                raise Violation("apart_untold", f"{gate.name} can't tell its node what it did: {outcome}")


def _close_office(world: World) -> None:
    """Sellers' time is over; what passengers asked for is decided, told and paid; clerks count their drawers."""
    lapse(world, world.boxes[0], _NO_DICE)
    dice = random.Random(f"{world.seed} evening")
    if "requests" in world.mix.families:
        decide(world, world.boxes[0], dice)
        for box in world.boxes:
            _visit(world, box)
        for box in world.boxes:
            pay_out(world, box, dice)
    if not world.mix.families.isdisjoint(("shifts", "shifts_required")):
        for box in world.boxes:
            close_all(world, box, dice)


def end_of_days(world: World) -> None:
    """All that was for sale has left; every box visits once more."""
    last = world.hub.rows("SELECT max(sell_until_ms) FROM seat_grant")[0][0] or 0
    late = world.hub.rows("SELECT max(minutes) FROM disruption")[0][0] or 0  # a delayed trip is sold so much longer
    world.time.move_to(max(last + late * MINUTE_MS, world.time.now_ms) + MINUTE_MS)
    world.trace.say("world", "everything has left")
    lapse(world, world.boxes[0], _NO_DICE)
    until_quiet(world)


def until_quiet(world: World) -> None:
    """Visits in turn until two whole rounds have nothing to say; a violation when that takes too long.

    Two, because a busy hub puts off who only wants to fetch something: that looks quiet once, and not again.

    A round takes a minute, so the clock itself may bring a word in any of them: seats for trips that came within reach, and
    half an hour before a trip leaves its last ones, with the word to everybody who the sole seller is. Rounds are counted
    from such a word on, once for each node: who goes back and forth for ever is still found.
    """
    begun_ms = world.hub.clock.wall_ms()
    counted: set[int] = set()
    outcomes: dict[str, str] = {}
    rounds = quiet = 0
    while rounds < MOST_ROUNDS:
        due_ms = _due_ms(world)
        for box in world.boxes:
            world.time.move_to(world.time.now_ms + MINUTE_MS // 6)
            outcomes[box.name] = _visit(world, box)
        rounds += 1
        quiet = quiet + 1 if set(outcomes.values()) <= {QUIET} else 0
        if quiet == 2:
            return
        seen = {node_no for node_no, at_ms in _due_ms(world).items() if begun_ms < due_ms.get(node_no, 0) != at_ms}
        if not quiet and seen - counted:
            counted |= seen
            rounds = 1
    raise Violation("not_converged", f"after {MOST_ROUNDS} rounds without faults: {outcomes}")


def _due_ms(world: World) -> dict[int, int]:
    """Node → when the hub looks again what time brings it."""
    return dict(world.hub.rows("SELECT node_no, provision_due_ms FROM node"))


def _visit(world: World, box: Box) -> str:
    outcome = visit(world, box, _NO_DICE)
    world.trace.say(box.name, f"visit: {outcome}", box.clock.offset_ms)
    return outcome


def _look_after(world: World, box: Box) -> None:
    """Find out how a box stands with the hub, and take it out of a state with a name by what people can do."""
    outcome = _visit(world, box)
    if box.copy_of is not None:
        box.off("is a copy and goes to the workshop")
        world.boxes.remove(box)
        world.drawer.append(OldDisk(box, box.disk.folder.name, box.renewals, box.tainted, hand_in=True))
    elif outcome in BARRED or outcome == "not_enrolled":
        _new_log(world, box)
    elif outcome.startswith(("cose_", "exchange_", "cbor_", "wire_")):
        raise Violation("shut_out", f"{box.name} without any fault: {outcome}")


def _new_log(world: World, box: Box) -> None:
    """A new key and a new log in the same folder. What a thief has is gone: there a new disk comes into the box."""
    if box.identity() is None:
        outcome = enrol(world, box, _NO_DICE) if box.switch_on() else "does not start"
        if outcome == "enrol_key_barred":
            # Its key was known and revoked although the box never heard that it had been enrolled: another key.
            box.renew(hand_in=False)
            outcome = enrol(world, box, _NO_DICE) if box.switch_on() else "does not start"
    elif box.stolen and world.seed % 2:
        box.renew(hand_in=False)
        outcome = enrol(world, box, _NO_DICE) if box.switch_on() else "does not start"
    else:
        outcome = _re_enrol(world, box)
    if outcome not in ("enrolled", "re_enrolled"):
        raise Violation("no_way_out", f"{box.name} could not be enrolled again: {outcome}")


def _re_enrol(world: World, box: Box) -> str:
    """With another code where a restored hub offers a log that the box has written already."""
    outcome = ""
    for _ in range(MOST_TRIES):
        outcome = begin_anew(world, box)
        if outcome != "enrol_epoch_old":
            break
    return outcome


def _hand_in(world: World, old: OldDisk) -> None:
    """An old disk runs once more, to hand in what the hub does not have yet."""
    spare = Box(world, f"old disk {old.folder}", old.owner.kind, old.folder)
    if not spare.switch_on():
        raise Violation("no_way_out", f"the old disk {old.folder} does not start")
    outcome = ""
    for _ in range(MOST_TRIES):
        world.time.move_to(world.time.now_ms + MINUTE_MS // 6)
        outcome = _visit(world, spare)
        if outcome == QUIET or outcome in BARRED:
            break
    spare.off(f"handed in: {outcome}")
