"""Everything that ticketing sends goes there and comes back the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains import EVENTS
from sync.domains.ticketing.events import (
    BookingSold,
    RefundAsked,
    RefundPaid,
    SeatTakenBack,
    TicketRebooked,
    TicketRefunded,
    TicketReissued,
    TicketSold,
    TravellerNamed,
)
from sync.domains.ticketing.office import sealing
from sync.domains.ticketing.operations import FareRules, RealNameRules, RebookRules, RefundRules, SealingKey
from sync.domains.ticketing.rules import claims_of
from sync.kernel import documents, seal, ticket
from sync.kernel.events import Stamp
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import MAX_SUPERSEDED, TicketId
from tests.cloud.world import TestIds
from tests.golden.strategies import of

SENT = [
    BookingSold,
    TicketSold,
    TicketRefunded,
    TravellerNamed,
    TicketRebooked,
    TicketReissued,
    RefundAsked,
    RefundPaid,
    SeatTakenBack,
]
NODE = Ed25519Signer(bytes(32))


@pytest.mark.parametrize("kind", SENT)
@settings(max_examples=30)
@given(st.data())
def test_an_event_goes_up_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    event, stamp = data.draw(of(kind)), data.draw(of(Stamp))
    found = EVENTS.decode(EVENTS.encode(event, stamp))
    assert (found.event, found.stamp) == (event, stamp)
    assert EVENTS.encode(found.event, found.stamp) == EVENTS.encode(event, stamp)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [RefundRules, RebookRules, FareRules, RealNameRules, SealingKey])
@settings(max_examples=30)
@given(st.data())
def test_rules_come_down_and_read_the_same(kind: Any, data: st.DataObject) -> None:
    published = data.draw(of(kind))
    assert kind.from_bytes(published.to_bytes()) == published


def test_an_adults_sale_costs_no_byte_more_than_before_there_were_proofs() -> None:
    sold = TicketSold(1, 101, 2518, 0, 4, 12, 0, 3000, "CNY", 0, 11, 1, 1_795_440_600)
    assert len(EVENTS.decode(EVENTS.encode(sold, Stamp(1, 1, 1))).body) == 13
    assert len(EVENTS.decode(EVENTS.encode(replace(sold, proof=1), Stamp(1, 1, 1))).body) == 14


sales = st.builds(
    TicketSold, st.integers(1, 9_999_999), st.integers(0, 1 << 40), st.integers(0, 36_524), st.integers(0, 300),
    st.integers(0, 300), st.integers(0, 1_000), st.integers(0, 4), st.integers(0, 10**9), st.just("CNY"), st.just(0),
    st.integers(0, 99), st.integers(0, 1), st.integers(0, 1 << 34),
)  # fmt: skip


@settings(max_examples=30)
@given(sales, st.integers(1, 99_999), st.integers(1, 99), st.lists(st.integers(1, 9_999_999), max_size=MAX_SUPERSEDED))
def test_a_sale_becomes_the_same_ticket_whenever_it_is_made_again(
    sold: TicketSold, node_no: int, epoch: int, older: list[int]
) -> None:
    claims = claims_of(EVENTS.decode(EVENTS.encode(sold, Stamp(1, 1, 1))).event, node_no, epoch, older)  # type: ignore[arg-type]
    assert ticket.parse(ticket.issue(claims, NODE)).claims == claims
    assert ticket.issue(claims, NODE) == ticket.issue(claims_of(sold, node_no, epoch, older), NODE)
    assert claims.superseded == tuple(TicketId(node_no, epoch, serial) for serial in older)
    assert (claims.trip_no, claims.day, claims.seat, claims.ticket_id.serial) == (
        sold.trip_no,
        sold.day,
        sold.seat,
        sold.serial,
    )


papers = st.builds(
    documents.Document, st.sampled_from(documents.DOCUMENT_TYPES), st.text("ABC0123456789X", min_size=5, max_size=18),
    st.text(st.characters(categories=["L"]), min_size=1, max_size=documents.MAX_NAME),
)  # fmt: skip


@settings(max_examples=30)
@given(papers, st.sampled_from(list(seal.SUITES.values())), st.binary(min_size=32, max_size=32))
def test_a_traveller_goes_up_sealed_and_the_hub_alone_reads_who_it_is(
    document: documents.Document, suite: seal.Suite, secret: bytes
) -> None:
    key = SealingKey(202611, suite.number, seal.public_of(suite, secret), bytes(32))
    named = sealing.name_traveller(document, 101, 2518, key, TestIds())
    event = EVENTS.decode(EVENTS.encode(named, Stamp(1, 1, 1))).event
    assert isinstance(event, TravellerNamed) and event == named
    assert sealing.wrong_form(event) is None
    assert sealing.document_of(event, secret) == document
    assert sealing.masked_of(event, sealing.veil_of(key)) == documents.mask(document)
    assert sealing.check_of(document, 101, 2518, key) == event.check
