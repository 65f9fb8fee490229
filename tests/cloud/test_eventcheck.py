"""Values that a column can't hold are found, in a batch as well."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.kernel.eventcheck import check
from cloud.kernel.fold import Fold
from sync.domains import EVENTS
from sync.domains.inventory.events import SeatsAsked
from sync.domains.ratings.events import TripRated
from sync.kernel import cbor
from sync.kernel.columns import LIMIT
from sync.kernel.events import Envelope, Event, Stamp
from tests.golden import samples


def enveloped(event: Event | None, kind: int = 20, version: int = 1, stamp: Stamp = samples.STAMP) -> Envelope:
    return Envelope(kind, version, stamp, event, [])


GOOD = [enveloped(event, event.TYPE) for event in samples.EVENTS.values()]
ASKED = SeatsAsked(101, 2518, 0, 4, 2)


def test_good_events_are_good() -> None:
    assert not any(map(check, GOOD))


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (enveloped(SeatsAsked(101, 2518, 0, 4, LIMIT)), "event_range"),
        (enveloped(SeatsAsked(-1, 2518, 0, 4, 2)), "event_range"),
        (enveloped(TripRated(bytes(8), 1, 1, 5, (), "go\x00od", "en")), "event_text"),
        (enveloped(TripRated(bytes(8), 1, 1, 5, ("clean", "la\x00te"), "good", "en")), "event_text"),
        (enveloped(ASKED, kind=1 << 31), "event_shape"),
        (enveloped(ASKED, version=1 << 31), "event_shape"),
        (enveloped(ASKED, stamp=Stamp(LIMIT, 0, 0)), "event_shape"),
        (enveloped(ASKED, stamp=Stamp(1, LIMIT, 0)), "event_shape"),
    ],
    ids=lambda odd: str(odd)[:60],
)
def test_an_odd_event_is_found(odd: Any, code: str) -> None:
    assert (check(odd) or ("", ""))[0] == code


@pytest.mark.parametrize("body", [[101, 2518, 0, 4, LIMIT], [101, 2518, 0, -1, 2], [101, 2518, 0, 1 << 70, 2]])
def test_an_odd_event_in_a_batch_is_found_by_itself(body: list[Any]) -> None:
    good = EVENTS.encode(ASKED, samples.STAMP)
    odd = cbor.encode([SeatsAsked.TYPE, 1, *samples.STAMP, body])
    read = Fold(EVENTS, ()).read([good, odd, good])
    assert [held.code if held else None for _, held in read] == [None, "event_range", None]


@pytest.mark.parametrize(
    "head", [[1 << 31, 1, 5, 6, 7], [20, 1 << 31, 5, 6, 7], [20, 1, LIMIT, 6, 7], [20, 1, 5, 6, LIMIT]]
)
def test_an_odd_envelope_in_a_batch_is_found_by_itself(head: list[int]) -> None:
    good = EVENTS.encode(ASKED, samples.STAMP)
    read = Fold(EVENTS, ()).read([good, cbor.encode([*head, [101, 2518, 0, 4, 2]])])
    assert [held.code if held else None for _, held in read] == [None, "event_shape"]


def test_an_event_that_is_not_known_is_kept() -> None:
    assert check(enveloped(None, 9_999)) is None
