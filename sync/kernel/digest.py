"""A digest of a stream that does not depend on the order in which operations came.

The sum, modulo 2^128, of one hash a live key: adding, replacing and removing a key are additions and subtractions, so
both ends keep it up to date at the price of one hash, and leaving out replaced operations never changes it.
"""

from __future__ import annotations

import hashlib
from typing import Final

MODULUS: Final = 1 << 128


def item(key: str, body: bytes | None) -> int:
    """Contribution of one key with its encoded ``body``; a tombstone (None) contributes nothing."""
    if body is None:
        return 0
    name = key.encode("utf-8", "surrogateescape")
    hashed = hashlib.sha256(len(name).to_bytes(4, "big") + name + body).digest()
    return int.from_bytes(hashed[:16], "big")


def replace(digest: int, key: str, old: bytes | None, new: bytes | None) -> int:
    """The digest after ``key`` went from ``old`` to ``new``."""
    return (digest - item(key, old) + item(key, new)) % MODULUS
