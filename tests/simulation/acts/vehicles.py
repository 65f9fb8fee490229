"""Another vehicle comes for a trip of one day, mostly a smaller one, and passengers who have no seat in it want their money."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import cbor2
import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.domains.timetable.reading.plans import plan_names, planned_seats
from sync.domains.disruption.rules import VEHICLE_CHANGED
from sync.kernel.operations import trip_stream
from tests.simulation.acts.counter import ride_of
from tests.simulation.acts.office import take_back
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.told import Paper
    from tests.simulation.world import World

HOUR_MS: Final = 3_600_000
# Why a counter may still say no to somebody whom the hub's word has left standing.
_NO: Final = (
    "off",
    "died",
    "disk_full",
    "refund_done",
    "refund_boarded",
    "refund_decided",
    "refund_past",
    "shift_needed",
)


def change(world: World, box: Box, rng: random.Random) -> str:
    """The hub sends another vehicle, the smallest that there is more often than not."""
    ride = ride_of(world, box if box.kind != "vehicle" else world.boxes[0], rng)
    smallest, pick = rng.random() < 0.7, rng.random()
    if ride is None:
        return "no trip"
    where = (ride.trip_no, ride.day)

    def send(hub: Hub, tx: sa.Connection) -> tuple[str, int, int]:
        planned = planned_seats(tx, ride.trip_no)
        plans = sorted(plan_names(tx, planned.kind), key=lambda one: (one[1], one[0])) if planned else []
        if planned is None or not plans:
            return "", 0, 0
        name, capacity = plans[0 if smallest else int(pick * len(plans))]
        places = hub.disruptions.change_vehicle(tx, where, name, "drill", "admin")
        return f"trip {where} runs with {name}, {places} places told", planned.capacity, capacity

    found, code = world.hub.admin("other vehicle", send)
    if code or not found[0]:
        return code or "no trip"
    world.told.vehicle(where, found[1], found[2])
    world.fired["vehicle_changed"] += found[2] < found[1]
    return str(found[0])


def stand(world: World, box: Box, rng: random.Random) -> str:
    """Somebody reads that there is no seat, and wants the money back where it was paid: without a fee, whenever that is."""
    mine = [
        paper
        for paper in world.told.of.get((box.name, box.renewals), {}).values()
        if not paper.asked and abs(paper.departs_ms - world.time.now_ms) < 24 * HOUR_MS and without_seat(box, paper)
    ]
    if not mine:
        return "nobody stands"
    paper = mine[rng.randrange(len(mine))]
    offer = box.ask(lambda node: node.refunds.offer(paper.number, VEHICLE_CHANGED))
    if offer.code in _NO:
        return offer.code
    if offer.code or offer.value.fee_minor or offer.value.second:
        raise Violation(
            "stands_and_pays", f"{box.name} tells {paper.text}, who has no seat: {offer.code or offer.value}"
        )
    return take_back(world, box, paper, VEHICLE_CHANGED, 0, rng)


def without_seat(box: Box, paper: Paper) -> bool:
    """Whether the hub's word, as it stands on the disk of this box, leaves this passenger without a seat."""
    told = box.heard(trip_stream(*paper.where), f"reseat/{paper.ticket_id.hex()}")
    return told is not None and bool(cbor2.loads(told)[5])


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"vehicle": change, "stand": stand}
