"""What is left of some rides in other hands: a signed question beside the exchange, and its answer.

It changes nothing on either side. The figures are as old as the hub's books are, so whoever shows one says when it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync.domains.inventory.rules import MAX_LEGS
from sync.kernel import cbor, cose
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Signer

PATH: Final = "/sync/v1/seats"
VERSION: Final = 1
MAX_RIDES: Final = 40
MAX_BYTES: Final = 4_096
_LIMIT: Final = 1 << 53
_UNKNOWN: Final = -1
_UP: Final = b"yipiao seats 1"
_DOWN: Final = b"yipiao seats left 1"

# (trip_no, day, from_idx, to_idx)
Wanted = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Left:
    """Places in other hands, one item a ride asked for; None where the hub can't say. ``hub_ms``: when it looked."""

    places: tuple[int | None, ...]
    hub_ms: int


def encode(rides: Sequence[Wanted], signer: Signer) -> bytes:
    """A signed question about up to :data:`MAX_RIDES` rides."""
    return cose.sign1(cbor.encode([VERSION, [list(ride) for ride in rides]]), signer, _UP)


def decode(data: bytes, find_key: cose.FindKey) -> tuple[bytes, tuple[Wanted, ...]]:
    """Key id of who asks, and the rides. Raises :class:`Malformed`."""
    signed = cose.verify1(data, find_key, _UP, MAX_BYTES)
    body = cbor.decode(signed.payload, MAX_BYTES)
    if type(body) is not list or len(body) < 2 or type(body[1]) is not list or len(body[1]) > MAX_RIDES:
        raise Malformed("enquiry_shape")
    return signed.kid, tuple(_ride(one) for one in body[1])


def encode_answer(left: Left, question: bytes, signer: Signer) -> bytes:
    """The hub's answer to the question whose bytes were ``question``."""
    said = [_UNKNOWN if one is None else one for one in left.places]
    return cose.sign1(cbor.encode([VERSION, left.hub_ms, said]), signer, _DOWN + hashlib.sha256(question).digest())


def decode_answer(data: bytes, question: bytes, count: int, hub: VerifyKey) -> Left:
    """What ``hub`` answered to ``question`` about ``count`` rides. Raises :class:`Malformed`."""
    purpose = _DOWN + hashlib.sha256(question).digest()
    signed = cose.verify1(data, lambda kid: hub if kid == hub.kid else None, purpose, MAX_BYTES)
    body = cbor.decode(signed.payload, MAX_BYTES)
    if type(body) is not list or len(body) < 3 or type(body[1]) is not int or type(body[2]) is not list:
        raise Malformed("enquiry_shape")
    if len(body[2]) != count or not all(type(one) is int and _UNKNOWN <= one < _LIMIT for one in body[2]):
        raise Malformed("enquiry_shape")
    return Left(tuple(None if one == _UNKNOWN else one for one in body[2]), body[1])


def _ride(value: Any) -> Wanted:
    if type(value) is not list or len(value) != 4 or not all(type(one) is int and 0 <= one < _LIMIT for one in value):
        raise Malformed("enquiry_shape")
    trip_no, day, from_idx, to_idx = value
    if not from_idx < to_idx <= MAX_LEGS:
        raise Malformed("enquiry_shape")
    return trip_no, day, from_idx, to_idx
