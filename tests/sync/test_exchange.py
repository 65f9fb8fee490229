"""Requests and answers of the exchange: signed, packed, bounded, and bound to each other."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import cbor, cose, exchange, wire
from sync.kernel.errors import Malformed
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import Ed25519Signer, VerifyKey
from sync.kernel.operations import Operation

HUB = Ed25519Signer(b"the hub, and nobody else at all.")
NODE = Ed25519Signer(b"the key of node 7, in its box...")
REQUEST = Request(
    1, 9, 5, bytes(range(32)), (b"event one", b"event two"), 77, {"trip/1/2518": 0}, {"software": "0.1.0"}
)
RESPONSE = Response(
    0, 6, ((5, "seat_taken"),), (Operation("net", 78, "stop/1", b"\x80"), Operation("net", 79, "stop/2", None)),
    79, {"trip/1/2518": 40}, True, 1_795_406_400_000, 60_000,
)  # fmt: skip
UP, DOWN = b"yipiao up 1", b"yipiao down 1"

positions = st.dictionaries(st.text("net/operator0123456789", max_size=12), st.integers(0, 1 << 62), max_size=4)
plain = st.none() | st.booleans() | st.integers(-9, 1 << 40) | st.text("ab☃", max_size=5) | st.binary(max_size=5)
requests = st.builds(
    Request, st.integers(0, 99), st.integers(0, 1 << 40), st.integers(1, 1 << 40), st.binary(min_size=32, max_size=32),
    st.lists(st.binary(max_size=60), max_size=6).map(tuple), st.integers(0, 1 << 62), positions,
    st.dictionaries(st.text("ab", max_size=4), plain | st.lists(plain, max_size=3), max_size=3),
    st.lists(st.integers(0, 9), max_size=3).map(tuple),
)  # fmt: skip
operations = st.builds(
    Operation, st.text("net/0", min_size=1, max_size=8), st.integers(0, 1 << 62), st.text("abc/1", min_size=1, max_size=20),
    st.none() | st.binary(max_size=40),
)  # fmt: skip
responses = st.builds(
    Response, st.integers(0, 9), st.integers(0, 1 << 62),
    st.lists(st.tuples(st.integers(1, 1 << 40), st.text("abc_", max_size=9)), max_size=3).map(tuple),
    st.lists(operations, max_size=4).map(tuple), st.integers(0, 1 << 62), positions, st.booleans(),
    st.integers(0, 1 << 50), st.integers(0, 1 << 40),
)  # fmt: skip
packings = st.sampled_from([wire.RAW, wire.ZSTD, wire.GZIP])


def find(kid: bytes) -> VerifyKey | None:
    return {HUB.kid: HUB.verify_key, NODE.kid: NODE.verify_key}.get(kid)


def refused(data: bytes, request: bytes | None = None) -> str:
    with pytest.raises(Malformed) as raised:
        if request is None:
            exchange.decode_request(data, find)
        else:
            exchange.decode_response(data, request, find)
    return raised.value.code


def up(body: Any) -> bytes:
    """Any body, properly packed and signed by a node."""
    return cose.sign1(wire.pack(cbor.encode(body)), NODE, UP)


def down(body: Any, request: bytes) -> bytes:
    return cose.sign1(wire.pack(cbor.encode(body)), HUB, DOWN + hashlib.sha256(request).digest())


@given(requests, packings)
def test_a_request_says_again_what_was_said(request: Request, packing: int) -> None:
    assert exchange.decode_request(exchange.encode_request(request, NODE, packing), find) == (NODE.kid, request)


@given(responses, packings)
def test_an_answer_says_again_what_was_said(response: Response, packing: int) -> None:
    request = exchange.encode_request(REQUEST, NODE)
    data = exchange.encode_response(response, request, HUB, packing)
    assert exchange.decode_response(data, request, find) == response


def test_an_answer_fits_only_its_own_request() -> None:
    first, second = (exchange.encode_request(REQUEST, signer) for signer in (NODE, HUB))
    data = exchange.encode_response(RESPONSE, first, HUB)
    assert exchange.decode_response(data, first, find) == RESPONSE
    assert refused(data, second) == "cose_signature"
    assert refused(data, first + b"\x00") == "cose_signature"


def test_a_request_is_no_answer_and_an_answer_no_request() -> None:
    request = exchange.encode_request(REQUEST, NODE)
    assert refused(exchange.encode_response(RESPONSE, request, NODE)) == "cose_signature"
    assert refused(request, request) == "cose_signature"


def test_every_byte_of_both_counts() -> None:
    request = exchange.encode_request(REQUEST, NODE)
    answer = exchange.encode_response(RESPONSE, request, HUB)
    for at in range(len(request)):
        assert refused(request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :]).startswith("cose_")
    for at in range(len(answer)):
        assert refused(answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :], request).startswith("cose_")


def test_nothing_unsigned_is_ever_unpacked() -> None:
    """A bomb in a body that nobody signed: the signature is looked at first."""
    bomb = bytes([wire.ZSTD]) + wire.pack(bytes(3_000_000))[1:]
    data = bytearray(cose.sign1(bomb, NODE, UP))
    data[-1] ^= 1
    assert refused(bytes(data)) == "cose_signature"


def test_a_signed_bomb_is_stopped_at_the_bound() -> None:
    packed = wire.pack(bytes(exchange.MAX_PLAIN_BYTES + 1))
    assert len(packed) < 10_000
    assert refused(cose.sign1(packed, NODE, UP)) == "wire_size"


def test_a_request_above_its_bound_is_refused_before_anything_is_read() -> None:
    data = cose.sign1(bytes([wire.RAW]) + bytes(exchange.MAX_REQUEST_BYTES), NODE, UP)
    assert refused(data) == "cose_size"


@pytest.mark.parametrize(
    "change",
    [
        {0: "1"}, {1: -1}, {1: "1"}, {2: None}, {3: 0}, {3: -4}, {4: b"short"}, {4: bytes(33)}, {4: "x" * 32},
        {5: b"events"}, {5: {}}, {5: [b"ok", "text"]}, {5: [b""] * (exchange.MAX_EVENTS + 1)},
        {5: [bytes(70_000)] * 17}, {6: -1}, {6: None}, {7: []}, {7: {"net": -1}}, {7: {"net": "1"}}, {7: {1: 1}},
        {7: {f"s{n}": 0 for n in range(exchange.MAX_STREAMS + 1)}}, {8: []}, {8: None}, {9: 1}, {9: ["zstd"]}, {9: [None]},
    ],
    ids=lambda change: repr(change)[:40],
)  # fmt: skip
def test_a_request_of_any_other_shape_is_refused(change: dict[int, Any]) -> None:
    good: list[Any] = [1, 1, 1, 1, bytes(32), [], 0, {}, {}, [1]]
    assert exchange.decode_request(up(good), find)[1].first_seq == 1
    body = [change.get(at, value) for at, value in enumerate(good)]
    assert refused(up(body)) in ("exchange_shape", "exchange_size")


def test_a_request_with_fields_of_the_future_is_read_and_one_without_its_own_is_refused() -> None:
    good: list[Any] = [2, 1, 1, 1, bytes(32), [], 0, {}, {}, [1]]
    assert exchange.decode_request(up([*good, "new", 5]), find)[1].epoch == 1
    assert refused(up(good[:9])) == "exchange_protocol"
    assert refused(up([1, *good[1:9]])) == "exchange_shape"
    odd: list[Any] = [[], {}, "x", None, 5, [[]]]
    for body in odd:
        assert refused(up(body)) == "exchange_shape"


ANSWER: list[Any] = [1, 0, 0, [], [], 0, {}, False, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {1: -1}, {1: None}, {2: -1}, {2: "0"}, {3: 5}, {3: [5]}, {3: [[1]]}, {3: [["x", "y"]]}, {3: [[1, "a", 2]]}, {4: {}},
        {4: [5]}, {4: [["net", 1, "k"]]}, {4: [[1, 1, "k", None]]}, {4: [["net", "1", "k", None]]},
        {4: [["net", 1, "", None]]}, {4: [["net", 1, "k" * 121, None]]}, {4: [["net", 1, "é", None]]},
        {4: [["net", 1, "k", "text"]]}, {4: [["net", -1, "k", None]]}, {4: [["net", 1, "k", bytes(512 * 1024 + 1)]]},
        {4: [["a b", 1, "k", None]]}, {5: -1}, {6: []}, {6: {"net": -1}}, {7: 0}, {7: None}, {8: -5}, {9: None},
    ],
    ids=lambda change: repr(change)[:40],
)  # fmt: skip
def test_an_answer_of_any_other_shape_is_refused(change: dict[int, Any]) -> None:
    request = exchange.encode_request(REQUEST, NODE)
    assert exchange.decode_response(down(ANSWER, request), request, find).acked_seq == 0
    body = [change.get(at, value) for at, value in enumerate(ANSWER)]
    assert refused(down(body, request), request).startswith(("exchange_", "operation_"))


@pytest.mark.parametrize("body", [[], {}, 5, None, "abcdefghij", b"abcdefghij", ANSWER[:9], {n: n for n in range(10)}])
def test_an_answer_that_is_no_array_is_refused(body: Any) -> None:
    request = exchange.encode_request(REQUEST, NODE)
    assert refused(down(body, request), request) == "exchange_shape"


def test_an_answer_with_fields_of_the_future_is_read() -> None:
    request = exchange.encode_request(REQUEST, NODE)
    found = exchange.decode_response(down([*ANSWER, "new", {"x": 1}], request), request, find)
    assert found.floor == 0


@given(
    st.recursive(
        plain, lambda inner: st.lists(inner, max_size=11) | st.dictionaries(st.integers(0, 9), inner, max_size=3)
    )
)
def test_any_signed_body_is_refused_in_words(body: Any) -> None:
    request = exchange.encode_request(REQUEST, NODE)
    assert refused(up(body)).startswith("exchange_")
    assert refused(down(body, request), request).startswith("exchange_")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    assert refused(data).startswith("cose_")
    assert refused(data, data).startswith("cose_")
    assert refused(cose.sign1(data, NODE, UP)).startswith(("wire_", "cbor_", "exchange_"))


def test_a_quiet_request_and_its_answer_are_small() -> None:
    request = exchange.encode_request(Request(1, 5_000, 900_000, bytes(range(32)), (), 4_000_000), NODE)
    answer = Response(0, 899_999, (), (), 4_000_000, {}, False, 1_795_406_400_000, 60_000)
    assert len(request) < 180
    assert len(exchange.encode_response(answer, request, HUB)) < 130
