"""A node looks at a card with the hub away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.domains.register import store
from edge.kernel import log
from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import Card, Facts
from sync.domains.register.events import CardRefused
from sync.domains.register.operations import DriverFacts, OperatorFacts, VehicleFacts, VoidCards
from sync.kernel.days import DAY_MS
from sync.kernel.keys import Ed25519Signer
from tests.support.nodes import CLERK_NO, NOON_MS, TODAY, Bench, make_bench

FACTS = Facts(0, 12, 1, "横琴客运", "粤C12345", "yellow", "coach", 45, "一级", "AAA", TODAY + 300, TODAY + 30)
CARD = Card(7, NOON_MS // 1000, NOON_MS // 1000 + 365 * 86_400, FACTS)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def shown(bench: Bench, card: Card = CARD) -> str:
    return cards.issue(card, bench.hub, "https://hub.example")


def said(bench: Bench, text: str) -> tuple[str, str | None]:
    found = bench.node.cards.inspect(text, CLERK_NO)
    return found.colour, found.reason


def refused(bench: Bench) -> list[CardRefused]:
    events = [envelope.event for _, envelope in log.envelopes_after(bench.node.database.read(), 0)]
    return [event for event in events if isinstance(event, CardRefused)]


def test_a_good_card_is_green_and_leaves_no_event(bench: Bench) -> None:
    assert said(bench, shown(bench)) == ("green", None) and refused(bench) == []
    assert bench.node.cards.as_of_ms() == NOON_MS


def test_forged_revoked_expired_and_damaged_cards_are_told_apart_and_recorded(bench: Bench) -> None:
    bench.operate("net", "void-cards/0", VoidCards(((8, 0, TODAY), (9, 1, TODAY))).to_bytes())
    forged = cards.issue(CARD, Ed25519Signer(bytes(32)), "https://hub.example")
    old = replace(CARD, card_no=10, until_s=CARD.issued_s - 1)
    shows = {
        forged: ("red", "card_forged"),
        shown(bench)[:-5]: ("red", "card_damaged"),
        shown(bench, replace(CARD, card_no=8)): ("red", "card_revoked"),
        shown(bench, replace(CARD, card_no=9)): ("amber", "card_replaced"),
        shown(bench, old): ("red", "card_expired"),
    }
    for text, verdict in shows.items():
        assert said(bench, text) == verdict
    events = refused(bench)
    assert [(event.reason, event.card_no) for event in events] == [
        ("card_forged", 0), ("card_damaged", 0), ("card_revoked", 8), ("card_replaced", 9), ("card_expired", 10),
    ]  # fmt: skip
    assert len({event.mark for event in events}) == 5 and {event.clerk_no for event in events} == {CLERK_NO}


def test_a_look_by_anybody_writes_nothing(bench: Bench) -> None:
    head = bench.node.fleet.status().head_seq
    assert bench.node.cards.look("Y1C:AAAA").reason == "card_damaged"
    assert bench.node.fleet.status().head_seq == head


def test_with_a_clock_that_nobody_believes_time_is_not_checked(bench: Bench) -> None:
    text = shown(bench, replace(CARD, until_s=CARD.issued_s - 1))
    bench.node.clock._hub = None
    bench.clock.wall += 400 * DAY_MS
    found = bench.node.cards.look(text)
    assert (found.colour, found.reason, found.notes) == ("amber", None, ("clock_unsure",))


def test_facts_that_the_hub_told_since_count_before_those_of_the_card(bench: Bench) -> None:
    owner = OperatorFacts("91350100M000100Y43", {"zh-Hans": "横琴客运"}, "4404", TODAY + 400, "A", (1,), 2500)
    coach = VehicleFacts(1, "coach", "粤C12345", "yellow", 45, "一级", "4404", TODAY + 300, TODAY - 1, TODAY, 2500)
    bench.operate_all(
        [("register/1", "operator-facts/1", owner.to_bytes()), ("register/1", "vehicle/12", coach.to_bytes())]
    )
    found = bench.node.cards.look(shown(bench))
    assert (found.colour, found.reason) == ("amber", "card_papers_over")
    assert found.newer is not None and (found.newer.trust_level, found.newer.inspection_until_day) == ("A", TODAY - 1)
    person = DriverFacts(1, "张**", "A1", TODAY + 9, TODAY + 9, "AA", 2500)
    bench.operate("register/1", "driver/3", person.to_bytes())
    badge = Facts(1, 3, 1, "横琴客运", "张**", "", "A1", 0, "", "AA", TODAY + 9, TODAY + 9)
    assert bench.node.cards.look(shown(bench, replace(CARD, facts=badge))).newer is None


def test_another_number_in_the_register_changes_nothing_of_a_card(bench: Bench) -> None:
    """A canary for the comparison: with no facts told there is nothing newer."""
    assert bench.node.cards.look(shown(bench)).newer is None


def test_the_list_of_bad_cards_is_what_stops_a_revoked_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a node that does not look at the list lets it pass."""
    bench.operate("net", "void-cards/0", VoidCards(((7, 0, TODAY),)).to_bytes())
    assert bench.node.cards.look(shown(bench)).reason == "card_revoked"
    monkeypatch.setattr(store, "void", lambda connection, card_no: None)
    assert bench.node.cards.look(shown(bench)).reason is None
