"""What the world gives to a process. One ``bootstrap.py`` a process builds the real ones; tests pass theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Clock(Protocol):
    """Two readings that mean different things; neither is a promise (law 9: time is a claim)."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 as this machine believes them. May jump, may be decades off."""

    def mono_ms(self) -> int:
        """Milliseconds since this process's boot reference. Never goes back while the process lives."""


class Ids(Protocol):
    """The only source of randomness."""

    def token(self, size: int) -> bytes:
        """``size`` unpredictable bytes."""


class Transport(Protocol):
    """One request to the hub. The hub never calls a node."""

    def post(self, path: str, body: bytes) -> bytes:
        """Answer's body. Raises :class:`sync.kernel.errors.Fault` when there is no answer or not a good one."""


class Signer(Protocol):
    """A private key that never leaves its owner."""

    alg: int
    kid: bytes

    def sign(self, message: bytes) -> bytes:
        """Raw signature over ``message`` with the algorithm ``alg`` (a COSE algorithm id)."""


class LogStore(Protocol):
    """The append-only log of one node as the exchange sees it."""

    def head(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the last event; ``(0, GENESIS)`` for an empty log."""

    def hash_at(self, seq: int) -> bytes:
        """Chain hash after event ``seq`` (``GENESIS`` for 0)."""

    def slice(self, after_seq: int, max_events: int, max_bytes: int) -> Iterable[bytes]:
        """Encoded events after ``after_seq`` in order, within both bounds (but at least one if there is one)."""
