"""A shorter story with the same ending: steps are left out, in ever smaller pieces, as long as the same rule breaks.

Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), with an end to its patience.
"""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.plan import Plan, Step
from tests.simulation.run import Result, run_plan

MOST_TRIES = 80


def shrink(plan: Plan, first: Result, most_tries: int = MOST_TRIES) -> tuple[Plan, Result]:
    """The shortest plan found in so many tries that breaks ``first.rule``, and what became of it."""
    best, steps, pieces, tries = first, list(plan.steps), 2, 0
    while len(steps) > 1 and tries < most_tries:
        size = -(-len(steps) // pieces)
        for start in range(0, len(steps), size):
            kept = steps[:start] + steps[start + size :]
            found, tries = _try(plan, kept), tries + 1
            if found.rule == first.rule:
                steps, best, pieces = kept, found, max(pieces - 1, 2)
                break
            if tries >= most_tries:
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(steps))
    return replace(plan, steps=tuple(steps)), best


def _try(plan: Plan, steps: list[Step]) -> Result:
    return run_plan(replace(plan, steps=tuple(steps)))
