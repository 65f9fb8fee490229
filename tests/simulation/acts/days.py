"""What the hub says of a day: the rules by which the office works, trips that are cancelled or late."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.domains.shifts.publish import publish_office_rules
from cloud.domains.ticketing.publish import publish_real_name_rules
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from tests.simulation.acts.counter import ride_of
from tests.simulation.times import FIRST_DAY, ZONE

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

FERRY: Final = 4


def rules(world: World, _box: Box, _rng: random.Random) -> str:
    """The admin publishes what this seed's office goes by; again where the hub was away, or has forgotten."""
    mix = world.mix

    def publish(hub: Hub, tx: sa.Connection) -> str:
        today, told = max(day_at(hub.clock.wall_ms(), ZONE), FIRST_DAY), []
        for name, wanted, tell in (
            ("names", mix.names, lambda: publish_real_name_rules(tx, _names(mix.names_demanded, today), today)),
            ("shifts", mix.shifts, lambda: publish_office_rules(tx, _office(today), today)),
        ):
            if wanted:
                try:
                    told.append(f"{name} at {tell()}")
                except Refusal as refusal:
                    told.append(f"{name} {refusal.code}")
        return ", ".join(told)

    found, code = world.hub.admin("rules", publish)
    return code or str(found)


def disrupt(world: World, box: Box, rng: random.Random) -> str:
    """A trip is cancelled or comes late, or runs after all."""
    ride, lift, late = (
        ride_of(world, box if box.kind != "vehicle" else world.boxes[0], rng),
        rng.random() < 0.3,
        rng.random() < 0.5,
    )
    minutes = rng.randint(5, 90)
    if ride is None:
        return "no trip"
    where = (ride.trip_no, ride.day)

    def say(hub: Hub, tx: sa.Connection) -> str:
        if lift:
            hub.disruptions.lift(tx, where)
            return f"trip {where} runs"
        hub.disruptions.disrupt(tx, where, "delayed" if late else "cancelled", minutes if late else 0, "drill", "admin")
        return f"trip {where} is {f'{minutes} minutes late' if late else 'cancelled'}"

    found, code = world.hub.admin("disruption", say)
    return code or str(found)


def _names(demanded: bool, today: int) -> RealNameRules:
    return RealNameRules("sim", "drill", today, None, demanded, (), (FERRY,), 365)


def _office(today: int) -> OfficeRules:
    return OfficeRules("sim", "drill", today, None, True, "CNY", 0)


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {"rules": rules, "disrupt": disrupt}
