"""Is a planted bug caught, and by how many seeds?"""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import Result, run_seed

MOST_SEEDS = 80


class Caught(NamedTuple):
    """``seeds``: how many it took, the catching one included."""

    seeds: int
    result: Result


def hunt(name: str, start: int = 1, most: int = MOST_SEEDS) -> Caught | None:
    """Ordinary seeds, one after the other, until a judge objects; None when none of them does."""
    with MUTANTS[name]():
        for count, seed in enumerate(range(start, start + most), 1):
            result = run_seed(seed)
            if result.rule:
                return Caught(count, result)
    return None
