"""Who may call what: a row for every route of a node's API. A route without a row fails here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edge.app import create_app
from tests.edge.api import ROLE_NOS, Api, make_api
from tests.support.nodes import make_bench

OPEN = None  # to everybody at the place
SIGNED_IN = frozenset(ROLE_NOS)
SELLERS = frozenset({"clerk", "agent"})
GATE = frozenset({"clerk", "gate"})

RIGHTS: dict[tuple[str, str], frozenset[str] | None] = {
    ("POST", "/api/v1/sessions"): OPEN,
    ("GET", "/api/v1/status"): SIGNED_IN,
    ("GET", "/api/v1/place"): OPEN,
    ("GET", "/api/v1/destinations"): OPEN,
    ("GET", "/api/v1/rides"): OPEN,
    ("GET", "/api/v1/stops"): OPEN,
    ("GET", "/api/v1/journeys"): OPEN,
    ("GET", "/api/v1/departures"): OPEN,
    ("GET", "/api/v1/trips/{trip_no}"): OPEN,
    ("GET", "/api/v1/trips/{trip_no}/seats"): OPEN,
    ("POST", "/api/v1/trips/{trip_no}/seats"): SELLERS,
    ("GET", "/api/v1/trips/{trip_no}/elsewhere"): SELLERS,
    ("POST", "/api/v1/tickets"): SELLERS,
    ("GET", "/api/v1/tickets"): SELLERS | {"gate"},
    ("GET", "/api/v1/tickets/{number}/qr.svg"): SELLERS,
    ("GET", "/api/v1/tickets/{number}/refund"): SELLERS,
    ("POST", "/api/v1/tickets/{number}/refund"): SELLERS,
    ("GET", "/api/v1/tickets/{number}/rides"): SELLERS,
    ("GET", "/api/v1/tickets/{number}/rebooking"): SELLERS,
    ("POST", "/api/v1/tickets/{number}/rebooking"): SELLERS,
    ("GET", "/api/v1/tickets/{number}/onward"): SELLERS,
    ("POST", "/api/v1/tickets/{number}/onward"): SELLERS,
    ("POST", "/api/v1/tickets/{number}/reissue"): SELLERS,
    ("POST", "/api/v1/documents/compare"): SELLERS | {"gate"},
    ("GET", "/api/v1/disruptions"): SELLERS,
    ("GET", "/api/v1/refund-requests"): SELLERS,
    ("POST", "/api/v1/refund-requests"): SELLERS,
    ("POST", "/api/v1/refund-requests/{number}/payment"): SELLERS,
    ("GET", "/api/v1/takings"): SELLERS,
    ("POST", "/api/v1/orders"): SELLERS,
    ("GET", "/api/v1/orders"): SELLERS,
    ("GET", "/api/v1/orders/{order_no}"): SELLERS,
    ("DELETE", "/api/v1/orders/{order_no}"): SELLERS,
    ("POST", "/api/v1/orders/{order_no}/confirm"): SELLERS,
    ("POST", "/api/v1/shifts"): SELLERS,
    ("POST", "/api/v1/shifts/cash"): SELLERS,
    ("GET", "/api/v1/shifts/{shift_no}"): SELLERS | {"admin"},
    ("POST", "/api/v1/shifts/{shift_no}/close"): SELLERS,
    ("POST", "/api/v1/orders/{order_no}/payment"): SELLERS,
    ("GET", "/api/v1/orders/{order_no}/payment"): SELLERS,
    ("GET", "/api/v1/payments/offer"): OPEN,
    ("POST", "/api/v1/payments/callback"): OPEN,  # the gateway's signature is its right
    ("POST", "/api/v1/orders/{order_no}/pay"): SELLERS,
    ("POST", "/api/v1/bookings"): SELLERS,
    ("POST", "/api/v1/bookings/quote"): SELLERS,
    ("POST", "/api/v1/bookings/hold"): SELLERS,
    ("GET", "/api/v1/bookings/{number}"): SELLERS,
    ("POST", "/api/v1/boarding/checks"): GATE,
    ("GET", "/api/v1/boarding/current"): GATE,
    ("PUT", "/api/v1/boarding/current"): GATE,
    ("GET", "/api/v1/boarding/duties"): GATE,
    ("GET", "/api/v1/duties"): GATE | {"driver"},
    ("POST", "/api/v1/duties/handovers"): frozenset({"driver"}),
    ("POST", "/api/v1/duties/takeovers"): frozenset({"driver"}),
    ("POST", "/api/v1/duties/words"): frozenset({"driver"}),
    ("GET", "/api/v1/trips/{trip_no}/manifest"): GATE | {"driver"},
    ("POST", "/api/v1/trips/{trip_no}/marks"): GATE | {"driver"},
    ("PUT", "/api/v1/trips/{trip_no}/left"): GATE | {"driver"},
    ("POST", "/api/v1/departures/clearances"): GATE,
    ("DELETE", "/api/v1/departures/clearances"): GATE,
    ("POST", "/api/v1/departures/counts"): GATE | {"driver"},
    ("GET", "/api/v1/walk-ups"): SELLERS,
    ("POST", "/api/v1/walk-ups"): SELLERS,
    ("POST", "/api/v1/cards/checks"): GATE,
    ("POST", "/api/v1/ratings"): OPEN,
    ("GET", "/api/v1/openapi.json"): OPEN,
    ("GET", "/api/"): OPEN,
    ("GET", "/api/style.css"): OPEN,
    ("GET", "/healthz"): OPEN,
}
GUARDED = sorted(((method, path, roles) for (method, path), roles in RIGHTS.items() if roles is not None), key=str)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return make_api(tmp_path_factory.mktemp("rights"))


def routes(api: Api) -> set[tuple[str, str]]:
    found = set()
    for rule in api.client.application.url_map.iter_rules():
        path = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule)
        found |= {(method, path) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}
    return found


def status(api: Api, method: str, path: str, token: str | None, body: object = None) -> int:
    url = (
        path.replace("{trip_no}", "101")
        .replace("{order_no}", "1")
        .replace("{shift_no}", "1")
        .replace("{number}", "00007-01-0000001-26")
    )
    headers = {} if token is None else {"Authorization": token}
    answer = api.client.open(url, method=method, headers=headers, json=body)
    if answer.status_code in (401, 403):
        said: Any = answer.json
        assert set(said) == {"code", "message", "field"}
        assert said["message"] not in ("", said["code"])
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code


def test_every_route_has_a_row_and_every_row_a_route(api: Api) -> None:
    assert routes(api) == set(RIGHTS)


@pytest.mark.parametrize(("method", "path", "roles"), GUARDED)
def test_a_guarded_route_asks_for_a_token_before_it_reads_anything(
    api: Api, method: str, path: str, roles: frozenset[str]
) -> None:
    """Also with a body that is none: a stranger learns nothing of the form, and has nothing parsed."""
    good = f"Bearer {api.tokens['clerk']}"
    wrong = [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {api.tokens['clerk']}",
        good[:-1],
        f"{good}0",
        "Bearer \xff",
    ]
    for token in wrong:
        assert status(api, method, path, token) == 401, token
        assert status(api, method, path, token, {"key": "x", "trip_no": -1}) == 401


@pytest.mark.parametrize(("method", "path", "roles"), GUARDED)
def test_each_role_is_let_in_or_kept_out_as_the_table_says(
    api: Api, method: str, path: str, roles: frozenset[str]
) -> None:
    for role in ROLE_NOS:
        found = status(api, method, path, f"Bearer {api.tokens[role]}", {"odd": "input"})
        assert (found != 403) == (role in roles), role
        assert found not in (401, 500)


@pytest.mark.parametrize(("method", "path"), sorted(row for row, roles in RIGHTS.items() if roles is OPEN))
def test_an_open_route_asks_for_nothing(api: Api, method: str, path: str) -> None:
    assert status(api, method, path, None) not in (401, 403, 405, 500)


def test_the_document_says_who_must_sign_in(api: Api) -> None:
    document: Any = api.client.get("/api/v1/openapi.json").json
    paths = document["paths"]
    for (method, path), roles in RIGHTS.items():
        if path in paths:
            said = paths[path][method.lower()].get("security", [])
            assert (said == [{"clerk": []}]) == (roles is not OPEN), (method, path)


def test_a_guard_that_is_left_out_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a guard that lets everybody in."""
    monkeypatch.setattr("edge.kernel.web.Guard.require", lambda self, roles: None)
    client = create_app(make_bench(tmp_path).node).test_client()
    assert client.get("/api/v1/status").status_code == 200


def test_no_answer_of_an_open_route_names_a_clerk_or_a_ticket(api: Api) -> None:
    sold = api.bench.sell()
    for method, path in sorted(row for row, roles in RIGHTS.items() if roles is OPEN and row[0] == "GET"):
        query = "?day=2026-11-23&to_stop_no=5&from_idx=0&to_idx=4"
        text = api.client.open(path.replace("{trip_no}", "101") + query, method=method).get_data(as_text=True)
        for secret in (sold.number, sold.text, sold.short_code, "陈晓", "clerk 21", api.tokens["clerk"]):
            assert secret not in text, path
