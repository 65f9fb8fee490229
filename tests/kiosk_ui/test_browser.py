"""The pages in a real browser: nothing blocked, nothing too small to touch, nothing wider than the screen."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import expect
from werkzeug.serving import make_server

from edge.domains.ticketing.office.travellers import ShownDocument
from tests.kiosk_ui.conftest import ALL_LEGS, SEATS
from tests.kiosk_ui.test_documents import want_names
from tests.support.documents import resident_id
from tests.support.nodes import CLERK_NO, COACH_TRIP, PIN, TODAY, Bench

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser
RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"
KIOSK = ("/kiosk", "/kiosk/to", "/kiosk/trips?to=5", f"/kiosk/seat?{RIDE}", f"/kiosk/confirm?{RIDE}&seat=3")
PASSENGERS = (*KIOSK, "/portal", "/portal/ticket", "/sign-in", "/")
SCREENS = {"kiosk, standing": (1080, 1920), "kiosk, lying": (1280, 800), "phone": (390, 844), "small phone": (320, 640)}
TOUCH_PX = 88
FAINT = """(() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = rgb => { const [r, g, b] = rgb.map(linear); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = item => { for (; item; item = item.parentElement) { const c = parse(getComputedStyle(item).backgroundColor);
    if (c.length === 3 || c[3] > 0.99) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')].filter(item => item.getClientRects().length
      && [...item.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(item => {
    const style = getComputedStyle(item), pair = [light(parse(style.color).slice(0, 3)), light(ground(item))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    return [ratio, large ? 3 : 4.5, item.textContent.trim().slice(0, 30), style.color];
  }).filter(([ratio, least]) => ratio < least);
})()"""
TARGETS = """[...document.querySelectorAll('a[href], button, input:not([type=hidden])')].map(item => {
  const box = item.getBoundingClientRect();
  return [box.width, box.height, item.className + ' ' + item.textContent.trim()];
}).filter(([width, height]) => width > 1)"""


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser says on its console: blocked scripts and styles, and errors of ours."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/sign-in")
    page.fill("#clerk_no", str(CLERK_NO))
    page.fill("#pin", PIN)
    page.press("#pin", "Enter")
    page.wait_for_url(f"{site}/clerk")


def test_a_ticket_is_bought_by_touch_and_paid_at_the_counter(
    browser: Browser, page: Page, site: str, complaints: list[str]
) -> None:
    page.goto(f"{site}/kiosk")
    for step in ("text=点这里开始", "a.tile >> text=广州", "a.trip >> nth=0", "button[value='3']", "button.go"):
        page.click(step)
    page.wait_for_selector("text=请向工作人员支付 ¥30.00")
    counter = browser.new_page()
    try:
        sign_in(counter, site)
        counter.fill(".order .cash", "100")
        counter.press(".order .cash", "Enter")
        counter.wait_for_selector("text=¥70.00")
    finally:
        counter.close()
    page.wait_for_url(re.compile("/kiosk/ticket/"))
    assert page.evaluate("document.querySelector('.ticket-qr').naturalWidth") > 0
    page.click("text=完成")
    page.wait_for_url(f"{site}/kiosk")
    assert complaints == []


def test_a_sale_takes_the_keyboard_alone(page: Page, site: str, complaints: list[str]) -> None:
    sign_in(page, site)
    page.goto(f"{site}/clerk/sell")
    page.keyboard.type("Guangzhou\n")
    page.wait_for_selector("table.list")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tendered")
    page.keyboard.type("50\n")
    page.wait_for_selector("text=¥20.00")
    assert complaints == []


def test_a_scanner_types_and_the_gate_answers_without_a_new_page(
    bench: Bench, page: Page, site: str, complaints: list[str]
) -> None:
    code = bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "key-0001").text
    sign_in(page, site)
    page.goto(f"{site}/gate/{COACH_TRIP}/{TODAY}")
    page.evaluate("window.stayed = true")
    for colour, word in (("green", "请上车"), ("red", "不能上车")):
        page.keyboard.insert_text(code)
        page.keyboard.press("Enter")
        page.wait_for_selector(f".verdict.{colour} >> text={word}")
    assert page.evaluate("window.stayed") is True
    assert page.evaluate("document.activeElement.id") == "code"
    assert page.inner_text("#counts").startswith("1")
    assert complaints == []


def test_a_scan_that_comes_while_another_is_on_its_way_is_checked_too(
    bench: Bench, page: Page, site: str, complaints: list[str]
) -> None:
    codes = [bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, f"key-000{n}").text for n in (1, 2)]
    sign_in(page, site)
    page.goto(f"{site}/gate/{COACH_TRIP}/{TODAY}")
    slow: list[Route] = []
    page.route(re.compile("/gate/"), lambda route: route.continue_() if slow else slow.append(route))
    page.keyboard.insert_text(codes[0])
    with page.expect_request(lambda request: request.method == "POST"):
        page.keyboard.press("Enter")
    page.keyboard.insert_text(codes[1])
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_have_value("")
    slow[0].continue_()
    expect(page.locator("#counts")).to_contain_text(re.compile("^2"))
    assert complaints == []


def test_a_silent_kiosk_warns_lets_a_touch_extend_and_wipes(page: Page, site: str) -> None:
    page.clock.install()
    page.goto(f"{site}/kiosk/to?lang=en")
    page.clock.run_for(62_000)
    page.wait_for_selector("#idle >> text=Are you still there?")
    page.click("#idle button")
    assert page.is_hidden("#idle")
    page.clock.run_for(85_000)
    assert page.is_visible("#idle")
    page.clock.run_for(10_000)
    page.wait_for_url(f"{site}/kiosk")
    assert page.inner_text(".attract h1") == "买车票"


@pytest.mark.parametrize("big", ["0", "1"])
def test_whatever_is_touched_at_the_kiosk_is_large_enough(page: Page, site: str, big: str) -> None:
    for name in ("kiosk, standing", "kiosk, lying"):
        width, height = SCREENS[name]
        page.set_viewport_size({"width": width, "height": height})
        for address in KIOSK:
            page.goto(f"{site}{address}{'&' if '?' in address else '?'}big={big}")
            small = [found for found in page.evaluate(TARGETS) if min(found[:2]) < TOUCH_PX and "skip" not in found[2]]
            assert small == [], (name, address)


@pytest.mark.parametrize("screen", SCREENS)
def test_no_page_is_wider_than_its_screen_in_any_language_and_size(
    page: Page, site: str, complaints: list[str], screen: str
) -> None:
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    for address in PASSENGERS:
        for choice in ("lang=zh-Hans&big=0", "lang=en&big=0", "lang=en&big=1"):
            page.goto(f"{site}{address}{'&' if '?' in address else '?'}{choice}")
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over <= 0, (screen, address, choice)
    assert complaints == []


def test_every_word_stands_out_from_its_ground(page: Page, site: str) -> None:
    sign_in(page, site)
    staff = ("/clerk", "/clerk/sell", "/clerk/sell?to=5", f"/clerk/sell/ride?{RIDE}", "/clerk/takings", "/gate/trips",
             f"/gate/{COACH_TRIP}/{TODAY}", "/status", "/nowhere")  # fmt: skip
    for address in (*PASSENGERS, *staff):
        page.goto(f"{site}{address}")
        assert page.evaluate(FAINT) == [], address


def test_every_field_has_its_label(page: Page, site: str) -> None:
    sign_in(page, site)
    for address in (*PASSENGERS, "/clerk", "/clerk/sell", f"/clerk/sell/ride?{RIDE}", f"/gate/{COACH_TRIP}/{TODAY}"):
        page.goto(f"{site}{address}")
        fields = "input:not([type=hidden]), select, textarea"
        bare = (
            f"[...document.querySelectorAll('{fields}')].filter(field => !field.labels.length).map(field => field.name)"
        )
        assert page.evaluate(bare) == [], address


def test_everything_can_be_bought_without_scripts(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    context.set_default_timeout(15_000)
    try:
        plain = context.new_page()
        plain.goto(f"{site}/kiosk")
        for step in ("text=点这里开始", "a.tile >> text=广州", "a.trip >> nth=0", "button[value='2']", "button.go"):
            plain.click(step)
        plain.wait_for_selector("text=请向工作人员支付")
        counter = browser.new_page()
        sign_in(counter, site)
        counter.click(".order button >> nth=0")
        counter.close()
        plain.wait_for_url(re.compile("/kiosk/ticket/"))
    finally:
        context.close()


def test_an_inspector_boards_a_coach_of_45_by_scanner_and_a_cut_off_screen_is_amber(
    bench: Bench, page: Page, site: str, complaints: list[str]
) -> None:
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(SEATS + 1, 46), ALL_LEGS))
    codes = [bench.sell(seat=seat).text for seat in range(1, 46)]
    sign_in(page, site)
    page.goto(f"{site}/gate/{COACH_TRIP}/{TODAY}")
    page.evaluate("window.stays = true")
    for count, code in enumerate(codes, 1):
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#counts b:has-text('{count}')")
        assert page.get_attribute("#verdict", "data-colour") == "green"
    assert bench.node.boarding.counts(COACH_TRIP, TODAY)[0] == 45
    assert page.evaluate("window.stays") is True
    page.context.set_offline(True)
    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    page.wait_for_selector("#verdict.amber")
    assert "未与其他检票口核对" in page.inner_text("#verdict")
    page.context.set_offline(False)
    page.keyboard.type(codes[0])
    page.keyboard.press("Enter")
    page.wait_for_selector("#verdict.red")
    assert [one for one in complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []


def test_at_a_line_with_names_document_and_ticket_are_read_one_after_the_other(
    bench: Bench, page: Page, site: str, complaints: list[str]
) -> None:
    want_names(bench)
    shown = [ShownDocument("resident_id", resident_id(number), "陈晓") for number in (7, 8)]
    codes = [
        bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, f"key-{number}", document=one).text
        for number, one in enumerate(shown, 1_000)
    ]
    sign_in(page, site)
    page.goto(f"{site}/gate/{COACH_TRIP}/{TODAY}")
    for typed, colour in (
        ((codes[0],), "amber"),
        ((shown[0].number, codes[1]), "red"),
        ((shown[1].number, codes[1]), "green"),
    ):
        for text in typed:
            page.keyboard.type(text)
            page.keyboard.press("Enter")
        page.wait_for_selector(f"#verdict.{colour}")
        assert page.input_value("#document_number") == page.input_value("#code") == ""
    assert complaints == []
