"""Squeezing of exchange bodies: zstd, with gzip for a peer without it, and a bound on what comes out.

One byte in front says how the rest is packed; it stands inside the signature, so nothing unsigned is ever unpacked.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Final

import zstandard

from sync.kernel.errors import Malformed

RAW: Final = 0
ZSTD: Final = 1
GZIP: Final = 2
_SMALLEST: Final = 120


def pack(data: bytes, packing: int = ZSTD) -> bytes:
    """``data`` behind its packing byte; left raw where packing would not make it smaller."""
    if len(data) > _SMALLEST and packing != RAW:
        packed = _compress(data, packing)
        if len(packed) < len(data):
            return bytes([packing]) + packed
    return bytes([RAW]) + data


def unpack(data: bytes, max_bytes: int) -> bytes:
    """The data again. Raises :class:`Malformed`: ``wire_packing``, ``wire_damaged``, or ``wire_size`` above ``max_bytes``."""
    if not data:
        raise Malformed("wire_damaged")
    packing, body = data[0], data[1:]
    if packing == RAW:
        plain = body
    elif packing == ZSTD:
        plain = _unzstd(body, max_bytes)
    elif packing == GZIP:
        plain = _ungzip(body, max_bytes)
    else:
        raise Malformed("wire_packing")
    if len(plain) > max_bytes:
        raise Malformed("wire_size")
    return plain


def _compress(data: bytes, packing: int) -> bytes:
    if packing == GZIP:
        return gzip.compress(data, 6, mtime=0)
    params = zstandard.ZstdCompressionParameters.from_level(6, write_content_size=0, write_checksum=0)
    return zstandard.ZstdCompressor(compression_params=params).compress(data)


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(body)
        return reader.read(max_bytes + 1)
    except zstandard.ZstdError:
        raise Malformed("wire_damaged") from None


def _ungzip(body: bytes, max_bytes: int) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, max_bytes + 1)
    except zlib.error:
        raise Malformed("wire_damaged") from None
    if not unzip.eof and len(plain) <= max_bytes:
        raise Malformed("wire_damaged")
    return plain
