"""``./yipiao torture``: kill -9 of everything under load over a bad line; one JSON object on the last line."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tests.demo.world import DemoFailed
from tests.torture.run import DATABASES, Run, tortured

SUMS = ("acknowledged", "acknowledged_lost", "node_kills", "hub_kills", "postgres_kills", "events", "events_missing",
        "seats_sold_twice", "fen_difference", "quarantined")  # fmt: skip


@click.command()
@click.option("--kills", default=10, show_default=True, help="Of nodes and of the hub, at least, on each database.")
@click.option(
    "--database", type=click.Choice([*DATABASES, "both"]), default="both", show_default=True, help="The hub's."
)
@click.option("--seed", default=1, show_default=True, help="Of the moments and of the line's faults.")
@click.option("--keep", is_flag=True, help="Keep the data folders.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def torture(kills: int, database: str, seed: int, keep: bool, as_json: bool) -> int:
    """A hub and four nodes as processes, killed at random moments under load: what was acknowledged must be there."""
    begun = time.monotonic()
    runs: dict[str, dict[str, Any]] = {}
    holds = True
    for kind in DATABASES if database == "both" else (database,):
        folder = Path(tempfile.mkdtemp(prefix="yipiao-torture-"))
        with tortured(folder / "world", kind, kills, seed, _say(kind, begun)) as run:
            runs[kind] = run.found
            holds = holds and _enough(run, kills)
        if keep:
            click.echo(f"data kept in {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, Any] = {"kills": kills} | {name: sum(run[name] for run in runs.values()) for name in SUMS}
    found |= {"seconds": round(time.monotonic() - begun, 1), "databases": runs}
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else json.dumps(found, ensure_ascii=False, indent=2))
    return 0 if holds else 1


def _enough(run: Run, kills: int) -> bool:
    """Everything held, and it was tried."""
    return run.holds and min(run.found["node_kills"], run.found["hub_kills"]) >= kills and run.told.count > 0


def _say(kind: str, begun: float) -> Callable[[str], None]:
    return lambda text: click.echo(f"[{time.monotonic() - begun:6.1f} s] {kind}: {text}", err=True)


def main(argv: list[str]) -> int:
    """Exit code: 0 when nothing was lost, 1 when something was, 2 for a wrong call."""
    try:
        return int(torture.main(args=argv, prog_name="yipiao torture", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return 2
    except (DemoFailed, AssertionError) as error:
        click.echo(f"the torture failed: {error}", err=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
