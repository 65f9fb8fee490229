"""What is worked out once and the same for ever: bytes taken apart, and signatures that were just made.

Nothing here depends on a world, and the functions are those of the production code; a seed would otherwise spend a good
part of its time on reading the same records again for each box. A signature that somebody just made holds, that is what
making it means; any other (bent, copied onto other bytes, from another key) goes the long way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from unittest import mock

from sync.kernel import cose, ticket
from sync.kernel.events import Registry
from sync.kernel.keys import Ed25519Signer, VerifyKey
from sync.kernel.operations import Record

MOST: Final = 10_000
_sign, _verifies = Ed25519Signer.sign, VerifyKey.verifies
_record = lru_cache(MOST)(Record.from_bytes.__func__)  # type: ignore[attr-defined]
_event = lru_cache(MOST)(Registry.decode)
_signed = lru_cache(MOST)(cose.parse)
_ticket = lru_cache(MOST)(ticket.parse)


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """As long as this lasts, what was read once is known, and keys know the signatures that they made."""
    made: dict[tuple[bytes, bytes], bytes] = {}

    def sign(self: Ed25519Signer, message: bytes) -> bytes:
        signature = _sign(self, message)
        made[self.public, signature] = message
        return signature

    def verifies(self: VerifyKey, signature: bytes, message: bytes) -> bool:
        return made.get((self.public, signature)) == message or _verifies(self, signature, message)

    known: tuple[tuple[Any, str, Any], ...] = (
        (Ed25519Signer, "sign", sign), (VerifyKey, "verifies", verifies), (cose, "parse", _signed),
        (ticket, "parse", _ticket), (Registry, "decode", lambda *words: _event(*words)),
        (Record, "from_bytes", classmethod(lambda *words: _record(*words))),
    )  # fmt: skip
    with contextlib.ExitStack() as patched:
        for where, name, knowing in known:
            patched.enter_context(mock.patch.object(where, name, knowing))
        yield
