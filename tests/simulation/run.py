"""One seed from its first morning to the judges, and many of them."""

from __future__ import annotations

import gc
import hashlib
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.simulation import checks, settling
from tests.simulation import plan as plans
from tests.simulation.opening import new_folder, opening
from tests.simulation.plan import Plan
from tests.simulation.trace import Violation
from tests.simulation.world import World


@dataclass
class Result:
    """What became of one seed. ``events``: acts of people, admins and troubles, and requests that reached the hub;
    ``log_events``: what boxes wrote into their logs. ``rule`` is empty when every promise was kept."""

    seed: int
    digest: str
    events: int
    log_events: int
    fired: Counter[str]
    gaps: Counter[str]
    rule: str = ""
    text: str = ""
    story: str = ""


@dataclass
class Total:
    """Of many seeds. ``gaps``: how often a promise was not judged because no procedure for it exists yet."""

    results: int = 0
    events: int = 0
    log_events: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    violations: list[Result] = field(default_factory=list)
    last: Result | None = None
    digest: str = ""
    seconds: float = 0.0


def run_plan(plan: Plan, story: bool = False) -> Result:
    """Live through a plan; the story is kept when asked for, or when a promise was broken."""
    folder = new_folder()
    world = World(plan.seed, plan.mix, folder)
    rule, text = "", ""
    gc.disable()
    try:
        with world.alive():
            try:
                _live(world, plan)
            except Violation as found:
                rule, text = found.rule, found.text
            except Exception as error:
                rule, text = f"raised_{type(error).__name__}", "".join(traceback.format_exception(error))
            logged = world.log_events()
    finally:
        gc.enable()
        shutil.rmtree(folder, ignore_errors=True)
    if rule:
        world.trace.note(f"{rule}: {text}")
    told = world.trace.story() if rule or story else ""
    events = len(plan.steps) + len(world.wire.up)
    return Result(plan.seed, world.trace.digest(), events, logged, world.fired, world.told.clashes, rule, text, told)


def _live(world: World, plan: Plan) -> None:
    for step in plan.steps:
        world.step(step)
    settling.settle(world)
    if plan.seed % 3 == 0:
        settling.end_of_days(world)
    checks.judge(world)


def run_seed(seed: int, story: bool = False) -> Result:
    """One seed."""
    return run_plan(plans.draw(seed), story)


def run_many(seeds: Iterable[int], say: Callable[[int], None], stories: bool = False) -> Total:
    """One after the other."""
    warm_up()
    total, hashed, started = Total(), hashlib.sha256(), time.perf_counter()
    for seed in seeds:
        total.last = result = run_seed(seed, stories)
        hashed.update(result.digest.encode())
        total.results += 1
        total.events += result.events
        total.log_events += result.log_events
        total.fired.update(result.fired)
        total.gaps.update(result.gaps)
        if result.rule:
            total.violations.append(result)
        say(total.results)
    total.digest, total.seconds = hashed.hexdigest(), time.perf_counter() - started
    return total


def warm_up() -> None:
    """What lives as long as the process need not be looked at again by the collector after each seed."""
    for first_day in (False, True):
        opening(first_day)
    gc.collect()
    gc.freeze()
