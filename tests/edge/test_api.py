"""The node's API on its good days: sign in, find a ride, sell, board, rate, look up."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from edge.app import create_app
from edge.bootstrap import build
from edge.kernel.settings import Settings
from sync.kernel import ticket
from tests.edge.api import DATE, RIDE, TOMORROW, Api, make_api
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, PIN, CountingIds, FakeClock, NoLine


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return make_api(tmp_path)


def sell(api: Api, key: str = "key-of-this-sale", **more: object) -> dict:
    answer = api.post("/tickets", RIDE | {"key": key} | more)
    assert answer.status_code == 201, answer.json
    return answer.json


def test_a_clerk_signs_in_and_uses_the_token(api: Api) -> None:
    answer = api.post("/sessions", {"clerk_no": CLERK_NO, "pin": PIN}, role=None)
    assert answer.status_code == 201
    assert (answer.json["name"], answer.json["roles"]) == ("陈晓", ["clerk", "agent", "gate"])
    headers = {"Authorization": f"bearer {answer.json['token']}"}
    status: Any = api.client.get("/api/v1/status", headers=headers).json
    assert (status["node_no"], status["can_sell"], status["issues"]) == (7, True, [])


def test_a_wrong_pin_is_401_and_says_how_many_are_left_in_words(api: Api) -> None:
    answer: Any = api.client.post("/api/v1/sessions?lang=en", json={"clerk_no": CLERK_NO, "pin": "0000"})
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (401, "pin_wrong", "pin")
    assert "4" in answer.json["message"]
    for _ in range(4):
        api.post("/sessions", {"clerk_no": CLERK_NO, "pin": "0000"}, role=None)
    answer = api.post("/sessions", {"clerk_no": CLERK_NO, "pin": PIN}, role=None)
    assert (answer.status_code, answer.json["code"]) == (429, "pin_locked")


def test_from_place_to_ticket(api: Api) -> None:
    assert api.get("/place", None).json["names"]["en"] == "Duanzhou Station"
    (stop,) = api.get("/destinations?text=guangzhou", None).json
    rides = api.get(f"/rides?to_stop_no={stop['stop_no']}&day={DATE}", None).json
    ride = rides[0]
    assert (ride["trip_no"], ride["day"], ride["price_minor"], ride["departs_text"]) == (
        COACH_TRIP,
        DATE,
        3000,
        "15:00",
    )
    where = f"day={DATE}&from_idx={ride['from_idx']}&to_idx={ride['to_idx']}"
    seats = api.get(f"/trips/{COACH_TRIP}/seats?{where}", None).json
    assert (seats["kind"], seats["places"], seats["capacity"], len(seats["seats"])) == ("reserved", 20, 45, 45)
    sold = sell(api, seat=5)
    assert (sold["seat"], sold["seat_label"], sold["price_minor"], sold["day"]) == (5, "02A", 3000, DATE)
    assert ticket.parse(sold["text"]).claims.seat == 5
    again = api.get(f"/trips/{COACH_TRIP}/seats?{where}", None).json
    assert [cell["state"] for cell in again["seats"] if cell["seat"] == 5] == ["sold"]


def test_the_same_key_again_is_the_same_ticket(api: Api) -> None:
    assert sell(api) == sell(api)
    assert sell(api, key="another-key")["number"] != sell(api)["number"]
    assert api.get("/takings?mine=false").json["count"] == 2


def test_a_refused_sale_has_a_code_a_sentence_and_a_field(api: Api) -> None:
    sell(api, seat=5)
    answer = api.post("/tickets?lang=en", RIDE | {"key": "another-key", "seat": 5})
    assert (answer.status_code, answer.json["code"]) == (409, "seat_taken")
    assert "seat" in answer.json["message"].lower()
    answer = api.post("/tickets", RIDE | {"key": "another-key", "tendered_minor": 1})
    assert (answer.status_code, answer.json["code"], answer.json["field"]) == (422, "cash_short", "tendered")


def test_an_order_is_held_paid_and_looked_up(api: Api) -> None:
    order = api.post("/orders", RIDE | {"seat": 9}).json
    assert (order["state"], order["seat_label"], order["channel"], order["ticket_number"]) == (
        "waiting",
        "03A",
        "counter",
        None,
    )
    assert [one["order_no"] for one in api.get("/orders").json] == [order["order_no"]]
    paid = api.post(f"/orders/{order['order_no']}/confirm", {"tendered_minor": 5000})
    assert paid.status_code == 200
    assert api.post(f"/orders/{order['order_no']}/confirm", {}).json == paid.json
    assert api.get(f"/orders/{order['order_no']}").json["ticket_number"] == paid.json["number"]
    assert api.ask("DELETE", f"/orders/{order['order_no']}").json["code"] == "order_sold"
    other = api.post("/orders", RIDE).json
    assert api.ask("DELETE", f"/orders/{other['order_no']}").status_code == 204
    assert api.get("/orders").json == []


def test_a_ticket_is_looked_up_drawn_boarded_and_rated(api: Api) -> None:
    sold = sell(api)
    assert api.get("/tickets", query_string={"ticket": sold["text"]}).json == sold
    picture = api.get(f"/tickets/{sold['number']}/qr.svg")
    assert picture.mimetype == "image/svg+xml"
    assert picture.data.lstrip().startswith((b"<svg", b"<?xml"))
    check = {"code": sold["text"], "trip_no": COACH_TRIP, "day": DATE, "gate": "前门"}
    first, second = (api.post("/boarding/checks", check, role="gate").json for _ in range(2))
    assert (first["colour"], first["seat_label"], first["number"]) == ("green", sold["seat_label"], sold["number"])
    assert (second["colour"], second["reason"], second["first_gate"]) == ("red", "already_used", "前门")
    rating = {
        "ticket": sold["number"],
        "short_code": sold["short_code"],
        "level": 5,
        "tags": ["clean"],
        "comment": "好",
    }
    assert [api.post("/ratings", rating, role=None).status_code for _ in range(2)] == [201, 409]


def test_a_wrong_trip_says_which_is_right(api: Api) -> None:
    sold = sell(api)
    check = {"code": sold["text"], "trip_no": FERRY_TRIP, "day": DATE}
    found = api.post("/boarding/checks", check, role="gate").json
    assert (found["colour"], found["reason"]) == ("red", "wrong_trip")
    assert (found["right"]["trip_no"], found["right"]["day"], found["right"]["departs_text"]) == (
        COACH_TRIP,
        DATE,
        "15:00",
    )


def test_the_gate_chooses_what_it_boards(api: Api) -> None:
    current = api.get("/boarding/current", "gate").json
    assert current == {"trip_no": COACH_TRIP, "day": DATE, "boarded": 0, "expected": None}
    assert api.ask("PUT", "/boarding/current", "gate", json={"trip_no": FERRY_TRIP, "day": TOMORROW}).status_code == 204
    assert api.get("/boarding/current", "gate").json["trip_no"] == FERRY_TRIP
    assert [trip["trip_no"] for trip in api.get("/boarding/duties", "gate").json] == [COACH_TRIP, 103]


def test_takings_are_mine_unless_all_are_asked_for(api: Api) -> None:
    sell(api)
    api.post("/tickets", RIDE | {"key": "by-another-clerk"}, role="agent")
    mine = api.get("/takings").json
    assert (mine["count"], mine["totals"], len(mine["tickets"])) == (1, {"CNY": 3000}, 1)
    assert api.get(f"/takings?mine=false&day={DATE}").json["totals"] == {"CNY": 6000}
    nothing = {"extras": {}, "refunds": 0, "handed_back": {}, "in_hand": {}, "returned": []}
    assert api.get(f"/takings?day={TOMORROW}").json == {"count": 0, "totals": {}, "tickets": [], **nothing}


def test_asking_for_seats_calls_the_hub_soon(api: Api) -> None:
    answer = api.post(f"/trips/{COACH_TRIP}/seats", {"day": DATE, "from_idx": 0, "to_idx": 4, "count": 3})
    assert answer.status_code == 202
    assert api.bench.node.schedule._wake.is_set()


def test_departures_and_a_trip_with_its_calls(api: Api) -> None:
    assert [ride["trip_no"] for ride in api.get(f"/departures?day={DATE}", None).json] == [COACH_TRIP, FERRY_TRIP, 103]
    trip = api.get(f"/trips/{COACH_TRIP}?day={DATE}", None).json
    assert [call["departs_text"] for call in trip["calls"]][:2] == ["15:00", "15:21"]


def test_a_box_before_its_first_exchange_answers_and_says_so(tmp_path: Path) -> None:
    node = build(Settings(data=tmp_path), FakeClock(), CountingIds(1), NoLine())
    client = create_app(node).test_client()
    assert client.get("/api/v1/place").json == {}
    assert client.get("/api/v1/destinations").json == []
    assert client.get("/healthz").json == {"ok": True}
    assert next(issue.code for issue in node.fleet.status().issues) == "not_enrolled"


def test_the_second_request_builds_no_schema_that_the_first_has_built(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(api)
    made: list[str] = []
    begin = Schema.__init__

    def counted(self: Schema, *args: Any, **kwargs: Any) -> None:
        made.append(type(self).__name__)
        begin(self, *args, **kwargs)

    monkeypatch.setattr(Schema, "__init__", counted)
    sell(api, "key-of-the-next-sale")
    assert made == []


def test_all_routes_that_answer_with_a_ticket_share_one_schema(tmp_path: Path) -> None:
    def tickets() -> int:
        gc.collect()
        return sum(type(one).__name__ == "TicketSchema" for one in gc.get_objects())

    make_api(tmp_path / "first")
    before = tickets()
    make_api(tmp_path / "second")
    assert tickets() == before
