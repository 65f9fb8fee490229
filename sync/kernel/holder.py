"""A ticket bound to a phone's key (RFC 8747), and the code by which that phone shows it.

The claim 8 (``cnf``) holds the phone's public key as a COSE_Key (RFC 9052). The phone shows the CBOR array
``[ticket, at_s, signature]`` in place of the ticket: its COSE_Sign1, seconds since 1970, and a signature over both. That is
the signature of a COSE_Sign1 whose payload is the time and whose external additional data is the ticket, so that any
COSE library checks it. What was signed a while ago is a picture of a phone and no phone.

Two kinds of keys, because browsers differ: Ed25519 (32 bytes) and, where that is missing, ECDSA on P-256 (33 bytes, SEC 1
compressed).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from sync.kernel import cbor
from sync.kernel.errors import Malformed
from sync.kernel.keys import EDDSA

CLAIM_CNF: Final = 8
ES256: Final = -7
ED25519_BYTES: Final = 32
P256_BYTES: Final = 33
_COSE_KEY: Final = 1
_PURPOSE: Final = b"yipiao shown 1"
_ARRAY_OF_3: Final = b"\x83"
_HALF: Final = 32
_SIGNATURE_BYTES: Final = 64
_MAX_TIME: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Shown:
    """What a phone showed: the ticket's COSE_Sign1, when it says that it was signed, and its signature (64 bytes)."""

    ticket: bytes
    at_s: int
    signature: bytes

    def signed_by(self, holder: bytes) -> bool:
        """Whether the phone with the public key ``holder`` signed this very ticket and time."""
        if len(self.signature) != _SIGNATURE_BYTES:
            return False
        try:
            if len(holder) == ED25519_BYTES:
                message = to_be_signed(self.ticket, self.at_s, EDDSA)
                Ed25519PublicKey.from_public_bytes(holder).verify(self.signature, message)
            else:
                halves = (int.from_bytes(half, "big") for half in (self.signature[:_HALF], self.signature[_HALF:]))
                message = to_be_signed(self.ticket, self.at_s, ES256)
                _point(holder).verify(utils.encode_dss_signature(*halves), message, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def is_shown(data: bytes) -> bool:
    """Whether ``data`` claims to be what a phone shows; a ticket begins with its tag."""
    return data[:1] == _ARRAY_OF_3


def read(data: bytes, max_bytes: int) -> Shown:
    """Take apart what a phone shows, without believing it. Raises :class:`Malformed` ``ticket_damaged``."""
    value = cbor.decode(data, max_bytes)
    if type(value) is not list or [type(item) for item in value] != [bytes, int, bytes]:
        raise Malformed("ticket_damaged")
    if not 0 <= value[1] < _MAX_TIME:
        raise Malformed("ticket_damaged")
    return Shown(*value)


def show(ticket: bytes, at_s: int, alg: int, sign: Callable[[bytes], bytes]) -> bytes:
    """What a phone shows at ``at_s``. ``sign`` gives 64 bytes: Ed25519's, or the two halves of ECDSA's behind each other."""
    return cbor.encode([ticket, at_s, sign(to_be_signed(ticket, at_s, alg))])


def to_be_signed(ticket: bytes, at_s: int, alg: int) -> bytes:
    """The Sig_structure of RFC 9052 §4.4 that the phone signs."""
    parts = ["Signature1", cbor.encode({1: alg}), _PURPOSE + ticket, cbor.encode(at_s)]
    return cbor2.dumps(parts, canonical=True)


def check_key(holder: bytes) -> None:
    """Refuse what is no public key of one of both kinds. Raises :class:`Malformed` ``holder_key``."""
    try:
        if len(holder) == P256_BYTES:
            _point(holder)
        elif len(holder) != ED25519_BYTES:
            raise ValueError
    except ValueError:
        raise Malformed("holder_key") from None


def to_cnf(holder: bytes) -> dict[int, Any]:
    """The value of the claim ``cnf``."""
    if len(holder) == ED25519_BYTES:
        return {_COSE_KEY: {1: 1, -1: 6, -2: holder}}
    return {_COSE_KEY: {1: 2, -1: 1, -2: holder[1:], -3: holder[0] == 3}}


def from_cnf(value: Any) -> bytes:
    """The key in a ``cnf``. Raises :class:`Malformed` ``ticket_damaged``."""
    key: Any = value.get(_COSE_KEY) if type(value) is dict else None
    x: Any = key.get(-2) if type(key) is dict else None
    if type(x) is not bytes or len(x) != _HALF:
        raise Malformed("ticket_damaged")
    holder = x if key.get(1) == 1 else bytes([3 if key.get(-3) is True else 2]) + x
    if to_cnf(holder) != value:
        raise Malformed("ticket_damaged")
    return holder


def _point(holder: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), holder)
