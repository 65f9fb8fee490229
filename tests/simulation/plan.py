"""What is going to happen: a list of steps drawn from the seed before anything does. Each step has its own time and its
own randomness, so that steps can be left out without changing the others."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.simulation import mix as mixes
from tests.simulation.acts.troubles import OUTAGE_MS
from tests.simulation.mix import Mix
from tests.simulation.opening import POSTS
from tests.simulation.times import HOUR_MS, START_MS

STEPS = 900
OFFICE_STEPS = 60
SPAN_MS = 44 * HOUR_MS
AWAY_MS = 30 * 24 * HOUR_MS

# act → (how often of all, where: weights of the posts)
_SELLERS = (6, 4, 5, 5, 1, 1)
_GATES = (2, 1, 2, 2, 6, 4)
_ALL = (1, 1, 1, 1, 1, 1)
_ACTS = {
    "sell": (330, _SELLERS), "sell_again": (30, _SELLERS), "order": (90, _SELLERS), "confirm": (85, _SELLERS),
    "cancel": (20, _SELLERS), "ask": (70, _SELLERS), "board": (230, _GATES), "scan": (60, (0, 0, 0, 0, 1, 1)),
    "rate": (70, _GATES), "look": (5, _ALL), "visit": (46, _ALL), "future": (8, _ALL), "notice": (4, _ALL),
    "feed": (4, _ALL), "duty": (8, _ALL), "grant": (8, _ALL), "release": (2, _ALL), "contacts": (5, _ALL),
}  # fmt: skip


class Step(NamedTuple):
    """``act`` of :data:`tests.simulation.acts.ACTS` at a true time, at post ``who``; ``salt`` is its randomness."""

    at_ms: int
    act: str
    who: int
    salt: int


@dataclass(frozen=True)
class Plan:
    """All of a seed."""

    seed: int
    mix: Mix
    steps: tuple[Step, ...]


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = random.Random(f"plan {seed}")
    mix = replace(mixes.draw(rng), older=mixes.older(seed))
    steps = [*_morning(rng), *_people(rng), *_troubles(rng, mix)]
    steps += [*_rotten(seed), *_office(seed)]
    steps.sort(key=lambda step: step.at_ms)
    if any(name == "away" for name, _ in mix.troubles):
        steps = _with_thirty_days(steps)
    return Plan(seed, mix, tuple(steps))


def _morning(rng: random.Random) -> list[Step]:
    """Duties are given, and every box visits the hub for the first time."""
    found = [Step(START_MS + number * 60_000, "duty", 0, rng.getrandbits(40)) for number in range(3)]
    return found + [Step(START_MS + (4 + who) * 60_000, "visit", who, rng.getrandbits(40)) for who in range(len(POSTS))]


def _people(rng: random.Random) -> list[Step]:
    names = rng.choices(list(_ACTS), [often for often, _ in _ACTS.values()], k=STEPS)
    found = []
    for name in names:
        who = rng.choices(range(len(POSTS)), _ACTS[name][1])[0]
        found.append(Step(START_MS + rng.randint(15 * 60_000, SPAN_MS), name, who, rng.getrandbits(40)))
    return found


def _office(seed: int) -> list[Step]:
    """Refunds come out of a randomness of their own: they change nothing of what else was drawn from a seed."""
    rng = random.Random(f"office {seed}")
    names = rng.choices(("refund", "refund_again"), (9, 1), k=OFFICE_STEPS)
    posts = rng.choices(range(len(POSTS)), _SELLERS, k=OFFICE_STEPS)
    times = [START_MS + rng.randint(30 * 60_000, SPAN_MS) for _ in names]
    return [Step(at, name, who, rng.getrandbits(40)) for at, name, who in zip(times, names, posts, strict=True)]


def _troubles(rng: random.Random, mix: Mix) -> list[Step]:
    found = []
    for name, count in mix.troubles:
        for _ in range(count):
            at, who = START_MS + rng.randint(SPAN_MS // 12, SPAN_MS), rng.randrange(len(POSTS))
            found += _around(rng, Step(at, name, who, rng.getrandbits(40)))
    return found


def _rotten(seed: int) -> list[Step]:
    """Rows that go bad on the boxes' disks, in half of the seeds."""
    rng = random.Random(f"rotten {seed}")
    count = rng.choice((0, 0, 1, 4))
    moments = [START_MS + rng.randint(SPAN_MS // 12, SPAN_MS) for _ in range(count)]
    return [Step(at, "rotten_row", rng.randrange(len(POSTS)), rng.getrandbits(40)) for at in moments]


def _around(rng: random.Random, step: Step) -> list[Step]:
    """A trouble with what belongs to it: a backup before it is put back, room some time after a disk was full."""
    at, name, who, _ = step
    salt = rng.getrandbits(40)
    if name in ("restore_box", "restore_hub"):
        kept = max(START_MS, at - rng.randint(1, 10) * HOUR_MS)
        return [Step(kept, "backup" if name == "restore_box" else "backup_hub", who, salt), step]
    if name == "full_box":
        # Somebody hopes that switching it off and on will help.
        again = Step(at + HOUR_MS, "kill", who, rng.getrandbits(40))
        return [step, again, Step(at + rng.randint(2, 9) * HOUR_MS, "room_box", who, salt)]
    if name == "full_hub":
        return [step, Step(at + rng.randint(2, 9) * HOUR_MS, "room_hub", who, salt)]
    if name == "outage":
        return [step, Step(at + OUTAGE_MS, "everyone", who, salt)]
    if name == "away":
        return [Step(START_MS + SPAN_MS * 2 // 3, name, who, salt)]
    return [step]


def _with_thirty_days(steps: list[Step]) -> list[Step]:
    """What stands behind the moment when a box is lost sight of happens thirty days later."""
    leave = min(step.at_ms for step in steps if step.act == "away")
    return [step._replace(at_ms=step.at_ms + AWAY_MS) if step.at_ms > leave else step for step in steps]
