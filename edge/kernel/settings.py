"""Settings of one node: read once, from ``settings.toml`` in the data folder and the environment, then frozen.

Environment names are ``YIPIAO_NODE_`` and the field in capitals. An unknown name or an odd value refuses to start.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from sync.kernel.errors import Fault

PREFIX: Final = "YIPIAO_NODE_"
SOFTWARE: Final = "0.1.0"


@dataclass(frozen=True)
class Settings:
    """``exchange_every_s``: pause between exchanges unless the hub says otherwise. ``mqtt_port`` 0: no device bus."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8100
    hub_url: str = ""
    exchange_every_s: int = 60
    threads: int = 8
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 0
    gate_device: str = ""
    hold_minutes: int = 15

    @property
    def database(self) -> Path:
        """The node's one database."""
        return self.data / "node.sqlite"

    @property
    def key_file(self) -> Path:
        """The node's private key (32 raw bytes, mode 0600)."""
        return self.data / "node.key"


def load(data: Path, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from the file, the environment and the command line, each over the one before.

    Raises :class:`Fault` (``settings``) on a name or value that makes no sense.
    """
    values: dict[str, Any] = {}
    file = data / "settings.toml"
    if file.is_file():
        values.update(tomllib.loads(file.read_text(encoding="utf-8")))
    for name, text in environment.items():
        if name.startswith(PREFIX):
            values[name[len(PREFIX) :].lower()] = text
    values.update({name: value for name, value in given.items() if value is not None})
    values.pop("data", None)
    return Settings(data=data, **{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    kinds = {field.name: field.type for field in fields(Settings)}
    if name not in kinds:
        raise Fault("settings", f"unknown setting {name!r}", retry=False)
    if kinds[name] == "int":
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise Fault("settings", f"{name}: {value!r} is not a whole number", retry=False) from None
        if not 0 <= number <= 1_000_000:
            raise Fault("settings", f"{name}: {number} is out of range", retry=False)
        return number
    return str(value)
