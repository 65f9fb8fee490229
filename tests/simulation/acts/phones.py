"""Orders that are paid for by phone: the QR is shown, somebody pays or does not, and the box finds out sooner or later."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from edge.bootstrap import Node
from firmware_bridges.gateway.desk import FAULTS
from tests.simulation.acts.bookings import hold
from tests.simulation.acts.counter import CLERK_NO, booked, told_of
from tests.simulation.acts.office import give_back
from tests.simulation.acts.people import order as choose
from tests.simulation.gateway import Shown
from tests.simulation.times import HOUR_MS
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

# The box looks after a payment that was closed for three days; nobody keeps a QR for so long.
PATIENCE_MS: Final = 12 * HOUR_MS
HEARD: Final = "heard"


def phone(world: World, box: Box, rng: random.Random) -> str:
    """Somebody would rather pay by phone: for what was just chosen, or for an order of somebody who waits for coins."""
    gateway, fresh = world.gateway, rng.random() < 0.75
    if fresh:
        (hold if rng.random() < 0.4 else choose)(world, box, rng)
    if gateway is None or not box.orders:
        return "no order"
    order, clerk_no = box.orders[-1 if fresh else rng.randrange(len(box.orders))], rng.choice((0, CLERK_NO))
    box.ask(lambda node: node.rounds.turn())
    answer = box.ask(lambda node: node.payments.ask(order.number, clerk_no))
    if answer.code:
        return answer.code
    made = answer.value
    if made.amount_minor != order.price_minor or made.currency != order.currency:
        raise Violation("price_changed", f"order {order.number} at {box.name}: {order.price_minor}, by phone {made}")
    gateway.show(Shown(box, (box.name, box.renewals), made.order_no, order.number, world.time.now_ms))
    box.say(f"shows the QR of {made.order_no} for order {order.number}: {made.amount_minor} {made.currency}")
    return str(made.state)


def phone_pay(world: World, _box: Box, rng: random.Random) -> str:
    """Somebody pays what a QR says, sooner or later, and maybe twice."""
    gateway = world.gateway
    if gateway is None:
        return "nothing to pay"
    numbers = [one.order_no for one in gateway.shown.values() if one.at_ms > world.time.now_ms - PATIENCE_MS]
    if not numbers:
        return "nothing to pay"
    number = numbers[int(len(numbers) * (1 - rng.random() ** 2))]
    before = gateway.armed()
    state = gateway.desk.pay(number)
    gateway.watched(before)
    world.trace.say("passenger", f"pays {number} by phone: {state}")
    if rng.random() < 0.5:  # mostly the courier is there at once
        callbacks(world, _box, rng)
    return state


def callbacks(world: World, _box: Box, _rng: random.Random) -> str:
    """The gateway's courier goes round; a box that is off, or fails, hears it later."""
    gateway = world.gateway
    if gateway is None:
        return "no gateway"
    count = 0
    for number, order_no, way in gateway.due():
        shown, data = gateway.shown[order_no], gateway.desk.callback(order_no, way)
        answer = shown.box.ask(lambda node, data=data: node.payments.heard(data))  # type: ignore[misc]
        shown.box.say(f"hears of {order_no} ({way}): {answer.code or HEARD}")
        if not answer.code or answer.code.startswith("gateway_"):
            gateway.delivered(number)
            count += 1
        collect(world, shown.box)
    return f"{count} heard"


def turn(world: World, box: Box, rng: random.Random) -> str:
    """The box asks the gateway about everything that is open; now and then somebody who paid by phone comes back."""
    outcome = look_round(world, box)
    mine = [
        paper
        for paper in world.told.of.get((box.name, box.renewals), {}).values()
        if paper.payment == "mobile" and not paper.asked
    ]
    if mine and rng.random() < 0.3:
        box.say(f"refund: {give_back(world, box, mine[-1], rng)}")
    return outcome


def look_round(world: World, box: Box) -> str:
    """Everything that is open is asked about."""
    answer = box.ask(lambda node: node.rounds.turn())
    collect(world, box)
    return answer.code or ("open" if answer.value else "nothing open")


def gateway_fault(world: World, _box: Box, rng: random.Random) -> str:
    """The gateway is going to do something wrong, a few times."""
    name, times = FAULTS[rng.randrange(len(FAULTS))], rng.randint(1, 3)
    if world.gateway is not None:
        world.gateway.misbehave(name, times)
    return f"{name} {times} times"


def collect(world: World, box: Box) -> None:
    """Who paid by phone looks at the box, and takes the tickets."""
    gateway, disk = world.gateway, (box.name, box.renewals)
    if gateway is None:
        return
    for shown in [one for one in gateway.waiting.values() if one.disk == disk]:
        answer = box.ask(lambda node, shown=shown: _tickets(node, shown))  # type: ignore[misc]
        if not answer.code and answer.value is not None:
            booked(world, box, answer)
            gateway.waiting.pop(shown.order_no, None)  # unless another thread was quicker


def _tickets(node: Node, shown: Shown) -> Any:
    """What came of a payment; None as long as there is nothing to take."""
    state = node.payments.of_sale(shown.sale_no)
    if state is None or state.order_no != shown.order_no or state.state != "taken":
        return None
    number = node.ticketing.order_view(shown.sale_no).ticket_number
    return told_of(node, node.bookings.find(number)) if number else None


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "phone": phone,
    "phone_pay": phone_pay,
    "callbacks": callbacks,
    "turn": turn,
    "gateway_fault": gateway_fault,
}
