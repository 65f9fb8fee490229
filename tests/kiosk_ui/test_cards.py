"""The page of a trust card, and the look of an inspector."""

from __future__ import annotations

import pytest
from flask import Flask

from kiosk_ui.app import create_portal
from sync.catalogue import LANGUAGES
from sync.domains.ratings.operations import PublicScore
from sync.domains.register.cards import card as cards
from sync.domains.register.operations import VoidCards
from sync.kernel.keys import Ed25519Signer
from tests.domains.register.test_cards_edge import CARD, shown
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, TODAY, Bench


def path_of(text: str, folder: str = "/card/") -> str:
    return folder + text.rpartition("/")[2]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", ["/card/", "/CARD/"])
def test_any_phone_opens_the_card_in_its_language(bench: Bench, passenger: Person, language: str, folder: str) -> None:
    page = passenger.see(f"{path_of(shown(bench), folder)}?lang={language}")
    assert page.status == 200 and "粤C12345" in page.text and "横琴客运" in page.text and "AAA" in page.text
    assert {"zh-Hans": "有效", "zh-Hant": "誠信等級", "en": "Operating permit until"}[language] in page.text
    assert {"zh-Hans": "截至", "zh-Hant": "截至", "en": "Revoked cards as of"}[language] in page.text


def test_forged_revoked_and_expired_cards_say_so_and_a_forged_one_says_nothing_else(
    bench: Bench, passenger: Person
) -> None:
    forged = cards.issue(CARD, Ed25519Signer(bytes(32)), "https://hub.example")
    page = passenger.see(path_of(forged))
    assert "伪造" in page.text and "粤C12345" not in page.text and "横琴客运" not in page.text
    bench.operate("net", "void-cards/0", VoidCards(((7, 0, TODAY),)).to_bytes())
    assert "已撤销" in passenger.see(path_of(shown(bench))).text
    assert "读不出" in passenger.see("/card/ABC").text
    assert bench.node.fleet.status().head_seq == 1, "a look by anybody writes nothing"


def test_the_newest_public_score_stands_on_the_page(bench: Bench, passenger: Person) -> None:
    assert "乘客评分" not in passenger.see(path_of(shown(bench))).text
    score = PublicScore("vehicle", "粤C12345", 12, 46, 700, 900, TODAY)
    bench.operate("operator/1", score.key, score.to_bytes())
    assert "4.6 分（12 人）" in passenger.see(path_of(shown(bench))).text


def test_the_page_stands_on_the_portal_s_own_port_and_the_inspector_s_form_does_not(bench: Bench) -> None:
    phone = Person(create_portal(bench.node))
    assert "粤C12345" in phone.see(path_of(shown(bench))).text
    assert phone.client.get("/gate/card").status_code == 302


def test_an_inspector_checks_a_card_and_a_bad_one_is_recorded(bench: Bench, clerk: Person) -> None:
    clerk.see("/gate/card")
    good = clerk.send("/gate/card", code=shown(bench))
    assert "粤C12345" in good.text and 'data-colour="green"' in good.html
    head = bench.node.fleet.status().head_seq
    bad = clerk.send("/gate/card", code=cards.issue(CARD, Ed25519Signer(bytes(32)), ""))
    assert 'data-colour="red"' in bad.html and "伪造" in bad.text
    assert bench.node.fleet.status().head_seq == head + 1
    assert 'id="code-problem"' in clerk.send("/gate/card", code="").html


def test_a_gate_that_is_shown_a_card_looks_at_it_as_a_card(bench: Bench, clerk: Person) -> None:
    address = f"/gate/{COACH_TRIP}/{TODAY}"
    clerk.see(address)
    page = clerk.send(address, code=shown(bench))
    assert "粤C12345" in page.text and 'data-colour="green"' in page.html
    assert bench.node.boarding.refusals(COACH_TRIP, TODAY) == {}


def test_a_stranger_does_not_reach_the_form(app: Flask) -> None:
    assert Person(app).client.get("/gate/card").headers["Location"].startswith("/sign-in")
