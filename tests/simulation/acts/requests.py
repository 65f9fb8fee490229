"""Refunds that a box may not make by itself: asked for at one box, decided by the hub, paid where they were asked for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from cloud.bootstrap import Hub
from sync.domains.ticketing.events import REASONS
from tests.simulation.acts.counter import CLERK_NO, on_duty

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

MOST_AT_ONCE: Final = 5


def ask_back(world: World, box: Box, rng: random.Random) -> str:
    """A passenger wants money back for a ticket of some other box, or for one that has left."""
    papers = world.told.papers[-250:]
    if not papers:
        return "no ticket"
    own = world.told.of.get((box.name, box.renewals), {}).values()
    late = [one for one in own if one.payment == "mobile" and one.departs_ms < world.time.now_ms and not one.asked]
    if late and rng.random() < 0.5:  # paid by phone, and too late for this box
        papers = late
    paper, reason = papers[rng.randrange(len(papers))], REASONS[rng.randrange(len(REASONS))]
    key = f"{box.name}-asks-{rng.getrandbits(40):010x}"
    answer = box.ask(lambda node: node.requests.ask(paper.number, reason, CLERK_NO, key))
    if answer.code:
        return answer.code
    box.requests.append((answer.value.number, paper))
    box.say(f"took {answer.value.number} down for {paper.text}: {answer.value.kind}")
    return "taken down"


def decide(world: World, _box: Box, rng: random.Random) -> str:
    """Somebody at the hub goes through what waits."""
    yes, share, most = rng.random() < 0.85, rng.choice((0, 0, 5, 10)), rng.randint(1, MOST_AT_ONCE)

    def say(hub: Hub, tx: sa.Connection) -> str:
        told = []
        for line in hub.deciding.waiting(tx, most):
            good = yes and not line.problem
            fee_minor = (line.price_minor or 0) * share // 100 if good else 0
            hub.deciding.decide(tx, line.pos, good, fee_minor, "looked at", "admin")
            told.append(f"{'yes' if good else 'no'} to {line.number} for {line.ticket_number} {line.problem}".strip())
        return ", ".join(told) or "nothing waits"

    found, code = world.hub.admin("requests", say)
    return code or str(found)


def pay_out(world: World, box: Box, rng: random.Random) -> str:
    """Passengers come back with the papers of their requests."""
    outcome = "no request"
    for number, paper in rng.sample(box.requests, min(len(box.requests), MOST_AT_ONCE)):
        answer = box.ask(lambda node, number=number: node.requests.pay(number, CLERK_NO))  # type: ignore[misc]
        if answer.code:
            outcome = on_duty(box, answer)
            continue
        paid = answer.value
        cash_minor = paid.paid_minor if paid.payment == "cash" else 0
        world.told.pay_out(box, paper.ticket_id, number, cash_minor, paid.currency)
        box.say(f"paid {paid.paid_minor} {paid.currency} for {number}, ticket {paper.number}")
        return "paid"
    return outcome


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "ask_back": ask_back,
    "decide": decide,
    "pay_out": pay_out,
}
