"""Signatures that were just made need not be checked by arithmetic: that they hold is what making them means.

Any other (bent, copied onto other bytes, from another key) goes the long way. This saves a good part of a seed's time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

from sync.kernel.keys import Ed25519Signer, VerifyKey

_sign, _verifies = Ed25519Signer.sign, VerifyKey.verifies


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """As long as this lasts, keys know the signatures that they made."""
    made: dict[tuple[bytes, bytes], bytes] = {}

    def sign(self: Ed25519Signer, message: bytes) -> bytes:
        signature = _sign(self, message)
        made[self.public, signature] = message
        return signature

    def verifies(self: VerifyKey, signature: bytes, message: bytes) -> bool:
        return made.get((self.public, signature)) == message or _verifies(self, signature, message)

    with mock.patch.object(Ed25519Signer, "sign", sign), mock.patch.object(VerifyKey, "verifies", verifies):
        yield
