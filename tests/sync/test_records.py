"""Records as arrays of fields: older readers, newer writers, and shapes that don't fit."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import records
from sync.kernel.errors import Malformed
from sync.kernel.operations import Clerk, Record, Subscriptions, check_wire, split_key


@dataclass(frozen=True, slots=True)
class Old(Record):
    """As it was written first."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class New(Record):
    """As it is now: two fields more, at the end."""

    number: int
    name: str
    tags: tuple[str, ...] = ("none",)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Every(Record):
    """One field of each kind that a record may have."""

    flag: bool
    data: bytes
    maybe: int | None
    many: tuple[int, ...]
    pairs: tuple[tuple[int, str], ...]
    names: dict[str, str]
    deep: tuple[tuple[int, ...] | None, ...] = ()


GOOD: list[Any] = [True, b"x", None, [1, 2], [[1, "a"]], {"en": "A"}, [[1], None]]
every = st.builds(
    Every, st.booleans(), st.binary(max_size=5), st.none() | st.integers(), st.lists(st.integers()).map(tuple),
    st.lists(st.tuples(st.integers(), st.text("ab"))).map(tuple), st.dictionaries(st.text("ab"), st.text("cd")),
    st.lists(st.none() | st.lists(st.integers()).map(tuple)).map(tuple),
)  # fmt: skip


@given(every)
def test_what_is_written_reads_back(record: Every) -> None:
    assert Every.from_bytes(record.to_bytes()) == record


def test_a_new_reader_fills_what_an_old_writer_did_not_send() -> None:
    assert New.from_bytes(Old(5, "five").to_bytes()) == New(5, "five", ("none",), None)


def test_an_old_reader_takes_the_fields_that_it_knows() -> None:
    assert Old.from_bytes(New(5, "five", ("a",), "note").to_bytes()) == Old(5, "five")


def test_a_field_that_is_missing_and_has_no_default_is_refused() -> None:
    with pytest.raises(Malformed, match="Old: 1 of 2 fields"):
        records.from_body(Old, [5])


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, 1), (0, None), (1, "x"), (1, [120]), (2, "1"), (2, True), (2, 1.0), (3, 5), (3, [1, None]), (3, [True]), (3, {}),
        (4, [[1]]), (4, [[1, "a", 2]]), (4, [["a", 1]]), (4, [5]), (5, []), (5, {1: "a"}), (5, {"a": 1}), (6, [5]), (6, None),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_refused_and_named(at: int, value: Any) -> None:
    assert records.from_body(Every, GOOD).many == (1, 2)
    body = [*GOOD[:at], value, *GOOD[at + 1 :]]
    name = ("flag", "data", "maybe", "many", "pairs", "names", "deep")[at]
    with pytest.raises(Malformed, match=f"Every.{name}"):
        records.from_body(Every, body)


@pytest.mark.parametrize("body", [None, {}, "ab", b"ab", 5, (1, 2)])
def test_what_is_no_array_is_refused(body: Any) -> None:
    with pytest.raises(Malformed):
        records.from_body(Old, body)


def test_a_field_type_that_is_not_on_the_list_is_refused_when_it_is_first_used() -> None:
    @dataclass
    class Odd:
        price: float

    with pytest.raises(TypeError, match="float"):
        records.from_body(Odd, [1.0])


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("profile", ("profile", ())),
        ("grant/17", ("grant", ("17",))),
        ("seatplan/a/b", ("seatplan", ("a", "b"))),
        ("duty/1/2", ("duty", ("1", "2"))),
    ],
)
def test_a_key_is_its_parts(key: str, parts: tuple[str, tuple[str, ...]]) -> None:
    assert split_key(key) == parts


@pytest.mark.parametrize("key", ["", "k" * 121, "grant/票"])
def test_a_key_of_a_wrong_form_is_refused(key: str) -> None:
    with pytest.raises(Malformed) as raised:
        split_key(key)
    assert raised.value.code == "operation_key"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("a", max_size=3) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("a", max_size=3), inner, max_size=3),
    )
)
def test_any_shape_is_refused_in_words(value: Any) -> None:
    for read in (
        lambda: records.from_body(Every, value),
        lambda: check_wire(value),
        lambda: records.from_body(Clerk, value),
    ):
        with pytest.raises(Malformed):
            read()
    with contextlib.suppress(Malformed):
        assert all(type(stream) is str for stream in records.from_body(Subscriptions, value).streams)
