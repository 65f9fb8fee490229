"""Deterministic CBOR (RFC 8949 §4.2): the same value is always the same bytes, and other bytes are refused.

Only what a record needs is allowed: integers, byte and text strings, arrays, maps with integer or text keys
(never both kinds in one map, where two readings of "sorted" differ), booleans and null. No floats, no tags.
"""

from __future__ import annotations

import bisect
import io
import itertools
import re
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import cbor2

from sync.kernel.errors import Malformed

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 16
_PLAIN: Final = frozenset({int, bytes, str, bool, type(None)})
# Legs of the longest trip as a mask. Longer integers mean nothing here, and Python refuses to write them in decimals.
MAX_INTEGER_BYTES: Final = 128
# Behind the tag of a big integer: a length above that.
_long: Final = re.compile(rb"[\x59-\x5b]|\x58[%c-\xff]" % (MAX_INTEGER_BYTES + 1))
# Such an integer; and every way to refer to a value that was said before (tag 29), and to begin what texts may refer in (tag
# 256). Chance looks like it now and then.
_suspicious: Final = re.compile(
    rb"[\xc2\xc3](?:" + _long.pattern + rb")"
    rb"|\xd8\x1d|(?:\xd9|\xda\x00\x00|\xdb\x00{6})(?:\x00\x1d|\x01\x00)"
)  # fmt: skip
_BIG_INTEGERS: Final = (2, 3)
_BYTES, _TEXT, _TAG = 2, 3, 6
# Bytes and text whose length is one byte: what lists of events and operations are made of.
_SHORT: Final = (0x58, 0x78)
# Making an encoder costs three times as much as what it then encodes, so they are kept.
_idle: Final[deque[cbor2.CBOREncoder]] = deque(maxlen=16)


def encode(value: Any) -> bytes:
    """The one encoding of ``value``. Raises :class:`Malformed` (``cbor_type``) on a type outside the list above, and on
    a text that is no Unicode (half of a surrogate pair)."""
    _check(value, 0)
    try:
        return _dumps(value)
    except UnicodeEncodeError:
        raise Malformed("cbor_type", "half a surrogate pair") from None


def decode(data: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """Read one value that fills ``data`` and is in canonical form.

    Raises :class:`Malformed` with code ``cbor_size`` (over ``max_bytes``), ``cbor_damaged`` (does not decode, or bytes
    left over), ``cbor_type``, ``cbor_depth`` or ``cbor_not_canonical``.
    """
    if len(data) > max_bytes:
        raise Malformed("cbor_size", f"{len(data)} bytes, at most {max_bytes}")
    _refuse_bombs(data)
    try:
        value = cbor2.loads(data)
    except Exception as error:
        # Tags are refused below, but cbor2 works them out first, and a crafted one raises whatever it likes.
        raise Malformed("cbor_damaged", type(error).__name__) from None
    _check(value, 0)
    if _dumps(value) != data:
        raise Malformed("cbor_not_canonical")
    return value


def _dumps(value: Any) -> bytes:
    """One encoder at a time for each caller; one that raised is not used again."""
    try:
        encoder = _idle.pop()
    except IndexError:
        encoder = cbor2.CBOREncoder(io.BytesIO(), canonical=True)
    data = encoder.encode_to_bytes(value)
    _idle.append(encoder)
    return data


def _refuse_bombs(data: bytes) -> None:
    """A few bytes in which each array refers to the one before it many times unfold to more than any memory holds, and cbor2
    would look through all of it already for the key of a map. Where such a reference may be, or an integer that is too long,
    all tags are looked at first."""
    if _suspicious.search(data):
        _refuse_tags(data)


def _refuse_tags(data: bytes) -> None:
    """Look at each head in ``data``, one behind the other as they stand. What is cut short is left to the decoder."""
    at, end = 0, len(data)
    while at < end:
        head = data[at]
        if step := _STEPS[head]:
            at += step
            continue
        if head in _SHORT and at + 1 < end:
            at += 2 + data[at + 1]
            continue
        major, value = head >> 5, head & 31
        at += 1
        if value > 27:
            raise Malformed("cbor_not_canonical", "a length without an end")
        if value > 23:
            wide = 1 << value - 24
            value, at = int.from_bytes(data[at : at + wide], "big"), at + wide
        if major == _TAG:
            if value not in _BIG_INTEGERS:
                raise Malformed("cbor_type", f"tag {value}")
            if _long.match(data, at):
                raise Malformed("cbor_type", "an integer that is too long")
        if major in (_BYTES, _TEXT):
            at += value


def _step(head: int) -> int:
    """From this head to the next one; 0 where more has to be looked at."""
    major, value = head >> 5, head & 31
    if value > 27 or major == _TAG or (major in (_BYTES, _TEXT) and value > 23):
        return 0
    return 1 + (value if major in (_BYTES, _TEXT) else 1 << value - 24 if value > 23 else 0)


_STEPS: Final = tuple(map(_step, range(256)))


def read_many(items: Sequence[bytes]) -> list[Any] | None:
    """One value each, at a fraction of the price; None when one can't be read. Neither types are looked at nor whether this
    is the canonical form, and nothing else stands behind it: see :mod:`sync.kernel.columns`."""
    decoder = cbor2.CBORDecoder(io.BytesIO())
    try:
        ends = list(itertools.accumulate(map(len, items)))
        for found in _suspicious.finditer(b"".join(items)):
            _refuse_tags(items[bisect.bisect_right(ends, found.start())])
        return list(map(decoder.decode_from_bytes, items))
    except Exception:
        return None


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind in _PLAIN:
        return
    if depth >= MAX_DEPTH:
        raise Malformed("cbor_depth")
    if kind is list or kind is tuple:
        for item in value:
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    elif kind is dict:
        if len({type(key) for key in value}) > 1 or not all(type(key) in (int, str) for key in value):
            raise Malformed("cbor_type", "a map has integer keys or text keys")
        for item in value.values():
            if type(item) not in _PLAIN:
                _check(item, depth + 1)
    else:
        raise Malformed("cbor_type", kind.__name__)
