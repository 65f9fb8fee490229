"""Keys, their ids, and the algorithms that are allowed at all.

An algorithm is its COSE id (RFC 9053). What is not in :data:`ALLOWED` does not verify, whatever a message claims.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

EDDSA: Final = -8
ALLOWED: Final = frozenset({EDDSA})
KID_BYTES: Final = 8


def kid_of(public: bytes) -> bytes:
    """Key id: the first 8 bytes of SHA-256 over the raw public key (32 bytes)."""
    return hashlib.sha256(public).digest()[:KID_BYTES]


@dataclass(frozen=True)
class VerifyKey:
    """A public key and the algorithm that it is for."""

    public: bytes
    alg: int = EDDSA

    @property
    def kid(self) -> bytes:
        """Id of this key."""
        return kid_of(self.public)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` over ``message`` was made by this key's owner."""
        if self.alg not in ALLOWED or len(self.public) != 32:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519Signer:
    """A signer over a 32-byte private seed."""

    alg = EDDSA

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        self.kid = kid_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """64-byte Ed25519 signature (deterministic, RFC 8032)."""
        return self._key.sign(message)

    def secret(self, name: bytes) -> bytes:
        """32 bytes that only the owner of this key can make, the same each time for ``name`` (HKDF, RFC 5869)."""
        return HKDF(SHA256(), 32, None, b"yipiao secret 1 " + name).derive(self._key.private_bytes_raw())

    @property
    def verify_key(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(self.public, self.alg)
