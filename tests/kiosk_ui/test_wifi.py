"""Phones that join the WiFi: what they ask by themselves, what they are told, and what they cannot reach."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from edge.bootstrap import build
from edge.kernel.serving import Beside
from edge.kernel.settings import Settings
from edge.kernel.wifi import MOST_PHONES, SESSION_MS, Wifi, hid_of
from kiosk_ui.app import create_app, create_portal
from kiosk_ui.screens.wifi.probes import HOSTS
from sync.kernel.errors import Fault
from tests.kiosk_ui.conftest import furnished
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import Bench, make_bench

IPHONE = "CaptiveNetworkSupport-443.120.2 wispr"
ANDROID = "Dalvik/2.1.0 (Linux; U; Android 11; Pixel 5 Build/RQ3A)"
HUAWEI = "Dalvik/2.1.0 (Linux; U; Android 10; LYA-AL00 Build/HUAWEI)"
WINDOWS, FIREFOX = "Microsoft NCSI", "Mozilla/5.0 (Android 11; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0"
SUCCESS = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
PHONES = {
    "iphone": (IPHONE, "captive.apple.com", "/hotspot-detect.html", 200, SUCCESS),
    "old iphone": (IPHONE, "www.apple.com", "/library/test/success.html", 200, SUCCESS),
    "android": (ANDROID, "connectivitycheck.gstatic.com", "/generate_204", 204, ""),
    "android, second try": (ANDROID, "www.google.com", "/gen_204", 204, ""),
    "huawei": (HUAWEI, "connectivitycheck.platform.hicloud.com", "/generate_204", 204, ""),
    "a maker that nobody knows": ("Dalvik/2.1.0", "connect.phone-maker.example", "/generate_204", 204, ""),
    "windows": (WINDOWS, "www.msftconnecttest.com", "/connecttest.txt", 200, "Microsoft Connect Test"),
    "old windows": (WINDOWS, "www.msftncsi.com", "/ncsi.txt", 200, "Microsoft NCSI"),
    "firefox": (FIREFOX, "detectportal.firefox.com", "/success.txt", 200, "success\n"),
}
ADDRESS = "http://192.168.8.1"
HID = hashlib.sha256(b"a phone").hexdigest()
KEY = b"the key of this gateway, secret"


@pytest.fixture
def box(vehicle: Bench) -> Bench:
    """A coach that its phones know as 192.168.8.1."""
    vehicle.node.settings = replace(vehicle.node.settings, portal_url=ADDRESS)
    return vehicle


@pytest.fixture
def portal(box: Bench) -> Flask:
    return create_portal(box.node)


def probe(app: Flask, name: str, phone: str = "192.168.8.20") -> TestResponse:
    agent, host, path, _, _ = PHONES[name]
    headers = {"User-Agent": agent, "Host": host}
    return app.test_client().get(path, headers=headers, environ_base={"REMOTE_ADDR": phone})


def reach_the_hub(bench: Bench) -> None:
    bench.node.exchange.last_contact_mono_ms = bench.clock.mono


def go_on(app: Flask, phone: str = "192.168.8.20") -> None:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = phone
    page = Page(client.get("/portal"))
    token = page.form("/portal/wifi").values["csrf_token"]
    assert client.post("/portal/wifi", data={"csrf_token": token}).status_code == 303


@pytest.mark.parametrize("name", PHONES)
@pytest.mark.parametrize("which", ["portal", "pages"])
def test_a_phone_that_joins_is_shown_the_portal_by_its_own_probe(box: Bench, name: str, which: str) -> None:
    app = create_portal(box.node) if which == "portal" else create_app(box.node)
    answer = probe(app, name)
    assert (answer.status_code, answer.headers["Location"]) == (302, ADDRESS + "/portal")
    assert answer.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", PHONES)
def test_after_its_passenger_went_on_a_phone_hears_what_it_hopes_for(box: Bench, portal: Flask, name: str) -> None:
    reach_the_hub(box)
    go_on(portal)
    answer = probe(portal, name)
    assert (answer.status_code, answer.get_data(as_text=True)) == PHONES[name][3:]
    assert probe(portal, name, "192.168.8.21").status_code == 302


def test_without_a_line_no_phone_is_told_that_it_is_online(box: Bench, portal: Flask) -> None:
    reach_the_hub(box)
    go_on(portal)
    assert probe(portal, "android").status_code == 204
    box.clock.pass_ms(16 * 60_000)
    assert probe(portal, "android").status_code == 302
    page = Person(portal, "en").see("/portal")
    assert "no line on board" in page.text and "/portal/wifi" not in page.html


def test_who_went_on_is_asked_again_after_four_hours(box: Bench, portal: Flask) -> None:
    reach_the_hub(box)
    go_on(portal)
    box.clock.pass_ms(SESSION_MS + 1)
    reach_the_hub(box)
    assert probe(portal, "iphone").status_code == 302


def test_no_crowd_of_addresses_fills_the_memory(box: Bench) -> None:
    wifi = Wifi(box.node.fleet, box.node.clock)
    for number in range(MOST_PHONES + 50):
        wifi.go_on(f"fe80::{number:x}")
    assert len(wifi._since_ms) == MOST_PHONES
    assert not wifi.left_s("fe80::0") and wifi.left_s(f"fe80::{MOST_PHONES + 49:x}")


@pytest.mark.parametrize("path", ["/", "/clerk", "/kiosk", "/gate", "/status", "/sign-in", "/api/v1/status", "/x/y"])
def test_the_portals_own_port_has_no_other_page(portal: Flask, path: str) -> None:
    for host in ("192.168.8.1", "captive.apple.com", "anywhere.example"):
        answer = portal.test_client().get(path, headers={"Host": host})
        assert (answer.status_code, answer.headers["Location"]) == (302, ADDRESS + "/portal"), host
    assert portal.test_client().post(path, data={"clerk_no": "11", "pin": "2580"}).status_code in (302, 400)


def test_the_portals_port_has_no_route_of_the_other_screens(portal: Flask) -> None:
    routes = {rule.rule for rule in portal.url_map.iter_rules()}
    assert all(route.startswith(("/portal", "/assets", "/t/", "/card", "/CARD")) for route in routes)


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_under_the_name_of_a_maker_the_other_port_shows_the_portal_alone(box: Bench, host: str) -> None:
    client = create_app(box.node).test_client()
    for path in ("/clerk", "/sign-in", "/redirect", "/api/v1/place"):
        answer = client.get(path, headers={"Host": f"{host.upper()}:80"})
        assert answer.headers["Location"] == ADDRESS + "/portal", path
    assert client.get("/portal", headers={"Host": host}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "127.0.0.1:8100"}).status_code == 200


def test_a_box_that_was_told_no_address_leads_phones_to_the_name_they_asked_for(vehicle: Bench) -> None:
    answer = probe(create_portal(vehicle.node), "android")
    assert answer.headers["Location"] == "http://connectivitycheck.gstatic.com/portal"


def test_the_api_of_rfc_8908_tells_where_the_trip_is_shown(box: Bench, portal: Flask) -> None:
    def asked() -> dict[str, object]:
        answer = portal.test_client().get("/portal/captive.json", headers={"Accept": "application/captive+json"},
                                          environ_base={"REMOTE_ADDR": "192.168.8.20"})  # fmt: skip
        assert answer.headers["Content-Type"] == "application/captive+json"
        assert answer.headers["Cache-Control"].endswith("no-store")
        found: dict[str, object] = json.loads(answer.data)
        return found

    venue = {"user-portal-url": ADDRESS + "/portal", "venue-info-url": ADDRESS + "/portal"}
    assert asked() == {"captive": True, **venue}
    reach_the_hub(box)
    go_on(portal)
    box.clock.pass_ms(60_000)
    assert asked() == {
        "captive": False,
        **venue,
        "seconds-remaining": SESSION_MS // 1000 - 60,
        "can-extend-session": True,
    }


@pytest.fixture
def gated(tmp_path: Path) -> Bench:
    """A coach with openNDS on it."""
    made = furnished(make_bench(tmp_path / "gated", node_no=8, kind="vehicle"))
    made.node.wifi = Wifi(made.node.fleet, made.node.clock, "192.168.8.1:2050", KEY)
    made.node.settings = replace(made.node.settings, portal_url=ADDRESS)
    return made


def fas(hid: str = HID, more: str = "gatewayaddress=203.0.113.9:2050, authdir=opennds_auth, ") -> str:
    text = f"hid={hid}, clientip=192.168.8.20, clientmac=02:00:00:00:00:01, gatewayname=coach, {more}originurl=http%3a%2f%2fx"
    return base64.b64encode(text.encode()).decode()


def test_a_passenger_goes_on_through_the_gateway_with_the_token_that_it_asks_for(gated: Bench) -> None:
    phone = Person(create_portal(gated.node))
    page = phone.see(f"/portal/fas?fas={fas()}")
    assert page.path == "/portal"
    assert "form-action 'self' http://192.168.8.1:2050;" in page.headers["Content-Security-Policy"] + ";"
    sent = phone.client.post("/portal/wifi", data=page.form("/portal/wifi").values)
    door = urlsplit(sent.headers["Location"])
    assert (door.netloc, door.path) == ("192.168.8.1:2050", "/opennds_auth/")
    token = hashlib.sha256(HID.encode() + KEY).hexdigest()
    assert parse_qs(door.query) == {"tok": [token], "redir": [ADDRESS + "/portal"]}


@pytest.mark.parametrize("sent", ["", "%", "x" * 5_000, base64.b64encode(b"\xff\xfe").decode(), fas("short"),
                                  fas("a b" * 10), base64.b64encode(b"clientip=1").decode()])  # fmt: skip
def test_rubbish_from_the_gateway_opens_no_door(gated: Bench, sent: str) -> None:
    assert hid_of(sent) is None
    phone = Person(create_portal(gated.node))
    page = phone.see(f"/portal/fas?fas={sent}")
    answer = phone.client.post("/portal/wifi", data=page.form("/portal/wifi").values)
    assert urlsplit(answer.headers["Location"]).path == "/portal"


def test_a_plus_that_became_a_space_on_the_way_is_read_as_one() -> None:
    text = fas(more="gatewayname=>>>???~~~, ")
    assert "+" in text or "/" in text
    assert hid_of(text.replace("+", " ")) == HID == hid_of(text.rstrip("="))


def test_a_gateway_without_its_key_refuses_to_start(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, wifi_gateway="192.168.8.1:2050")
    for key in (None, b"short"):
        if key is not None:
            (tmp_path / "wifi.key").write_bytes(key)
        with pytest.raises(Fault, match="wifi_key_file"):
            build(settings)
    (tmp_path / "wifi.key").write_bytes(KEY)
    assert build(settings).wifi.gateway == "192.168.8.1:2050"


def test_the_portal_is_served_beside_the_other_pages_and_ends_with_them(portal: Flask) -> None:
    server = Beside(portal, "127.0.0.1", 0, 2)
    server.start()
    address = f"http://127.0.0.1:{server.port}"
    with urllib.request.urlopen(f"{address}/portal", timeout=10) as answer:
        assert answer.status == 200 and "岭西客运" in answer.read().decode()
    server.stop()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/portal", timeout=10)
