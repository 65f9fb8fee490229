"""Rules of the ticket office, from a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.ticketing.publish import publish_refund_rules
from cloud.domains.timetable.service import main_zone
from sync.domains.ticketing.operations import RefundRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed


@click.command("refund-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def refund_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish what a refund costs from a day on: a TOML file as docs/operating shows it."""
    given = _read(path)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        today = day_at(hub.clock.wall_ms(), main_zone(tx))
        pos = publish_refund_rules(tx, given, today)
        note(hub, tx, "refund_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


def _read(path: Path) -> RefundRules:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        bands = [[band["minutes_before"], band["fee_per_mille"], band["least_fee_minor"]] for band in value["band"]]
        body = [
            value["name"], value["source"], day_of(value["from_day"]), value.get("operator_no"), bands,
            value["currency"], value["rounding_minor"], value["limit_minor"],
        ]  # fmt: skip
        return records.from_body(RefundRules, body)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None
