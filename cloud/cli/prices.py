"""Rules of the ticket office, from files."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cloud.cli.common import note, open_hub, options, say
from cloud.domains.ticketing.publish import publish_fare_rules, publish_rebook_rules, publish_refund_rules
from cloud.domains.timetable.service import main_zone
from sync.domains.ticketing.operations import FareRules, RebookRules, RefundRules
from sync.kernel import records
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Malformed

R = TypeVar("R", RefundRules, RebookRules, FareRules)


@click.command("refund-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def refund_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish what a refund costs from a day on: a TOML file as docs/operating shows it."""
    given = _read(RefundRules, path, _refund_body)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        today = day_at(hub.clock.wall_ms(), main_zone(tx))
        pos = publish_refund_rules(tx, given, today)
        note(hub, tx, "refund_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


@click.command("rebook-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def rebook_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish until when, how often and for how much a ticket is rebooked: a TOML file as docs/operating shows it."""
    given = _read(RebookRules, path, _rebook_body)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_rebook_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "rebook_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


@click.command("fare-rules")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options
def fare_rules(path: Path, data: Path, database: str | None, as_json: bool) -> None:
    """Publish who pays what from a day on: concessions and extras, from a TOML file as docs/operating shows it."""
    given = _read(FareRules, path, _fare_body)
    hub = open_hub(data, database)
    with hub.database.write() as tx:
        pos = publish_fare_rules(tx, given, day_at(hub.clock.wall_ms(), main_zone(tx)))
        note(hub, tx, "fare_rules", name=given.name, key=given.key)
    say({"key": given.key, "pos": pos}, as_json)


def _read(kind: type[R], path: Path, body_of: Callable[[dict[str, Any]], list[Any]]) -> R:
    try:
        value: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return records.from_body(kind, body_of(value))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError, Malformed) as error:
        raise click.BadParameter(f"{path.name}: {type(error).__name__} {error}") from None


def _refund_body(value: dict[str, Any]) -> list[Any]:
    bands = [[band["minutes_before"], band["fee_per_mille"], band["least_fee_minor"]] for band in value["band"]]
    return [*_head(value), bands, value["currency"], value["rounding_minor"], value["limit_minor"],
            *(value[name] for name in ("fault_minutes_after", "hub_decides") if name in value)]  # fmt: skip


def _rebook_body(value: dict[str, Any]) -> list[Any]:
    return [*_head(value), *(value[field.name] for field in dataclasses.fields(RebookRules)[4:])]


def _fare_body(value: dict[str, Any]) -> list[Any]:
    concessions = [
        [line["rider"], line["share_per_mille"], line.get("services", []), line.get("proofs", [])]
        for line in value.get("concession", [])
    ]
    extras = [[extra["code"], extra["price_minor"], extra["names"]] for extra in value.get("extra", [])]
    return [*_head(value), concessions, extras, value["currency"], value["rounding_minor"]]


def _head(value: dict[str, Any]) -> list[Any]:
    return [value["name"], value["source"], day_of(value["from_day"]), value.get("operator_no")]
