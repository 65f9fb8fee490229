"""Finding what differs between two ends that should hold the same operations, without sending what does not.

First eight bytes over all streams (:func:`root`). When they differ, the node tells a digest of each *range*: (stream, key)
falls into one of 2^bits ranges by its hash, whatever its body. The hub answers with its operations of the ranges that
differ, as many whole ranges as an answer holds, and the node puts these in the place of its own. Then it asks again.

What a node sends is ``(root,)`` or ``(root, ranges)``; what the hub found is ``[state]`` or ``[REPAIR, ranges, operations]``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from sync.kernel import digest
from sync.kernel.errors import Malformed

SAME: Final = 1
DIFFERS: Final = 2
REPAIR: Final = 3
ROOT_BYTES: Final = 8
RANGE_BYTES: Final = 6
MIN_BITS: Final = 4
MAX_BITS: Final = 12
_MODULUS: Final = 1 << 8 * RANGE_BYTES

# (stream, key, body) of one live operation.
Row = tuple[str, str, bytes]


def root(streams: Mapping[str, int]) -> bytes:
    """One digest of the digests of all streams; streams without any live operation don't count."""
    told = "".join(f"{name} {streams[name]:032x}\n" for name in sorted(streams) if streams[name])
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).digest()[:ROOT_BYTES]


def range_of(stream: str, key: str, bits: int) -> int:
    """The range in which a key of a stream falls."""
    return int.from_bytes(hashlib.sha256(f"{stream} {key}".encode("utf-8", "surrogateescape")).digest()[:2], "big") >> (
        16 - bits
    )


def bits_for(count: int) -> int:
    """How finely to cut so many operations: the digests of all ranges and one range's operations cost about the same."""
    return min(max((count * 8).bit_length() // 2, MIN_BITS), MAX_BITS)


def ranges(rows: Iterable[Row], bits: int) -> bytes:
    """The digest of each range, one after the other."""
    sums = [0] * (1 << bits)
    for stream, key, body in rows:
        sums[range_of(stream, key, bits)] += digest.item(f"{stream} {key}", body)
    return b"".join((one % _MODULUS).to_bytes(RANGE_BYTES, "big") for one in sums)


def bits_of(told: bytes) -> int:
    """Into how many ranges the other end cut. Raises :class:`Malformed` for a number that is none."""
    bits = (len(told) // RANGE_BYTES).bit_length() - 1
    if len(told) != RANGE_BYTES << max(bits, 0) or not MIN_BITS <= bits <= MAX_BITS:
        raise Malformed("exchange_shape", "ranges")
    return bits


def differing(mine: bytes, theirs: bytes) -> list[int]:
    """Numbers of the ranges whose digests differ."""
    step = RANGE_BYTES
    return [at // step for at in range(0, len(mine), step) if mine[at : at + step] != theirs[at : at + step]]
