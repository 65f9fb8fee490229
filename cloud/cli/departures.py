"""Rules of departures, from a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.clearance.publish import publish_clearance_rules
from cloud.domains.timetable.service import main_zone
from sync.domains.clearance.operations import ClearanceRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed


@click.command("clearance-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def clearance_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish what a departure needs to be cleared from a day on: a TOML file as docs/operating shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_clearance_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "clearance_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


def _read(path: Path) -> ClearanceRules:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        checks = [list(pair) for pair in value["checks"].items()]
        body = [value["name"], day_of(value["from_day"]), checks, value["two_motorway_km"], value["two_other_km"]]
        return records.from_body(ClearanceRules, body)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None
