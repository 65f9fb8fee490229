"""Identities of travellers: where they are wanted, and when nobody has to keep them any more, nobody can read them any more."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.domains.ticketing.tables import sealing_period
from cloud.domains.timetable.service import main_zone
from cloud.kernel.tables import operation
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed


@click.command("realname-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def realname_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish on which lines travellers are named from a day on: a TOML file as docs/operating shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_real_name_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        hub.sealing.provide(tx)
        note(hub, tx, "realname_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


@click.command("erase-identities")
@click.option("--dry-run", is_flag=True, help="Say what would be erased; change nothing.")
@options
def erase_identities(dry_run: bool, data: Path, database: str | None, as_json: bool) -> None:
    """Destroy the keys of every month whose time of keeping is over. Sales, money and logs stay as they are."""
    hub = open_hub(data, database)
    with hub.database.read() as tx:
        due = [one for one in hub.sealing.periods(tx) if one.due]
    erased: list[int] = []
    if due and not dry_run:
        with hub.database.write() as tx:
            erased = hub.sealing.erase(tx)
            note(hub, tx, "identities_erased", periods=erased)
        hub.database.forget_erased(sealing_period, operation)
    say({"due": [asdict(one) for one in due], "erased": erased, "dry_run": dry_run}, as_json)


def _read(path: Path) -> RealNameRules:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        body = [
            value["name"], value["source"], day_of(value["from_day"]), value.get("operator_no"), value["demanded"],
            value.get("route_nos", []), value.get("route_types", []), value["keep_days"],
        ]  # fmt: skip
        return records.from_body(RealNameRules, body)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None
