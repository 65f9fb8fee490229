"""What may be said of a trip that does not run as planned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from sync.domains.disruption.operations import Disruption
from sync.domains.disruption.rules import KINDS, check_disruption, fault_of
from sync.domains.ticketing.events import PASSENGER, REASONS
from sync.kernel.errors import Refusal
from tests.golden.strategies import of

LATE = Disruption("delayed", 45, "fog", 1)


@pytest.mark.parametrize(
    ("odd", "code"),
    [({"kind": "late"}, "disruption_kind"), ({"kind": "cancelled"}, "disruption_minutes"), ({"minutes": 0}, "disruption_minutes"),
     ({"minutes": 2_881}, "disruption_minutes"), ({"note": " "}, "disruption_note"), ({"note": "x" * 201}, "disruption_note")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(odd: dict[str, object], code: str) -> None:
    assert check_disruption(LATE) is LATE
    assert check_disruption(replace(LATE, kind="cancelled", minutes=0)).minutes == 0
    with pytest.raises(Refusal, match=code):
        check_disruption(replace(LATE, **odd))  # type: ignore[arg-type]


def test_every_kind_is_a_fault_for_which_a_ticket_is_taken_back_free() -> None:
    assert all(REASONS.index(fault_of(kind)) != PASSENGER for kind in KINDS)
    assert fault_of("a kind of the future") == fault_of("") == ""


@settings(max_examples=30)
@given(of(Disruption))
def test_it_comes_down_and_reads_the_same(said: Disruption) -> None:
    assert Disruption.from_bytes(said.to_bytes()) == said
