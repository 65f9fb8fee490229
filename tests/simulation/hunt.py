"""Is a planted bug caught, and by how many seeds?"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from tests.simulation.mutants import MUTANTS
from tests.simulation.run import Result, run_seed, warm_up

MOST_SEEDS = 80
# The innermost frame of a traceback, in a mutant's file.
_OWN_ERROR = re.compile(r'simulation/mutants/\w+\.py", line \d+, in \S+\n(?: {4}.*\n)*\w[\w.]*(?:Error|Exception)\b')


class Caught(NamedTuple):
    """``seeds``: how many it took, the catching one included."""

    seeds: int
    result: Result


def hunt(name: str, start: int = 1, most: int = MOST_SEEDS) -> Caught | None:
    """Ordinary seeds, one after the other, until a judge objects; None when none of them does."""
    warm_up()  # the morning on which seeds begin is everybody's, and made without the bug
    errors = []
    with MUTANTS[name]():
        for count, seed in enumerate(range(start, start + most), 1):
            result = run_seed(seed)
            if result.rule and not stumbled(result):
                return Caught(count, result)
            if result.rule:
                errors.append(result.text)
    if errors:
        print(
            f"{name}: its own code failed in {len(errors)} of {most} seeds, at last with:\n{errors[-1]}",
            file=sys.stderr,
        )
    return None


def stumbled(result: Result) -> bool:
    """Whether it was the mutant's own code that raised an error: then it was not a judge who caught it."""
    return bool(_OWN_ERROR.search(f"{result.text}\n{result.story}"))
