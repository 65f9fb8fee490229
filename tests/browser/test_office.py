"""The counter by keyboard alone from the float to the slip, and a passenger of seventy who buys for two in large print."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import Agent, Passenger
from tests.browser.stage import follow, until
from tests.support.pdf import Pdf

if TYPE_CHECKING:
    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(180)]
STOP = "开平潭江客运站"
FLOAT = 200
MOST_TABS = 200


class Keys:
    """Somebody at a page who never touches the mouse."""

    def __init__(self, stage: Stage, node: str) -> None:
        self.page = stage.open({"width": 1280, "height": 800})
        self._home = f"{stage.address(node)}/clerk"
        number, pin, _ = stage.demo.plan.clerks[node]
        self.page.goto(self._home)
        self.type(str(number), "Tab", pin)
        self.press_enter()

    def home(self) -> None:
        """Back to the desk, as by its bookmark."""
        self.page.goto(self._home)

    def type(self, *said: str) -> None:
        """Texts as they are, and keys by their names."""
        for one in said:
            if one in ("Tab", "ArrowDown"):
                self.page.keyboard.press(one)
            else:
                self.page.keyboard.type(one)

    def press_enter(self) -> None:
        """Enter, and wait for the page that comes of it."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def go_to(self, selector: str) -> None:
        """Tab on until the focus is there."""
        for _ in range(MOST_TABS):
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {selector}")

    def follow(self, selector: str) -> None:
        """Tab to a link or a button, and Enter."""
        self.go_to(selector)
        self.press_enter()

    def save(self, selector: str) -> Pdf:
        """Tab to a link that gives a file, and Enter."""
        self.go_to(selector)
        with self.page.expect_download() as waiting:
            self.page.keyboard.press("Enter")
        return Pdf(waiting.value.path().read_bytes())

    def sum(self, selector: str) -> Decimal:
        """An amount of money on the page."""
        found = re.search(r"¥(\d+\.\d\d)", self.page.locator(selector).first.inner_text())
        assert found is not None
        return Decimal(found[1])


def test_a_clerk_works_a_shift_by_keyboard_alone(stage: Stage) -> None:
    clerk = Keys(stage, "village")
    clerk.follow("a[href='/clerk/shift']")
    clerk.type(str(FLOAT))
    clerk.press_enter()

    price = sell(clerk)
    assert clerk.sum(".change b") == 100 - price
    clerk.follow("a[href*='/rebook']")
    clerk.follow("a.row-link[href*='/rebook/ride']")
    due = clerk.sum(".due b")
    clerk.follow("#sale button.go")
    clerk.follow("a[href*='/clerk/tickets/']")
    clerk.follow("a[href*='/refund']")
    back = clerk.sum(".due b")
    assert 0 < back < price
    clerk.follow("button.go")

    clerk.home()
    clerk.follow("a[href='/clerk/shift']")
    clerk.go_to("#sum_CNY")
    clerk.type(str(FLOAT + price + due - back))
    clerk.press_enter()
    assert clerk.sum(".slip-sum b") == 0
    for size in ("slip.pdf", "slip.pdf?roll=1"):
        assert f"¥{FLOAT}.00" in clerk.save(f"a[href$='{size}']").text
    assert stage.complaints == []


def sell(clerk: Keys) -> Decimal:
    """Tomorrow's first trip, for a note of a hundred; the price."""
    clerk.home()
    clerk.follow("a[href='/clerk/sell']")
    clerk.type(STOP)
    clerk.go_to("#day")
    clerk.type("ArrowDown")
    clerk.follow("main form button")
    clerk.follow("a.row-link[href*='/clerk/sell/ride']")
    price = clerk.sum(".due b")
    clerk.go_to("#tendered")
    clerk.type("100")
    clerk.press_enter()
    return price


def test_a_passenger_of_seventy_buys_for_two_in_large_print(stage: Stage) -> None:
    passenger, agent = Passenger(stage, "village", size={"width": 1080, "height": 1920}), Agent(stage, "village")
    page = passenger.page
    page.goto(f"{stage.address('village')}/kiosk")
    follow(page, ".print-size")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") > "16px"
    page.click(".attract")
    page.click(f"a.tile >> text={STOP}")
    page.click(".days a >> nth=2")
    page.click("a.trip >> nth=0")
    page.click("button.quiet[name=seat]")
    page.click("a[href*='/kiosk/party']")
    page.check("input[name=n_adult][value='2']", force=True)
    page.click("button.go")
    order = page.inner_text(".order-no b")
    assert wide_enough(passenger)
    agent.page.goto(f"{stage.address('village')}/clerk")
    agent.page.click(f".order a.button[href$='/{order}'], .order a.button[href*='={order}']")
    agent.page.press("#tendered", "Enter")
    until(lambda: page.locator("img.ticket-qr").count() == 2, "the tickets of the two")
    assert stage.complaints == []


def wide_enough(passenger: Passenger) -> bool:
    """Nothing of the page lies beside the screen, and what is to be touched is as large as a fingertip."""
    page = passenger.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = page.eval_on_selector_all("main button", "all => all.map(one => one.getBoundingClientRect().height)")
    return bool(heights) and min(heights) >= 88
