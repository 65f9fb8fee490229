"""The hash chain and the hybrid clock of a log."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import chain, hlc

events = st.lists(st.binary(max_size=30), max_size=12)


@given(events)
def test_a_chain_is_the_same_link_by_link_and_all_at_once(log: list[bytes]) -> None:
    head = chain.GENESIS
    for event in log:
        head = chain.link(head, event)
    assert chain.head(chain.GENESIS, log) == head


@given(events, events)
def test_a_chain_goes_on_from_any_head(first: list[bytes], second: list[bytes]) -> None:
    assert chain.head(chain.head(chain.GENESIS, first), second) == chain.head(chain.GENESIS, first + second)


@given(events.filter(bool), st.integers(0, 1 << 20), st.integers(0, 1 << 20))
def test_any_changed_moved_or_missing_event_changes_the_head(log: list[bytes], at: int, to: int) -> None:
    whole = chain.head(chain.GENESIS, log)
    at, to = at % len(log), to % len(log)
    changed = [*log[:at], log[at] + b"\x00", *log[at + 1 :]]
    assert chain.head(chain.GENESIS, changed) != whole
    assert chain.head(chain.GENESIS, log[:at] + log[at + 1 :]) != whole
    moved = list(log)
    moved[at], moved[to] = moved[to], moved[at]
    assert (chain.head(chain.GENESIS, moved) == whole) == (moved == log)


def test_the_chain_is_sha_256_from_32_zeros() -> None:
    assert bytes(32) == chain.GENESIS
    assert chain.link(chain.GENESIS, b"event") == hashlib.sha256(bytes(32) + b"event").digest()


@given(st.lists(st.integers(-(1 << 70), 1 << 70), min_size=2, max_size=40))
def test_hybrid_time_always_grows_and_stays_an_integer_that_a_database_takes(walls: list[int]) -> None:
    last, stamps = 0, []
    for wall in walls:
        last = hlc.following(last, wall)
        stamps.append(last)
    assert stamps == sorted(set(stamps))
    assert 0 < stamps[-1] < 1 << 63


def test_hybrid_time_is_the_wall_clock_while_that_goes_forward() -> None:
    first = hlc.following(0, 1_795_406_400_000)
    assert hlc.wall_ms_of(first) == 1_795_406_400_000
    assert hlc.wall_ms_of(hlc.following(first, 1_795_406_400_777)) == 1_795_406_400_777


def test_after_a_jump_back_it_counts_on_from_where_it_was() -> None:
    late = hlc.following(0, 2_000)
    early = hlc.following(late, 1_000)
    assert early == late + 1
    assert hlc.wall_ms_of(early) == 2_000


def test_1970_and_the_far_future_are_held_at_the_ends() -> None:
    assert hlc.following(5, -10) == 6
    assert hlc.wall_ms_of(hlc.following(0, 1 << 60)) == hlc.MAX_MS


def test_more_events_than_the_counter_holds_run_into_the_next_millisecond() -> None:
    last = (1_000 << hlc.COUNTER_BITS) + (1 << hlc.COUNTER_BITS) - 1
    assert hlc.wall_ms_of(hlc.following(last, 1_000)) == 1_001
