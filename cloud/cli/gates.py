"""Rules of the gates, from a file."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.boarding.publish import publish_gate_rules
from cloud.domains.timetable.service import main_zone
from sync.domains.boarding.operations import GateRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed


@click.command("gate-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def gate_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish how gates take tickets that are bound to a phone, from a day on: a TOML file as docs/operating shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_gate_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "gate_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


def _read(path: Path) -> GateRules:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        head = [value["name"], value["source"], day_of(value["from_day"])]
        return records.from_body(GateRules, head + [value[field.name] for field in dataclasses.fields(GateRules)[3:]])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None
