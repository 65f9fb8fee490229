"""The open interface of sellers over HTTP, as a seller's program meets it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from cloud.domains.sellers.api.calls import Rate
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, FARE_MINOR, START_MS, TestClock, World
from tests.domains.ticketing.test_travellers_cloud import RULES, publish
from tests.support.documents import full_name, resident_id

DATE = "2026-07-26"  # on which the trip of DAY leaves
BASE = "/sellers/v1"
SCOPES = ("read", "sell", "refund")


class Program:
    """A seller's program with a key."""

    def __init__(
        self, world: World, client: FlaskClient, scopes: tuple[str, ...] = SCOPES, name: str = "Bamboo"
    ) -> None:
        with world.hub.database.write() as tx:
            self.number = world.hub.sellers.add(tx, name, 10_000, 50)
            self.key = world.hub.sellers.new_key(tx, self.number, "test", scopes)
        self.client, self._count = client, 0

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None, status: int | None = None) -> Any:
        self._count += 1
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key or f"request-{self._count:06d}"}
        answer = self.client.open(BASE + path, method=method, headers=headers, json=body)
        if status is not None:
            assert answer.status_code == status, answer.text
        return answer.json

    def offers(self, places: int = 1) -> Any:
        body = {"from_place": 1, "to_place": 4, "date": DATE, "places": places}
        return self.ask("POST", "/offers", body, status=200)

    def book(self, *seats: int | None, key: str | None = None, status: int = 201) -> Any:
        offer_id = self.offers()[0]["offer_id"]
        body = {"offers": [{"offer_id": offer_id, "seat": seat} for seat in seats], "reference": "A-17"}
        return self.ask("POST", "/bookings", body, key, status)


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.hub).test_client()


@pytest.fixture
def program(world: World, client: FlaskClient) -> Program:
    return Program(world, client)


def test_a_program_finds_books_tickets_and_refunds(world: World, program: Program) -> None:
    places = program.ask("GET", "/places?q=Stop&limit=2", status=200)
    assert places == [
        {"place_id": 1, "name": "Stop 1", "station": ""},
        {"place_id": 2, "name": "Stop 2", "station": ""},
    ]
    (found,) = program.offers()
    assert (found["price_minor"], found["currency"], found["left"]) == (3 * FARE_MINOR, "CNY", 10)
    assert found["departs"] == "2026-07-26T05:20:00Z" and found["seats"] == list(range(1, 11))
    assert (found["seat_labels"]["1"], found["seat_labels"]["10"]) == ("01A", "03B")
    held = program.book(3, None)
    assert (held["state"], held["totals"], held["reference"]) == ("held", {"CNY": 6 * FARE_MINOR}, "A-17")
    assert [item["seat"] for item in held["items"]] == [3, 1]
    here = f"/bookings/{held['booking_id']}"
    tickets = program.ask("POST", f"{here}/fulfillments", status=201)
    assert ticket.parse(tickets[0]["text"]).claims.ticket_id.number == tickets[0]["number"]
    assert tickets[0]["short_code"] == ticket.short_code(tickets[0]["text"])
    assert program.ask("GET", f"{here}/fulfillments", status=200) == tickets
    refundable = program.ask("POST", f"{here}/refund-offers", status=200)
    assert [one["fee_minor"] for one in refundable] == [300, 300]
    path = f"{here}/refund-offers/{refundable[0]['refund_offer_id']}"
    done = program.ask("PATCH", path, {"status": "CONFIRMED"}, status=200)
    assert done["items"][0]["refunded_minor"] == 2_700
    assert [one["number"] for one in program.ask("GET", f"{here}/fulfillments", status=200)] == [tickets[1]["number"]]
    assert program.offers()[0]["left"] == 9
    assert [one["booking_id"] for one in program.ask("GET", "/bookings?state=ticketed", status=200)] == [
        held["booking_id"]
    ]


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(program: Program) -> None:
    first = program.book(3, key="order-00001")
    assert program.book(3, key="order-00001") == first
    assert program.book(4, key="order-00001", status=409)["next_step"] == "use_new_key"
    path = f"/bookings/{first['booking_id']}/fulfillments"
    tickets = program.ask("POST", path, key="order-00002", status=201)
    assert program.ask("POST", path, key="order-00002", status=201) == tickets
    assert program.ask("POST", path, key="order-00001", status=409)["code"] == "key_differs"


def test_a_seat_is_sold_to_one_program_only(world: World, client: FlaskClient, program: Program) -> None:
    other = Program(world, client, name="Other")
    program.book(3)
    wrong = other.book(3, status=409)
    assert (wrong["code"], wrong["next_step"], wrong["fields"]) == (
        "seat_taken",
        "search_again",
        {"seat": ["seat_taken"]},
    )
    assert wrong["detail"] not in ("", "seat_taken")


def test_errors_are_problems_with_a_next_step(world: World, client: FlaskClient, program: Program) -> None:
    def ask(method: str, path: str, **more: Any) -> tuple[int, str, str]:
        answer = client.open(BASE + path, method=method, **more)
        assert answer.content_type == "application/problem+json", answer.text
        said: Any = answer.get_json(force=True)
        assert said["status"] == answer.status_code and said["type"] == f"urn:yipiao:problem:{said['code']}"
        return answer.status_code, said["code"], said["next_step"]

    good = {"Authorization": f"Bearer {program.key}", "Idempotency-Key": "request-x1"}
    assert ask("GET", "/bookings") == (401, "seller_key_needed", "sign_in")
    assert ask("GET", "/bookings", headers={"Authorization": "Bearer yps_00"}) == (401, "seller_key_needed", "sign_in")
    assert ask("GET", f"/bookings/{'0' * 32}", headers=good) == (404, "booking_unknown", "correct_request")
    assert ask("POST", "/offers", headers=good, json={}) == (422, "input", "correct_request")
    assert ask("POST", "/offers", headers=good, data="{", content_type="application/json")[0] == 400
    only = {"Authorization": good["Authorization"]}
    body = {"offers": [{"offer_id": "7-2400-0-3-3000-CNY"}]}
    assert ask("POST", "/bookings", headers=only, json=body) == (422, "input", "correct_request")
    odd = {"offers": [{"offer_id": "x"}]}
    assert ask("POST", "/bookings", headers=good, json=odd) == (422, "offer_form", "correct_request")
    dear = {"offers": [{"offer_id": "7-2400-0-3-1-CNY"}]}
    assert ask("POST", "/bookings", headers=good, json=dear) == (409, "offer_changed", "search_again")


def test_credit_is_the_end_of_what_is_ticketed(program: Program) -> None:
    held = program.book(1, 2, 3, 4)
    wrong = program.ask("POST", f"/bookings/{held['booking_id']}/fulfillments", status=409)
    assert (wrong["code"], wrong["next_step"]) == ("credit_short", "settle_account")
    program.ask("DELETE", f"/bookings/{held['booking_id']}", status=200)


def test_each_key_may_do_what_its_scopes_say(world: World, client: FlaskClient) -> None:
    reader = Program(world, client, ("read",), "Reader")
    assert reader.offers()
    assert reader.book(1, status=403)["code"] == "seller_scope"
    seller = Program(world, client, ("read", "sell"), "Seller")
    here = f"/bookings/{seller.book(1)['booking_id']}"
    seller.ask("POST", f"{here}/fulfillments", status=201)
    assert seller.ask("POST", f"{here}/refund-offers", status=403)["next_step"] == "ask_operator"


def test_a_key_that_ended_and_a_seller_that_is_barred_are_shut_out_at_once(world: World, client: FlaskClient) -> None:
    program = Program(world, client)
    with world.hub.database.write() as tx:
        world.hub.sellers.bar(tx, program.number, True)
    program.ask("GET", "/bookings", status=401)
    with world.hub.database.write() as tx:
        world.hub.sellers.bar(tx, program.number, False)
        world.hub.sellers.end_key(tx, program.number, world.hub.sellers.key_name(program.key))
    program.ask("GET", "/bookings", status=401)


def test_calls_are_counted_for_each_key(world: World, client: FlaskClient) -> None:
    program, other = Program(world, client), Program(world, client, name="Other")
    limit = world.hub.settings.seller_calls_per_minute
    for _ in range(limit):
        program.ask("GET", "/places?limit=1", status=200)
    assert program.ask("GET", "/places?limit=1", status=429)["next_step"] == "wait_and_repeat"
    other.ask("GET", "/places?limit=1", status=200)
    world.clock.now_ms = START_MS + 60_000 // limit
    program.ask("GET", "/places?limit=1", status=200)


def test_a_bucket_never_holds_more_than_a_minute_of_calls() -> None:
    clock = TestClock()
    rate = Rate(clock, 3)
    clock.now_ms += 3_600_000
    for _ in range(3):
        rate.spend("a")
    with pytest.raises(Refusal, match="calls_too_many"):
        rate.spend("a")


def test_a_key_is_stored_nowhere(world: World, program: Program) -> None:
    program.book(1)
    secret = program.key.removeprefix("yps_")
    for table in world.hub.database.engine.dialect.get_table_names(world.hub.database.engine.connect()):
        with world.hub.database.read() as tx:
            said = str(list(tx.exec_driver_sql(f'SELECT * FROM "{table}"')))
        assert secret not in said and str(bytes.fromhex(secret)) not in said, table


def test_the_document_names_keys_shapes_and_examples(client: FlaskClient) -> None:
    document: Any = client.get("/api/v1/openapi.json").json
    paths = {path: item for path, item in document["paths"].items() if path.startswith(BASE)}
    assert len(paths) == 11
    for path, item in paths.items():
        for method in ("get", "post", "patch", "delete"):
            if method in item:
                assert item[method]["security"] == [{"seller": []}], path
                assert item[method]["responses"]["default"] == {"$ref": "#/components/responses/SellerProblem"}
    problem = document["components"]["responses"]["SellerProblem"]
    assert "application/problem+json" in problem["content"]


def test_a_program_sells_by_name_and_no_answer_or_digest_holds_the_number(world: World, program: Program) -> None:
    publish(world, replace(RULES, from_day=DAY - 10))
    (found,) = program.offers()
    assert found["named"] is True
    wanted = {"offer_id": found["offer_id"], "seat": 1}
    refused = program.ask("POST", "/bookings", {"offers": [wanted]}, status=422)
    assert (refused["code"], refused["next_step"]) == ("document_missing", "correct_request")
    document = {"document_type": "resident_id", "number": resident_id(1), "name": full_name(1)}
    body = {"offers": [wanted | {"document": document}]}
    held = program.ask("POST", "/bookings", body, key="by-name-1", status=201)
    assert held["items"][0]["named"] is True and resident_id(1) not in str(held)
    other = {"offers": [wanted | {"document": document | {"number": resident_id(2)}}]}
    again = program.ask("POST", "/bookings", other, key="by-name-1", status=201)
    assert again == held, "a document is no part of what makes a request the same"
    assert program.ask("POST", "/bookings", {"offers": [wanted]}, key="by-name-1")["code"] == "key_differs"
    tickets = program.ask("POST", f"/bookings/{held['booking_id']}/fulfillments", status=201)
    assert ticket.parse(tickets[0]["text"]).claims.document_check
