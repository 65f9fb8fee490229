"""What clerks have in common, whatever they sell."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from edge.bootstrap import Node
from edge.domains.ticketing.office.shown import Booking
from edge.domains.ticketing.office.travellers import ShownDocument
from sync.kernel.days import day_at
from tests.simulation.boxes import Answer, Order, Ride
from tests.simulation.times import ZONE
from tests.simulation.trace import Violation
from tests.support.documents import SURNAMES, resident_id

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

CLERK_NO: Final = 1
# What somebody hears who does not know whether it was done.
UNSURE: Final = ("died", "disk_full")
FLOAT_MINOR: Final = {"CNY": 20_000}
# Travellers who show documents are few and come again, so that one document is shown twice for one trip.
PEOPLE: Final = 4
_GIVEN: Final = "龘靐齉"
# Of every number and name of theirs, and of nothing else; no mask shows them.
SECRETS: Final = ("05190001", _GIVEN)


def ride_of(world: World, box: Box, rng: random.Random) -> Ride | None:
    """A departure of today or tomorrow, the sooner the likelier."""
    today = day_at(world.time.now_ms, ZONE)
    rides = [ride for day in (today, today + 1) for ride in box.rides(day) if ride.departs_ms > world.time.now_ms]
    soon = sorted(rides, key=lambda ride: (ride.departs_ms, ride.trip_no, ride.from_idx))
    return soon[int(len(soon) * rng.random() ** 1.6)] if soon else None


def document(which: int) -> ShownDocument:
    """That of nobody."""
    return ShownDocument("resident_id", resident_id(which), SURNAMES[which % len(SURNAMES)] + _GIVEN)


def on_duty(box: Box, answer: Answer) -> str:
    """The code of an answer; a clerk who is told to open a shift does so, for the next passenger."""
    if answer.code == "shift_needed":
        opened = box.ask(lambda node: node.shifts.open(CLERK_NO, FLOAT_MINOR))
        box.say(f"clerk {CLERK_NO} opens a shift: {opened.code or opened.value.shift_no}")
    return answer.code


def pay(world: World, box: Box, order: Order) -> str:
    """The agent has the cash for a whole order."""
    answer = box.ask(lambda node: told_of(node, node.bookings.pay(order.number, CLERK_NO, proofs=order.proofs)))
    if not answer.code and (answer.value[1].total_minor, answer.value[1].currency) != order[1:3]:
        raise Violation("price_changed", f"order {order.number} at {box.name} was shown for {order.price_minor}")
    return booked(world, box, answer)


def told_of(node: Node, made: Booking) -> tuple[bytes, Booking, dict[int, int]]:
    """What somebody sees of a booking, and how many the vehicles take."""
    trips = {one.ride.trip_no for one in made.tickets}
    return node.signer.kid, made, {trip_no: node.timetable.seat_plan(trip_no).capacity for trip_no in trips}


def booked(world: World, box: Box, answer: Answer) -> str:
    """Somebody walks away with all of it."""
    if answer.code:
        return on_duty(box, answer)
    kid, made, capacities = answer.value
    fares = sum(one.price_minor for one in made.tickets)
    whole = fares + sum(one.price_minor for one in made.extras)
    if whole != made.total_minor:
        raise Violation("booking_sum", f"{made.number} at {box.name} costs {made.total_minor}, its parts {whole}")
    papers = [world.told.sold(box, kid, one, capacities[one.ride.trip_no]) for one in made.tickets]
    world.told.along(box, papers[0], whole - fares)
    extras = f" and {sum(one.count for one in made.extras)} extras" if made.extras else ""
    box.say(f"sold {'; '.join(paper.text for paper in papers)}{extras} together for {whole} {made.currency}")
    return "booked"
