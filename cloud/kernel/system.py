"""The real world of a hub process: clock, randomness, and the hub's own key."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ports import Ids

KEY_FILE = "hub.key"


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        """Milliseconds since some start; never goes back."""
        return time.monotonic_ns() // 1_000_000


class SystemIds:
    """The operating system's randomness."""

    def token(self, size: int) -> bytes:
        """``size`` unpredictable bytes."""
        return secrets.token_bytes(size)


def hub_signer(data: Path, ids: Ids) -> Ed25519Signer:
    """The hub's key from ``data``, made there at the first start (mode 0600).

    Hub processes on several machines that share one database must share this file too. Raises :class:`Refusal`
    (``settings``) when the file is open to others or damaged.
    """
    return Ed25519Signer(hub_secret(data / KEY_FILE, ids))


def hub_secret(path: Path, ids: Ids) -> bytes:
    """32 secret bytes in a file of their own, made when it is not there (mode 0600). Raises as :func:`hub_signer`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "wb") as file:
        file.write(ids.token(32))
        file.flush()
        os.fsync(file.fileno())
    return _read(path)


def _read(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != 32:
        raise Refusal("settings", status=500, field=path.name, name=path.name, why="not a key of 32 bytes")
    if path.stat().st_mode & 0o077:
        raise Refusal("settings", status=500, field=path.name, name=path.name, why="others may read it; chmod 600")
    return secret
