"""Another ride in the place of a ticket, or another paper for the same ride, at the box that sold it."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from edge.bootstrap import Node
from sync.domains.ticketing.events import REASONS
from sync.domains.ticketing.office.reissue import CAUSES
from tests.simulation.acts.counter import CLERK_NO, UNSURE, on_duty, ride_of
from tests.simulation.boxes import Answer
from tests.simulation.told import Paper
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

HOUR_MS: Final = 3_600_000


def rebook(world: World, box: Box, rng: random.Random) -> str:
    """A passenger would rather take another coach: the clerk shows what it costs, and then takes that offer."""
    paper = _own(world, box, rng)
    if paper is None:
        return "no ticket"
    ride = ride_of(world, box, rng) if rng.random() < 0.2 else None
    answer = box.ask(lambda node: _others(node, paper, world.time.now_ms))
    if answer.code:
        return answer.code
    rides = [(ride.trip_no, ride.day, ride.from_idx, ride.last_idx)] if ride is not None else answer.value
    if not rides:
        return "no other ride"
    where, reason = rides[rng.randrange(len(rides))], REASONS[0 if rng.random() < 0.7 else rng.randrange(len(REASONS))]
    offer = box.ask(lambda node: node.rebooking.offer(paper.number, where, reason))
    if offer.code:
        return offer.code
    due = offer.value.due_minor + (1 if rng.random() < 0.03 else 0)
    key = f"{box.name}-other-{rng.getrandbits(40):010x}{world.echo}"
    return _rebook((paper, where, reason, due, key), world, box)


def _rebook(wanted: tuple[Any, ...], world: World, box: Box) -> str:
    paper, where, reason, due, key = wanted

    def exchange(node: Node) -> Any:
        made = node.rebooking.rebook(paper.number, where, None, reason, due, CLERK_NO, key, paper.document)
        return (*_after(node, paper, made), node.rebooking.outcome(paper.number).due_minor)

    return _exchange(world, box, paper, exchange, (partial(_rebook, wanted), key, due))


def reissue(world: World, box: Box, rng: random.Random) -> str:
    """A paper was torn, or its named traveller lost it."""
    paper = _own(world, box, rng)
    if paper is None:
        return "no ticket"
    cause = CAUSES[1 if paper.document is not None and rng.random() < 0.6 else 0]
    return _reissue((paper, cause, f"{box.name}-again-{rng.getrandbits(40):010x}{world.echo}"), world, box)


def _reissue(wanted: tuple[Any, ...], world: World, box: Box) -> str:
    paper, cause, key = wanted

    def exchange(node: Node) -> Any:
        made = node.reissuing.reissue(paper.number, cause, CLERK_NO, key, paper.document)
        return (*_after(node, paper, made), 0)

    return _exchange(world, box, paper, exchange, (partial(_reissue, wanted), key, 0))


def _exchange(
    world: World, box: Box, paper: Paper, exchange: Callable[[Node], Any], again: tuple[Any, str, int]
) -> str:
    before, paper.asked = paper.asked, True
    answer = box.ask(exchange)
    if answer.code in UNSURE:
        box.unfinished.append(again[0])
        return answer.code
    if answer.code:
        # What was asked before and not answered may have been done.
        paper.asked = before or world.told.took_back(paper)
        return on_duty(box, answer)
    return _exchanged(world, box, paper, answer, again[1:])


def _exchanged(world: World, box: Box, paper: Paper, answer: Answer, asked: tuple[str, int]) -> str:
    kid, made, capacity, back, due = answer.value
    key, shown_due = asked
    if back is None:
        raise Violation("exchange_half", f"{box.name} gave {made.number} for {paper.text}, which is good still")
    if due != shown_due:
        raise Violation(
            "due_changed", f"{box.name} showed {shown_due} for another ticket for {paper.text}, and took {due}"
        )
    world.told.refund(box, paper, back.fee_minor, back.refunded_minor, key)
    new = world.told.sold(box, kid, made, capacity, paper.document)
    if new.ticket_id == paper.ticket_id:
        raise Violation("serial_twice", f"{box.name} gave {paper.text} for itself")
    if paper.payment == "cash" and due != new.price_minor - back.refunded_minor:
        raise Violation(
            "exchange_sum", f"{new.text} costs {new.price_minor}, {back.refunded_minor} went back, {due} paid"
        )
    box.say(f"gave {new.text} for {paper.number}, due {due} {new.currency}")
    return "exchanged"


def _after(node: Node, paper: Paper, made: Any) -> tuple[Any, ...]:
    plan = node.timetable.seat_plan(made.ride.trip_no)
    return node.signer.kid, made, plan.capacity, node.ticketing.find(paper.number).refunded


def _others(node: Node, paper: Paper, now_ms: int) -> list[tuple[int, int, int, int]]:
    """Other rides of that day and the next between the same two stops, as the node offers them; with places, if any has."""
    found = [ride for day in (paper.day, paper.day + 1) for ride in node.rebooking.rides(paper.number, day)]
    rides = [(ride.trip_no, ride.day, ride.from_idx, ride.to_idx) for ride in found if ride.departs_ms > now_ms]
    return [ride for ride in rides if node.inventory.availability(*ride).places] or rides


def _own(world: World, box: Box, rng: random.Random) -> Paper | None:
    papers = world.told.of.get((box.name, box.renewals), {}).values()
    mine = [paper for paper in papers if paper.departs_ms > world.time.now_ms - HOUR_MS]
    if rng.random() < 0.9:
        mine = [paper for paper in mine if not paper.asked]
    return mine[rng.randrange(len(mine))] if mine else None


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"rebook": rebook, "reissue": reissue}
