"""Everything that ratings send goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import PublicScore, RatingAnswer, RatingRules
from sync.kernel.events import Stamp
from sync.kernel.workdays import WorkCalendar
from tests.golden.strategies import of

SENT = [TripRated, SessionRated, RatingFollowed]


@pytest.mark.parametrize("kind", SENT)
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
    assert EVENTS.encode(found.event, found.stamp) == EVENTS.encode(event, stamp)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [RatingRules, RatingAnswer, PublicScore, WorkCalendar])
@settings(max_examples=30)
@given(st.data())
def test_a_record_goes_down_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert kind.from_bytes(record.to_bytes()) == record
