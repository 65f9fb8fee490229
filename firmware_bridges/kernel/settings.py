"""Settings of one bridge: read once from file, environment and command line; odd ones refuse to start."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sync.kernel.devices import NODE
from sync.kernel.errors import Fault

PREFIX = "YIPIAO_BRIDGE_"
_LEVEL = re.compile(r"[a-z0-9-]{1,40}")
_BOUNDS = {"port": (1, 65_535), "beat_ms": (100, 60_000), "retry_ms": (100, 60_000)}


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """Who this bridge is, where the broker is, and the folder of what the node does not have yet."""

    node: str
    device: str
    data: Path
    host: str = "127.0.0.1"
    port: int = 1883
    beat_ms: int = 2_000
    retry_ms: int = 1_000

    def __post_init__(self) -> None:
        """Refuse what could not work: topics are made of ``node`` and ``device``."""
        for name in ("node", "device"):
            if not _LEVEL.fullmatch(getattr(self, name)):
                raise _odd(name, "1 to 40 of a-z, 0-9 and -")
        if self.device == NODE:
            raise _odd("device", f"another name than {NODE}, which is the node's own")
        for name, (low, high) in _BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                raise _odd(name, f"{low} to {high}")


def load_settings(
    given: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> BridgeSettings:
    """From a TOML file, over it ``YIPIAO_BRIDGE_*``, over both what was ``given`` (None: not given)."""
    values: dict[str, object] = dict(tomllib.loads(file.read_text("utf-8"))) if file else {}
    ours = [name for name in environment if name.startswith(PREFIX)]
    values |= {name.removeprefix(PREFIX).lower(): environment[name] for name in ours}
    values |= {name: value for name, value in given.items() if value is not None}
    known = {field.name: field for field in dataclasses.fields(BridgeSettings)}
    for name in values.keys() - known.keys():
        raise _odd(name, "no such setting")
    for name, field in known.items():
        if name not in values and field.default is dataclasses.MISSING:
            raise _odd(name, "is missing")
    return BridgeSettings(**{name: _typed(name, value) for name, value in values.items()})  # type: ignore[arg-type]


def _typed(name: str, value: object) -> object:
    if name == "data":
        return Path(str(value))
    if name not in _BOUNDS:
        return str(value)
    try:
        return int(str(value))
    except ValueError:
        raise _odd(name, "a whole number") from None


def _odd(name: str, wanted: str) -> Fault:
    return Fault("bridge_setting", f"setting {name}: {wanted}", retry=False)
