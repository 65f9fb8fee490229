"""What a node lays before a hub that was restored from an older backup: who it is, and what the hub had told it since.

One message beside the exchange. The certificate stands in front, so that a hub can check a node that it has forgotten:
it knows its own signature. Grants carry that signature too; whatever carries none is a claim, and the hub weighs it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from sync.kernel import cbor, certificate, cose, wire
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import Operation, check_wire
from sync.kernel.ports import Signer

PATH: Final = "/sync/v1/present"
VERSION: Final = 1
MAX_BYTES: Final = 1024 * 1024
MAX_ITEMS: Final = 500
MAX_ITEM_BYTES: Final = 256 * 1024
# First parts of the keys that a hub wants to see again.
PREFIXES: Final = ("grant", "key", "revoked")
_UP: Final = b"yipiao present 1"
_DOWN: Final = b"yipiao presented 1"
_LIMIT: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Presentation:
    """``base`` is what the hub named, 0 to ask for it; ``floor`` the highest position that the node ever read.

    ``profile`` is the body of the node's own ``profile``; ``last`` that nothing comes behind these items.
    """

    base: int
    floor: int
    name: str
    profile: bytes | None
    items: tuple[Operation, ...] = ()
    last: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """The hub's word: present what stands above ``since``; nothing up to ``base`` is valid once all was read anew.

    Both are 0 at a hub that was never restored.
    """

    generation: int
    since: int
    base: int


def encode(said: Presentation, signed_certificate: bytes, signer: Signer) -> bytes:
    """Signed, packed bytes of ``said``."""
    items = [[one.stream, one.pos, one.key, one.body] for one in said.items]
    body = [VERSION, said.base, said.floor, said.name, said.profile, items, said.last]
    return cbor.encode([signed_certificate, cose.sign1(wire.pack(cbor.encode(body)), signer, _UP)])


def decode(data: bytes, hub: VerifyKey) -> tuple[Certificate, bytes, Presentation]:
    """The node's certificate (and its signed bytes), and what it presents. Raises :class:`Malformed`."""
    outer: Any = cbor.decode(data, MAX_BYTES)
    if type(outer) is not list or [type(item) for item in outer] != [bytes, bytes]:
        raise Malformed("present_shape")
    found = certificate.read(outer[0], hub)
    signed = cose.verify1(outer[1], lambda kid: found.key if kid == found.key.kid else None, _UP, MAX_BYTES)
    return found, outer[0], _said(cbor.decode(wire.unpack(signed.payload, MAX_BYTES), MAX_BYTES))


def _said(body: Any) -> Presentation:
    if (
        type(body) is not list
        or len(body) < 7
        or [type(body[i]) for i in (1, 2, 3, 5, 6)] != [int, int, str, list, bool]
    ):
        raise Malformed("present_shape")
    _, base, floor, name, profile, items, last = body[:7]
    if not (0 <= base < _LIMIT and 0 <= floor < _LIMIT) or type(profile) not in (bytes, type(None)):
        raise Malformed("present_shape")
    if len(items) > MAX_ITEMS:
        raise Malformed("exchange_size")
    return Presentation(base, floor, name, profile, tuple(check_wire(item) for item in items), last)


def encode_answer(wanted: Wanted, request: bytes, signer: Signer) -> bytes:
    """The hub's answer to the presentation whose bytes were ``request``."""
    body = [VERSION, wanted.generation, wanted.since, wanted.base]
    return cose.sign1(cbor.encode(body), signer, _DOWN + hashlib.sha256(request).digest())


def decode_answer(data: bytes, request: bytes, hub: VerifyKey) -> Wanted:
    """What ``hub`` answered to ``request``. Raises :class:`Malformed`."""
    purpose = _DOWN + hashlib.sha256(request).digest()
    signed = cose.verify1(data, lambda kid: hub if kid == hub.kid else None, purpose, 1024)
    body = cbor.decode(signed.payload, 1024)
    if type(body) is not list or len(body) < 4 or not all(type(one) is int and one >= 0 for one in body[:4]):
        raise Malformed("present_shape")
    return Wanted(body[1], body[2], body[3])
