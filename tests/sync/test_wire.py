"""Packing of exchange bodies: three packings, one bound."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from sync.kernel import wire
from sync.kernel.errors import Malformed

PACKINGS = [wire.RAW, wire.ZSTD, wire.GZIP]
LONG = b"seat 12 from Duanzhou to Guangzhou; " * 500


def code(data: bytes, max_bytes: int = 1 << 20) -> str:
    with pytest.raises(Malformed) as raised:
        wire.unpack(data, max_bytes)
    return raised.value.code


@given(st.binary(max_size=3_000), st.sampled_from(PACKINGS))
@example(LONG, wire.ZSTD)
@example(LONG, wire.GZIP)
@example(b"", wire.ZSTD)
def test_what_is_packed_unpacks_to_the_same(data: bytes, packing: int) -> None:
    assert wire.unpack(wire.pack(data, packing), max(len(data), 1)) == data


@pytest.mark.parametrize("packing", [wire.ZSTD, wire.GZIP])
def test_packing_makes_smaller_and_never_larger(packing: int) -> None:
    assert len(wire.pack(LONG, packing)) < len(LONG) // 10
    assert wire.pack(b"short", packing) == b"\x00short"
    dense = zstandard.compress(LONG) * 3
    assert len(wire.pack(dense, packing)) <= len(dense) + 1


@pytest.mark.parametrize("packing", PACKINGS)
def test_packing_is_the_same_bytes_each_time(packing: int) -> None:
    assert wire.pack(LONG, packing) == wire.pack(LONG, packing)


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_bound_holds_to_the_byte(packing: int) -> None:
    packed = wire.pack(LONG, packing)
    assert wire.unpack(packed, len(LONG)) == LONG
    assert code(packed, len(LONG) - 1) == "wire_size"


@pytest.mark.parametrize("bomb", [
    bytes([wire.ZSTD]) + zstandard.compress(bytes(200_000_000)),
    bytes([wire.GZIP]) + gzip.compress(bytes(50_000_000)),
    bytes([wire.GZIP]) + gzip.compress(bytes(1_000)) * 50,
], ids=["zstd", "gzip", "gzip members"])  # fmt: skip
def test_a_bomb_is_stopped_at_the_bound(bomb: bytes) -> None:
    assert len(bomb) < 60_000
    tracemalloc.start()
    try:
        assert len(wire.unpack(bomb, 1 << 20)) <= 1 << 20
    except Malformed as error:
        assert error.code == "wire_size"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 << 20


def test_a_window_that_would_fill_the_memory_is_refused() -> None:
    params = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packed = zstandard.ZstdCompressor(compression_params=params).compressobj()
    data = packed.compress(LONG) + packed.flush()
    assert code(bytes([wire.ZSTD]) + data) == "wire_damaged"


@pytest.mark.parametrize("packing", [wire.ZSTD, wire.GZIP])
def test_a_body_that_was_cut_is_refused_or_shorter_and_never_falls(packing: int) -> None:
    packed = wire.pack(LONG, packing)
    for length in range(1, len(packed)):
        try:
            assert wire.unpack(packed[:length], 1 << 20) != LONG
        except Malformed as error:
            assert error.code == "wire_damaged"


@given(st.integers(0, 1 << 20), st.integers(1, 255), st.sampled_from([wire.ZSTD, wire.GZIP]))
def test_a_changed_byte_never_falls(at: int, flip: int, packing: int) -> None:
    packed = bytearray(wire.pack(LONG, packing))
    packed[at % len(packed)] ^= flip
    try:
        wire.unpack(bytes(packed), 1 << 20)
    except Malformed as error:
        assert error.code in ("wire_damaged", "wire_packing", "wire_size")


@given(st.binary(max_size=100))
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    try:
        assert len(wire.unpack(data, 1_000)) <= 1_000
    except Malformed as error:
        assert error.code in ("wire_damaged", "wire_packing", "wire_size")


@pytest.mark.parametrize(
    ("data", "wanted"), [(b"", "wire_damaged"), (b"\x03x", "wire_packing"), (b"\xffx", "wire_packing")]
)
def test_an_unknown_packing_is_named(data: bytes, wanted: str) -> None:
    assert code(data) == wanted
