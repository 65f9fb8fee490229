"""``./yipiao bench``: what it measured, as one JSON object on the last line; progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tests.support.shared import shared_data

BIG_FEED = "hk_big_2026-07.zip"
CORE_FEED = "hk_core_2026-07.zip"
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
CLIENTS = click.option("--clients", default=8, show_default=True, help="Connections that ask at the same time.")
ROUNDS = click.option("--rounds", default=5, show_default=True, help="Rounds; their medians are reported.")


@click.group()
def cli() -> None:
    """Measure, beside the bare limit of this machine in the same run."""


@cli.command()
@CLIENTS
@ROUNDS
@click.option("--sales", "size", default=None, type=int, help="Sales (or bookings) a round; 2000, of bookings 500.")
@click.option(
    "--riders", default=1, show_default=True, type=click.IntRange(1, 9), help="Riders of a booking; 1: single tickets."
)
@click.option("--names", is_flag=True, help="Every rider is named by a document.")
@AS_JSON
def sell(clients: int, rounds: int, size: int | None, riders: int, names: bool, as_json: bool) -> None:
    """Sales of one node over HTTP, of one ticket each or of several riders' bookings."""
    from tests.bench import counter

    if riders == 1 and not names:
        _show(counter.sell(clients, rounds, size or 2_000, _say_since()), as_json)
    else:
        _show(counter.book(clients, rounds, size or 500, riders, names, _say_since()), as_json)


@cli.command()
@CLIENTS
@ROUNDS
@click.option("--tickets", "size", default=2_000, show_default=True, help="Tickets a round.")
@AS_JSON
def board(clients: int, rounds: int, size: int, as_json: bool) -> None:
    """Tickets checked and boarded by one node over HTTP."""
    from tests.bench import counter

    _show(counter.board(clients, rounds, size, _say_since()), as_json)


@cli.command()
@click.option("--gates", default=8, show_default=True, help="Gates that scan at the same time.")
@ROUNDS
@click.option("--tickets", "size", default=1_000, show_default=True, help="Tickets of the trip, a trip a round.")
@AS_JSON
def gate(gates: int, rounds: int, size: int, as_json: bool) -> None:
    """Several gates before one trip, from the scan to the verdict."""
    from tests.bench import gate as bench

    _show(bench.run(gates, rounds, size, _say_since()), as_json)


@cli.command()
@click.option("--events", default=10_000, show_default=True, help="Sales that are sent up.")
@click.option("--pulls", default=5, show_default=True, help="Timetables that come down while sales go on.")
@click.option("--hub-db", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
@AS_JSON
def exchange(events: int, pulls: int, hub_db: str, as_json: bool) -> None:
    """A node's sales up to the hub, and a timetable down to the node."""
    from tests.bench import exchange as bench

    _show(bench.run(events, pulls, hub_db, _say_since()), as_json)


@cli.command()
@CLIENTS
@ROUNDS
@click.option("--searches", "size", default=400, show_default=True, help="Searches a round.")
@click.option("--feed", type=click.Path(exists=True, path_type=Path), default=None, help="A GTFS feed, zip or folder.")
@AS_JSON
def search(clients: int, rounds: int, size: int, feed: Path | None, as_json: bool) -> None:
    """Journeys with up to two changes, asked of one node over HTTP."""
    from tests.bench import search as bench

    _show(bench.run(_feed(feed, CORE_FEED), clients, rounds, size, _say_since()), as_json)


@cli.command()
@click.option("--clerks", default=8, show_default=True, help="Clerks who work at the same time.")
@ROUNDS
@click.option("--transactions", "size", default=1_500, show_default=True, help="Transactions a round.")
@AS_JSON
def office(clerks: int, rounds: int, size: int, as_json: bool) -> None:
    """A mixed day at the counter: sales, searches, refunds, rebookings, look-ups, over HTTP."""
    from tests.bench import office as bench

    _show(bench.run(clerks, rounds, size, _say_since()), as_json)


@cli.command()
@click.option("--phones", default=100, show_default=True, help="Phones that ask at the same moment.")
@ROUNDS
@AS_JSON
def portal(phones: int, rounds: int, as_json: bool) -> None:
    """The passenger's page on a box's WiFi, asked for by a coach full of phones at once."""
    from tests.bench import portal as bench

    _show(bench.run(phones, rounds, _say_since()), as_json)


@cli.command()
@click.option("--nodes", default=30_000, show_default=True, help="Simulated nodes, each with its own key and log.")
@click.option("--hub-db", default="sqlite", show_default=True, type=click.Choice(["sqlite", "postgresql"]))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Keep the prepared hub (SQLite) there, and begin with the one that is there.",
)
@AS_JSON
def fleet(nodes: int, hub_db: str, data: Path | None, as_json: bool) -> None:
    """A large fleet at one hub: idle, with a sale each, and all at once after an outage."""
    from tests.bench import fleet as bench

    if data is not None and hub_db != "sqlite":
        raise click.UsageError("--data keeps a hub on SQLite")
    _show(bench.run(nodes, hub_db, data, _say_since()), as_json)


@cli.command()
@click.option("--events", default=1_000_000, show_default=True, help="Events in the long log.")
@ROUNDS
@AS_JSON
def growth(events: int, rounds: int, as_json: bool) -> None:
    """A node and a hub with a long log beside a node and a hub with a short one."""
    from tests.bench import growth as bench

    _show(bench.run(events, rounds, _say_since()), as_json)


@cli.command("import")
@click.option("--feed", type=click.Path(exists=True, path_type=Path), default=None, help="A GTFS feed, zip or folder.")
@AS_JSON
def import_(feed: Path | None, as_json: bool) -> None:
    """A whole region's timetable into an empty hub."""
    from tests.bench import importing

    _show(importing.run(_feed(feed, BIG_FEED), _say_since()), as_json)


def _feed(named: Path | None, usual: str) -> Path:
    chosen = named or shared_data() / usual
    if not chosen.exists():
        raise click.UsageError(f"the feed {usual} is not on this machine; name another with --feed")
    return chosen


def _say_since() -> Callable[[str], None]:
    begun = time.monotonic()
    return lambda text: click.echo(f"[{time.monotonic() - begun:5.1f} s] {text}", err=True)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name}: {value}")


def main(argv: list[str]) -> int:
    """Exit code: 0 when it was measured, 1 when something failed, 2 for a wrong call."""
    try:
        cli.main(args=argv, prog_name="yipiao bench", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (RuntimeError, OSError) as error:
        click.echo(f"the benchmark failed: {error}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
