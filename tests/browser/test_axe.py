"""WCAG 2.2 A and AA, as far as axe can tell, on every page of the running demo: kiosk, counter, gate, portal, console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python import sync_playwright as axe

from sync.kernel import days
from tests.browser.people import Admin, Agent, Inspector, Passenger, Rider
from tests.browser.stage import PHONE, follow, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
STANDING = {"width": 1080, "height": 1920}
STOP = "青湾码头客运站"
RIDE = "trip={trip}&day={day}&from=1&to=4"
AT_THE_KIOSK = ("/kiosk", "/kiosk/to", "/kiosk/to?text=nowhere", "/kiosk/trips?to=7", "/kiosk/trips?to=x",
                "/kiosk/way?to=14", "/kiosk/to?text=yuncun", "/nowhere", "/",
                f"/kiosk/seat?{RIDE}", f"/kiosk/confirm?{RIDE}&seat=1", "/kiosk/seat",
                "/kiosk/party?leg={trip}-{day}-1-4", "/kiosk/party/seats?leg={trip}-{day}-1-4&n_adult=2")  # fmt: skip
OF_STAFF = ("/clerk", "/clerk/sell", "/clerk/sell?text=nowhere", "/clerk/sell?to=7", f"/clerk/sell/ride?{RIDE}", "/status",
            "/clerk/takings", "/clerk/disruptions", "/clerk/requests", "/clerk/shift", "/clerk/ask",
            "/clerk/party?leg={trip}-{day}-0-2",
            "/clerk/ask?to=%E7%AB%99", "/clerk/ask?to_no=14", "/clerk/ask?to=nowhere",
            "/gate/trips", "/gate/document", "/gate/card", "/card/ABC", "/gate/{trip}/{day}", "/clerk/nowhere",
            "/gate/manifest/{trip}/{day}", "/gate/manifest/{trip}/{day}/print", "/gate/clearance/{trip}/{day}")  # fmt: skip
AT_THE_CONSOLE = ("", "nodes", "nodes/1", "nodes/new", "sales", "trips", "trips/{trip}/{day}", "trips/{trip}/{day}/disruption",
                  "runs", "departures", "trips/{trip}/{day}/duty",
                  "trips/{trip}/{day}/vehicle",
                  "refund-requests",
                  "notices", "ratings", "voices", "voices?cases=1", "scores", "shifts", "alerts", "quarantine",
                  "tails", "conflicts", "imports", "imports/1", "stops", "clerks", "clerks/1", "clerks/new", "sellers",
                  "sellers/1", "sellers/new", "payments", "audit", "account",
                  "passphrase", "travellers",
                  "register", "register/1", "register/5", "register/import", "cards", "nowhere")  # fmt: skip


def barriers(page: Page) -> list[str]:
    """What axe finds on the page that is open: rule, address, the first element."""
    # A click comes back when the page has come, not when its stylesheet has: a bare page's buttons are too small.
    page.wait_for_load_state("load")
    found: list[dict[str, Any]] = axe.Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['impact']} {rule['id']} {page.url} {rule['nodes'][0]['html'][:120]}" for rule in found]


def test_no_page_of_a_place_has_a_barrier(stage: Stage) -> None:
    trip_no, day = stage.demo.plan.coach_trips[4], stage.demo.plan.day
    village = stage.address("village")
    passenger, agent = stage.open(STANDING), Agent(stage, "village")
    found = []
    for big in ("", "big=1"):
        for page, addresses in ((passenger, AT_THE_KIOSK), (agent.page, OF_STAFF)):
            for address in addresses:
                path = address.format(trip=trip_no, day=day)
                page.goto(village + path + ("&" if "?" in path else "?") + big)
                found += barriers(page)
    passenger.goto(f"{village}/sign-in")
    assert found + barriers(passenger) == []


def test_no_page_on_the_way_of_a_ticket_has_a_barrier(stage: Stage) -> None:
    trip_no, day = stage.demo.plan.coach_trips[5], stage.demo.plan.day
    admin = Admin(stage)
    until(admin.up_to_date, "all nodes to have their seats")
    passenger, agent = Passenger(stage, "village", size=STANDING), Agent(stage, "village")
    passenger.look_for_seats(STOP, day, trip_no)
    found = barriers(passenger.page)
    seat, _ = passenger.order()
    found += barriers(passenger.page)
    agent.page.goto(stage.address("village") + "/clerk")
    found += barriers(agent.page)
    agent.take_cash(seat, "500")
    found += barriers(agent.page)
    mine = passenger.take_ticket()
    found += barriers(passenger.page)
    agent.page.goto(f"{stage.address('village')}/clerk/tickets/{mine.number}/refund")
    found += barriers(agent.page)
    agent.page.goto(f"{stage.address('village')}/clerk/tickets/{mine.number}/rebook")
    found += barriers(agent.page)
    agent.page.goto(f"{stage.address('village')}/clerk/tickets/{mine.number}/reissue")
    found += barriers(agent.page)
    passenger.paper_code()
    found += barriers(passenger.page)
    inspector = Inspector(stage, "coach-1")
    inspector.choose(trip_no, day)
    for code in (mine.code, mine.code, "no code"):
        inspector.scan(code)
        found += barriers(inspector.page)
    rider = Rider(stage, "coach-1", "en", scripts=True)
    for step in (lambda: rider.show_ticket(mine), rider.open_rating, lambda: rider.rate("Fair", "Crowded", "")):
        step()
        found += barriers(rider.page)
    for address in ("/portal", "/portal/ticket", "/portal/rate", "/portal/rate/open", "/portal/voices"):
        rider.page.goto(stage.address("coach-1") + address)
        found += barriers(rider.page)
    assert found == []


def test_no_page_of_the_console_has_a_barrier(stage: Stage) -> None:
    plan = stage.demo.plan
    stranger = stage.open(PHONE)
    stranger.goto(stage.address("hub") + "/console/sign-in")
    found = barriers(stranger)
    admin = Admin(stage)
    until(admin.up_to_date, "something to look at")
    for address in AT_THE_CONSOLE:
        admin.see(address.format(trip=plan.coach_trips[0], day=plan.day))
        found += barriers(admin.page)
    assert found == []


def test_no_page_of_what_passengers_say_has_a_barrier(stage: Stage) -> None:
    phone, home = stage.open(PHONE), stage.address("hub") + "/ratings/"
    found = []
    for address in ("", "1", "mine", "999999"):
        phone.goto(home + address)
        found += barriers(phone)
    phone.goto(f"{home}mine")
    phone.fill("#number", "12345")
    phone.fill("#short_code", "0000")
    follow(phone, "main form button")
    assert found + barriers(phone) == []


def test_no_page_of_the_web_shop_has_a_barrier(stage: Stage) -> None:
    """A phone at home reserves for a grown-up and a child, the desk looks at the child and issues, the tickets are shown."""
    shop, phone = stage.address("hub") + "/shop/", stage.open(PHONE)
    day = days.date_of(stage.demo.plan.day + 1).isoformat()
    ends = "from=Zhaoqing Xinghu Coach Station&to=Taishan Coach Station"
    phone.goto(f"{shop}?language=en")
    found = barriers(phone)
    for query in (f"{ends}&date={day}", "from=nowhere&to=nowhere", "from=zhaoqing&to=taishan"):
        phone.goto(f"{shop}?{query}")
        found += barriers(phone)
    phone.goto(f"{shop}?{ends}&date={day}")
    follow(phone, "a.ride >> nth=-1")
    found += barriers(phone)
    phone.select_option("#count_adult", "0")
    follow(phone, "main form button")
    assert "Choose at least one rider" in phone.inner_text("#riders-error")
    found += barriers(phone)
    phone.select_option("#count_adult", "1")
    phone.click("summary")
    phone.select_option("#count_child_free", "1")
    found += barriers(phone)
    follow(phone, "main form button")
    assert "Child, free" in phone.inner_text("main") and "to be measured" in phone.inner_text("main")
    found += barriers(phone)
    number = phone.inner_text("p.code")
    admin = Admin(stage)
    assert number in admin.see("sellers/1")
    admin.page.select_option(f"tr:has-text('{number}') select", "height")
    found += barriers(admin.page)
    with admin.page.expect_navigation():
        admin.page.click(f"tr:has-text('{number}') button")
    phone.reload()
    assert phone.locator(".qr svg").count() == 2
    found += barriers(phone)
    follow(phone, "main section a")
    found += barriers(phone)
    for address in ("bookings/none", "nowhere"):
        phone.goto(shop + address)
        found += barriers(phone)
    assert found == []
