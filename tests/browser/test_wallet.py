"""A ticket on a phone: bought at home, bound to the phone, shown with no line; the gate takes the phone and no picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.kernel import days, ticket
from tests.browser.people import Admin, Inspector
from tests.browser.stage import PHONE, follow, photograph, read_code, until
from tests.browser.test_axe import barriers

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(400)]
ENDS = "from=Zhaoqing Xinghu Coach Station&to=Taishan Coach Station"
OLD_S = 45


def reserve(stage: Stage, phone: Page, later: int = 1, last_seat: bool = False) -> str:
    """A place on a coach, days after the story's; the pick-up number."""
    day = days.date_of(stage.demo.plan.day + later).isoformat()
    phone.goto(f"{stage.address('hub')}/shop/?language=en")
    phone.goto(f"{stage.address('hub')}/shop/?{ENDS}&date={day}")
    follow(phone, "a.ride >> nth=0")
    if last_seat:
        phone.click("main details summary")
        phone.locator("input[name=seat]").last.check()
    follow(phone, "main form button")
    return phone.inner_text("p.code")


def pay(admin: Admin, number: str) -> None:
    """The seller hands the ticket out for a pick-up number."""
    assert number in admin.see("sellers/1")
    follow(admin.page, f"tr:has-text('{number}') button")


def signed_at(phone: Page) -> int:
    """The time in the code that the phone shows now; 0 while there is none."""
    code = phone.get_attribute("canvas", "data-code") if phone.locator("canvas").count() else None
    shown = ticket.parse(code).shown if code else None
    return shown.at_s if shown else 0


def test_a_phone_makes_a_key_and_boards_without_a_line_where_a_picture_of_it_does_not(stage: Stage) -> None:
    phone, admin = stage.open(PHONE, "en"), Admin(stage)
    until(admin.up_to_date, "the gates to know the timetable and everybody's keys")
    number = reserve(stage, phone)
    phone.click("text=Keep it on this phone")
    phone.wait_for_selector("section[id^=t]")
    assert "Waiting to be paid" in phone.inner_text("section[id^=t]")
    found = barriers(phone)
    pay(admin, number)
    phone.reload()
    until(lambda: signed_at(phone) > 0, "a code that the phone has signed")
    assert phone.inner_text("[data-alg]") in ("Ed25519", "P-256")
    assert phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    found += barriers(phone)

    phone.context.set_offline(True)
    phone.reload()
    until(lambda: signed_at(phone) > 0, "the wallet without a line")
    picture = photograph(phone.locator("canvas"))
    old = read_code(picture)
    claims, taken = ticket.parse(old).claims, signed_at(phone)
    assert len(claims.holder) in (32, 33)

    inspector = Inspector(stage, "station")
    inspector.page.goto(f"{stage.address('station')}/gate/{claims.trip_no}/{claims.day}")
    until(lambda: signed_at(phone) >= taken + OLD_S, "the picture to be old")
    stale = inspector.show_picture(picture)
    assert stale.startswith("red") and "旧的二维码" in stale
    unsigned = inspector.scan(ticket.to_text(ticket.parse(old).shown.ticket))  # type: ignore[union-attr]
    assert unsigned.startswith("red") and "绑定在手机上" in unsigned
    fresh = inspector.show_picture(photograph(phone.locator("canvas")))
    assert fresh.startswith("green") and claims.ticket_id.number in fresh
    assert found == [] and stage.complaints == []


def test_a_phone_tells_of_another_vehicle_once_it_has_a_line_and_without_one_from_then_on(stage: Stage) -> None:
    phone, admin = stage.open(PHONE, "en"), Admin(stage)
    number = reserve(stage, phone, later=2, last_seat=True)
    phone.click("text=Keep it on this phone")
    phone.wait_for_selector("section[id^=t]")
    pay(admin, number)
    phone.reload()
    until(lambda: signed_at(phone) > 0, "a code that the phone has signed")
    seat, news = phone.inner_text("[data-seat]"), phone.locator("section[id^=t] .said")
    assert news.is_hidden()
    claims = ticket.parse(phone.get_attribute("canvas", "data-code") or "").claims
    admin.see(f"trips/{claims.trip_no}/{claims.day}/vehicle")
    admin.page.select_option("#plan", "minibus-19")
    admin.page.fill("#note", "breakdown")
    follow(admin.page, "main form button")

    phone.context.set_offline(True)
    phone.reload()
    until(lambda: signed_at(phone) > 0, "the wallet without a line")
    assert news.is_hidden() and phone.inner_text("[data-seat]") == seat
    phone.context.set_offline(False)
    news.wait_for()
    said = news.inner_text()
    assert said.startswith("Another vehicle comes") and phone.inner_text("[data-seat]") != seat
    found = barriers(phone)
    phone.context.set_offline(True)
    phone.reload()
    news.wait_for()
    assert news.inner_text() == said and found == [] and stage.complaints == []


def test_the_key_of_a_ticket_can_be_used_and_not_read(stage: Stage) -> None:
    phone = stage.open(PHONE, "en")
    reserve(stage, phone)
    phone.click("text=Keep it on this phone")
    phone.wait_for_selector("section[id^=t]")
    kept = phone.evaluate(
        """() => new Promise((done) => {
          const opening = indexedDB.open("yipiao-wallet", 1);
          opening.onsuccess = () => {
            const asked = opening.result.transaction("ticket").objectStore("ticket").getAll();
            asked.onsuccess = async () => {
              const key = asked.result[0].key;
              const told = await crypto.subtle.exportKey("pkcs8", key).then(() => "told", (error) => error.name);
              done([key.type, key.extractable, told]);
            };
          };
        })"""
    )
    assert kept == ["private", False, "InvalidAccessError"]
    assert "signed" not in phone.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
