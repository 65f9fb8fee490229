"""The pictures of docs/start that need a whole day behind them: what the demo's story leaves, as its people see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.people import Admin, Agent, Inspector, Staff
from tests.browser.stage import DESK, PHONE, keep, until
from tests.browser.test_wallet import reserve, signed_at

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.stage import Stage
    from tests.demo.story import Story

TABLET = {"width": 820, "height": 620}
GATE = {"width": 1024, "height": 580}
DESTINATION = "Wangzhou Island Pier"
STOP = "开平潭江客运站"


class Album:
    """Takes them after the story has run and all boxes have met the hub."""

    def __init__(self, stage: Stage, story: Story, folder: Path) -> None:
        self._stage, self._story, self._folder = stage, story, folder
        self._plan = story.demo.plan

    def take(self) -> None:
        """All of them."""
        self.counter()
        self.gate()
        self.on_board()
        self.phones()
        self.hub()

    def counter(self) -> None:
        """A family, a journey with a change, an exchange, the slip of a shift."""
        last = self._plan.coach_stops - 1
        page = Staff(self._stage, "village", "clerk", "en").page
        home = self._stage.address("village")
        page.goto(f"{home}/clerk/party?leg={self._plan.coach_trips[7]}-{self._plan.day}-1-{last}")
        page.fill("#n_adult", "2")
        page.fill("#n_child_with_seat", "1")
        page.select_option("select[name=proof_child_with_seat]", "height")
        self._keep(page, "clerk-booking")
        mine = Agent(self._stage, "village").sell(STOP, self._plan.day, self._plan.coach_trips[6])
        page.goto(f"{home}/clerk/tickets/{mine.number}/rebook?day={self._plan.day}")
        page.click("a.row-link >> nth=-1")
        self._keep(page, "clerk-exchange")
        page = Staff(self._stage, "station", "clerk/shift", "en").page
        page.click("section.panel ul a >> nth=0")
        self._keep(page, "clerk-shift")
        page.goto(f"{self._stage.address('station')}/clerk/ask?to={DESTINATION}&day={self._plan.day}")
        self._keep(page, "clerk-journey")

    def gate(self) -> None:
        """Sold by name and no document shown: amber; used already: red; and the manifest of the trip."""
        ferry = next(sold for sold in self._story.told.sold.values() if sold["node"] == "pier")
        inspector = Inspector(self._stage, "pier", "en", GATE)
        inspector.page.goto(f"{self._stage.address('pier')}/gate/{ferry['trip_no']}/{self._plan.day}")
        inspector.scan(ferry["text"])
        self._keep(inspector.page, "gate-amber")
        used = self._story.told.sold[min(self._story.told.boarded)]
        inspector = Inspector(self._stage, "coach-1", "en", GATE)
        home = self._stage.address("coach-1")
        inspector.page.goto(f"{home}/gate/{used['trip_no']}/{self._plan.day}")
        inspector.scan(used["text"])
        self._keep(inspector.page, "gate-red")
        inspector.page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
        inspector.page.goto(f"{home}/gate/manifest/{self._plan.coach_trips[0]}/{self._plan.day}")
        self._keep(inspector.page, "manifest")

    def on_board(self) -> None:
        """A driver on the way, late."""
        page = Staff(self._stage, "coach-1", "driver", "en", TABLET).page
        page.click("a.duty.planned >> nth=-1")
        if page.locator("input[name=anyway]").count():
            page.check("input[name=anyway]")
        for button in ("button[value=start]", "section.now button[value=leave]"):
            with page.expect_navigation():
                page.click(button)
        page.locator("input[name=minutes][value='15']").press("Space")
        with page.expect_navigation():
            page.click("button[value=delay]")
        self._keep(page, "driver-trip")

    def phones(self) -> None:
        """A trust card, what passengers say, the web shop, the wallet."""
        phone = self._stage.open(PHONE, "en")
        card = self._story.cards.texts[0][0].rpartition(":")[2]
        phone.goto(f"{self._stage.address('hub')}/card/{card}")
        self._keep(phone, "trust-card")
        phone.goto(f"{self._stage.address('hub')}/ratings/")
        phone.click("main ul a >> text=Xinghu")
        until(lambda: bool(phone.reload() and phone.locator("td").count()), "the score to be told to everybody")
        self._keep(phone, "voices")
        admin = Admin(self._stage)
        number = reserve(self._stage, phone)
        self._keep(phone, "shop")
        phone.click("text=Keep it on this phone")
        phone.wait_for_selector("section[id^=t]")
        admin.see("sellers/1")
        with admin.page.expect_navigation():
            admin.page.click(f"tr:has-text('{number}') button")
        phone.reload()
        until(lambda: signed_at(phone) > 0, "a code that the phone has signed")
        self._keep(phone, "wallet")

    def hub(self) -> None:
        """A ticket that boarded twice."""
        admin = Admin(self._stage)
        admin.see("conflicts")
        admin.page.click("tbody a >> nth=0")
        self._keep(admin.page, "console-conflict")

    def _keep(self, page: Page, name: str) -> None:
        keep(page, self._folder / f"{name}.png")
