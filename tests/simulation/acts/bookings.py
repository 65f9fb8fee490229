"""Several riders, several legs, extras: sold together across the counter, or held at the kiosk until somebody has paid."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from edge.bootstrap import Node
from edge.domains.ticketing.office.bookings import RideKey, Rider, Wish
from tests.simulation.acts.counter import CLERK_NO, UNSURE, booked, ride_of, told_of
from tests.simulation.boxes import Order, Ride

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

# Who comes along, how often, and what is seen of a concession.
RIDERS: Final = (
    ("adult", 8, ""),
    ("child_with_seat", 2, "height"),
    ("child_free", 2, "height"),
    ("blind", 1, "disability_card"),
)
EXTRAS: Final = ("luggage", "insurance")
PROOFS: Final = {rider: proof for rider, _, proof in RIDERS}
MOST_TOGETHER: Final = 4


def book(world: World, box: Box, rng: random.Random) -> str:
    """A family at the counter."""
    ride = ride_of(world, box, rng)
    if ride is None:
        return "no ride"
    where = (ride.trip_no, ride.day, ride.from_idx, rng.randint(ride.from_idx + 1, ride.last_idx))
    return _book(f"{box.name}-many-{rng.getrandbits(40):010x}{world.echo}", _wish(rng, (where,)), world, box)


def journey(world: World, box: Box, rng: random.Random) -> str:
    """A ride with a change, as one ticket a leg: all of them, or none."""
    legs = _legs(box, ride_of(world, box, rng), rng)
    if legs is None:
        return "no change"
    return _book(f"{box.name}-legs-{rng.getrandbits(40):010x}{world.echo}", _wish(rng, legs), world, box)


def _book(key: str, wish: Wish, world: World, box: Box) -> str:
    answer = box.ask(lambda node: told_of(node, node.bookings.sell(wish, CLERK_NO, key)))
    if answer.code in UNSURE:
        box.unfinished.append(partial(_book, key, wish))
    return booked(world, box, answer)


def hold(world: World, box: Box, rng: random.Random) -> str:
    """A family at the kiosk looks for coins."""
    ride = ride_of(world, box, rng)
    if ride is None:
        return "no ride"
    where = (ride.trip_no, ride.day, ride.from_idx, rng.randint(ride.from_idx + 1, ride.last_idx))
    wish = _wish(rng, (where,))
    answer = box.ask(lambda node: node.bookings.hold(wish, "kiosk"))
    if not answer.code:
        made = answer.value
        proofs = tuple(PROOFS[one.rider] for one in wish.riders)
        box.orders.append(Order(made.order_no, made.price_minor, made.currency, proofs))
    return answer.code or "held"


def _wish(rng: random.Random, legs: tuple[RideKey, ...]) -> Wish:
    kinds, weights = [one[0] for one in RIDERS], [one[1] for one in RIDERS]
    chosen = ["adult", *rng.choices(kinds, weights, k=rng.randint(0, MOST_TOGETHER - 1))]
    seat = rng.randint(1, 8) if rng.random() < 0.2 else None
    riders = tuple(Rider(kind, (seat,) if not place else (), PROOFS[kind]) for place, kind in enumerate(chosen))
    extras = tuple((code, rng.randint(1, 3)) for code in EXTRAS if rng.random() < 0.25)
    return Wish(legs, riders, extras)


def _legs(box: Box, first: Ride | None, rng: random.Random) -> tuple[RideKey, ...] | None:
    """Two rides of which the second begins where the first one ends, later on the same day."""
    if first is None or first.from_idx + 1 >= first.last_idx or box.node is None:
        return None
    to_idx = rng.randint(first.from_idx + 1, first.last_idx - 1)
    later = [ride for ride in box.rides(first.day) if ride.departs_ms > first.departs_ms]
    onward = rng.choice(later).trip_no if later else None
    if onward is None:
        return None
    answer = box.ask(lambda node: _meeting(node, (first.trip_no, to_idx), onward, first.day))
    if answer.code or answer.value is None:
        return None
    at_idx, last_idx = answer.value
    leg = (onward, first.day, at_idx, rng.randint(at_idx + 1, last_idx))
    return (first.trip_no, first.day, first.from_idx, to_idx), leg


def _meeting(node: Node, change: tuple[int, int], onward: int, day: int) -> tuple[int, int] | None:
    """Where the onward trip stands at the stop of the change, and its last stop."""
    stop_no = node.timetable.trip(change[0], day).calls[change[1]].stop.stop_no
    calls = node.timetable.trip(onward, day).calls
    found = next((call.idx for call in calls[:-1] if call.stop.stop_no == stop_no), None)
    return None if found is None else (found, len(calls) - 1)


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"book": book, "journey": journey, "hold": hold}
