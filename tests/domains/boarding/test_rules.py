"""What a gate answers to a ticket whose signature holds."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.boarding import rules
from sync.domains.boarding.rules import Gate, refusal
from sync.kernel.ticket import Claims, TicketId

CLAIMS = Claims(TicketId(7, 1, 50), 101, 2518, 1, 3, 12, 0, 2_000)
GATE = Gate(101, 2518, None, 1_000, True)


def at(**changes: object) -> Gate:
    return dataclasses.replace(GATE, **changes)  # type: ignore[arg-type]


def test_a_good_ticket_is_not_refused() -> None:
    assert refusal(CLAIMS, GATE, None) is None


@pytest.mark.parametrize(
    ("gate", "revoked_after", "reason"),
    [
        (at(trip_no=102), None, "wrong_trip"), (at(day=2519), None, "wrong_date"), (at(now_s=2_001), None, "expired"),
        (at(now_s=2_000), None, None), (at(now_s=9_999, clock_sure=False), None, None), (at(stop_idx=0), None, "wrong_stop"),
        (at(stop_idx=1), None, None), (at(stop_idx=2), None, None), (at(stop_idx=3), None, "wrong_stop"),
        (GATE, 49, "revoked"), (GATE, 50, None), (GATE, 0, "revoked"), (at(trip_no=102, day=1), 0, "revoked"),
        (at(trip_no=102, day=2519, now_s=9_999), None, "wrong_trip"), (at(day=2519, now_s=9_999), None, "wrong_date"),
    ],
)  # fmt: skip
def test_the_first_thing_that_is_wrong_names_the_reason(
    gate: Gate, revoked_after: int | None, reason: str | None
) -> None:
    assert refusal(CLAIMS, gate, revoked_after) == reason


@given(st.integers(0, 5), st.integers(0, 5), st.none() | st.integers(0, 5), st.integers(0, 4_000), st.booleans())
def test_a_gate_is_never_kinder_than_the_ticket(trip: int, day: int, stop: int | None, now: int, sure: bool) -> None:
    claims = dataclasses.replace(CLAIMS, trip_no=3, day=3)
    found = refusal(claims, Gate(trip, day, stop, now, sure), None)
    good = trip == day == 3 and (stop is None or 1 <= stop < 3) and (not sure or now <= 2_000)
    assert (found is None) == good
    assert found is None or found in rules.REASONS


def test_reasons_are_told_apart() -> None:
    assert len(set(rules.REASONS)) == len(rules.REASONS) == 17
