"""kill -9 at random moments: nodes, hub and the database server, each started again at once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from tests.demo.world import Process, answers
from tests.torture.world import World

LIFE_S = (0.2, 3.0)
STILL_STARTING = 0.15  # this share dies before it answers
START_S = 0.8
LONGEST_S = 3_600.0


class Victim:
    """A process with the moment at which it dies next."""

    def __init__(self, kind: str, process: Process, chance: random.Random) -> None:
        self.kind, self.process, self._chance = kind, process, chance
        self.due_s: float | None = None

    def is_due(self) -> bool:
        """Whether its moment has come. It is drawn when it answers; sometimes before. One that ended by itself (its
        database server was away when it came up) is started again, as whatever looks after services would."""
        revive(self.process)
        if self.due_s is None:
            if not answers(self.process.health.replace("/healthz", "").replace("http:", "tcp:")):
                return False
            self.due_s = time.monotonic() + self._chance.uniform(*LIFE_S)
        return time.monotonic() >= self.due_s

    def die(self) -> None:
        """kill -9, and started again."""
        self.process.kill()
        self.process.start()
        early = self._chance.random() < STILL_STARTING
        self.due_s = time.monotonic() + self._chance.uniform(0, START_S) if early else None


def pull(world: World, kills: int, chance: random.Random, say: Callable[[str], None]) -> Counter[str]:
    """At least ``kills`` of nodes and of the hub, and a fifth as many of the PostgreSQL server; how many it were."""
    victims = [
        Victim("hub" if name == "hub" else "node", process, random.Random(chance.random()))
        for name, process in world.processes.items()
    ]
    wanted = {"hub": kills, "node": kills, "postgres": max(kills // 5, 1) if world.server else 0}
    done: Counter[str] = Counter()
    begun = told = time.monotonic()
    while any(done[kind] < count for kind, count in wanted.items()):
        for victim in victims:
            if victim.is_due():
                victim.die()
                done[victim.kind] += 1
        if world.server and done["postgres"] * kills <= done["hub"] * wanted["postgres"] and done["hub"]:
            world.server.kill()
            world.server.start()
            done["postgres"] += 1
        if time.monotonic() - told > 5:
            told = time.monotonic()
            say(", ".join(f"{done[kind]} of {count} {kind} kills" for kind, count in wanted.items() if count))
        if told - begun > LONGEST_S:
            raise AssertionError(f"after {LONGEST_S:.0f} s only {dict(done)}")
        time.sleep(0.02)
    return done


def revive(process: Process) -> None:
    """Start it again when it ended by itself."""
    if process.running is not None and process.running.poll() is not None:
        process.start()


def all_up(world: World) -> None:
    """Return when everything answers."""
    end = time.monotonic() + 120
    for process in world.processes.values():
        while not answers(process.health) and time.monotonic() < end:
            revive(process)
            time.sleep(0.1)
        process.wait_ready()
