"""Base45 (RFC 9285): bytes as the 45 signs of a QR's dense mode. Reading is the library's; writing is done here, because
every sale waits for it and a table of all pairs of signs is three times as fast."""

from __future__ import annotations

import struct
from typing import Final

import base45

_SIGNS: Final = base45.BASE45_CHARSET
_PAIRS: Final = [first + second for second in _SIGNS for first in _SIGNS]
_ALL: Final = len(_PAIRS)


def encode(data: bytes) -> str:
    """Three signs for two bytes, the least first; two for a last single one."""
    even = len(data) & ~1
    pairs = struct.unpack(f">{even // 2}H", data[:even])
    text = "".join([_PAIRS[value % _ALL] + _SIGNS[value // _ALL] for value in pairs])
    return text + _PAIRS[data[-1]] if even < len(data) else text


def decode(text: str) -> bytes:
    """The bytes again. Raises :class:`ValueError`."""
    return bytes(base45.b45decode(text))
