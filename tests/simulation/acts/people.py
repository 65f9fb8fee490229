"""Passengers, clerks and gates at one box."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from edge.bootstrap import Node
from edge.domains.boarding.service import Verdict
from edge.domains.ticketing.office.travellers import ShownDocument
from edge.domains.ticketing.service import Ticket
from sync.domains.boarding import rules
from sync.domains.ratings.rules import TAGS
from sync.kernel import cbor, ticket
from sync.kernel.days import DAY_MS
from sync.kernel.operations import trip_stream
from tests.simulation.acts.counter import CLERK_NO, PEOPLE, UNSURE, document, on_duty, pay, ride_of
from tests.simulation.boxes import Answer, Order
from tests.simulation.told import Paper, serial_of
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

# Trip, day, from, to, seat or None, clerk, key.
Wanted = tuple[int, int, int, int, int | None, int, str]
TAMPERED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def sell(world: World, box: Box, rng: random.Random) -> str:
    """Across the counter, the seat chosen or left to the box."""
    ride = ride_of(world, box, rng)
    if ride is None:
        return "no ride"
    to_idx = rng.randint(ride.from_idx + 1, ride.last_idx)
    seat = rng.randint(1, 8) if rng.random() < 0.35 else None
    key = f"{box.name}-{rng.getrandbits(40):010x}{world.echo}"
    wanted = (ride.trip_no, ride.day, ride.from_idx, to_idx, seat, CLERK_NO, key)
    outcome = sell_one(wanted, None, world, box)
    return outcome if outcome != "document_missing" else sell_one(wanted, document(rng.randrange(PEOPLE)), world, box)


def sell_again(world: World, box: Box, rng: random.Random) -> str:
    """A clerk who got no answer asks with the same key."""
    if not box.unfinished:
        return "nothing unfinished"
    return box.unfinished.pop(rng.randrange(len(box.unfinished)))(world, box)


def sell_one(wanted: Wanted, document: ShownDocument | None, world: World, box: Box) -> str:
    """One ticket, as :meth:`Ticketing.sell` wants it, to whoever shows ``document``."""
    answer = box.ask(lambda node: _with_capacity(node, node.ticketing.sell(*wanted, None, "adult", "", document)))
    if answer.code in UNSURE:
        box.unfinished.append(partial(sell_one, wanted, document))
    return _sold(world, box, answer, document)


def _with_capacity(node: Node, sold: Ticket) -> tuple[bytes, Ticket, int]:
    return node.signer.kid, sold, node.timetable.seat_plan(sold.ride.trip_no).capacity


def _sold(world: World, box: Box, answer: Answer, document: ShownDocument | None = None) -> str:
    if answer.code:
        return on_duty(box, answer)
    kid, ticket_sold, capacity = answer.value
    paper = world.told.sold(box, kid, ticket_sold, capacity, document)
    box.say(f"sold {paper.text} for {paper.price_minor} {paper.currency}")
    return "sold"


def order(world: World, box: Box, rng: random.Random) -> str:
    """A passenger at the kiosk chooses a seat and looks for coins."""
    ride = ride_of(world, box, rng)
    if ride is None:
        return "no ride"
    to_idx, seat = rng.randint(ride.from_idx + 1, ride.last_idx), rng.randint(1, 8) if rng.random() < 0.5 else None
    answer = box.ask(lambda node: node.ticketing.order(ride.trip_no, ride.day, ride.from_idx, to_idx, seat))
    if not answer.code:
        box.orders.append(Order(answer.value.order_no, answer.value.price_minor, answer.value.currency, ()))
    return answer.code or "ordered"


def confirm(world: World, box: Box, rng: random.Random) -> str:
    """The agent has the cash."""
    if not box.orders:
        return "no order"
    order = rng.choice(box.orders if rng.random() < 0.3 else box.orders[-4:])
    if order.proofs:
        return pay(world, box, order)
    number, price_minor, currency, _ = order
    answer = box.ask(lambda node: _with_capacity(node, node.ticketing.confirm(number, CLERK_NO)))
    if not answer.code and (answer.value[1].price_minor, answer.value[1].currency) != (price_minor, currency):
        raise Violation("price_changed", f"order {number} at {box.name} was shown for {price_minor} {currency}")
    return _sold(world, box, answer)


def cancel(_world: World, box: Box, rng: random.Random) -> str:
    """The passenger went away."""
    if not box.orders:
        return "no order"
    number = box.orders[rng.randrange(len(box.orders))].number
    return box.ask(lambda node: node.ticketing.cancel(number)).code or "cancelled"


def ask(world: World, box: Box, rng: random.Random) -> str:
    """Somebody wants a ride for which this box holds nothing."""
    ride = ride_of(world, box, rng)
    if ride is None:
        return "no ride"
    to_idx, count = rng.randint(ride.from_idx + 1, ride.last_idx), rng.randint(1, 3)
    answer = box.ask(lambda node: node.inventory.ask(ride.trip_no, ride.day, ride.from_idx, to_idx, count))
    return answer.code or "asked"


def board(world: World, box: Box, rng: random.Random) -> str:
    """A ticket is shown at a gate, mostly at the right one; now and then it was bent on the way."""
    paper = _paper(world, rng)
    if paper is None:
        return "no ticket"
    code, trip_no, day, bent = paper.code, paper.trip_no, paper.day, rng.random() < 0.03
    if bent:
        at = rng.randrange(3, len(code))
        code = code[:at] + rng.choice(TAMPERED.replace(code[at], "")) + code[at + 1 :]
    elif rng.random() < 0.08:
        trip_no, day = (trip_no + 1, day) if rng.random() < 0.5 else (trip_no, day + 1)
    return show(world, box, paper, code, (trip_no, day))


def show(world: World, box: Box, paper: Paper, code: str, where: tuple[int, int]) -> str:
    """A ticket, or a bent copy of it, is shown at a gate that boards ``where``."""
    void = _knows_void(world, box, paper)
    answer = box.ask(lambda node: node.boarding.check(code, *where, "gate", CLERK_NO))
    if void and not answer.code and answer.value.colour != rules.RED:
        raise Violation("void_boarded", f"{box.name} let {paper.text} in, which it knew to be given back")
    return answer.code or _checked(world, box, paper, answer.value, code if code != paper.code else "")


def _knows_void(world: World, box: Box, paper: Paper) -> bool:
    """Whether a box was told that a ticket is void: by itself, by a newer ticket, or by the hub."""
    if box.node is None or box.tainted:
        return False
    heard = box.heard(trip_stream(*paper.where), f"void/{paper.ticket_id.hex()}")
    return world.told.is_void(box, paper.ticket_id) or heard is not None


def _checked(world: World, box: Box, paper: Paper, verdict: Verdict, bent: str) -> str:
    if not bent and verdict.ticket_id and verdict.reason != rules.REVOKED:
        world.told.read(box, (one.to_bytes() for one in ticket.parse(paper.code).claims.superseded))
    if verdict.colour != rules.RED:
        # A certificate that travels with a ticket stands outside its signature and may be damaged; what it says may not.
        if bent and ticket.parse(bent).claims != ticket.parse(paper.code).claims:
            raise Violation("forged_boarded", f"{box.name} let a bent copy of {paper.text} in")
        _may_board(box, paper)
        world.board(box, paper.ticket_id)
        box.say(f"boarded {paper.text}")
        return "boarded"
    if not bent and verdict.reason in (rules.FORGED, rules.DAMAGED):
        raise Violation("good_ticket_refused", f"{box.name} calls {paper.text} {verdict.reason}")
    return verdict.reason or "refused"


def _may_board(box: Box, paper: Paper) -> None:
    """A gate that was told of a revocation lets nobody in whose ticket was sold behind it."""
    told = box.heard("net", f"revoked/{paper.kid.hex()}")
    last = cbor.decode(told)[1] if told else None
    if last is not None and serial_of(paper.ticket_id) > last:
        raise Violation("revoked_boarded", f"{box.name} let {paper.text} in, revoked after serial {last}")


def scan(world: World, box: Box, rng: random.Random) -> str:
    """A scanner of the device bus; the same scan may come twice, and the gate says that it opened."""
    paper = _paper(world, rng)
    if paper is None:
        return "no ticket"
    box.scans += 1
    number = box.scans
    answer = box.ask(lambda node: node.scanning.on_scan("scanner-1", 1, number, paper.code, "trace", False))
    if answer.code:
        return answer.code
    if answer.value.verdict in ("VALID", "WARNING"):
        world.board(box, paper.ticket_id)
        box.say(f"boarded {paper.text} by scanner")
    again = box.ask(lambda node: node.scanning.on_scan("scanner-1", 1, number, paper.code, "trace", False))
    if not again.code and again.value != answer.value:
        raise Violation("scan_changed", f"{box.name} answered one scan of {paper.text} in two ways")
    if box.node is not None:
        for command in box.node.scanning.pending():
            opened = command.cmd_id, command.body["verdict_id"]
            box.ask(lambda node, opened=opened: node.scanning.on_opened("gate-1", 1, number, *opened, "trace"))  # type: ignore[misc]
    return str(answer.value.verdict)


def rate(world: World, box: Box, rng: random.Random) -> str:
    """A passenger says a word, by code or by number and short code."""
    seen = world.told.boarded.get((box.name, box.renewals))
    papers = [paper for paper in world.told.papers[-150:] if seen and paper.ticket_id in seen]
    if not papers:
        return "nobody on board"
    paper, level = papers[rng.randrange(len(papers))], rng.randint(1, 5)
    text, short = (paper.code, "") if rng.random() < 0.5 else (paper.number, paper.short_code)
    answer = box.ask(lambda node: node.ratings.rate(text, short, level, [rng.choice(TAGS)], "好 good", "en"))
    if not answer.code:
        world.told.rate(box, paper.ticket_id)
    return answer.code or "rated"


def look(_world: World, box: Box, _rng: random.Random) -> str:
    """Somebody looks at the status page and at today's takings."""
    first = box.ask(lambda node: node.fleet.status())
    second = box.ask(lambda node: node.ticketing.takings(None, node.timetable.today()))
    return first.code or second.code or "seen"


def _paper(world: World, rng: random.Random) -> Paper | None:
    """A ticket for a trip that leaves about now."""
    recent = world.told.papers[-200:]
    near = [paper for paper in recent if abs(paper.departs_ms - world.time.now_ms) < DAY_MS // 4] or recent[-30:]
    return near[rng.randrange(len(near))] if near else None


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "sell": sell,
    "sell_again": sell_again,
    "order": order,
    "confirm": confirm,
    "cancel": cancel,
    "ask": ask,
    "board": board,
    "scan": scan,
    "rate": rate,
    "look": look,
}
