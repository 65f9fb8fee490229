"""What all commands share: the options, opening the hub, saying what was done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.engine import Connection

from cloud.bootstrap import Hub, build
from cloud.kernel import audit, nodes
from cloud.kernel.settings import load
from sync.kernel.days import day_of

BY = audit.COMMAND_LINE
F = TypeVar("F", bound=Callable[..., Any])

_DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=Path("hub-data"), show_default=True,
    help="Folder of the hub.",
)  # fmt: skip
_DATABASE = click.option("--database", default=None, help="postgresql://… instead of SQLite in the folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")


def where(command: F) -> F:
    """The options that say which hub: ``data`` and ``database``."""
    return _DATA(_DATABASE(command))


def options(command: F) -> F:
    """The options that every command but ``run`` has."""
    return where(_JSON(command))


def open_hub(data: Path, database: str | None) -> Hub:
    """The hub on a data folder."""
    return build(load(data, os.environ, database=database))


def find_node(tx: Connection, text: str) -> nodes.NodeInfo:
    """A node by name or number."""
    return nodes.find(tx, int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text)


def read_day(text: str) -> int:
    """Service day of an ISO date."""
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date of the form YYYY-MM-DD") from None


def note(hub: Hub, tx: Connection, act: str, **details: Any) -> None:
    """Write down in the audit that the command line did something."""
    audit.record(tx, hub.clock.wall_ms(), BY, act, **details)


def say(value: dict[str, Any], as_json: bool) -> None:
    """The outcome, for people or for programs."""
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
        return
    for name, item in value.items():
        click.echo(f"{name}: {item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)}")
