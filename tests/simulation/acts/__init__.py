"""Everything that can happen in the world, by name. An act gets the world, a box and the step's own randomness, and
gives one word on how it ended."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tests.simulation.acts import admin, disks, office, people, troubles

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

Act = Callable[["World", "Box", random.Random], str]
ACTS: Final[Mapping[str, Act]] = {**people.ACTS, **office.ACTS, **admin.ACTS, **troubles.ACTS, **disks.ACTS}
