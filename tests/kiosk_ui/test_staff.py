"""Who may see what."""

from __future__ import annotations

import pytest
from flask import Flask

from kiosk_ui.app import create_app
from kiosk_ui.kernel.staff import safe_next
from tests.kiosk_ui.conftest import GATE_NO, GATE_PIN
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, PIN, TODAY, Bench

FOR_STAFF = ("/clerk", "/clerk/waiting", "/clerk/sell", f"/clerk/sell/ride?trip={COACH_TRIP}&day={TODAY}&from=0&to=4",
             "/clerk/takings", "/clerk/ask", "/clerk/tickets/1",
             f"/clerk/party?leg={COACH_TRIP}-{TODAY}-0-4", "/clerk/party/1", "/clerk/party/tickets/1",
             "/clerk/orders/1/phone", "/clerk/orders/1/phone/code.svg",
             "/clerk/tickets/1/refund", "/clerk/tickets/1/rebook", "/clerk/tickets/1/reissue", "/clerk/disruptions",
             "/clerk/tickets/1/onward",
             "/clerk/requests", "/clerk/requests/1",
             "/clerk/shift", "/clerk/shift/1/slip", "/clerk/shift/1/slip.pdf",
             "/driver", "/driver/heard", f"/driver/{COACH_TRIP}/{TODAY}", f"/driver/{COACH_TRIP}/{TODAY}/short",
             f"/driver/{COACH_TRIP}/{TODAY}/hand", f"/driver/{COACH_TRIP}/{TODAY}/hand/1.svg", "/driver/take",
             "/gate", "/gate/trips", "/gate/document", "/gate/card", f"/gate/{COACH_TRIP}/{TODAY}", "/status",
             "/clerk/aboard", f"/gate/manifest/{COACH_TRIP}/{TODAY}", f"/gate/manifest/{COACH_TRIP}/{TODAY}/print",
             f"/gate/clearance/{COACH_TRIP}/{TODAY}", f"/gate/clearance/{COACH_TRIP}/{TODAY}/print")  # fmt: skip
OPEN = {"/", "/kiosk", "/kiosk/to", "/kiosk/trips", "/kiosk/way", "/kiosk/seat", "/kiosk/confirm", "/kiosk/party",
        "/kiosk/party/seats",
        "/kiosk/leave", "/portal",
        "/portal/ticket", "/portal/rate", "/portal/rate/open", "/portal/follow", "/portal/voices", "/portal/thanks",
        "/portal/captive.json", "/portal/fas", "/portal/emergency", "/portal/t/<number>/<short_code>", "/sign-in", "/healthz",
        "/card/<text>", "/CARD/<text>"}  # fmt: skip
BY_SESSION = {"/kiosk/order/<int(max=9007199254740991):number>",
              "/kiosk/order/<int(max=9007199254740991):number>/code.svg", "/kiosk/ticket/<number>",
              "/kiosk/tickets/<number>", "/bookings/<number>/print", "/tickets/<number>/qr.svg",
              "/tickets/<number>/print", "/tickets/<number>/print.pdf", "/bookings/<number>/print.pdf"}  # fmt: skip


@pytest.mark.parametrize("address", FOR_STAFF)
def test_a_page_for_staff_leads_a_stranger_to_the_sign_in(passenger: Person, address: str) -> None:
    answer = passenger.client.get(address)
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in?next=")


def test_after_signing_in_one_is_where_one_wanted_to_be(passenger: Person) -> None:
    passenger.see("/clerk/takings?who=all")
    page = passenger.send("/sign-in", clerk_no=str(CLERK_NO), pin=PIN)
    assert page.path == "/clerk/takings" and "陈晓" in page.text


def test_every_page_is_open_or_guarded_and_a_new_one_must_say_which(app: Flask, passenger: Person) -> None:
    for rule in app.url_map.iter_rules():
        address = rule.rule
        if address.startswith(("/api", "/assets")) or "GET" not in (rule.methods or ()):
            continue
        if address in OPEN | BY_SESSION:
            continue
        plain = address.replace("<int(max=9007199254740991):trip_no>", "1").replace("<int(max=36524):day>", "1")
        plain = plain.replace("<int(max=2147483647):number>", "1").replace("<int(max=9007199254740991):number>", "1")
        answer = passenger.client.get(plain.replace("<number>", "1"))
        assert answer.status_code == 303, f"{address} is neither open nor guarded"


def test_an_inspector_boards_but_does_not_sell(app: Flask) -> None:
    inspector = Person(app)
    assert inspector.sign_in(GATE_NO, GATE_PIN).path.startswith("/gate")
    refused = inspector.see("/clerk")
    assert refused.status == 403 and "您的岗位不能使用此功能" in refused.text
    assert not [address for address in refused.links if address == "/clerk"] and "退出" in refused.text
    assert inspector.see(next(address for address in refused.links if address.startswith("/gate"))).status == 200
    assert inspector.see("/status").status == 200


def test_a_wrong_pin_stands_beside_its_field_and_five_of_them_lock(passenger: Person) -> None:
    for left in (4, 3, 2, 1, 0):
        refused = passenger.sign_in(pin="0000")
        assert 'id="pin-problem"' in refused.html and f"再错 {left} 次" in refused.text
        assert "0000" not in refused.html
    locked = passenger.sign_in()
    assert locked.status == 429 and "已锁定" in locked.text
    assert passenger.see("/clerk").path == "/sign-in"


@pytest.mark.parametrize("number", ["", "abc", "-1", "9" * 30, "1 OR 1=1", "١٢"])
def test_a_clerk_number_that_is_none_is_said_so(passenger: Person, number: str) -> None:
    passenger.see("/sign-in")
    refused = passenger.send("/sign-in", clerk_no=number, pin="1")
    assert refused.status in (401, 422) and "problem" in refused.html


def test_signing_out_ends_it(clerk: Person) -> None:
    clerk.see("/clerk")
    clerk.send("/sign-out")
    assert clerk.see("/clerk").path == "/sign-in"


def test_an_account_taken_away_by_the_hub_is_out_at_once(bench: Bench, clerk: Person) -> None:
    assert clerk.see("/clerk").path == "/clerk"
    bench.operate("node/7", f"clerk/{CLERK_NO}", None)
    assert clerk.see("/clerk").path == "/sign-in"


def test_a_session_of_one_box_is_worth_nothing_on_another(vehicle: Bench, clerk: Person) -> None:
    other = Person(create_app(vehicle.node))
    other.client._cookies = clerk.client._cookies
    assert other.see("/status").path == "/sign-in"


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example", "javascript:1", "", "/a\nb", None],
)
def test_a_sign_in_never_leads_to_another_place(target: str | None) -> None:
    assert safe_next(target) is None


def test_the_status_page_says_what_is_wrong_and_what_to_do(bench: Bench, clerk: Person) -> None:
    well = clerk.see("/status")
    assert "一切正常" in well.text and "等待上传" in well.text
    bench.node.clock._hub = None
    bench.clock.wall += 400 * 86_400_000
    ill = clerk.see("/status")
    assert "本机的时间不可信" in ill.text and "接通网络" in ill.text


def test_staff_send_the_box_to_the_hub_without_waiting_for_its_turn(bench: Bench, clerk: Person) -> None:
    asked: list[bool] = []
    bench.node.schedule.soon = lambda: asked.append(True)  # type: ignore[method-assign]
    clerk.see("/status")
    page = clerk.send("/status/connect")
    assert asked == [True] and "正在连接中心" in page.text
    bench.node.exchange.visit()
    away = clerk.see("/status").text
    assert "现在连不上中心" in away and "一切正常" not in away


def test_staff_pages_say_how_long_ago_the_hub_was_reached(bench: Bench, clerk: Person) -> None:
    assert "还没有连上过中心" in clerk.see("/clerk").text
    bench.node.exchange.last_contact_mono_ms = bench.clock.mono
    bench.clock.pass_ms(7 * 60_000)
    assert "上次连上中心：7分钟前" in clerk.see("/clerk").text
