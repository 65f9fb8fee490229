"""PIN hashes that a node can check with no network: scrypt (RFC 7914), parameters inside the text.

A PIN has few digits, so the hash only slows down whoever has the disk; guessing at the counter is stopped by locking.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

_N: Final = 1 << 14
_R: Final = 8
_P: Final = 1
MIN_DIGITS: Final = 4
MAX_DIGITS: Final = 12


def is_pin(text: str) -> bool:
    """Whether ``text`` is 4 to 12 ASCII digits, not all the same."""
    return MIN_DIGITS <= len(text) <= MAX_DIGITS and text.isascii() and text.isdigit() and len(set(text)) > 1


def hash_pin(pin: str, salt: bytes) -> str:
    """``scrypt$n$r$p$salt$hash`` of ``pin``; ``salt`` is 16 random bytes."""
    hashed = hashlib.scrypt(pin.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)
    return f"scrypt${_N}${_R}${_P}${_b64(salt)}${_b64(hashed)}"


def pin_matches(pin: str, stored: str) -> bool:
    """Whether ``pin`` is the one behind ``stored``; False for anything unreadable."""
    try:
        name, n, r, p, salt, hashed = stored.split("$")
        cost = int(n), int(r), int(p)
        if name != "scrypt" or cost[0] > 1 << 17 or cost[1] > 16 or cost[2] > 4:
            return False
        found = hashlib.scrypt(pin.encode(), salt=_unb64(salt), n=cost[0], r=cost[1], p=cost[2], dklen=32)
        return hmac.compare_digest(found, _unb64(hashed))
    except (ValueError, TypeError, OverflowError):
        return False


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
