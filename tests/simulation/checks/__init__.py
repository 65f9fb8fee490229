"""The judges: own arithmetic on what people were told, what crossed the lines and what stands in the databases.

None of them asks the production code what is right. The one exception are the rebuilds, whose question is whether the
production code says the same twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.checks import (
    books,
    bounds,
    conflicts,
    drawers,
    folds,
    logs,
    money,
    names,
    office,
    phones,
    promises,
    streams,
    swaps,
    vehicles,
)
from tests.simulation.checks.readings import read

if TYPE_CHECKING:
    from tests.simulation.world import World


def judge(world: World) -> None:
    """When everybody has come together and everything that was for sale has left."""
    found = read(world)
    world.tainted_logs |= swaps.in_doubt(found, found.tainted_logs() | world.tainted_logs)
    logs.judge(world, found)
    streams.judge(world, found)
    promises.judge(world, found)
    conflicts.judge(world, found)
    swaps.judge(world, found)
    vehicles.judge(world, found, books.judge(world, found))
    money.judge(world, found)
    office.judge(world, found)
    drawers.judge(world, found)
    phones.judge(world, found)
    names.judge(world, found)
    folds.judge(world)
    bounds.judge(world)
