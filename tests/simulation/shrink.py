"""A shorter story with the same ending: steps are left out, in ever smaller pieces, as long as the same rule breaks.

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002): from the end to the beginning, as
what led to the end mostly stands close before it, and with an end to its patience.
"""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.plan import Plan
from tests.simulation.run import Result, run_plan

MOST_TRIES = 120


def shrink(plan: Plan, first: Result, most_tries: int = MOST_TRIES) -> tuple[Plan, Result]:
    """The shortest plan found in so many tries that breaks ``first.rule``, and what became of it."""
    best, steps, tries = first, list(plan.steps), 0
    size = len(steps) // 2
    while size and tries < most_tries:
        end = len(steps)
        while end > 0 and tries < most_tries:
            kept = steps[: max(end - size, 0)] + steps[end:]
            found, tries = run_plan(replace(plan, steps=tuple(kept))), tries + 1
            if found.rule == first.rule:
                steps, best = kept, found
            end -= size
        size //= 2
    return replace(plan, steps=tuple(steps)), best
