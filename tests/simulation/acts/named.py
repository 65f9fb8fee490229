"""Travellers who show a document: few of them, who come again, so that one document is shown twice for one trip."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tests.simulation.acts.counter import CLERK_NO, PEOPLE, document, ride_of
from tests.simulation.acts.people import sell_one

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World


def sell_named(world: World, box: Box, rng: random.Random) -> str:
    """One ticket, to somebody who shows a document whether the line wants it or not."""
    ride, which = ride_of(world, box, rng), rng.randrange(PEOPLE)
    if ride is None:
        return "no ride"
    to_idx = rng.randint(ride.from_idx + 1, ride.last_idx)
    key = f"{box.name}-name-{rng.getrandbits(40):010x}{world.echo}"
    wanted = (ride.trip_no, ride.day, ride.from_idx, to_idx, None, CLERK_NO, key)
    return sell_one(wanted, document(which), world, box)


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"sell_named": sell_named}
