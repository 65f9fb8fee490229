"""A trust card from the console to the phone: made, printed, photographed, opened, checked with the hub's signature alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sync.domains.register.cards import card as cards
from sync.kernel.keys import Ed25519Signer, VerifyKey
from tests.browser.people import Admin, Inspector
from tests.browser.stage import PHONE, follow, photograph, read_code
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
PLATE = "粤H12345"


def test_a_phone_opens_a_card_and_an_inspector_checks_it(stage: Stage) -> None:
    admin = Admin(stage)
    admin.see(f"register?q={PLATE}")
    follow(admin.page, f"text={PLATE}")
    follow(admin.page, "text=Make a card")
    found = barriers(admin.page)
    follow(admin.page, "main a >> text=Print")
    assert PLATE in admin.page.inner_text("h1")
    sheets = re.findall(rb"/Type\s*/Page\b", admin.page.pdf(prefer_css_page_size=True))
    assert len(sheets) == 1, f"the card is printed on {len(sheets)} sheets"
    found += barriers(admin.page)
    code = read_code(photograph(admin.page.locator("img")))
    assert code.startswith(f"{stage.address('hub').upper()}/CARD/")

    phone = stage.open(PHONE, "en", scripts=False)
    phone.goto(code)
    said = phone.inner_text("main")
    assert "Good" in said and PLATE in said and "AAA" in said and "Operating permit until" in said
    follow(phone, "text=繁體")
    assert "誠信等級" in phone.inner_text("main")
    curious = stage.open(PHONE, "en")
    for address in (code, stage.address("coach-1") + "/card/" + code.rpartition("/")[2]):
        curious.goto(address)
        assert PLATE in curious.inner_text("main")
        found += barriers(curious)

    inspector = Inspector(stage, "coach-1", "en")
    inspector.page.goto(stage.address("coach-1") + "/gate/card")
    assert _shown(inspector, code).startswith("green Good")
    found += barriers(inspector.page)
    forged = cards.issue(cards.verify(code, _hub_key(stage)), Ed25519Signer(bytes(32)), "")
    assert "Forged" in _shown(inspector, forged) and PLATE not in inspector.page.inner_text("main")
    assert found + barriers(inspector.page) == [] and stage.complaints == []


def _shown(inspector: Inspector, code: str) -> str:
    """Type like a scanner does; the verdict in words, its colour first."""
    inspector.page.fill("#code", code)
    with inspector.page.expect_navigation():
        inspector.page.press("#code", "Enter")
    verdict = inspector.page.locator("#verdict")
    return f"{verdict.get_attribute('data-colour')} {' '.join(verdict.inner_text().split())}"


def _hub_key(stage: Stage) -> VerifyKey:
    return Ed25519Signer((stage.demo.hub_data / "hub.key").read_bytes()).verify_key
