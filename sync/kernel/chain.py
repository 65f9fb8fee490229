"""The hash chain of a node's log: h(i) = SHA-256(h(i-1) ‖ event(i)). One changed byte changes every later head."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

GENESIS: Final = bytes(32)


def link(previous: bytes, event: bytes) -> bytes:
    """Chain hash after ``event`` (encoded bytes) when the hash before it was ``previous`` (32 bytes)."""
    return hashlib.sha256(previous + event).digest()


def head(previous: bytes, events: Iterable[bytes]) -> bytes:
    """Chain hash after all of ``events`` in order."""
    for event in events:
        previous = hashlib.sha256(previous + event).digest()
    return previous
