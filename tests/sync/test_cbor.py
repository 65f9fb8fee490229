"""Deterministic CBOR: one encoding of a value, and every other byte string refused."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.kernel import cbor
from sync.kernel.errors import Malformed

plain = st.none() | st.booleans() | st.integers(-(1 << 90), 1 << 90) | st.binary(max_size=40) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=40
)  # fmt: skip
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(-(1 << 40), 1 << 40), inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def code(data: bytes, **bounds: int) -> str:
    with pytest.raises(Malformed) as raised:
        cbor.decode(data, **bounds)
    return raised.value.code


@given(values)
def test_what_is_encoded_decodes_to_the_same(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=60))
@example(b"\xfb\x00")
def test_any_bytes_are_read_to_a_value_that_encodes_to_them_or_refused(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except Malformed:
        return
    assert cbor.encode(value) == data


@given(values, st.integers(0, 1 << 30), st.integers(1, 255))
def test_a_changed_byte_never_decodes_to_the_same_value(value: Any, at: int, flip: int) -> None:
    data = bytearray(cbor.encode(value))
    data[at % len(data)] ^= flip
    with contextlib.suppress(Malformed):
        assert cbor.encode(cbor.decode(bytes(data))) == bytes(data) != cbor.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        "1801", "190001", "1a00000001", "1b0000000000000001",  # 1 in more bytes than it needs
        "5801ff", "780161", "980101", "b8010101",  # lengths in more bytes than they need
        "5f41ff41ffff", "7f61616161ff", "9f01ff", "bf0101ff",  # indefinite lengths
        "a202010101", "a261620161610 1".replace(" ", ""), "a2616101616102",  # keys out of order, or twice
        "c24101", "c2420001", "c249000000000000000001", "c240",  # big integers that are none, or with zeros in front
        "f801", "f818",
    ],
)  # fmt: skip
def test_another_writing_of_a_value_is_refused(data: str) -> None:
    assert code(bytes.fromhex(data)) in ("cbor_not_canonical", "cbor_damaged", "cbor_type")


@pytest.mark.parametrize("value", [1.0, float("nan"), 1e300, -0.0, {1: 2.5}, [[1.5]]])
def test_no_float_goes_in_or_out(value: Any) -> None:
    with pytest.raises(Malformed, match="float"):
        cbor.encode(value)
    assert code(cbor2.dumps(value, canonical=True)) == "cbor_type"


ODD = [
    0,
    -1,
    [1, 0],
    [1 << 60, 1 << 60],
    [-(1 << 60), 5],
    "x",
    "[(",
    b"x",
    b"\xff" * 5,
    [1, [1, 1]],
    {},
    None,
    [[]],
    [{}],
]


@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 43_000, 55_799, 1 << 40])
def test_no_tag_is_read_whatever_stands_behind_it(tag: int) -> None:
    """cbor2 works tags out while it reads, and a crafted one raises what it likes; 2 and 3 are the big integers."""
    for value in ODD:
        data = cbor2.dumps(cbor2.CBORTag(tag, value))
        try:
            found = cbor.decode(data)
        except Malformed:
            continue
        assert tag in (2, 3)
        assert abs(found) >= 1 << 64


@pytest.mark.parametrize(
    "value", [{1: 1, "a": 1}, {b"x": 1}, {True: 1}, {None: 1}, {(1,): 1}, {1, 2}, object(), cbor2.undefined]
)
def test_what_is_not_on_the_list_does_not_go_in(value: Any) -> None:
    with pytest.raises(Malformed) as raised:
        cbor.encode(value)
    assert raised.value.code == "cbor_type"


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        cbor.encode(["\ud83d"])
    assert code(b"\x63\xed\xa0\xbd") == "cbor_damaged"


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded_both_ways() -> None:
    assert cbor.decode(cbor.encode(nested(cbor.MAX_DEPTH))) == nested(cbor.MAX_DEPTH)
    with pytest.raises(Malformed, match="cbor_depth"):
        cbor.encode(nested(cbor.MAX_DEPTH + 1))
    assert code(b"\x81" * 17 + b"\x00") == "cbor_depth"


@pytest.mark.parametrize("head", [b"\x81", b"\xa1\x00", b"\xc1", b"\xd8\x1c", b"\x9f", b"\xd9\x01\x02"])
def test_a_depth_bomb_is_refused(head: bytes) -> None:
    assert code(head * 400_000 + b"\x00") in ("cbor_depth", "cbor_damaged", "cbor_type")


@pytest.mark.parametrize("head", ["9b", "bb", "7b", "5b"])
@pytest.mark.parametrize("length", ["00000000ffffffff", "0000ffffffffffff", "7fffffffffffffff", "ffffffffffffffff"])
def test_a_length_that_is_a_lie_fills_no_memory(head: str, length: str) -> None:
    assert code(bytes.fromhex(head + length) + b"\x00" * 20) == "cbor_damaged"


def test_a_value_that_holds_itself_is_refused() -> None:
    assert code(bytes.fromhex("d81c81d81d00")) in ("cbor_depth", "cbor_damaged", "cbor_type")


def unfolding(leaf: str, levels: int = 12, width: int = 20) -> str:
    """An array of shared values (tag 28), each of which refers ``width`` times to the one before it (tag 29)."""
    refers = [f"d81c{0x80 + width:02x}" + f"d81d{level:02x}" * width for level in range(levels - 1)]
    return f"{0x80 + levels:02x}d81c{leaf}" + "".join(refers)


@pytest.mark.parametrize("around", ["{}", "a1{}01", "d9010281{}", "a181a1{}0101"])
@pytest.mark.parametrize("tag", ["d81d", "d9001d", "da0000001d", "db000000000000001d"])
def test_a_few_bytes_that_unfold_to_more_than_any_memory_are_refused_at_once(around: str, tag: str) -> None:
    """As a value, and as the key of a map or in a set, where they are looked through while they are read."""
    bomb = unfolding("8101").replace("d81d", tag)
    data = bytes.fromhex(around.format(bomb))
    assert code(data) == "cbor_type"
    assert cbor.read_many([b"\x01", data]) is None


@pytest.mark.parametrize("leaf", ["79ffff" + "61" * 0xFFFF, "59ffff" + "61" * 0xFFFF, "c259ffff" + "61" * 0xFFFF])
def test_what_is_said_once_and_meant_a_million_times_is_refused_at_once(leaf: str) -> None:
    assert code(bytes.fromhex("9a000f4241d81c" + leaf + "d81d00" * 1_000_000)) == "cbor_type"
    for spaces in ("d90100", "da00000100", "db0000000000000100"):
        assert code(bytes.fromhex(spaces + "9a000f4241" + leaf + "d81900" * 1_000_000)) == "cbor_type"


def test_canary_without_the_look_at_tags_a_value_is_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cbor, "_suspicious", re.compile(rb"(?!)"))
    small = unfolding("8101", levels=4)
    assert code(bytes.fromhex(small)) == "cbor_not_canonical"  # told apart only by writing all 8,000 of them again


def test_a_length_without_an_end_hides_no_reference() -> None:
    assert code(bytes.fromhex("9f5f58014101ff" + unfolding("8101") + "ff")) == "cbor_not_canonical"


@pytest.mark.parametrize("value", [b"\xd8\x1d", ["a", {1: b"\xd9\x00\x1d\xff"}], [1 << 70, -(1 << 90)], "\u061d"])
def test_bytes_that_only_look_like_a_reference_are_read(value: Any) -> None:
    data = cbor.encode([0xD81D, b"\xd9\x01\x00", value])
    assert cbor.decode(data) == [0xD81D, b"\xd9\x01\x00", value]
    assert cbor.read_many([data]) == [[0xD81D, b"\xd9\x01\x00", value]]


def test_size_is_bounded_before_anything_is_read() -> None:
    data = cbor.encode(bytes(100))
    assert cbor.decode(data, max_bytes=len(data)) == bytes(100)
    assert code(data, max_bytes=len(data) - 1) == "cbor_size"


@pytest.mark.parametrize("data", [b"", b"\x01\x01", b"\x82\x01", b"\xff", b"\x1c", b"\xf7", b"\xe0"])
def test_what_is_cut_or_too_long_is_refused(data: bytes) -> None:
    assert code(data) in ("cbor_damaged", "cbor_not_canonical", "cbor_type")


@pytest.mark.parametrize("sign", [1, -1])
def test_an_integer_is_as_long_as_the_longest_mask_and_no_longer(sign: int) -> None:
    longest = (1 << 8 * cbor.MAX_INTEGER_BYTES) - 1
    for value in (sign * longest, [sign * longest, "behind"]):
        assert cbor.decode(cbor.encode(value)) == value
    for bits in (1_025, 2_041, 8 * 300, 8 * 70_000):
        for around in ((), ("before", bytes(40)), (1 << 70, {1: 2})):
            data = cbor.encode([*around, sign << bits])
            assert code(data) == "cbor_type"
            assert cbor.read_many([b"\x01", data]) is None


def test_what_only_looks_like_a_long_integer_is_read() -> None:
    for value in (b"\xc2\x59\x01\x00", b"\xc3\x58\xff", [b"\xc2\x5b" * 40], "\u0099\u00c2Y"):
        assert cbor.decode(cbor.encode(value)) == value
