"""Everything that shifts send goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.shifts.events import CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.kernel.events import Stamp
from tests.golden.strategies import of

SENT = [ShiftOpened, CashMoved, ShiftClosed]


@pytest.mark.parametrize("kind", SENT)
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
    assert EVENTS.encode(found.event, found.stamp) == EVENTS.encode(event, stamp)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(of(OfficeRules))
def test_a_set_of_rules_goes_down_and_reads_the_same(given_rules: OfficeRules) -> None:
    assert OfficeRules.from_bytes(given_rules.to_bytes()) == given_rules
