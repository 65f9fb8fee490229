"""Everything that the timetable tells goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Trip
from tests.golden.strategies import of

TOLD = [Agency, Stop, SeatPlan, Service, Route, Pattern, Trip]


@pytest.mark.parametrize("kind", TOLD)
@settings(max_examples=30)
@given(st.data())
def test_a_record_comes_down_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert kind.from_bytes(record.to_bytes()) == record
