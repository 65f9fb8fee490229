"""One torture from its beginning to what is true afterwards."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.postgresql import postgresql_server
from tests.torture import plugs, truth
from tests.torture.people import Crowd, Told
from tests.torture.world import World

DATABASES = ("sqlite", "postgresql")


@dataclass
class Run:
    """What came out, and the world as it was left, to be looked at again."""

    found: dict[str, Any]
    told: Told
    world: World

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing twice, everybody agrees."""
        return bool(self.found["converged"]) and not any(self.found[name] for name in truth.NOTHING_OF)


@contextlib.contextmanager
def tortured(folder: Path, kind: str, kills: int, seed: int, say: Callable[[str], None]) -> Iterator[Run]:
    """Hub on ``kind`` of database, and the nodes, killed at least ``kills`` times each under load; then calm."""
    with contextlib.ExitStack() as stack:
        server = url = None
        if kind == "postgresql":
            server = stack.enter_context(postgresql_server(durable=True))
            url = stack.enter_context(server.fresh_database())
        world = World(folder, say, seed, url, server)
        world.prepare()
        stack.callback(world.forget)
        stack.callback(world.close)
        yield _run(world, kills, random.Random(seed), say)


def _run(world: World, kills: int, chance: random.Random, say: Callable[[str], None]) -> Run:
    begun = time.monotonic()
    world.start()
    crowd = Crowd(world, chance)
    crowd.start()
    say("load is on; pulling plugs")
    done = plugs.pull(world, kills, chance, say)
    say("calm; waiting for the last answers and for the exchanges")
    world.line.calm()
    plugs.all_up(world)
    crowd.finish()
    converged = truth.converge(world)
    world.stop()
    say("comparing what people were told with the logs")
    found = truth.look(world, crowd.told) | {"differing": truth.differing(world), "converged": converged}
    found |= {f"{kind}_kills": done[kind] for kind in ("node", "hub", "postgres")}
    found |= {
        "sold": len(crowd.told.sold), "boarded": len(crowd.told.boarded), "rated": len(crowd.told.rated),
        "retried": crowd.told.retried, "refused": dict(crowd.told.refused), "line_faults": dict(world.line.fired),
        "seconds": round(time.monotonic() - begun, 1),
    }  # fmt: skip
    return Run(found, crowd.told, world)
