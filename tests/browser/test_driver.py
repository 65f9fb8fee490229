"""A driver runs a trip with a delay: by keyboard, on a small tablet beside the wheel, and nobody's way is barred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.people import Staff
from tests.browser.stage import PHONE
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
TABLET = {"width": 820, "height": 600}
MINUTES = 15
MOST_STOPS = 40


def press(page: Page, button: str) -> None:
    """Go to a button and press Enter; its page answers."""
    with page.expect_navigation():
        page.locator(button).press("Enter")


def test_a_driver_runs_a_trip_with_a_delay(stage: Stage) -> None:
    page = Staff(stage, "coach-1", "driver", "en", TABLET).page
    found = barriers(page)
    press(page, "a.duty.planned >> nth=-1")
    found += barriers(page)
    if page.locator("input[name=anyway]").count():  # a trip of the small hours
        page.locator("input[name=anyway]").press("Space")
    press(page, "button[value=start]")
    press(page, "section.now button[value=leave]")
    found += barriers(page)
    page.locator(f"input[name=minutes][value='{MINUTES}']").press("Space")
    press(page, "button[value=delay]")
    assert f"{MINUTES} minutes late" in page.inner_text("main")
    passenger = stage.open(PHONE, "en", scripts=False)
    passenger.goto(stage.address("coach-1") + "/portal")
    assert str(MINUTES) in passenger.inner_text("main"), "passengers read it on the same box at once"
    for _ in range(MOST_STOPS):
        if page.locator("button[value=end].go").count():
            break
        press(page, "section.now button.go")
    press(page, "button[value=end].go")
    assert "The trip ended at" in page.inner_text("main")
    found += barriers(page)
    press(page, "button[value=take_back]")
    assert page.locator("button[value=end].go").count() == 1, "a mistaken end is taken back"
    press(page, "button[value=end].go")
    trip = page.url
    for address in (stage.address("coach-1") + "/driver/take", f"{trip}/hand", f"{trip}/short"):
        page.goto(address)
        found += barriers(page)
    assert found == [] and stage.complaints == []
