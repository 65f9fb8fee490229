"""Everything that duties send goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.boarding.operations import Duty
from sync.domains.duties.rules import WORDS
from sync.kernel import cbor
from sync.kernel.events import Stamp
from tests.golden.strategies import of


@pytest.mark.parametrize("kind", WORDS)
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
    assert EVENTS.encode(found.event, found.stamp) == EVENTS.encode(event, stamp)  # type: ignore[arg-type]


def test_a_duty_of_older_software_names_no_drivers() -> None:
    assert Duty.from_bytes(cbor.encode(["粤H12345"])) == Duty("粤H12345", ())
