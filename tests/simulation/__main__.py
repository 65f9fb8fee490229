"""``./yipiao simulate``: seeds or planted bugs; one JSON object on the last line, stories and progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from tests.simulation import plan as plans
from tests.simulation.hunt import hunt
from tests.simulation.mutants import MUTANTS
from tests.simulation.run import Result, Total, run_many
from tests.simulation.shrink import shrink

SAY_EVERY_S = 5.0


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many seeds to run.")
@click.option("--start", default=1, show_default=True, help="The first of them.")
@click.option("--seed", "only", type=int, default=None, help="Run this one alone.")
@click.option("--trace", is_flag=True, help="With --seed: tell everything that happens in it.")
@click.option("--mutants", is_flag=True, help="Plant each known bug in turn, and see that it is caught.")
@click.option("--as-is", is_flag=True, help="Don't shorten the story of a violation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def cli(seeds: int, start: int, only: int | None, trace: bool, mutants: bool, as_is: bool, as_json: bool) -> None:
    """The production code of a hub and its nodes in one process, in a seeded world where everything fails."""
    if mutants:
        _mutants(as_json)
    elif only is not None:
        _one(only, trace, as_is, as_json)
    else:
        _many(seeds, start, as_is, as_json)


def _many(seeds: int, start: int, as_is: bool, as_json: bool) -> None:
    total = run_many(range(start, start + seeds), _say_since())
    _show(_summary(total), as_json)
    for result in total.violations[:3]:
        _tell(result, as_is)
    if total.violations:
        raise SystemExit(1)


def _one(seed: int, trace: bool, as_is: bool, as_json: bool) -> None:
    total = run_many([seed], lambda _done: None, stories=trace)
    if trace:
        click.echo(total.last.story if total.last else "")
    _show(_summary(total), as_json)
    for result in total.violations:
        if not trace:
            _tell(result, as_is)
    if total.violations:
        raise SystemExit(1)


def _mutants(as_json: bool) -> None:
    caught: dict[str, int] = {}
    for name in MUTANTS:
        found = hunt(name)
        if found is not None:
            caught[name] = found.seeds
        told = f"caught by {found.result.rule} with seed {found.result.seed}" if found else "NOT CAUGHT"
        click.echo(f"{name}: {told}", err=True)
    _show({"mutants": len(MUTANTS), "caught": len(caught), "seeds_to_catch": caught}, as_json)
    if len(caught) < len(MUTANTS):
        raise SystemExit(1)


def _summary(total: Total) -> dict[str, Any]:
    return {
        "seeds": total.results,
        "violations": len(total.violations),
        "events": total.events,
        "log_events": total.log_events,
        "faults": dict(sorted(total.fired.items())),
        "known_gaps": dict(sorted(total.gaps.items())),
        "seeds_per_min": round(total.results * 60 / max(total.seconds, 0.001), 1),
        "trace_hash": total.digest,
    }


def _tell(result: Result, as_is: bool) -> None:
    """The story of a violation, as short as it can be told."""
    click.echo(f"\nseed {result.seed} breaks a promise: {result.rule}\n{result.text}\n", err=True)
    if as_is:
        click.echo(result.story, err=True)
        return
    plan = plans.draw(result.seed)
    shorter, short = shrink(plan, result)
    click.echo(f"{len(shorter.steps)} of {len(plan.steps)} steps are enough for it:\n", err=True)
    click.echo(short.story, err=True)
    click.echo(f"\nAgain, with everything: ./yipiao simulate --seed {result.seed} --trace", err=True)


def _say_since() -> Any:
    last = [time.monotonic()]

    def say(done: int) -> None:
        if time.monotonic() - last[0] > SAY_EVERY_S:
            last[0] = time.monotonic()
            click.echo(f"  {done} seeds", err=True)

    return say


def _show(value: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for name, item in value.items():
        click.echo(f"{name}: {json.dumps(item, ensure_ascii=False) if isinstance(item, dict) else item}")


def main(argv: list[str]) -> int:
    """Run it; 0 only when every promise was kept, or every planted bug was caught."""
    try:
        cli.main(args=argv, prog_name="yipiao simulate", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
