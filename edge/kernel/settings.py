"""Settings of one node: read once, from ``settings.toml`` in the data folder and the environment, then frozen.

Environment names are ``YIPIAO_NODE_`` and the field in capitals. An unknown name or an odd value refuses to start.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sync.kernel.errors import Fault

PREFIX: Final = "YIPIAO_NODE_"
SOFTWARE: Final = "0.1.0"
_RANGES: Final = {
    "port": (0, 65_535),
    "portal_port": (0, 65_535),
    "mqtt_port": (0, 65_535),
    "exchange_every_s": (1, 86_400),
    "threads": (1, 64),
    "hold_minutes": (1, 1_440),
    "reserve_mib": (0, 100_000),
}
_TEXTS: Final = {
    "host": re.compile(r"[!-~]{1,255}"),
    "mqtt_host": re.compile(r"[!-~]{1,255}"),
    "hub_url": re.compile(r"(https?://[!-~]{1,255})?"),
    "gate_device": re.compile(r"[a-z0-9-]{0,40}"),
    "gateway_url": re.compile(r"(https?://[!-~]{1,255})?"),
    "gateway_merchant_no": re.compile(r"[!-~]{1,64}"),
    "gateway_key_file": re.compile(r"[^\x00-\x1f]{0,255}"),
    "gateway_notify_url": re.compile(r"(https?://[!-~]{1,255})?"),
    "portal_host": re.compile(r"[!-~]{1,255}"),
    "portal_url": re.compile(r"(https?://[!-~]{1,255})?"),
    "wifi_gateway": re.compile(r"([0-9A-Za-z.-]{1,80}:[0-9]{1,5})?"),
    "wifi_key_file": re.compile(r"[^\x00-\x1f]{0,255}"),
    "pdf_font": re.compile(r"[^\x00-\x1f]{0,255}"),
}


@dataclass(frozen=True)
class Settings:
    """``exchange_every_s``: pause between exchanges unless the hub says otherwise. ``mqtt_port`` 0: no device bus.
    ``reserve_mib``: this much of the disk is not for selling. ``gateway_url`` empty: nobody pays by phone here;
    ``gateway_key_file`` is looked for in the data folder; ``gateway_notify_url``: this box as the gateway sees it, if it does.
    ``portal_port`` 0: no server of its own for phones on the WiFi, to whom this box is ``portal_url``; ``wifi_gateway``:
    ``host:port`` of openNDS, whose ``faskey`` stands in ``wifi_key_file``. ``pdf_font``: file of the font
    for PDF; empty: one that the system has."""

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
    reserve_mib: int = 32
    gateway_url: str = ""
    gateway_merchant_no: str = "yipiao"
    gateway_key_file: str = "gateway.key"
    gateway_notify_url: str = ""
    portal_host: str = "127.0.0.1"
    portal_port: int = 0
    portal_url: str = ""
    wifi_gateway: str = ""
    wifi_key_file: str = "wifi.key"
    pdf_font: str = ""

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
        try:
            values.update(tomllib.loads(file.read_text(encoding="utf-8")))
        except ValueError as error:
            raise Fault("settings", f"settings.toml: {error}", retry=False) from None
    for name, text in environment.items():
        if name.startswith(PREFIX):
            values[name[len(PREFIX) :].lower()] = text
    values.update({name: value for name, value in given.items() if value is not None})
    values.pop("data", None)
    return Settings(data=data, **{name: _value(name, value) for name, value in values.items()})


def _value(name: str, value: Any) -> Any:
    if name in _RANGES:
        return _number(name, value, *_RANGES[name])
    if name not in _TEXTS:
        raise Fault("settings", f"unknown setting {name!r}", retry=False)
    if type(value) is not str or not _TEXTS[name].fullmatch(value):
        raise Fault("settings", f"{name}: {value!r} is not what stands there", retry=False)
    return value


def _number(name: str, value: Any, least: int, most: int) -> int:
    text = str(value) if type(value) in (int, str) else ""
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise Fault("settings", f"{name}: {value!r} is not a whole number", retry=False)
    if not least <= int(text) <= most:
        raise Fault("settings", f"{name}: {text} is not from {least} to {most}", retry=False)
    return int(text)
