"""Values that a column can't hold are found in a batch as they are one by one."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.kernel.eventcheck import LIMIT, check, check_many
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ratings.events import TripRated
from sync.kernel.events import Envelope, Event, Stamp
from tests.golden import samples


def enveloped(event: Event | None, kind: int = 20, version: int = 1, stamp: Stamp = samples.STAMP) -> Envelope:
    return Envelope(kind, version, stamp, event, [])


GOOD = [enveloped(event, event.TYPE) for event in samples.EVENTS.values()]
ASKED = SeatsAsked(101, 2518, 0, 4, 2)


def test_a_batch_of_good_events_is_good() -> None:
    assert check_many(GOOD) and not any(map(check, GOOD))


@pytest.mark.parametrize(
    "odd",
    [
        enveloped(SeatsAsked(101, 2518, 0, 4, LIMIT)),
        enveloped(SeatsAsked(-1, 2518, 0, 4, 2)),
        enveloped(TripRated(bytes(8), 1, 1, 5, (), "go\x00od", "en")),
        enveloped(TripRated(bytes(8), 1, 1, 5, ("clean", "la\x00te"), "good", "en")),
        enveloped(ASKED, kind=1 << 31),
        enveloped(ASKED, version=1 << 31),
        enveloped(ASKED, stamp=Stamp(LIMIT, 0, 0)),
        enveloped(ASKED, stamp=Stamp(1, LIMIT, 0)),
    ],
    ids=lambda odd: str(odd)[:60],
)
def test_one_odd_event_sends_its_batch_to_be_looked_at_one_by_one(odd: Any) -> None:
    for batch in ([odd], [*GOOD, odd], [odd, *GOOD]):
        assert not check_many(batch)
    assert check(odd) is not None


def test_an_event_that_is_not_known_is_looked_at_by_itself() -> None:
    assert not check_many([*GOOD, enveloped(None, 9_999)])
    assert check(enveloped(None, 9_999)) is None
