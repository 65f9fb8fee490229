"""The convention: what is said is understood, what is not is refused, and age is never underrated."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import devices as wire
from sync.kernel.devices import Ack, Beat, Open, Opened, Peer, Scan, Stamp, State, Verdict, decode, encode
from sync.kernel.errors import Malformed

KINDS = (wire.State, wire.About, Beat, Scan, wire.Apart, Opened, Verdict, wire.Received, Open, Ack)
SAID = (
    State("ready", 7, "fake-1", 5),
    State("lost", 7),
    wire.About("gate", "evt/opened cmd/open"),
    Beat(7, 0),
    Scan(1, 2, "a" * 16, False, "Y1:车票 A%", Stamp(9, 12)),
    Scan(1, 2, "a" * 16, True, "x" * wire.MAX_CODE),
    wire.Apart(1, 3, "t", True, 1, 2, "Y1:A", "", 5),
    wire.Apart(1, 3, "t", False, 1, 2, "Y1:A", "already_used", 5, Stamp(9, 12)),
    Opened(1, 2, "t", False, "open-v", "v", Stamp(0, 0)),
    Verdict(1, 2, "t", "WARNING", "late", "晚到"),
    wire.Received(1, 2),
    Open("open-v", "v", "t", Stamp(3, 4)),
    Ack("open-v", "expired"),
)


@pytest.mark.parametrize("message", SAID, ids=lambda message: type(message).__name__)
def test_what_is_said_is_understood(message: object) -> None:
    payload = encode(message)
    assert len(payload) <= wire.MAX_PAYLOAD
    assert decode(type(message), payload) == message


def test_fields_of_later_versions_are_ignored() -> None:
    assert decode(Beat, b'{"bseq":1,"up_ms":2,"mood":"good"}') == Beat(1, 2)


def test_the_wire_form_stays_as_it_is() -> None:
    assert encode(Open("open-v", "v", "t", Stamp(3, 4))) == (
        b'{"cmd_id":"open-v","verdict_id":"v","trace_id":"t","expires_at":[3,4]}'
    )
    assert encode(State("lost", 7)) == b'{"state":"lost","bseq":7,"fw":"-","ts_ms":0}'


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (Beat, b" " * 20_001, "too_long"),
        (Beat, b"\xff", "not_json"),
        (Beat, b"[" * 20_000, "not_json"),
        (Beat, b'{"bseq":' + b"1" * 5_000 + b"}", "not_json"),
        (Beat, b"3", "not_an_object"),
        (Beat, b'{"bseq":1}', "field_up_ms"),
        (Beat, b'{"bseq":true,"up_ms":1}', "field_bseq"),
        (Beat, b'{"bseq":1.0,"up_ms":1}', "field_bseq"),
        (Beat, b'{"bseq":NaN,"up_ms":1}', "field_bseq"),
        (Beat, b'{"bseq":9007199254740992,"up_ms":1}', "field_bseq"),
        (State, b'{"state":"angry","bseq":1}', "field_state"),
        (Ack, b'{"cmd_id":"../x","result":"opened"}', "field_cmd_id"),
        (Open, b'{"cmd_id":"a","verdict_id":"v","trace_id":"t","expires_at":null}', "field_expires_at"),
        (Open, b'{"cmd_id":"a","verdict_id":"v","trace_id":"t","expires_at":[1]}', "field_expires_at"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_reason(kind: type[object], payload: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=f"^{reason}$"):
        decode(kind, payload)


@pytest.mark.parametrize("code", ["", "x" * 4_297, "a\nb", "a\x00", "\ud800", "\x7f"])
def test_a_code_that_no_ticket_has_is_neither_sent_nor_taken(code: str) -> None:
    with pytest.raises(Malformed, match="field_code"):
        encode(Scan(1, 1, "t", False, code))
    fields = {"bseq": 1, "seq": 1, "trace_id": "t", "historical": False, "code": code}
    with pytest.raises(Malformed, match="field_code"):
        decode(Scan, json.dumps(fields).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)
NAMES = st.sampled_from(["bseq", "seq", "state", "code", "trace_id", "cmd_id", "expires_at", "historical", "up_ms"])


@given(st.binary(max_size=300) | st.dictionaries(NAMES, JSON).map(lambda found: json.dumps(found).encode()))
def test_no_bytes_do_anything_but_decode_or_be_refused(payload: bytes) -> None:
    for kind in KINDS:
        try:
            message = decode(kind, payload)
        except Malformed as error:
            assert str(error) in {"not_json", "not_an_object"} or str(error).startswith("field_")
        else:
            assert decode(kind, encode(message)) == message


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["tp", "1", "n", "d", "evt", "ack", "+", "#", ""])).map("/".join)
)
def test_no_topic_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        node, device, channel, kind = wire.parse_topic(text)
    except Malformed as error:
        assert str(error) == "topic"
    else:
        assert wire.topic(node, device, channel, kind) == text


@pytest.mark.parametrize("text", ["tp/1/n/d/evt", "tp/1/n/d/ack/x", "tp/1/n/d/evt/x/y", "tp/1/N/d/ack", "tp/2/n/d/ack"])
def test_topics_of_other_conventions_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        wire.parse_topic(text)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 60_000)), min_size=1, max_size=20),
    st.integers(-(10**6), 10**6),
    st.integers(0, 60_000),
)
def test_a_command_never_outlives_its_term_whatever_the_delays(
    beats: list[tuple[int, int]], apart_ms: int, life_ms: int
) -> None:
    """``apart_ms`` is between the two machines' clocks, each beat a (pause, delay) on its way."""
    node, sent_ms = Peer(), 10**7
    for pause_ms, delay_ms in beats:
        sent_ms += pause_ms
        node.hear_beat(Beat(wire.make_bseq(5, 1), sent_ms), sent_ms + delay_ms + apart_ms)
    decided_ms = sent_ms + 60_000
    until = node.stamp(decided_ms + apart_ms + life_ms)
    assert until is not None
    late_ms = wire.age_ms(until, 5, decided_ms + life_ms + 1)
    assert late_ms is not None and late_ms > 0


def test_a_stamp_of_another_process_tells_no_age() -> None:
    assert wire.age_ms(Stamp(5, 100), 6, 100) is None
    assert wire.age_ms(None, 6, 100) is None
    assert wire.age_ms(Stamp(6, 100), 6, 130) == 30


def test_a_late_will_of_an_older_connection_is_not_believed() -> None:
    peer = Peer()
    peer.hear_state(State("ready", wire.make_bseq(5, 2)))
    peer.hear_state(State("lost", wire.make_bseq(5, 1)))
    assert peer.state == "ready"
    peer.hear_state(State("lost", wire.make_bseq(5, 2)))
    assert peer.state == "lost"


def test_a_lucky_beat_of_long_ago_counts_a_little_less_with_every_later_one() -> None:
    """Else a clock that runs faster than the peer's would lead by seconds after a day."""
    peer = Peer()
    for delay_ms in (0, 100, 100, 100):
        peer.hear_beat(Beat(wire.make_bseq(5, 1), 1_000), 1_000 + delay_ms)
    assert peer.stamp(2_000) == Stamp(5, 1_997)


def test_nothing_is_stamped_for_a_peer_that_is_not_heard() -> None:
    peer = Peer()
    assert peer.stamp(0) is None
    assert peer.hear_beat(Beat(wire.make_bseq(5, 1), 100), 1_000)
    assert not peer.hear_beat(Beat(wire.make_bseq(5, 2), 200), 1_100)
    assert peer.stamp(1_150) == Stamp(5, 250)
    peer.hear_state(State("ready", wire.make_bseq(6, 1)))
    assert peer.stamp(1_200) is None
