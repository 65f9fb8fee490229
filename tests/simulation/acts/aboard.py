"""On the way: the vehicle leaves its stops, passengers are absent or get off early, and somebody gets on without a ticket."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from edge.bootstrap import Node
from edge.domains.boarding.manifest.service import Line
from edge.domains.ticketing.office.aboard import WalkUp
from sync.domains.boarding.rules import ABOARD
from tests.simulation.acts.counter import CLERK_NO, UNSURE, on_duty

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

Where = tuple[int, int]
HOUR_MS: Final = 3_600_000


def leave(world: World, box: Box, rng: random.Random) -> str:
    """The vehicle leaves its next stop, now and then said too early."""
    where = _trip(world, box, rng)
    if where is None:
        return "no trip"
    left = box.ask(lambda node: node.manifest.left(*where))
    if left.code:
        return left.code
    answer = box.ask(lambda node: node.manifest.leave(*where, left.value + 1))
    return answer.code or f"left stop {left.value + 1} of trip {where}"


def absent(world: World, box: Box, rng: random.Random) -> str:
    """Somebody did not come."""
    return _mark(world, box, rng, "absent", lambda node, where, line: node.manifest.no_show(*where, line, CLERK_NO))


def alight(world: World, box: Box, rng: random.Random) -> str:
    """Somebody gets off early."""
    return _mark(world, box, rng, "off", lambda node, where, line: node.manifest.alight(*where, line, CLERK_NO))


def undo(world: World, box: Box, rng: random.Random) -> str:
    """That was a mistake."""
    return _mark(world, box, rng, "undone", lambda node, where, line: node.manifest.undo(*where, line, CLERK_NO))


def walk_up(world: World, box: Box, rng: random.Random) -> str:
    """Somebody gets on at a stop and buys a ticket on board."""
    where = _trip(world, box, rng)
    if where is None:
        return "no trip"
    first = box.ask(lambda node: (node.walk_ups.stops_behind(*where), len(node.timetable.trip(*where).calls) - 1))
    if first.code or first.value[0] >= first.value[1]:
        return first.code or "at its last stop"
    from_idx = rng.randint(first.value[0], first.value[1] - 1)
    wish = WalkUp(*where, from_idx, rng.randint(from_idx + 1, first.value[1]))
    return _sell(wish, f"{box.name}-aboard-{rng.getrandbits(40):010x}{world.echo}", world, box)


def _sell(wish: WalkUp, key: str, world: World, box: Box) -> str:
    def sell(node: Node) -> tuple[bytes, object, int]:
        return (
            node.signer.kid,
            node.walk_ups.sell(wish, CLERK_NO, key),
            node.timetable.seat_plan(wish.trip_no, wish.day).capacity,
        )

    answer = box.ask(sell)
    if answer.code in UNSURE:
        box.unfinished.append(partial(_sell, wish, key))
    if answer.code:
        return on_duty(box, answer)
    kid, sold, capacity = answer.value
    paper = world.told.sold(box, kid, sold, capacity)
    box.say(f"sold {paper.text} on board for {paper.price_minor} {paper.currency}")
    return "sold"


def _mark(world: World, box: Box, rng: random.Random, name: str, act: Callable[[Node, Where, bytes], object]) -> str:
    where = _trip(world, box, rng)
    if where is None:
        return "no trip"
    view = box.ask(lambda node: node.manifest.view(*where))
    if view.code:
        return view.code
    wanted = ("missing",) if name == "absent" else ("aboard",) if name == "off" else None
    lines: list[Line] = [one for one in view.value.lines if wanted is None or one.state in wanted] or list(
        view.value.lines
    )
    if not lines:
        return "nobody"
    line = lines[rng.randrange(len(lines))]
    answer = box.ask(lambda node: act(node, where, line.ticket_id))
    if name == "undone" and (answer.code in UNSURE or answer.value == ABOARD):
        for told in (world.told.boarded, world.codes.aboard):
            told.get((box.name, box.renewals), set()).discard(line.ticket_id)
    if answer.code in UNSURE:
        world.told.perhaps_left(line.ticket_id)
    if answer.code:
        return answer.code
    world.told.left(box, line.ticket_id, None if name == "undone" else _at(box, line))
    box.say(f"{line.number} is {name} on trip {where}")
    return name


def _at(box: Box, line: Line) -> tuple[int, int] | None:
    """From which stop on the seat is empty, and whose it is: (at_idx, KEEPS, OWN or TAKEN_OVER) as the box wrote it."""
    if box.node is None:
        return None
    row = (
        box.node.database.read()
        .execute("SELECT at_idx, frees FROM freed_cell WHERE ticket_id = ?", (line.ticket_id,))
        .fetchone()
    )
    return (row[0], row[1]) if row else None


def _trip(world: World, box: Box, rng: random.Random) -> Where | None:
    """A trip that this box runs and that is on its way, or about to be; elsewhere one that leaves about now."""
    if box.node is None:
        return None
    if box.kind == "vehicle":
        answer = box.ask(lambda node: node.boarding.duties())
        trips = [
            (trip.trip_no, trip.day)
            for trip in answer.value or ()
            if trip.calls[0].departs_ms - HOUR_MS < world.time.now_ms < trip.calls[-1].arrives_ms + HOUR_MS
        ]
    else:
        near = [paper for paper in world.told.papers[-100:] if abs(paper.departs_ms - world.time.now_ms) < HOUR_MS]
        trips = sorted({paper.where for paper in near})
    return rng.choice(trips) if trips else None


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "leave": leave,
    "absent": absent,
    "alight": alight,
    "undo": undo,
    "walk_up": walk_up,
}
