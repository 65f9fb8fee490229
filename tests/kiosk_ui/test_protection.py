"""Headers, tokens, cookies, and what a person sees when something breaks."""

from __future__ import annotations

import pytest
from flask import Flask

from kiosk_ui.app import create_app
from sync.kernel.errors import Broken, Fault
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, TODAY, Bench

RIDE = {"trip": str(COACH_TRIP), "day": str(TODAY), "from": "0", "to": "4"}
FORMS = ("/kiosk/ask", "/kiosk/order", "/kiosk/order/1/cancel", "/kiosk/order/1/phone",
         "/clerk/orders/1/confirm", "/clerk/orders/1/decline", "/clerk/orders/1/phone",
         "/kiosk/party", "/clerk/party", "/clerk/party/ask", "/clerk/party/1",
         "/clerk/find", "/clerk/sell", "/clerk/tickets/1/refund", "/clerk/tickets/1/rebook", "/clerk/tickets/1/reissue",
         "/clerk/tickets/1/onward",
         "/clerk/requests", "/clerk/requests/1",
         "/clerk/shift/open", "/clerk/shift/cash", "/clerk/shift/1/close",
         f"/driver/{COACH_TRIP}/{TODAY}", f"/driver/{COACH_TRIP}/{TODAY}/hand", "/driver/take",
         "/gate/choose", "/gate/document", "/gate/card", "/clerk/aboard/sell",
         f"/gate/clearance/{COACH_TRIP}/{TODAY}", f"/gate/clearance/{COACH_TRIP}/{TODAY}/undo",
         f"/gate/clearance/{COACH_TRIP}/{TODAY}/count",
         f"/gate/manifest/{COACH_TRIP}/{TODAY}/mark", f"/gate/manifest/{COACH_TRIP}/{TODAY}/left",
         f"/gate/{COACH_TRIP}/{TODAY}", "/portal/ticket", "/portal/forget",
         "/portal/rate", "/portal/rate/open", "/portal/follow", "/portal/wifi", "/sign-in", "/sign-out",
         "/status/connect")  # fmt: skip


def test_the_headers_of_a_page_are_exactly_these(passenger: Person) -> None:
    headers = dict(passenger.client.get("/kiosk/to").headers)
    for changing in ("Content-Length", "Set-Cookie", "Date"):
        headers.pop(changing, None)
    assert headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(passenger: Person) -> None:
    answer = passenger.client.get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("yipiao_8100=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie


@pytest.mark.parametrize("address", FORMS)
def test_a_form_without_its_token_changes_nothing(bench: Bench, clerk: Person, address: str) -> None:
    head = bench.node.fleet.status().head_seq
    refused = clerk.post(address, RIDE)
    assert refused.status == 400 and "页面已过时" in refused.text
    assert bench.node.fleet.status().head_seq == head and bench.node.ticketing.waiting() == []


def test_every_form_that_changes_something_is_in_the_list_above(app: Flask) -> None:
    found = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    pages = {rule for rule in found if not rule.startswith("/api")}
    assert len(pages) == len(FORMS)


def test_the_token_of_one_browser_is_no_good_in_another(app: Flask, passenger: Person) -> None:
    stolen = Person(app).token()
    passenger.token()
    assert passenger.post("/kiosk/order", {**RIDE, "csrf_token": stolen}).status == 400


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_what_a_browser_says_comes_from_another_site_is_refused(passenger: Person, headers: dict[str, str]) -> None:
    token = passenger.token()
    answer = passenger.client.post("/kiosk/order", data={**RIDE, "csrf_token": token}, headers=headers)
    assert answer.status_code == 403
    kept = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert passenger.client.post("/kiosk/order", data={**RIDE, "csrf_token": token}, headers=kept).status_code == 303


def test_no_page_holds_a_script_or_a_style_of_its_own(clerk: Person) -> None:
    addresses = ["/", "/kiosk", "/kiosk/to", "/kiosk/trips?to=5", f"/kiosk/seat?trip={COACH_TRIP}&day={TODAY}&from=0&to=4",
                 f"/kiosk/confirm?trip={COACH_TRIP}&day={TODAY}&from=0&to=4", "/portal", "/portal/ticket", "/sign-in",
                 "/portal/emergency",
                 "/clerk", "/clerk/sell", "/clerk/sell?to=5", "/clerk/takings", "/clerk/shift",
                 "/gate/trips", "/status",
                 f"/gate/{COACH_TRIP}/{TODAY}", "/nowhere",
                 f"/clerk/sell/ride?trip={COACH_TRIP}&day={TODAY}&from=0&to=4"]  # fmt: skip
    for address in addresses:
        page = clerk.see(address)
        for tag, attributes in page.tags:
            assert tag != "style" and "style" not in attributes, address
            assert tag != "script" or attributes.get("src"), address
            assert not [name for name in attributes if name.startswith("on")], address
            for name in ("src", "href", "action"):
                assert str(attributes.get(name) or "/").startswith(("/", "#", "?", "tel:")), (address, attributes)


def test_shipped_files_are_kept_for_ever_and_pages_never(passenger: Person) -> None:
    page = passenger.see("/kiosk")
    sheet = next(str(attrs["href"]) for tag, attrs in page.tags if tag == "link" and attrs.get("rel") == "stylesheet")
    assert "immutable" in passenger.client.get(sheet).headers["Cache-Control"]
    assert passenger.client.get("/assets/nothing.css?v=1").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("address", "status"), [("/nowhere", 404), ("/kiosk/order", 405), ("/kiosk/trips?to=x", 422)])
def test_an_error_is_a_page_with_a_way_back(passenger: Person, address: str, status: int) -> None:
    page = passenger.see(address)
    assert page.status == status and page.headers["Content-Type"].startswith("text/html")
    assert ("/kiosk" if "kiosk" in address else "/") in page.links


def test_too_large_a_body_is_a_page_too(passenger: Person) -> None:
    token = passenger.token()
    page = passenger.post("/portal/ticket", {"csrf_token": token, "ticket": "x" * 12_000_000})
    assert page.status == 413 and "太大" in page.text


@pytest.mark.parametrize(
    "error", [RuntimeError("secret detail"), Broken("secret detail"), Fault("no_line", "secret detail")]
)
def test_a_failure_shows_a_sentence_and_never_its_inside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    app = create_app(bench.node)
    monkeypatch.setattr(bench.node.timetable, "destinations", fail)
    page = Person(app).see("/kiosk/to")
    assert page.status in (500, 503) and "secret" not in page.html and "Traceback" not in page.html
    assert "/kiosk" in page.links


def test_the_api_keeps_its_own_errors_and_asks_for_no_token_of_a_form(passenger: Person) -> None:
    answer = passenger.client.get("/api/v1/nowhere")
    assert answer.status_code == 404 and answer.is_json
    posted = passenger.client.post("/api/v1/orders", json={})
    assert posted.is_json and posted.status_code == 401 and b"sign_in_first" in posted.data


def test_a_box_that_is_not_enrolled_says_so_and_breaks_nowhere(tmp_path: object) -> None:
    from pathlib import Path

    from edge.bootstrap import build
    from edge.kernel.settings import Settings

    person = Person(create_app(build(Settings(data=Path(str(tmp_path)) / "fresh"))))
    assert "还没有登记" in person.see("/").text
    for address in ("/kiosk", "/kiosk/to", "/portal", "/portal/ticket", "/sign-in", "/clerk"):
        assert person.see(address).status < 500, address
