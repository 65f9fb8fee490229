"""One field of many records at once: whether all values are of its type and within bounds, and how long their CBOR is.

Every other way to write a plain value (see :mod:`sync.kernel.cbor`) is longer than the canonical one. So bytes that were read
as these values, and are no more than these need, are their canonical form: nothing has to be written again to see that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Final

# What any database holds in a column, and what a reader's machine holds in a register.
LIMIT: Final = 1 << 63
# An array without an end has a head and an end of one byte each: from here on that is no longer than the canonical head.
LONGEST: Final = 23
# Up to which number a head takes so many bytes, and how many more than the one before it.
_ENDS: Final = (24, 1 << 8, 1 << 16, 1 << 32)
_WIDTHS: Final = (1, 2, 3, 5, 9)
_MORE: Final = (1, 1, 2, 4)


def size(column: Sequence[Any], kind: type[Any]) -> int | None:
    """Bytes of the values of ``column`` (at least one) in canonical CBOR; None where one is not exactly of ``kind`` (int, str,
    bytes or bool), a number is below zero or not below ``LIMIT``, or a text has a NUL in it."""
    if set(map(type, column)) != {kind}:
        return None
    if kind is int:
        return heads(column) if min(column) >= 0 and max(column) < LIMIT else None
    if kind is bool:
        return len(column)
    lengths = _text_lengths(column) if kind is str else list(map(len, column))
    return None if lengths is None else heads(lengths) + sum(lengths)


def heads(numbers: Sequence[int]) -> int:
    """Bytes of the heads that carry ``numbers``, each of 0 to ``LIMIT``."""
    least, most = bisect_right(_ENDS, min(numbers)), bisect_right(_ENDS, max(numbers))
    if least == most:
        return len(numbers) * _WIDTHS[least]
    ordered = sorted(numbers)
    longer = [len(numbers) - bisect_left(ordered, end) for end in _ENDS]
    return len(numbers) + sum(count * more for count, more in zip(longer, _MORE, strict=True))


def _text_lengths(column: Sequence[str]) -> list[int] | None:
    joined = "".join(column)
    if "\x00" in joined:
        return None
    return list(map(len, column)) if joined.isascii() else [len(text.encode()) for text in column]
