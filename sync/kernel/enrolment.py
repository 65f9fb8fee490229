"""Enrolment: a one-time code that a person carries from the hub to a box makes the two know each other.

The code is 80 random bits in Crockford base32 (``7KQ2-M4TD-P9XA-0RZE``). It never crosses the line: the node proves
that it has it with an HMAC over its public key, and the hub proves the same over its answer, so that neither a
listener nor a false hub gains anything. Asking again with the same key and code gives the same answer.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final

from sync.kernel import cbor
from sync.kernel.errors import Malformed, Refusal

PATH: Final = "/sync/v1/enrol"
SECRET_BYTES: Final = 10
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MAX_BYTES: Final = 4096


def code_text(secret: bytes) -> str:
    """The code as people read it: 16 characters in groups of four."""
    number = int.from_bytes(secret, "big")
    letters = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(75, -5, -5))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def secret_of(code: str) -> bytes:
    """The secret behind a typed code; case, spaces and the usual mix-ups (O/0, I/L/1) don't matter.

    Raises :class:`Refusal` (``enrol_code_form``).
    """
    cleaned = code.upper().translate(str.maketrans("OIL", "011", "- \t\r\n"))
    if len(cleaned) != 16 or not set(cleaned) <= set(_ALPHABET):
        raise Refusal("enrol_code_form", status=422, field="code")
    number = 0
    for letter in cleaned:
        number = number * 32 + _ALPHABET.index(letter)
    return number.to_bytes(SECRET_BYTES, "big")


def code_id(secret: bytes) -> bytes:
    """Public name of a code (8 bytes)."""
    return hashlib.sha256(b"yipiao code id" + secret).digest()[:8]


def code_key(secret: bytes) -> bytes:
    """The MAC key of a code (32 bytes): all that the hub needs to keep of it."""
    return hashlib.sha256(b"yipiao code key" + secret).digest()


@dataclass(frozen=True, slots=True)
class Welcome:
    """The hub's answer to a new node. ``certificate`` is signed bytes (:mod:`sync.kernel.certificate`)."""

    node_no: int
    epoch: int
    hub_public: bytes
    certificate: bytes
    hub_ms: int
    name: str


def encode_request(secret: bytes, public: bytes) -> bytes:
    """The node's request: code id, its public key, and proof of the code."""
    return cbor.encode([code_id(secret), public, _mac(code_key(secret), b"ask", public)])


def decode_request(data: bytes) -> tuple[bytes, bytes, bytes]:
    """(code id, public key, proof). Raises :class:`Malformed`."""
    value = cbor.decode(data, _MAX_BYTES)
    if type(value) is not list or [type(item) for item in value] != [bytes] * 3:
        raise Malformed("enrol_shape")
    if [len(item) for item in value] != [8, 32, 32]:
        raise Malformed("enrol_shape")
    return value[0], value[1], value[2]


def proof_holds(key: bytes, public: bytes, proof: bytes) -> bool:
    """Whether ``proof`` was made by someone who has the code behind MAC key ``key``."""
    return hmac.compare_digest(_mac(key, b"ask", public), proof)


def encode_welcome(welcome: Welcome, key: bytes, public: bytes) -> bytes:
    """The hub's answer, proven with the code's key and bound to the node's public key."""
    plain = cbor.encode(
        [welcome.node_no, welcome.epoch, welcome.hub_public, welcome.certificate, welcome.hub_ms, welcome.name]
    )
    return cbor.encode([plain, _mac(key, b"welcome", public + plain)])


def decode_welcome(data: bytes, secret: bytes, public: bytes) -> Welcome:
    """The answer, if it comes from a hub that knows the code. Raises :class:`Malformed` (``enrol_hub_unproven``)."""
    outer: Any = cbor.decode(data, _MAX_BYTES)
    if type(outer) is not list or [type(item) for item in outer] != [bytes, bytes]:
        raise Malformed("enrol_shape")
    plain, proof = outer
    if not hmac.compare_digest(_mac(code_key(secret), b"welcome", public + plain), proof):
        raise Malformed("enrol_hub_unproven")
    value: Any = cbor.decode(plain)
    if type(value) is not list or [type(item) for item in value[:6]] != [int, int, bytes, bytes, int, str]:
        raise Malformed("enrol_shape")
    welcome = Welcome(*value[:6])
    if min(welcome.node_no, welcome.epoch, welcome.hub_ms) < 0 or len(welcome.hub_public) != 32:
        raise Malformed("enrol_shape")
    return welcome


def _mac(key: bytes, label: bytes, message: bytes) -> bytes:
    return hmac.new(key, b"yipiao enrol " + label + message, hashlib.sha256).digest()
