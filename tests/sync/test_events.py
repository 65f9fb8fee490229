"""Events on the wire: known ones, newer ones, unknown ones, and shapes that are none."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kernel.eventcheck import check
from sync.domains import EVENTS
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ratings.events import TripRated
from sync.kernel import cbor, records
from sync.kernel.errors import Malformed
from sync.kernel.events import MAX_EVENT_BYTES, Event, NodeStarted, Registry, Stamp
from tests.golden import samples

STAMP = samples.STAMP


def code(value: Any) -> str:
    with pytest.raises(Malformed) as raised:
        EVENTS.decode(value if isinstance(value, bytes) else cbor.encode(value))
    return raised.value.code


@pytest.mark.parametrize("event", samples.EVENTS.values(), ids=samples.EVENTS)
def test_every_event_reads_back(event: Event) -> None:
    found = EVENTS.decode(EVENTS.encode(event, STAMP))
    assert (found.event, found.stamp, found.type, found.version) == (event, STAMP, event.TYPE, event.VERSION)


def test_an_unknown_type_is_kept_whole() -> None:
    found = EVENTS.decode(cbor.encode([9_999, 3, 5, 6, 7, ["parcel", {"x": [1]}]]))
    assert (found.event, found.type, found.version, found.stamp) == (None, 9_999, 3, Stamp(5, 6, 7))
    assert found.body == ["parcel", {"x": [1]}]


def test_a_newer_version_with_more_fields_is_read_by_those_that_are_known() -> None:
    found = EVENTS.decode(cbor.encode([20, 2, 5, 6, 7, [101, 2518, 0, 4, 2, "why"]]))
    assert found.event == SeatsAsked(101, 2518, 0, 4, 2)
    assert found.body[5] == "why"


def test_a_newer_version_that_this_software_can_not_read_is_kept() -> None:
    found = EVENTS.decode(cbor.encode([20, 2, 5, 6, 7, ["changed", 1]]))
    assert (found.event, found.body) == (None, ["changed", 1])


def test_a_body_that_does_not_fit_its_own_version_is_refused() -> None:
    assert code([20, 1, 5, 6, 7, ["changed", 1]]) == "record_shape"


@pytest.mark.parametrize(
    "value",
    [
        [], {}, None, 5, "x", [20, 1, 5, 6, 7], [20, 1, 5, 6, 7, [], 8], [20, 1, 5, 6, 7, None], [20, 1, 5, 6, 7, {}],
        ["20", 1, 5, 6, 7, []], [20, True, 5, 6, 7, []], [-1, 1, 5, 6, 7, []], [20, 1, -5, 6, 7, []], [20, 1, 5, -6, 7, []],
        [20, 1, 5, 6, None, []], b"\x80",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_event_is_refused(value: Any) -> None:
    assert code(value) == "event_shape"


def test_an_event_above_16_kib_is_neither_written_nor_read() -> None:
    large = TripRated(bytes(8), 1, 1, 5, (), "长" * 6_000, "en")
    with pytest.raises(Malformed, match="event_size"):
        EVENTS.encode(large, STAMP)
    assert code(cbor.encode([40, 1, 1, 1, 1, [bytes(MAX_EVENT_BYTES)]])) == "cbor_size"


def test_an_event_with_a_field_of_another_type_is_not_written() -> None:
    for event in (SeatsAsked("101", 1, 0, 1, 1), SeatsAsked(None, 1, 0, 1, 1), SeatsAsked(True, 1, 0, 1, 1)):  # type: ignore[arg-type]
        with pytest.raises(Malformed):
            EVENTS.encode(event, STAMP)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_event_or_refused_in_words(data: bytes) -> None:
    try:
        assert EVENTS.decode(data).stamp.hlc >= 0
    except Malformed as error:
        assert error.code.startswith(("cbor_", "event_", "record_"))


def one_by_one(items: list[bytes]) -> list[Any]:
    """What :meth:`Registry.decode` says of each."""
    found: list[Any] = []
    for data in items:
        try:
            found.append(EVENTS.decode(data))
        except Malformed as error:
            found.append(error.code)
    return found


WRITTEN = st.sampled_from([EVENTS.encode(event, STAMP) for event in samples.EVENTS.values()])
ODD = st.sampled_from(
    [
        cbor.encode(value)
        for value in (
            [9_999, 3, 5, 6, 7, ["parcel"]], [20, 2, 5, 6, 7, [101, 2518, 0, 4, 2, "why"]], [20, 2, 5, 6, 7, ["changed"]],
            [20, 1, 5, 6, 7, ["changed", 1]], [20, 1, 5, 6, 7, [101, 2518, 0, 4, True]], [20, 1, 5, 6, -7, [1, 2, 0, 4, 2]],
            [20, True, 5, 6, 7, []], [[20], 1, 5, 6, 7, []], [20, 1, 5, 6, 7], {"a": 1}, "sixsix", None,
        )
    ]
)  # fmt: skip


@given(st.lists(st.one_of(WRITTEN, WRITTEN, WRITTEN, ODD, st.binary(max_size=6)), max_size=12))
def test_what_is_read_of_a_batch_reads_as_its_events_do_one_by_one(items: list[bytes]) -> None:
    for fast, careful in zip(EVENTS.decode_plain(items), one_by_one(items), strict=True):
        assert fast is None or (fast == careful and type(fast.event) is type(careful.event))
        assert fast is None or check(fast) is None


PLAIN = [EVENTS.encode(event, STAMP) for event in samples.EVENTS.values() if records.plain_types(type(event))]


def test_events_with_plain_fields_are_all_read_as_a_batch() -> None:
    assert len(PLAIN) > 20 and None not in EVENTS.decode_plain(PLAIN)


def test_an_event_that_is_none_of_those_costs_the_others_nothing() -> None:
    rated = EVENTS.encode(TripRated(bytes(8), 1, 1, 5, ("clean",), "good", "en"), STAMP)
    assert [one is None for one in EVENTS.decode_plain([rated, *PLAIN, rated])] == [True, *[False] * len(PLAIN), True]


@given(st.sampled_from(PLAIN), st.lists(st.sampled_from(PLAIN), max_size=3), st.data())
def test_an_event_in_other_than_canonical_form_is_never_read_as_a_batch(
    data: bytes, others: list[bytes], draw: Any
) -> None:
    at = draw.draw(st.integers(0, len(data)))
    cut = draw.draw(st.integers(0, 3))
    bent = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + cut :]
    for fast, item in zip(EVENTS.decode_plain([bent, *others]), [bent, *others], strict=True):
        assert fast is None or fast == EVENTS.decode(item)


@pytest.mark.parametrize("wider", ["8614", "980614", "9f14"])
def test_another_writing_of_the_same_event_is_not_read_as_a_batch(wider: str) -> None:
    data = EVENTS.encode(SeatsAsked(101, 2518, 0, 4, 2), STAMP)
    written = bytes.fromhex(wider) + data[2:] + (b"\xff" if wider == "9f14" else b"")
    assert (EVENTS.decode_plain([written, data])[0] is None) == (written != data)


def test_what_stands_behind_one_event_is_not_taken_from_the_next() -> None:
    """In all they are as long as they ought to be: bytes too many in one, a shorter writing of nothing in the other."""
    data = EVENTS.encode(SeatsAsked(101, 2518, 0, 4, 2), STAMP)
    assert EVENTS.decode_plain([data + data[:1], data[1:]]) == [None, None]
    assert EVENTS.decode_plain([data + b"\x00", data]) == [None, None]


def test_events_of_a_batch_are_as_frozen_as_any() -> None:
    (found,) = EVENTS.decode_plain([EVENTS.encode(SeatsAsked(101, 2518, 0, 4, 2), STAMP)])
    assert found is not None and found.event == SeatsAsked(101, 2518, 0, 4, 2)
    with pytest.raises(FrozenInstanceError):
        found.event.count = 3  # type: ignore[misc]


def test_a_type_number_is_given_once() -> None:
    @dataclass(frozen=True, slots=True)
    class Other(Event):
        TYPE: ClassVar[int] = NodeStarted.TYPE

    with pytest.raises(ValueError, match="twice"):
        Registry([NodeStarted, Other])


def test_the_list_of_all_events_names_each_class_that_there_is() -> None:
    """An event that stands in no list would be logged by a node and read by nobody."""
    ours = {kind.__qualname__ for kind in Event.__subclasses__() if kind.__module__.startswith("sync.")}
    assert {kind.__qualname__ for kind in EVENTS} == ours
