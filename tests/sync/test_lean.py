"""Protocol 2: small, bound, and refused rather than believed where the hub's own hash does not fit."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.kernel import cbor, cose, exchange, lean, rows, wire
from sync.kernel.errors import Malformed
from sync.kernel.events import Stamp
from sync.kernel.exchange import Request
from tests.golden import samples
from tests.golden.test_lean import SAID, TOLD
from tests.golden.test_wire import HUB, NODE, find

HUB_MS = 1_795_406_400_000
LATER = Stamp(hlc=(HUB_MS + 287_123) << 16, mono_ms=2_592_000_000, hub_ms=HUB_MS)
SALE = EVENTS.encode(replace(samples.EVENTS["ticket_sold"], serial=98_765, trip_no=20_123, seat=55), LATER)
REQUEST = Request(1, 8_640, 1_234_567, bytes(range(32)), (SALE,), 12_345_678, protocol=2)


def read(data: bytes, previous: bytes | None = REQUEST.prev_hash) -> Request:
    return lean.decode_request(data, find, lambda _kid, _seq: previous)[1]


def code_of(data: bytes, previous: bytes | None = REQUEST.prev_hash) -> str:
    with pytest.raises(Malformed) as caught:
        read(data, previous)
    return caught.value.code


def test_a_sale_of_a_box_that_has_run_for_years_is_one_message_of_140_bytes() -> None:
    data = lean.encode_request(REQUEST, NODE)
    assert read(data) == REQUEST
    assert len(data) <= 140
    assert len(exchange.encode_request(REQUEST, NODE)) > 190


def test_nothing_to_say_is_said_in_100_bytes_each_way() -> None:
    idle = lean.encode_request(replace(REQUEST, events=()), NODE)
    quiet = replace(TOLD, quarantined=(), operations=(), exceptions={}, more=False, found=())
    assert len(idle) <= 100
    assert len(lean.encode_response(quiet, idle, HUB)) <= 100


def test_the_signature_covers_all_of_the_hash_before_the_first_event() -> None:
    """Another hash with the same eight bytes is not the one that was signed."""
    data = lean.encode_request(REQUEST, NODE)
    assert code_of(data, REQUEST.prev_hash[:8] + bytes(24)) == "cose_signature"


@pytest.mark.parametrize("held", [None, bytes(32)])
def test_a_hub_that_holds_no_such_hash_wants_it_in_full(held: bytes | None) -> None:
    assert code_of(lean.encode_request(REQUEST, NODE), held) == "exchange_full"


def test_an_answer_fits_its_own_request_only() -> None:
    answer = lean.encode_response(TOLD, b"one", HUB)
    assert lean.decode_response(answer, b"one", find) == TOLD
    with pytest.raises(Malformed):
        lean.decode_response(answer, b"another", find)


def test_a_request_passes_for_no_answer_and_no_message_of_protocol_1() -> None:
    data = lean.encode_request(REQUEST, NODE)
    with pytest.raises(Malformed):
        lean.decode_response(data, data, find)
    with pytest.raises(Malformed):
        exchange.decode_request(data, find)


@given(st.integers(0, 400), st.integers(1, 255))
def test_one_bent_byte_is_noticed(at: int, change: int) -> None:
    data = bytearray(lean.encode_request(SAID["rows"], NODE))
    data[at % len(data)] ^= change
    with pytest.raises(Malformed):
        lean.decode_request(bytes(data), find, lambda _kid, _seq: SAID["rows"].prev_hash)


@given(st.binary(max_size=200))
def test_whatever_is_signed_by_a_node_is_read_or_refused(junk: bytes) -> None:
    payload = rows.number(5) + bytes(8) + wire.pack(junk, wire.RAW)
    signed = cose.sign_bare(payload, NODE, b"yipiao up 2" + bytes(32))
    with contextlib.suppress(Malformed):
        lean.decode_request(signed, find, lambda _kid, _seq: bytes(32))


FIELD = st.recursive(
    st.integers(-(1 << 63), (1 << 64) - 1) | st.text(st.characters(exclude_categories=["Cs"])) | st.binary()
    | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
NUMBER = st.integers(0, (1 << 64) - 1) | st.integers(0, 300)


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, st.lists(FIELD, max_size=6)), max_size=5))
def test_rows_come_out_byte_for_byte_or_not_at_all(values: list[tuple[object, ...]]) -> None:
    events = tuple(cbor.encode(list(value)) for value in values)
    packed = rows.pack(events)
    assert packed is None or rows.unpack(packed) == events


def test_a_number_in_a_longer_form_than_it_needs_is_refused() -> None:
    with pytest.raises(Malformed):
        rows.Reader(b"\x80\x00").number()
