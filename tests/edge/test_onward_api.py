"""The rest of a broken journey, and the office's other exchanges, over HTTP: the money, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sync.domains.disruption.operations import Disruption
from sync.kernel import days
from tests.edge.api import DATE, TOMORROW, Api, make_api
from tests.support.nodes import ALL_LEGS, COACH_TRIP, LATE_TRIP, TODAY

LEGS = [{"trip_no": COACH_TRIP, "day": DATE, "from_idx": 0, "to_idx": 1},
        {"trip_no": LATE_TRIP, "day": DATE, "from_idx": 1, "to_idx": 4}]  # fmt: skip
NEXT = {"trip_no": COACH_TRIP, "day": TOMORROW, "from_idx": 1, "to_idx": 4}
KEY = "onward-over-http"


@pytest.fixture
def api(tmp_path: Path) -> Api:
    made = make_api(tmp_path)
    made.bench.grant(LATE_TRIP, seats=dict.fromkeys((1, 2, 3), ALL_LEGS))
    made.bench.grant(COACH_TRIP, TODAY + 1, seats=dict.fromkeys((1, 2), ALL_LEGS))
    return made


def journey(api: Api, people: int = 2) -> list[dict[str, Any]]:
    """The tickets of a through journey, leg by leg."""
    body = {"legs": LEGS, "riders": [{"rider": "adult"}] * people, "key": "through-0001"}
    answer = api.post("/bookings", body)
    assert answer.status_code == 201, answer.text
    return list(answer.json["tickets"])


def break_it(api: Api, kind: str = "delayed", minutes: int = 600) -> None:
    said = Disruption(kind, minutes, "雾", 1).to_bytes()
    api.bench.operate("operator/1", f"disruption/{COACH_TRIP}/{TODAY}", said)


def refunded(api: Api, ticket: dict[str, Any]) -> Any:
    """How a ticket was given back, if it was."""
    return api.get("/tickets", query_string={"ticket": ticket["number"]}).json["refunded"]


def taken(api: Api) -> dict[str, int]:
    return api.bench.node.ticketing.takings(None, TODAY).in_hand


def test_a_journey_that_holds_has_no_rest_to_exchange(api: Api) -> None:
    tickets = journey(api)
    refused = api.get(f"/tickets/{tickets[2]['number']}/onward")
    assert (refused.status_code, refused.json["code"]) == (409, "onward_none")
    assert api.get("/tickets/00007-01-0000099-00/onward").status_code in (404, 422)


def test_the_rest_is_offered_taken_once_and_costs_nothing(api: Api) -> None:
    tickets = journey(api)
    before = taken(api)
    break_it(api)
    number = tickets[2]["number"]
    offer = api.get(f"/tickets/{number}/onward")
    assert offer.status_code == 200 and (offer.json["due_minor"], offer.json["currency"]) == (0, "CNY")
    (leg,) = offer.json["legs"]
    assert leg["tickets"] == [tickets[2]["number"], tickets[3]["number"]]
    assert {name: leg["ride"][name] for name in NEXT} == NEXT
    body = {"rides": [NEXT], "due_minor": 0, "key": KEY}
    first, again = api.post(f"/tickets/{number}/onward", body), api.post(f"/tickets/{number}/onward", body)
    assert first.status_code == 201 and first.json == again.json
    assert (first.json["trip_no"], first.json["day"]) == (COACH_TRIP, TOMORROW)
    assert taken(api) == before, "the carrier's fault costs nobody anything"
    for old in tickets[2:]:
        given = refunded(api, old)
        assert (given["reason"], given["fee_minor"]) == ("rebooked", 0)
    assert refunded(api, tickets[0]) is None


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [({"due_minor": -100}, 409, "rebook_due_changed"), ({"due_minor": 100}, 409, "rebook_due_changed"),
     ({"rides": [LEGS[1]]}, 409, "rebook_due_changed"), ({"rides": []}, 422, "http_422"), ({"key": "short"}, 422, "http_422"),
     ({"due_minor": "much"}, 422, "http_422"), ({"rides": [{**NEXT, "trip_no": -1}]}, 422, "http_422")],
)  # fmt: skip
def test_another_offer_than_the_one_shown_changes_nothing(
    api: Api, changes: dict[str, Any], status: int, code: str
) -> None:
    tickets = journey(api)
    break_it(api)
    before = taken(api)
    refused = api.post(
        f"/tickets/{tickets[2]['number']}/onward", {"rides": [NEXT], "due_minor": 0, "key": KEY} | changes
    )
    assert (refused.status_code, refused.json["code"]) == (status, code), refused.text
    assert taken(api) == before
    assert all(refunded(api, one) is None for one in tickets)


def test_all_of_them_or_nobody_is_taken_along(api: Api) -> None:
    tickets = journey(api, 3)
    break_it(api)
    refused = api.get(f"/tickets/{tickets[3]['number']}/onward")
    assert (refused.status_code, refused.json["code"]) == (409, "onward_no_ride"), "two seats for three"
    body = {"rides": [NEXT], "due_minor": 0, "key": KEY}
    assert api.post(f"/tickets/{tickets[3]['number']}/onward", body).json["code"] == "onward_no_ride"
    assert api.bench.node.inventory.availability(COACH_TRIP, TODAY + 1, 1, 4).places == 2


@pytest.mark.parametrize("role", ["gate", "driver", "", None])
def test_only_who_sells_exchanges(api: Api, role: str | None) -> None:
    tickets = journey(api)
    break_it(api)
    body = {"rides": [NEXT], "due_minor": 0, "key": KEY}
    for answer in (api.get(f"/tickets/{tickets[2]['number']}/onward", role),
                   api.post(f"/tickets/{tickets[2]['number']}/onward", body, role)):  # fmt: skip
        assert answer.status_code in (401, 403)


def test_the_list_of_disruptions_names_the_tickets_whose_passengers_are_to_be_helped(api: Api) -> None:
    tickets = journey(api)
    assert api.get("/disruptions").json == []
    break_it(api, "cancelled", 0)
    (found,) = api.get("/disruptions").json
    assert (found["trip_no"], found["day"], found["kind"]) == (COACH_TRIP, DATE, "cancelled")
    assert [one["number"] for one in found["tickets"]] == [one["number"] for one in tickets[:2]]


def test_a_ticket_is_exchanged_for_the_difference_that_was_shown(api: Api) -> None:
    sold = api.post("/tickets", {**RIDE_TO_2, "key": "sale-over-http"}).json
    day = days.date_of(TODAY + 1).isoformat()
    longer = {"trip_no": COACH_TRIP, "day": day, "from_idx": 0, "to_idx": 4}
    offer = api.get(f"/tickets/{sold['number']}/rebooking", query_string=longer).json
    assert offer["due_minor"] == offer["price_minor"] - sold["price_minor"] > 0
    before = taken(api)["CNY"]
    body = {**longer, "reason": "passenger", "due_minor": offer["due_minor"], "key": "rebook-over-http"}
    wrong = api.post(f"/tickets/{sold['number']}/rebooking", {**body, "due_minor": offer["due_minor"] - 1})
    assert (wrong.status_code, wrong.json["code"]) == (409, "rebook_due_changed") and taken(api)["CNY"] == before
    new = api.post(f"/tickets/{sold['number']}/rebooking", body)
    assert new.status_code == 201 and taken(api)["CNY"] == before + offer["due_minor"]
    twice = api.post(f"/tickets/{sold['number']}/rebooking", {**body, "key": "rebook-again-http"})
    assert (twice.status_code, twice.json["code"]) == (409, "refund_done")


RIDE_TO_2 = {"trip_no": COACH_TRIP, "day": DATE, "from_idx": 0, "to_idx": 2}
