"""The ticket office: tickets given back where they were sold."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sync.domains.ticketing.events import REASONS
from tests.simulation.acts.counter import CLERK_NO, UNSURE, on_duty

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.told import Paper
    from tests.simulation.world import World

HOUR_MS = 3_600_000


def refund(world: World, box: Box, rng: random.Random) -> str:
    """A passenger brings a ticket back, mostly before departure; the clerk shows the fee, and then takes that offer."""
    papers = world.told.of.get((box.name, box.renewals), {}).values()
    mine = [paper for paper in papers if paper.departs_ms > world.time.now_ms - HOUR_MS]
    if not mine:
        return "no ticket"
    return give_back(world, box, mine[rng.randrange(len(mine))], rng)


def give_back(world: World, box: Box, paper: Paper, rng: random.Random) -> str:
    """This one."""
    reason = REASONS[rng.randrange(len(REASONS))]
    offer = box.ask(lambda node: node.refunds.offer(paper.number, reason))
    if offer.code:
        return offer.code
    fee = offer.value.fee_minor + (1 if rng.random() < 0.03 else 0)
    return take_back(world, box, paper, reason, fee, rng)


def take_back(world: World, box: Box, paper: Paper, reason: str, fee_minor: int, rng: random.Random) -> str:
    """Take the offer that was shown."""
    return _refund(world, box, (paper, reason, fee_minor, f"{box.name}-back-{rng.getrandbits(40):010x}{world.echo}"))


def refund_again(world: World, box: Box, rng: random.Random) -> str:
    """A clerk who got no answer asks with the same key."""
    if not box.unanswered:
        return "nothing unanswered"
    return _refund(world, box, box.unanswered.pop(rng.randrange(len(box.unanswered))))


def _refund(world: World, box: Box, wanted: tuple[Any, ...]) -> str:
    paper, reason, fee_minor, key = wanted
    before, paper.asked = paper.asked, True
    answer = box.ask(lambda node: node.refunds.refund(paper.number, reason, fee_minor, CLERK_NO, key))
    if answer.code in UNSURE:
        box.unanswered.append(wanted)
        return answer.code
    if answer.code:
        # What was asked before and not answered may have been done.
        paper.asked = before or world.told.took_back(paper)
        return on_duty(box, answer)
    back = answer.value.refunded
    world.told.refund(box, paper, back.fee_minor, back.refunded_minor, key)
    box.say(f"took {paper.text} back for {paper.price_minor - fee_minor} {paper.currency}")
    return "refunded"


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"refund": refund, "refund_again": refund_again}
