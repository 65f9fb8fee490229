"""Gates of one place that are cut off from their node, decide by themselves, and are brought together later."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sync.domains.boarding import rules
from sync.kernel import ticket
from tests.simulation.acts.counter import CLERK_NO
from tests.simulation.gates import FIRST_BOOT, Gate
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.told import Paper
    from tests.simulation.world import World

HOUR_MS: Final = 3_600_000


def gate_book(world: World, box: Box, rng: random.Random) -> str:
    """The node chooses what it boards, and tells its gates what to know where they can't ask."""
    near = [one for one in world.told.papers[-200:] if abs(one.departs_ms - world.time.now_ms) < 3 * HOUR_MS]
    if near and (box.kind != "vehicle" or rng.random() < 0.3):
        where = rng.choice(near).where
        box.ask(lambda node: node.boarding.choose(*where, CLERK_NO))
    answer = box.ask(lambda node: node.scanning.book())
    if answer.code or answer.value is None:
        return answer.code or "no trip"
    for gate in world.gates.of(box):
        gate.hear(answer.value)
    return f"trip {answer.value.trip_no} day {answer.value.day}, {len(answer.value.keys)} keys"


def scan_apart(world: World, box: Box, rng: random.Random) -> str:
    """A ticket is shown where the node is not heard; sometimes the node hears all the same, and its answer is lost."""
    gate = rng.choice(world.gates.of(box))
    book = gate.book
    if book is None:
        return "never told"
    papers = [one for one in world.told.papers[-300:] if one.where == (book.trip_no, book.day)]
    if not papers or rng.random() < 0.05:
        papers = world.told.papers[-50:]
    if not papers:
        return "no ticket"
    paper = rng.choice(papers[-12:])
    if rng.random() < 0.15:
        _heard(world, box, gate, paper)
    reason = gate.decide(paper.code, book, box.clock.wall_ms())
    if reason:
        return reason
    _judge(book.trip_no, book.day, gate, paper)
    gate.let_in.add(paper.ticket_id)
    box.say(f"{gate.name}, cut off, let {paper.text} in")
    return "let in"


def rejoin(world: World, box: Box, rng: random.Random) -> str:
    """A gate reaches its node again and tells what it did, some of it twice."""
    gate = rng.choice(world.gates.of(box))
    return tell(world, box, gate, again=rng.random() < 0.3)


def tell(world: World, box: Box, gate: Gate, again: bool = False) -> str:
    """All that it decided by itself, in order; what was not acknowledged is told another time."""
    count = 0
    while gate.waiting:
        said = gate.waiting[0]
        answer = box.ask(lambda node, said=said: node.scanning.on_apart(gate.name, said))  # type: ignore[misc]
        if again and not answer.code:
            once, answer = answer, box.ask(lambda node, said=said: node.scanning.on_apart(gate.name, said))  # type: ignore[misc]
            if not answer.code and answer.value != once.value:
                raise Violation("apart_changed", f"{box.name} answered {gate.name} in two ways")
        if answer.code:
            return answer.code
        gate.waiting.pop(0)
        count += 1
        if not said.reason:
            _written(world, box, gate, ticket.parse(said.code).claims.ticket_id.to_bytes())
    return f"told {count}"


def _written(world: World, box: Box, gate: Gate, ticket_id: bytes) -> None:
    disk = (box.name, box.renewals)
    gate.told.setdefault(disk, set()).add(ticket_id)
    world.told.boarded.setdefault(disk, set()).add(ticket_id)


def _heard(world: World, box: Box, gate: Gate, paper: Paper) -> None:
    """The node heard the scan, and let in or refused; the gate never learns which."""
    answer = box.ask(
        lambda node: node.scanning.on_scan(gate.name, FIRST_BOOT, gate.next_scan, paper.code, "trace", False)
    )
    if answer.code:
        return
    if answer.value.verdict in ("VALID", "WARNING"):
        world.board(box, paper.ticket_id)
        box.say(f"boarded {paper.text} at {gate.name}, which did not hear of it")


def _judge(trip_no: int, day: int, gate: Gate, paper: Paper) -> None:
    """What a gate may not do even alone."""
    if paper.where != (trip_no, day):
        raise Violation("wrong_trip_boarded", f"{gate.name} let {paper.text} in for trip {trip_no} day {day}")
    if paper.ticket_id in gate.let_in:
        raise Violation("boarded_twice", f"{gate.name} let {paper.text} in twice ({rules.ALREADY_USED})")


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    act.__name__: act for act in (gate_book, scan_apart, rejoin)
}
