"""A trip that goes to another box: what the giver gave is the taker's, once, and both ends and the hub say the same of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.checks.readings import HANDED, TAKEN, Happened, Log, Readings
from tests.simulation.codes import Given, read_given
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

Where = tuple[int, int]


def judge(world: World, found: Readings) -> None:
    """Two ends of one handover carry the same bytes; each is written by whom it names, and taken once; the hub passes on what
    a giver said."""
    doubtful = found.tainted_logs() | world.tainted_logs
    said: dict[int, bytes] = {}
    ends: set[tuple[int, int]] = set()
    for event, given in handovers(found):
        if event.pos in found.quarantined or event.log in doubtful:
            continue
        if event.log != (given.giver if event.type == HANDED else given.taker):
            raise Violation(
                "handover_other", f"event {event.seq} of log {event.log} is of {given.giver} and {given.taker}"
            )
        if said.setdefault(given.number, event.body[-1]) != event.body[-1]:
            raise Violation("handover_differs", f"handover {given.number} of log {given.giver} says two things")
        if (event.type, given.number) in ends:
            raise Violation("handover_twice", f"log {event.log} wrote handover {given.number} again at {event.seq}")
        ends.add((event.type, given.number))
        if event.type == HANDED:
            _judge_passed_on(found, given, event)


def _judge_passed_on(found: Readings, given: Given, event: Happened) -> None:
    """The hub brings it to the taker, in case that nobody scans it."""
    key = f"handover/{given.number}"
    for disk in found.disks:
        there = {name for _, name in disk.operations}
        if disk.current and disk.log == given.taker and key not in there:
            raise Violation(
                "handover_kept", f"{disk.name} was never told of {key}, event {event.seq} of log {event.log}"
            )


def handovers(found: Readings) -> list[tuple[Happened, Given]]:
    """Every end of one that the hub holds, in order."""
    return [(event, read_given(event.body[-1])) for event in found.events if event.type in (HANDED, TAKEN)]


def in_doubt(found: Readings, doubtful: set[Log]) -> set[Log]:
    """Logs that took a trip from a box of which there were several: what that gave away, its double may have sold."""
    reached = set(doubtful)
    for event, given in handovers(found):
        if event.type == TAKEN and given.giver in reached:
            reached.add(event.log)
    return reached - doubtful
