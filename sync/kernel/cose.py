"""COSE_Sign1 (RFC 9052 §4.2): the one form of everything that is signed.

The algorithm and the key id stand in the protected header. A purpose goes into the external additional data, so that
a signature made for one purpose never passes for another; tickets leave it empty, so that any COSE library reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from sync.kernel import cbor
from sync.kernel.errors import Malformed
from sync.kernel.keys import ALLOWED, EDDSA, KID_BYTES, VerifyKey
from sync.kernel.ports import Signer

TAG: Final = 18
BARE: Final = 2
HEADER_ALG: Final = 1
HEADER_KID: Final = 4
MAX_BYTES: Final = 8 * 1024 * 1024
_PREFIX: Final = bytes([0xC0 | TAG])
_SIGNATURE_BYTES: Final = 64

FindKey = Callable[[bytes], VerifyKey | None]


@dataclass(frozen=True)
class Sign1:
    """A COSE_Sign1 taken apart; ``unprotected`` is not covered by the signature."""

    protected: bytes
    alg: int
    kid: bytes
    unprotected: dict[int, Any]
    payload: bytes
    signature: bytes

    def verified_by(self, key: VerifyKey, purpose: bytes = b"") -> bool:
        """Whether ``key`` signed this payload for ``purpose``."""
        if key.alg != self.alg or key.kid != self.kid:
            return False
        return key.verifies(self.signature, _to_be_signed(self.protected, purpose, self.payload))


def sign1(payload: bytes, signer: Signer, purpose: bytes = b"", unprotected: dict[int, Any] | None = None) -> bytes:
    """``payload`` signed, as a tagged COSE_Sign1."""
    protected = cbor.encode({HEADER_ALG: signer.alg, HEADER_KID: signer.kid})
    signature = signer.sign(_to_be_signed(protected, purpose, payload))
    return _PREFIX + cbor.encode([protected, unprotected or {}, payload, signature])


def parse(data: bytes, max_bytes: int = MAX_BYTES) -> Sign1:
    """Take a tagged COSE_Sign1 apart without verifying it.

    Raises :class:`Malformed`: ``cose_size``, ``cose_damaged``, or ``cose_algorithm`` for one outside the allow-list.
    """
    if len(data) > max_bytes:
        raise Malformed("cose_size")
    if data[:1] != _PREFIX:
        raise Malformed("cose_damaged", "no COSE_Sign1 tag")
    try:
        protected, unprotected, payload, signature = cbor.decode(data[1:], max_bytes)
        header = cbor.decode(protected, 64)
    except (Malformed, TypeError, ValueError):
        raise Malformed("cose_damaged") from None
    if type(header) is not dict or set(header) != {HEADER_ALG, HEADER_KID} or type(unprotected) is not dict:
        raise Malformed("cose_damaged")
    alg, kid = header[HEADER_ALG], header[HEADER_KID]
    if type(kid) is not bytes or type(payload) is not bytes or type(signature) is not bytes:
        raise Malformed("cose_damaged")
    if type(alg) is not int or alg not in ALLOWED:
        raise Malformed("cose_algorithm", str(alg)[:60])
    return Sign1(protected, alg, kid, unprotected, payload, signature)


def verify1(data: bytes, find_key: FindKey, purpose: bytes = b"", max_bytes: int = MAX_BYTES) -> Sign1:
    """Parse and verify. Raises as :func:`parse`, ``cose_unknown_key`` or ``cose_signature``."""
    return check(parse(data, max_bytes), find_key, purpose)


def check(signed: Sign1, find_key: FindKey, purpose: bytes) -> Sign1:
    """``signed`` once its key was found and its signature holds. Raises ``cose_unknown_key`` or ``cose_signature``."""
    key = find_key(signed.kid)
    if key is None:
        raise Malformed("cose_unknown_key", signed.kid.hex())
    if not signed.verified_by(key, purpose):
        raise Malformed("cose_signature")
    return signed


def sign_bare(payload: bytes, signer: Signer, purpose: bytes) -> bytes:
    """A COSE_Sign1 in a form that leaves out what is the same in each: ``BARE ‖ key id ‖ payload ‖ signature``.

    The signature is the one of the full form, header and all. Only for Ed25519, whose lengths are known.
    """
    if signer.alg != EDDSA or len(signer.kid) != KID_BYTES:
        raise ValueError("the bare form is for Ed25519")
    signature = signer.sign(_to_be_signed(_bare_header(signer.kid), purpose, payload))
    return bytes([BARE]) + signer.kid + payload + signature


def is_bare(data: bytes) -> bool:
    """Whether ``data`` claims to be of :func:`sign_bare`; the full form begins with its tag."""
    return data[:1] == bytes([BARE])


def parse_bare(data: bytes, max_bytes: int = MAX_BYTES) -> Sign1:
    """Take the bare form apart without verifying it. Raises :class:`Malformed`: ``cose_size``, ``cose_damaged``."""
    if len(data) > max_bytes:
        raise Malformed("cose_size")
    if not is_bare(data) or len(data) < 1 + KID_BYTES + _SIGNATURE_BYTES:
        raise Malformed("cose_damaged")
    kid, payload, signature = data[1 : 1 + KID_BYTES], data[1 + KID_BYTES : -_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    return Sign1(_bare_header(kid), EDDSA, kid, {}, payload, signature)


def _bare_header(kid: bytes) -> bytes:
    return cbor.encode({HEADER_ALG: EDDSA, HEADER_KID: kid})


def _to_be_signed(protected: bytes, purpose: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, purpose, payload], canonical=True)
