"""Everything that inventory sends goes there and comes back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.inventory.operations import Grant, Recall, SoleSeller, read_grant, sign_grant
from sync.kernel.events import Stamp
from sync.kernel.keys import Ed25519Signer
from tests.golden.strategies import of

SENT = [SeatsAsked, GrantReturned]
TOLD = [Grant, Recall, SoleSeller]
HUB = Ed25519Signer(bytes(32))


@pytest.mark.parametrize("kind", SENT)
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
    assert EVENTS.encode(found.event, found.stamp) == EVENTS.encode(event, stamp)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", TOLD)
@settings(max_examples=30)
@given(st.data())
def test_a_record_comes_down_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert kind.from_bytes(record.to_bytes()) == record


@settings(max_examples=30)
@given(of(Grant))
def test_a_signed_grant_reads_the_same(grant: Grant) -> None:
    assert read_grant(sign_grant(grant, HUB), HUB.verify_key) == grant
