"""Which troubles a seed has, and how often. About half of each kind are absent from a seed, so that every kind is seen
alone, in pairs and in crowds."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.simulation.line import TROUBLES

RATES = (0.02, 0.05, 0.15)


@dataclass(frozen=True)
class Chances:
    """Names with the chance of each, as a rising scale; at most one happens."""

    steps: tuple[tuple[float, str], ...]

    def draw(self, rng: random.Random) -> str:
        """One name, or nothing."""
        if not self.steps:
            return ""
        value = rng.random()
        return next((name for limit, name in self.steps if value < limit), "")


@dataclass(frozen=True)
class Mix:
    """``troubles``: how often each one-off trouble happens in this seed. ``meanwhile``: chance that people act while a
    request is on its way; ``interrupted``: that two of them act at the same moment. ``block``: seats that a station, a
    village point and a pier get at first. ``first_day``: the boxes were enrolled just now. ``power``: the
    disks have a volatile write cache, and the power goes. ``older``: which processes of the hub speak protocol 1 only,
    until the faults are over. ``families``: what people do here besides the common acts, of plan.FAMILIES; ``names_demanded``:
    on the ferry nobody rides without a name."""

    line: Chances
    meanwhile: float
    interrupted: float
    troubles: tuple[tuple[str, int], ...]
    processes: int
    block: tuple[int, int, int]
    share_percent: int
    provision_every_s: int
    first_day: bool = False
    power: bool = False
    older: str = ""
    families: frozenset[str] = frozenset()
    names_demanded: bool = False

    @property
    def phones(self) -> bool:
        """Whether anybody pays by phone."""
        return "phones" in self.families

    @property
    def names(self) -> bool:
        """Whether travellers show documents."""
        return "names" in self.families

    @property
    def shifts(self) -> bool:
        """Whether clerks need a shift to sell."""
        return "shifts_required" in self.families


CALM = Chances(())

# One-off troubles with the most of each that a seed has.
TROUBLE_COUNTS = {
    "kill": 4, "crash_box": 5, "io_error_box": 3, "full_box": 4, "skew": 3, "back": 2, "boot_1970": 2,
    "restore_box": 1, "copy_disk": 1, "kill_hub": 3, "crash_hub": 8, "io_error_hub": 3, "full_hub": 1, "skew_hub": 2,
    "restore_hub": 1, "revoke": 1, "renew": 1, "re_enrol": 2, "outage": 2, "one_way": 2, "other_version": 4, "newer_hub": 2,
    "away": 1,
}  # fmt: skip
# These change what can be promised, so most seeds are without them.
SELDOM = {
    "restore_hub": 0.08,
    "restore_box": 0.15,
    "copy_disk": 0.15,
    "revoke": 0.25,
    "renew": 0.2,
    "re_enrol": 0.25,
    "away": 0.2,
}
OFTEN = 0.45
# What people do in a share of the seeds only, so that no seed has time for all of it.
FAMILIES = {
    "together": 0.6, "exchanges": 0.5, "requests": 0.4, "phones": 0.4, "shifts": 0.4, "shifts_required": 0.2, "names": 0.4,
    "sellers": 0.4, "disruptions": 0.3,
}  # fmt: skip
NOBODY, EVERY_PROCESS, SECOND_PROCESS = "", "every process", "second process"


def draw(rng: random.Random) -> Mix:
    """The mix of one seed."""
    processes = rng.choice((1, 1, 2))
    troubles = []
    for name, most in TROUBLE_COUNTS.items():
        if rng.random() < SELDOM.get(name, OFTEN):
            troubles.append((name, rng.randint(1, most)))
    return Mix(
        line=_line(rng, processes),
        meanwhile=rng.choice((0.0, 0.1, 0.3)),
        interrupted=rng.choice((0.0, 0.05, 0.15)),
        troubles=tuple(troubles),
        processes=processes,
        block=(rng.randint(2, 5), rng.randint(1, 3), rng.randint(2, 5)),
        share_percent=rng.choice((50, 70, 100)),
        provision_every_s=rng.choice((6, 12, 30)) * 3_600,
        first_day=rng.random() < 0.25,
        power=rng.random() < 0.12,
    )


def families(seed: int) -> tuple[frozenset[str], bool]:
    """What this seed has of FAMILIES, and whether the ferry wants names."""
    rng = random.Random(f"families {seed}")
    chosen = frozenset(name for name, chance in FAMILIES.items() if rng.random() < chance)
    return chosen, rng.random() < 0.4


def older(seed: int) -> str:
    """Which processes of the hub are a version behind in this seed."""
    return random.Random(f"older {seed}").choice((NOBODY, NOBODY, EVERY_PROCESS, SECOND_PROCESS))


def _line(rng: random.Random, processes: int) -> Chances:
    limit, steps = 0.0, []
    for name in sorted(TROUBLES):
        # Two processes on one database are there to get into each other's way.
        racing = name == "hub_raced" and processes > 1
        if racing or rng.random() < OFTEN:
            limit += RATES[-1] if racing else rng.choice(RATES)
            steps.append((limit, name))
    return Chances(tuple(steps))
