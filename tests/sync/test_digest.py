"""The digest of a stream: the same for the same state, however it came about."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import digest

keys = st.text("abc/1", min_size=1, max_size=4)
bodies = st.none() | st.binary(max_size=6)
writes = st.lists(st.tuples(keys, bodies), max_size=20)


def fold(history: Sequence[tuple[str, bytes | None]]) -> tuple[int, dict[str, bytes | None]]:
    """The digest kept up to date write by write, and the state."""
    value = 0
    state: dict[str, bytes | None] = {}
    for key, body in history:
        value = digest.replace(value, key, state.get(key), body)
        state[key] = body
    return value, state


@given(writes)
def test_leaving_out_what_was_replaced_changes_nothing(history: list[tuple[str, bytes | None]]) -> None:
    value, state = fold(history)
    compacted = [(key, body) for key, body in state.items() if body is not None]
    assert fold(compacted)[0] == value


@given(st.dictionaries(keys, st.binary(max_size=6)), st.randoms())
def test_the_order_does_not_matter(state: dict[str, bytes], dice: random.Random) -> None:
    mixed = list(state.items())
    dice.shuffle(mixed)
    assert fold(mixed)[0] == fold(list(state.items()))[0]


@given(st.dictionaries(keys, st.binary(max_size=6), min_size=1), st.data())
def test_one_changed_missing_or_renamed_key_is_seen(state: dict[str, bytes], data: st.DataObject) -> None:
    whole = fold(list(state.items()))[0]
    key = data.draw(st.sampled_from(sorted(state)))
    for other in (state | {key: state[key] + b"x"}, {k: v for k, v in state.items() if k != key}):
        assert fold(list(other.items()))[0] != whole
    renamed = {("z" + k if k == key else k): v for k, v in state.items()}
    assert fold(list(renamed.items()))[0] != whole


def test_a_boundary_between_key_and_body_counts() -> None:
    assert digest.item("ab", b"c") != digest.item("a", b"bc")


def test_a_tombstone_counts_nothing_and_the_digest_stays_in_its_128_bits() -> None:
    assert digest.item("key", None) == 0
    value = 0
    for number in range(200):
        value = digest.replace(value, f"k{number}", None, b"x")
        assert 0 <= value < digest.MODULUS
    for number in range(200):
        value = digest.replace(value, f"k{number}", b"x", None)
        assert 0 <= value < digest.MODULUS
    assert value == 0
