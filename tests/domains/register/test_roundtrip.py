"""Everything that the register says goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts, VoidCards
from tests.golden.strategies import of

TOLD = [OperatorFacts, VehicleFacts, DriverFacts, PermitFacts, VoidCards]


@pytest.mark.parametrize("kind", TOLD)
@settings(max_examples=30)
@given(st.data())
def test_a_record_comes_down_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert kind.from_bytes(record.to_bytes()) == record
