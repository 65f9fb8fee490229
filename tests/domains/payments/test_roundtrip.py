"""Everything that payments send goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.payments.events import PaymentAsked, PaymentEnded, PaymentTaken, RepaymentAsked, RepaymentMade
from sync.kernel.events import Stamp
from tests.golden.strategies import of


@pytest.mark.parametrize("kind", [PaymentAsked, PaymentTaken, PaymentEnded, RepaymentAsked, RepaymentMade])
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
