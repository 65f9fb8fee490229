"""A conductor on a coach: who is missing, whose seat is sold on, who walks up; in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.people import Inspector
from tests.browser.stage import follow
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]


def test_a_conductor_looks_at_the_manifest_and_sells_to_somebody_who_gets_on(stage: Stage) -> None:
    trip_no, day = stage.demo.plan.coach_trips[6], stage.demo.plan.day
    conductor = Inspector(stage, "coach-1", "en")
    page, node = conductor.page, stage.address("coach-1")
    page.goto(f"{node}/gate/manifest/{trip_no}/{day}")
    assert page.locator("h1").inner_text() == "Manifest"
    page.select_option("#left", "0")
    follow(page, "form:has(#left) button")
    assert page.locator("#left").input_value() == "0"
    assert barriers(page) == []
    page.goto(f"{node}/clerk/aboard?trip={trip_no}&day={day}")
    assert barriers(page) == []
    page.goto(f"{node}/gate/clearance/{trip_no}/{day}")
    assert barriers(page) == []
