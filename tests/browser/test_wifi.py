"""A passenger joins the WiFi of the coach with a small old phone: finds the trip, opens the ticket, rates in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.catalogue import LANGUAGES
from tests.browser.people import WORDS, Admin, Agent, Inspector
from tests.browser.stage import follow, until
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.people import Bought
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
SMALL = {"width": 320, "height": 568}
STOP = "开平潭江客运站"
COMMENT = "Found the page by itself."


@pytest.fixture
def boarded(stage: Stage) -> Bought:
    """A ticket of the coach that an inspector has let in."""
    trip_no, day = stage.demo.plan.coach_trips[6], stage.demo.plan.day
    admin = Admin(stage)
    until(admin.up_to_date, "all nodes to have their seats")
    mine = Agent(stage, "village").sell(STOP, day, trip_no)
    inspector = Inspector(stage, "coach-1")
    inspector.choose(trip_no, day)
    assert inspector.scan(mine.code).startswith("green")
    return mine


def join(stage: Stage, language: str, scripts: bool = False, size: dict[str, int] = SMALL) -> tuple[Page, str]:
    """Where any address leads on the portal's own port. (Probes are for other tests: here all phones share one address, and
    one that rated is told that it is online.)"""
    portal = f"http://127.0.0.1:{stage.demo.plan.ports['portal']}"
    phone = stage.open(size, language, scripts)
    phone.goto(portal + "/anything")
    assert phone.url == portal + "/portal"
    return phone, portal


def fits(phone: Page) -> bool:
    """Whether nobody has to push the page sideways."""
    box = phone.locator("main").bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= SMALL["width"]


def test_a_passenger_joins_finds_the_trip_and_rates_on_a_small_phone_without_scripts(
    stage: Stage, boarded: Bought
) -> None:
    phone, portal = join(stage, "en")
    assert WORDS.text("portal_next_stop", "en") in phone.inner_text("main") and fits(phone)
    follow(phone, f"text={WORDS.text('big_print_on', 'en')}")
    assert "big" in (phone.get_attribute("html", "class") or "") and fits(phone)
    follow(phone, f"text={WORDS.text('emergency_title', 'en')}")
    assert WORDS.text("emergency_for_120", "en") in phone.inner_text("main") and fits(phone)
    phone.goto(f"{portal}/t/{boarded.number}/{boarded.short_code}")
    assert boarded.number in phone.inner_text("main") and fits(phone)
    follow(phone, "main a[href='/portal/rate']")
    assert fits(phone)
    phone.click(f".levels label >> text={WORDS.text('rating_4', 'en')}")
    phone.fill("#comment", COMMENT)
    follow(phone, "form:has(#comment) button")
    assert WORDS.text("rating_thanks", "en") in phone.inner_text("main")
    phone.goto(portal + "/clerk")
    assert phone.url == portal + "/portal"
    assert stage.complaints == []


def test_no_page_of_the_wifi_has_a_barrier_in_any_language(stage: Stage, boarded: Bought) -> None:
    found = []
    for language in LANGUAGES:
        phone, portal = join(stage, language, scripts=True)
        for address in ("", "/emergency", "/ticket", "/rate/open", f"/t/{boarded.number}/XXXX",
                        f"/t/{boarded.number}/{boarded.short_code}", "/rate"):  # fmt: skip
            for big in ("0", "1"):
                phone.goto(f"{portal}/portal{address}?lang={language}&big={big}")
                found += barriers(phone)
    assert found == []
