"""Settings of one hub process: one frozen dataclass, read once. An unknown or odd value refuses to start.

Sources, the later wins: defaults, ``hub.toml`` in the data folder, the environment (``YIPIAO_HUB_…``; with ``_FILE``
behind the name the value is read from a file, for secrets), what the command line says.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sync.kernel import seal
from sync.kernel.errors import Refusal

PREFIX: Final = "YIPIAO_HUB_"
FILE: Final = "hub.toml"
_SPANS: Final = {
    "port": (0, 65_535),
    "threads": (1, 64),
    "come_back_spread_percent": (0, 100),
    "visits_per_s": (1, 100_000),
    "turns_per_s": (1, 100_000),
    "share_percent": (0, 100),
    "contact_flush_ms": (100, 600_000),
    "provision_every_s": (1, 86_400),
    "grant_hours": (0, 720),
    "certificate_days": (1, 36_500),
    "hold_minutes": (1, 1_440),
    "held_places": (1, 100_000),
    "seller_calls_per_minute": (1, 100_000),
}
_SCHEMES: Final = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True, slots=True)
class Settings:
    """``database`` empty: SQLite in ``data``. Hours and counts of the grants: see cloud/domains/inventory."""

    data: Path
    database: str = ""
    host: str = "127.0.0.1"
    port: int = 8600
    threads: int = 4
    come_back_ms: int = 60_000
    come_back_spread_percent: int = 20
    visits_per_s: int = 300
    turns_per_s: int = 60
    contact_flush_ms: int = 5_000
    code_valid_days: int = 30
    certificate_days: int = 1_095
    provision_every_s: int = 3_600
    grant_hours: int = 36
    grant_trips: int = 400
    search_operators: int = 24
    block_station: int = 12
    block_village: int = 6
    block_pier: int = 20
    share_percent: int = 60
    residual_minutes: int = 30
    at_risk_budget: int = 2
    sealing_suite: str = seal.DEFAULT.name
    hold_minutes: int = 15
    held_places: int = 200
    seller_calls_per_minute: int = 600
    shop_seller: str = ""
    card_url: str = ""
    pdf_font: str = ""

    @property
    def database_url(self) -> str:
        """The database's address as SQLAlchemy writes it."""
        return self.database or f"sqlite:///{self.data / 'hub.sqlite'}"


def load(data: Path, environment: Mapping[str, str], **given: Any) -> Settings:
    """Settings for the hub whose files are in ``data``. Raises :class:`Refusal` (``settings``) naming what is odd."""
    values: dict[str, Any] = _from_file(data / FILE) | _from_environment(environment)
    values |= {name: value for name, value in given.items() if value is not None}
    known = {entry.name: entry.type for entry in dataclasses.fields(Settings)}
    if odd := sorted(set(values) - set(known)):
        raise _odd(odd[0], "no such setting")
    return Settings(**{"data": data} | {name: _typed(name, value, known[name]) for name, value in values.items()})


def _typed(name: str, value: Any, kind: Any) -> Any:
    if name == "database" and value and not str(value).startswith(_SCHEMES):
        raise _odd(name, "neither sqlite:///… nor postgresql://…")
    if name == "sealing_suite" and value not in seal.NAMES:
        raise _odd(name, f"none of {', '.join(seal.NAMES)}")
    if name == "card_url" and value and not _is_card_url(str(value)):
        raise _odd(name, "no http:// or https:// address of a host, up to 200 characters long")
    if "int" not in str(kind):
        return Path(value) if "Path" in str(kind) else str(value)
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _odd(name, f"{value!r} is not a whole number")
    low, high = _SPANS.get(name, (0, 999_999_999))
    if not low <= int(text) <= high:
        raise _odd(name, f"not between {low} and {high}")
    return int(text)


def _is_card_url(text: str) -> bool:
    """What stands before a card's path is written in capitals, so it holds a host and nothing else."""
    return len(text) <= 200 and re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?", text) is not None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _odd(path.name, str(error)) from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        setting = name.removeprefix(PREFIX).lower()
        if setting.endswith("_file"):
            setting = setting.removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise _odd(name, str(error)) from None
        found[setting] = value
    return found


def _odd(name: str, why: str) -> Refusal:
    return Refusal("settings", status=500, field=name, name=name, why=why)
