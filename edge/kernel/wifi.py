"""Phones on the box's WiFi: who pressed "go on", whether there is a line behind the box, and the door of its gateway.

Nothing of it is written down: after a restart every phone is asked again, which costs a press and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from edge.kernel.clock import TimeKeeper
from edge.kernel.fleet import Fleet
from sync.kernel.errors import Fault

NAME: Final = "yipiao.internal"  # what boxes answer to on their own WiFi (.internal is nobody's in the internet)
SESSION_MS: Final = 4 * 3_600_000
LINE_S: Final = 15 * 60  # a box that backs off asks its hub at least so often
MOST_PHONES: Final = 1_000
LEAST_KEY: Final = 16
MAX_FAS: Final = 4_096
_HID: Final = re.compile(r"[0-9A-Za-z]{16,128}")


class Wifi:
    """The rule of the portal's sheet: a phone is told that it is online when its passenger went on **and** there is a line.

    Without a line a phone that thinks it is online sends everything into nowhere. ``gateway``: ``host:port`` of openNDS on this
    box, empty without one; ``key``: what it and this box share.
    """

    def __init__(self, fleet: Fleet, keeper: TimeKeeper, gateway: str = "", key: bytes = b"") -> None:
        self._fleet, self._keeper, self.gateway, self._key = fleet, keeper, gateway, key
        self._since_ms: OrderedDict[str, int] = OrderedDict()

    def go_on(self, address: str) -> None:
        """The passenger whose phone has this address pressed "go on"; it holds for four hours."""
        self._since_ms[address] = self._keeper.since_start_ms()
        self._since_ms.move_to_end(address)
        while len(self._since_ms) > MOST_PHONES:
            self._since_ms.popitem(last=False)

    def left_s(self, address: str) -> int:
        """Seconds for which a phone need not be asked again; 0 when it has to be."""
        since_ms = self._since_ms.get(address)
        if since_ms is None:
            return 0
        return max(since_ms + SESSION_MS - self._keeper.since_start_ms(), 0) // 1000

    def has_line(self) -> bool:
        """Whether the hub was reached lately: all that a box knows of the internet."""
        age_s = self._fleet.hub_age_s()
        return age_s is not None and age_s < LINE_S

    def online(self, address: str) -> bool:
        """What the probes of a phone are told."""
        return self.left_s(address) > 0 and self.has_line()

    def door(self, hid: str, back: str) -> str:
        """Where openNDS lets a phone through: its hashed id with our key, and the page to come ``back`` to."""
        token = hashlib.sha256(hid.encode() + self._key).hexdigest()
        return f"http://{self.gateway}/opennds_auth/?{urlencode({'tok': token, 'redir': back})}"


def hid_of(fas: str) -> str | None:
    """The hashed id of a phone in what openNDS sends along (level 1: base64 of ``name=value, …``); None for rubbish."""
    if len(fas) > MAX_FAS:
        return None
    fas = fas.replace(" ", "+")  # what a plus in an address is read as
    try:
        text = base64.b64decode(fas + "=" * (-len(fas) % 4), altchars=b"-_").decode()
    except (binascii.Error, ValueError):
        return None
    fields = dict(part.split("=", 1) for part in text.split(", ") if "=" in part)
    hid = fields.get("hid", "")
    return hid if _HID.fullmatch(hid) else None


def read_key(file: Path) -> bytes:
    """The key that openNDS has as ``faskey``. Raises :class:`Fault` ``settings`` without one, or one too short."""
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise Fault("settings", f"wifi_key_file: {file.name}: {error.strerror}", retry=False) from None
    if len(key) < LEAST_KEY:
        raise Fault("settings", f"wifi_key_file: {file.name}: at least {LEAST_KEY} characters", retry=False)
    return key
