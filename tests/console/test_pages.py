"""Every page, in every language, for everybody who may and for nobody else."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import url_for
from werkzeug.routing import Rule

from cloud.console import queries
from cloud.console.rights import RIGHTS, SECTIONS
from cloud.domains.ratings.tables import rating
from cloud.kernel import audit, fleet
from cloud.kernel.accounts import ADMIN, VIEWER
from sync.catalogue import LANGUAGES
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import TripRated
from sync.domains.shifts.events import ShiftClosed, ShiftOpened
from sync.kernel.events import ClerkLocked, NodeStarted
from tests.console.world import ConsoleWorld, Person

UNKNOWN_KEY = re.compile(r"\bconsole_[a-z_]+")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PUBLIC = {"static", "sign_in"}
NO_PAGE = PUBLIC | {"unknown", "seller_table", "register_table", "card_code"}  # for a spreadsheet, and a picture


def rules(world: ConsoleWorld, method: str) -> list[Rule]:
    """The console's rules that take ``method``."""
    return [
        rule
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and method in (rule.methods or set())
    ]


def path(world: ConsoleWorld, rule: Rule) -> str:
    """An address for ``rule``, of things that there are."""
    values: dict[str, Any] = {"number": 1, "trip_no": world.trip[0], "day": world.trip[1], "name": "abc"}
    values |= {"filename": "console.css", "anything": "nope", "pos": quarantined(world), "operator_no": 1}
    found = {"console.voice": rated, "console.conflict": met, "console.conflict_decide": met}.get(rule.endpoint)
    if found is not None:
        values["pos"] = found(world)
    with world.app.test_request_context():
        return url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def rated(world: ConsoleWorld) -> int:
    with world.hub.database.read() as tx:
        return int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(rating.c.pos), 1))).scalar_one())


def met(world: ConsoleWorld) -> int:
    with world.hub.database.read() as tx:
        return next((one.pos for one in queries.conflicts(tx, 10, 0) if queries.conflict_record(tx, one.pos)), 1)


def quarantined(world: ConsoleWorld) -> int:
    with world.hub.database.read() as tx:
        held = fleet.quarantined_events(tx)
    return held[0].pos if held else 1


def pages(world: ConsoleWorld) -> list[str]:
    """Addresses of all pages that need a sign-in."""
    names = {rule.endpoint.removeprefix("console.") for rule in rules(world, "GET")} - NO_PAGE
    return [path(world, rule) for rule in rules(world, "GET") if rule.endpoint.removeprefix("console.") in names]


def test_every_page_opens_in_three_languages(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    for language in LANGUAGES:
        person.get(f"/console/?language={language}")
        for address in pages(world):
            page = person.get(address)
            assert page.status_code == 200, address
            assert f'<html lang="{language}">' in page.text
            assert not UNKNOWN_KEY.findall(page.text), (address, UNKNOWN_KEY.findall(page.text))
            assert "<script" not in page.text and " style=" not in page.text and " onclick=" not in page.text


def test_every_page_opens_on_an_empty_hub(bare: ConsoleWorld) -> None:
    person = bare.add_admin("First")
    skipped = {"unknown", "node", "trip", "clerk", "feed_import", "quarantined", "seller", "seller_table", "voice",
               "conflict"}  # fmt: skip
    skipped |= {"register_subject", "card_print", "card_code"}
    for rule in rules(bare, "GET"):
        name = rule.endpoint.removeprefix("console.")
        page = person.get(path(bare, rule))
        assert page.status_code == (404 if name in skipped else 200), name


def test_nobody_sees_a_page_without_signing_in(world: ConsoleWorld) -> None:
    stranger = world.person()
    for address in pages(world):
        page = stranger.get(address)
        assert page.status_code == 302 and urlsplit(page.headers["Location"]).path == "/console/sign-in", address
    assert stranger.get("/console/sign-in").status_code == 200
    assert stranger.get("/healthz").status_code == 200
    assert stranger.get("/api/v1/nodes").status_code == 401


def test_nothing_is_taken_without_the_token_of_its_form(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    before = audit_count(world)
    for rule in rules(world, "POST"):
        for data in ({}, {"csrf_token": "made-up"}):
            assert person.client.post(path(world, rule), data=data).status_code == 403, rule.rule
    assert audit_count(world) == before


def test_nothing_is_taken_from_a_stranger_with_a_token(world: ConsoleWorld) -> None:
    before = audit_count(world)
    for rule in rules(world, "POST"):
        if rule.endpoint != "console.sign_in":
            assert world.person().post(path(world, rule), form="/console/sign-in").status_code == 302, rule.rule
    assert audit_count(world) == before


def audit_count(world: ConsoleWorld) -> int:
    with world.hub.database.read() as tx:
        return len(audit.entries(tx, 10_000))


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_every_page_has_a_row_in_the_table_of_rights(bare: ConsoleWorld) -> None:
    for rule in bare.app.url_map.iter_rules():
        if not rule.endpoint.startswith("console."):
            continue
        right = RIGHTS[rule.endpoint.removeprefix("console.")]
        assert right.send is not None or "POST" not in (rule.methods or set()), rule.endpoint
    named = {rule.endpoint.removeprefix("console.") for rule in bare.app.url_map.iter_rules()}
    assert set(RIGHTS) <= named


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_the_side_of_each_page_leads_to_every_list_that_one_may_read(world: ConsoleWorld) -> None:
    lists = {rule.endpoint.removeprefix("console.") for rule in rules(world, "GET") if not rule.arguments}
    within = {"node_add", "seller_add", "clerk_add", "register_import", "register_table", "cards_due", "tails"}
    of_oneself = {"sign_in", "passphrase", "account"}
    assert {name for _, names in SECTIONS for name in names} == lists - within - of_oneself
    for role, hidden in ((ADMIN, ()), (VIEWER, ("travellers",))):
        page = world.add_admin(f"who is {role}", role).get("/console/").text
        with world.app.test_request_context():
            addresses = {name: url_for(f"console.{name}") for _, names in SECTIONS for name in names}
        absent = [name for name, address in addresses.items() if f'<li><a href="{address}"' not in page]
        assert absent == list(hidden)


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_a_page_without_a_row_is_refused_to_everybody(bare: ConsoleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    person = bare.add_admin("王敏")
    assert person.get("/console/audit").status_code == 200
    monkeypatch.delitem(RIGHTS, "audit")
    assert person.get("/console/audit").status_code == 403


def test_a_viewer_reads_and_changes_nothing(world: ConsoleWorld) -> None:
    viewer = world.add_admin("审计员", VIEWER)
    for rule in rules(world, "GET"):
        name = rule.endpoint.removeprefix("console.")
        wanted = 403 if RIGHTS[name].read == ADMIN else 404 if name == "unknown" else 200
        assert viewer.get(path(world, rule)).status_code == wanted, name
    for rule in rules(world, "POST"):
        name = rule.endpoint.removeprefix("console.")
        if RIGHTS[name].send == ADMIN:
            assert viewer.post(path(world, rule), form="/console/account").status_code == 403, name
    assert "node/add" not in viewer.get("/console/nodes").text


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_every_answer_carries_the_same_headers(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    for address in ("/console/", "/console/nodes/1", "/console/nope", "/console/nodes/999", "/console/sign-in"):
        page = person.get(address)
        assert {name: page.headers.get(name) for name in HEADERS} == HEADERS, address
    cookie = world.person().get("/console/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
    secure = world.person().get("/console/sign-in", base_url="https://hub.example").headers["Set-Cookie"]
    assert "Secure" in secure


def test_a_page_that_is_not_there_says_so_in_words(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    person.get("/console/?language=en")
    for address in ("/console/nodes/99", "/console/trips/99/99", "/console/quarantine/99", "/console/imports/9"):
        page = person.get(address)
        assert page.status_code == 404 and "Traceback" not in page.text and "<h1>" in page.text, address


def test_numbers_beyond_any_database_are_no_page(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    for address in (
        f"/console/nodes/{2**31}",
        f"/console/quarantine/{2**63}",
        f"/console/trips/{2**31}/1",
        f"/console/trips/1/-{2**63}",
    ):
        assert person.get(address).status_code == 404, address
    for query in ("page=99999999999999999999", "page=-1", "page=x", "from=2026-99-99&to=0", "node=9999999999999999"):
        assert person.get(f"/console/sales?{query}").status_code == 200, query
    assert person.get(f"/console/trips?day={9999}-12-31").status_code == 200


def test_what_a_mad_node_says_breaks_no_page(world: ConsoleWorld) -> None:
    box, most = world.boxes["肇庆站-1"], (1 << 63) - 1
    odd = ("<b>", "¥¥", "", "XXXX" * 100)
    for number, currency in enumerate(odd):
        box.sell(most - number, most, 0, 3, day=most - number, currency=currency, price_minor=most)
        box.sell(world.trip[0], 1, 500, 900, day=world.trip[1], currency=currency, clerk_no=most, channel=most)
    box.append(TripRated(b"12345678", most, most, 5, ("<i>", "{x}"), "</p><script>alert(1)</script>{now_ms}", '"><b>'))
    box.append(TicketBoarded(b"12345678", most, most, 0, most, most, "<gate>" * 40, most, "{}", False))
    box.append(NodeStarted(b"", "<software>{0}"))
    box.append(ClerkLocked(most, most, world.clock.now_ms))
    box.visit()
    person = world.add_admin("王敏")
    for address in [*pages(world), "/console/sales?from=0001-01-01&to=9999-12-31"]:
        page = person.get(address)
        assert page.status_code == 200, address
        assert "<script" not in page.text and '<b>"' not in page.text and "<software>" not in page.text, address


def test_a_long_list_comes_in_pages(bare: ConsoleWorld) -> None:
    person = bare.add_admin("王敏")
    with bare.hub.database.write() as tx:
        for number in range(120):
            audit.record(tx, bare.clock.now_ms, "test", "signed_in", number=number)
    first, last = person.get("/console/audit?language=en"), person.get("/console/audit?page=3")
    first = person.get("/console/audit")
    assert 'rel="next"' in first.text and 'rel="prev"' not in first.text and "number: 119<" in first.text
    assert 'rel="prev"' in last.text and 'rel="next"' not in last.text and "number: 0<" in last.text


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/other", ""])
def test_signing_in_leads_nowhere_else(bare: ConsoleWorld, back: str) -> None:
    bare.add_admin("王敏")
    person = bare.person()
    answer = person.post("/console/sign-in", name="王敏", passphrase="five quiet herons wade", back=back)
    assert answer.headers["Location"] == "/console/"


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_signing_in_leads_back_to_the_page_that_was_asked_for(bare: ConsoleWorld) -> None:
    bare.add_admin("王敏")
    person = bare.person()
    asked = person.get("/console/sales?from=2026-07-01").headers["Location"]
    answer = person.post(asked, name="王敏", passphrase="five quiet herons wade", back="/console/sales?from=2026-07-01")
    assert answer.headers["Location"] == "/console/sales?from=2026-07-01"


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_the_language_is_that_of_the_browser_until_one_is_chosen(bare: ConsoleWorld) -> None:
    person = Person(bare.app.test_client())
    for asked, wanted in (("zh-TW,zh;q=0.9", "zh-Hant"), ("en-US", "en"), ("fr", "zh-Hans"), ("zh", "zh-Hans")):
        page = person.get("/console/sign-in", headers={"Accept-Language": asked})
        assert f'<html lang="{wanted}">' in page.text
    person.get("/console/sign-in?language=zh-Hant")
    assert '<html lang="zh-Hant">' in person.get("/console/sign-in", headers={"Accept-Language": "en"}).text


def test_an_alert_is_read_with_its_cause_and_next_step_and_answered_with_a_note(world: ConsoleWorld) -> None:
    box = world.boxes["肇庆站-1"]
    box.append(ShiftOpened(1, 101, (("CNY", 10_000),), 0, "gd"))
    box.append(ShiftClosed(1, 101, (("CNY", 0, 10_000, 9_000),), (), 0))
    box.visit()
    admin, viewer = world.add_admin("王敏"), world.add_admin("审计员", VIEWER)
    assert "有事件看起来像舞弊" in admin.get("/console/").text
    page = viewer.get("/console/alerts").text
    for text in ("长短款", "-¥10.00", "肇庆站-1", "交班实点与应有不符", "与售票员一起复点"):
        assert text in page, text
    assert "标为已处理" not in page
    shown = viewer.get("/console/shifts?state=closed&clerk=101").text
    assert "¥90.00" in shown and "-¥10.00" in shown and "肇庆站-1" in shown
    assert "还没有人开班" in viewer.get("/console/shifts?state=open").text
    found = re.search(r"/console/alerts/\d+/cash_difference", admin.get("/console/alerts").text)
    assert found is not None
    assert admin.post(found[0], form="/console/alerts", note="").status_code == 422
    assert admin.post(found[0], form="/console/alerts", note="少找了零钱").status_code == 302
    assert "长短款" not in admin.get("/console/alerts").text
    assert "少找了零钱" in admin.get("/console/alerts?seen=1").text
    assert "处理警示" in admin.get("/console/audit").text
    assert admin.post("/console/alerts/1/shared_pin", form="/console/alerts?seen=1", note="x").status_code == 404
