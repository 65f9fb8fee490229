"""A few events without the bytes that say nothing: numbers as varints, times as differences, texts as CBOR.

An event's own bytes are canonical CBOR, and the chain covers those. So a row needs not carry them: it carries the values,
and the reader writes the same bytes again. :func:`pack` reads back what it wrote and gives None where that would not be
so (bytes that are no event, a form of the future): such a batch travels as it is.

A row: type, version when it is not 1, hub time, wall time and count of its hlc, monotonic time, number of fields, and
each field: ``2 n`` for a whole number n, or ``2 length + 1`` and so many bytes of CBOR for anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sync.kernel import cbor
from sync.kernel.errors import Malformed
from sync.kernel.events import MAX_CARRIER_BYTES, largest

MAX_ROWS: Final = 64
LARGEST: Final = 1 << 63
_LONGEST: Final = 10
_MAX_FIELDS: Final = 1_000
_COUNT_BITS: Final = 16
_COUNT: Final = (1 << _COUNT_BITS) - 1


class Reader:
    """Reads varints and bytes one after the other. Raises :class:`Malformed` (``exchange_shape``) at a wrong end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def done(self) -> bool:
        """Whether all was read."""
        return self._at >= len(self._data)

    def number(self) -> int:
        """A whole number below 2^64 in its shortest form."""
        value = 0
        for place, byte in enumerate(self._data[self._at : self._at + _LONGEST]):
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if (place and not byte) or value >= 2 * LARGEST:
                    break
                self._at += place + 1
                return value
        raise Malformed("exchange_shape", "a number does not end")

    def signed(self) -> int:
        """A number that may be below zero."""
        value = self.number()
        return value >> 1 ^ -(value & 1)

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        found = self._data[self._at : self._at + length]
        if len(found) != length:
            raise Malformed("exchange_shape", "bytes are missing")
        self._at += length
        return found

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._at)


def number(value: int) -> bytes:
    """``value`` (0 to 2^64 - 1), seven bits a byte, the smallest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def pack(events: Sequence[bytes]) -> bytes | None:
    """Up to :data:`MAX_ROWS` events as rows; None when these would not come out again byte for byte."""
    if len(events) > MAX_ROWS:
        return None
    try:
        packed = _rows(events)
        return packed if unpack(packed) == tuple(events) else None
    except (Malformed, TypeError, ValueError):
        return None


def unpack(data: bytes) -> tuple[bytes, ...]:
    """The events again. Raises :class:`Malformed`."""
    reader, last = Reader(data), (0, 0, 0)
    found: list[bytes] = []
    while not reader.done:
        if len(found) >= MAX_ROWS:
            raise Malformed("exchange_size")
        event, last = _read(reader, last)
        found.append(event)
    return tuple(found)


def _rows(events: Sequence[bytes]) -> bytes:
    found, last_ms, last_mono, last_hub = bytearray(), 0, 0, 0
    for event in events:
        kind, version, hlc, mono_ms, hub_ms, body = cbor.decode(event, largest(event))
        wall_ms = hlc >> _COUNT_BITS
        found += number(2 * kind) if version == 1 else number(2 * kind + 1) + number(version)
        found += _signed(hub_ms - last_hub) + _signed(wall_ms - (last_ms or hub_ms))
        found += number(hlc & _COUNT) + _signed(mono_ms - last_mono) + number(len(body))
        last_ms, last_mono, last_hub = wall_ms, mono_ms, hub_ms
        for value in body:
            found += _field(value)
    return bytes(found)


def _read(reader: Reader, last: tuple[int, int, int]) -> tuple[bytes, tuple[int, int, int]]:
    kind, odd = divmod(reader.number(), 2)
    version = reader.number() if odd else 1
    hub_ms = last[2] + reader.signed()
    wall_ms = (last[0] or hub_ms) + reader.signed()
    count, mono_ms, fields = reader.number(), last[1] + reader.signed(), reader.number()
    if fields > _MAX_FIELDS or count > _COUNT or min(wall_ms, mono_ms, hub_ms) < 0:
        raise Malformed("exchange_shape", "no event")
    body = [_value(reader) for _ in range(fields)]
    event = cbor.encode([kind, version, (wall_ms << _COUNT_BITS) + count, mono_ms, hub_ms, body])
    if len(event) > largest(event):
        raise Malformed("exchange_size")
    return event, (wall_ms, mono_ms, hub_ms)


def _field(value: Any) -> bytes:
    if type(value) is int and 0 <= value < LARGEST:
        return number(2 * value)
    data = cbor.encode(value)
    return number(2 * len(data) + 1) + data


def _value(reader: Reader) -> Any:
    value, odd = divmod(reader.number(), 2)
    return cbor.decode(reader.take(value), MAX_CARRIER_BYTES) if odd else value


def _signed(value: int) -> bytes:
    return number(value << 1 if value >= 0 else (-value << 1) - 1)
