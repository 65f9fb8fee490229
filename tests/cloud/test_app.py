"""The hub over HTTP: exchange and enrolment, the API behind sign-in, errors with codes, the document."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from cloud.kernel.accounts import Accounts, Admin
from sync.domains.ratings.events import TripRated
from sync.kernel import exchange
from sync.kernel.days import date_of
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, World

DATE = date_of(DAY).isoformat()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.hub).test_client()


@pytest.fixture
def signed(world: World, client: FlaskClient) -> dict[str, str]:
    """Headers of somebody who may look."""
    accounts = Accounts(world.hub.database, world.clock, world.ids)
    first = accounts.add("Wang", "viewer", "test")
    person = Admin(1, "Wang", "viewer", True)
    accounts.change_passphrase(person, first, "a longer passphrase 1", "a longer passphrase 1")
    token = accounts.new_token(Admin(1, "Wang", "viewer", False), "test")
    return {"Authorization": f"Bearer {token}"}


def test_an_exchange_over_http(world: World, client: FlaskClient) -> None:
    box = world.box("a")
    data = exchange.encode_request(box.request(), box.signer)
    answer = client.post(exchange.PATH, data=data, content_type="application/cbor")
    assert answer.status_code == 200 and answer.content_type == "application/cbor"
    key = world.hub.signer.verify_key
    assert exchange.decode_response(answer.data, data, lambda _kid: key).status == exchange.OK


def test_an_exchange_that_fails_is_an_error_with_a_code(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_data: bytes) -> bytes:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(world.hub.exchange, "answer", fail)
    answer = create_app(world.hub).test_client().post(exchange.PATH, data=b"hello")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")


def test_a_good_exchange_says_nothing_but_its_answer(world: World, client: FlaskClient) -> None:
    box = world.box("a")
    answer = client.post(exchange.PATH, data=exchange.encode_request(box.request(), box.signer))
    assert {name for name, _ in answer.headers} == {"Content-Type", "Content-Length"}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "cose_damaged"),
        (b"hello", 400, "cose_damaged"),
        (bytes(exchange.MAX_REQUEST_BYTES + 1), 413, "exchange_size"),
    ],
)
def test_what_is_no_request_gets_a_code(client: FlaskClient, data: bytes, status: int, code: str) -> None:
    answer = client.post(exchange.PATH, data=data)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_an_unknown_key_and_a_wrong_signature_are_told_apart(world: World, client: FlaskClient) -> None:
    box, other = world.box("a"), world.box("b")
    data = bytearray(exchange.encode_request(box.request(), box.signer))
    data[-1] ^= 1
    answer = client.post(exchange.PATH, data=bytes(data))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "cose_signature")
    other.signer.kid = bytes(8)
    answer = client.post(exchange.PATH, data=exchange.encode_request(other.request(), other.signer))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "cose_unknown_key")


def test_a_body_that_swells_beyond_its_bound_is_refused(world: World, client: FlaskClient) -> None:
    box = world.box("a")
    events = tuple([bytes(3_000)] * 1_900)
    request = exchange.Request(1, 1, 1, bytes(32), events, 0)
    answer = client.post(exchange.PATH, data=exchange.encode_request(request, box.signer))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "wire_size")


def test_enrolment_over_http_refuses_with_a_code(client: FlaskClient) -> None:
    answer = client.post("/sync/v1/enrol", data=b"\x80")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "enrol_shape")
    assert client.post("/sync/v1/enrol", data=bytes(5_000)).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nodes", "/api/v1/sales", "/api/v1/quarantine", "/api/v1/ratings", f"/api/v1/trips/7/{DATE}/inventory"],
)
def test_the_api_asks_who_is_there(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "sign_in_needed")
    assert client.get(path, headers={"Authorization": "Bearer yph_nonsense"}).status_code == 401


def test_the_api_shows_what_happened(world: World, client: FlaskClient, signed: dict[str, str]) -> None:
    box = world.box("a")
    world.grant(box, 7, 4)
    box.sell(7, 1, price_minor=4200)
    box.sell(7, 9)
    box.append(TripRated(TicketId(box.node_no, 1, 1).to_bytes(), 7, DAY, 4, ("clean",), "好", "zh-Hans"))
    box.visit()

    def get(path: str) -> Any:
        answer = client.get(f"/api/v1/{path}", headers=signed)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    node = get("nodes")[0]
    assert (node["name"], node["status"], node["head_seq"], node["quarantined"]) == ("a", "active", 3, 1)
    assert {(line["state"], line["amount_minor"], line["day"]) for line in get(f"sales?day={DATE}")} == {
        ("ok", 4200, DATE),
        ("quarantined", 5000, DATE),
    }
    seats = get(f"trips/7/{DATE}/inventory")
    assert seats["all"] == seats["free"] + seats["granted"] + seats["consumed"] + seats["suspect"] == 30
    assert seats["holders"][0]["node_name"] == "a"
    assert [line["seat"] for line in get(f"trips/7/{DATE}/tickets")] == [1, 9]
    assert get(f"tickets/{TicketId(box.node_no, 1, 1).number}")["price_minor"] == 4200
    assert get(f"trips/7/{DATE}/boarding")["boarded"] == 0
    assert get("ratings")[0]["comment"] == "好" and get("ratings/trips")[0]["levels"] == [0, 0, 0, 1, 0]
    assert get("quarantine?open_only=true")[0]["code"] == "outside_grant"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("sales?limit=0", 422, "input"),
        ("sales?day=yesterday", 422, "input"),
        ("sales?trip=7", 422, "input"),
        ("sales?trip_no=99999999999", 422, "input"),
        ("trips/7/2026-02-30/inventory", 404, "not_found"),
        (f"trips/99/{DATE}/inventory", 404, "trip_not_sold"),
        (f"trips/{1 << 70}/{DATE}/inventory", 404, "not_found"),
        ("tickets/123", 422, "ticket_number_form"),
        ("nothing", 404, "not_found"),
    ],
)
def test_every_error_of_the_api_has_a_code(
    client: FlaskClient, signed: dict[str, str], path: str, status: int, code: str
) -> None:
    answer = client.get(f"/api/v1/{path}", headers=signed)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_an_error_nobody_thought_of_shows_no_trace(
    world: World, client: FlaskClient, signed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.kernel.fleet.states", lambda *_: 1 // 0)
    answer = client.get("/api/v1/nodes", headers=signed)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert b"Traceback" not in answer.data and b"ZeroDivision" not in answer.data


def test_the_document_names_every_route_and_its_page_needs_no_other_server(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    assert {"/api/v1/nodes", "/api/v1/sales", "/api/v1/quarantine", "/api/v1/ratings"} <= set(document["paths"])
    assert document["openapi"].startswith("3.")
    page = client.get("/api/").text
    assert "/api/v1/openapi.json" in page and "https://" not in page and "<script" not in page
    assert client.get("/api/style.css").mimetype == "text/css"


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/api/v1/nodes")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_the_hub_says_that_it_is_alive(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"ok": True}
    assert client.get("/").location == "/console/"
