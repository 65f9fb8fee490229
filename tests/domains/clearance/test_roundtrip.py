"""Everything that clearance sends goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.operations import ClearanceRules
from sync.kernel.events import Stamp
from tests.golden.strategies import of


@pytest.mark.parametrize("kind", [DepartureRefused, DepartureCleared, ClearanceUndone, PassengersCounted])
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)


@settings(max_examples=30)
@given(of(ClearanceRules))
def test_a_record_comes_down_and_reads_the_same(record: ClearanceRules) -> None:
    assert ClearanceRules.from_bytes(record.to_bytes()) == record
