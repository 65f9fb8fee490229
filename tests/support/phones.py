"""A passenger's phone in software: what the wallet's page does in a browser."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.kernel import holder, ticket
from sync.kernel.keys import EDDSA


class Phone:
    """One key of one phone, of the algorithm that its browser has."""

    def __init__(self, alg: int = EDDSA) -> None:
        self.alg = alg
        self._ed25519, self._p256 = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
        self.point = self._p256.public_key()
        compressed = self.point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        self.holder = self._ed25519.public_key().public_bytes_raw() if alg == EDDSA else compressed

    def show(self, text: str, at_s: int) -> str:
        """The code on the screen at ``at_s``."""
        return ticket.to_text(holder.show(ticket.to_bytes(text), at_s, self.alg, self.sign))

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as WebCrypto gives them."""
        if self.alg == EDDSA:
            return self._ed25519.sign(message)
        halves = utils.decode_dss_signature(self.point_signed(message))
        return b"".join(half.to_bytes(32, "big") for half in halves)

    def point_signed(self, message: bytes) -> bytes:
        """The same with the key on P-256, as X.509 writes it."""
        return self._p256.sign(message, ec.ECDSA(SHA256()))
