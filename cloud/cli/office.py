"""Rules of the counter and of the wheel, from a file."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.duties.publish import publish_rest_rules
from cloud.domains.shifts.publish import publish_office_rules
from cloud.domains.timetable.service import main_zone
from sync.domains.duties.rest.operations import RestRules
from sync.domains.duties.rest.rules import DEFAULT_REST_RULES
from sync.domains.shifts.operations import OfficeRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed

T = TypeVar("T")


@click.command("office-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def office_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish whether counters need shifts from a day on: a TOML file as docs/operating shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_office_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "office_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


@click.command("rest-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def rest_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish how long a driver may drive from a day on: a TOML file as docs/operating shows it."""
    given = _read_rest(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_rest_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "rest_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


def _read(path: Path) -> OfficeRules:
    def made(value: dict[str, Any]) -> OfficeRules:
        rest = [value[field.name] for field in dataclasses.fields(OfficeRules)[4:]]
        head = [value["name"], value["source"], day_of(value["from_day"]), value.get("place_no")]
        return records.from_body(OfficeRules, [*head, *rest])

    return _loaded(path, made)


def _read_rest(path: Path) -> RestRules:
    """What the file leaves out is as in the default set; then it is named among ``defaults``."""

    def made(value: dict[str, Any]) -> RestRules:
        names = [field.name for field in dataclasses.fields(RestRules)]
        missing = [name for name in names[3:-1] if name not in value]
        known = {name: value.get(name, getattr(DEFAULT_REST_RULES, name)) for name in names[3:-1]}
        known["route_types"] = list(known["route_types"])
        head = [value["name"], value["source"], day_of(value["from_day"])]
        return records.from_body(RestRules, [*head, *known.values(), missing])

    return _loaded(path, made)


def _loaded(path: Path, made: Callable[[dict[str, Any]], T]) -> T:
    try:
        return made(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None
