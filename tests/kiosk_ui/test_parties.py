"""Several riders and whole journeys, at the counter and at the kiosk."""

from __future__ import annotations

import pytest

from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.inventory.events import SeatsAsked
from sync.domains.inventory.rules import LAP
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, LATE_TRIP, TODAY, Bench

WHOLE = f"{COACH_TRIP}-{TODAY}-0-4"
FORM = f"/clerk/party?leg={WHOLE}"


@pytest.fixture(autouse=True)
def more_seats(bench: Bench) -> None:
    """Ten seats allow a child on a lap."""
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(9, 13), ALL_LEGS))


def held(clerk: Person, **filled: str) -> Page:
    """The page on which a held family pays."""
    clerk.see(FORM)
    return clerk.send("/clerk/party", **filled)


FAMILY = {"n_adult": "1", "n_child_with_seat": "1", "proof_child_with_seat": "height", "n_child_free": "1",
          "proof_child_free": "birth_date", "x_luggage": "2"}  # fmt: skip


def test_a_clerk_sells_a_family_with_luggage_and_gives_change(bench: Bench, clerk: Person) -> None:
    ride = clerk.see(f"/clerk/sell/ride?trip={COACH_TRIP}&day={TODAY}&from=0&to=4")
    assert any(f"/clerk/party?leg={WHOLE}" in link for link in ride.links)
    paying = held(clerk, **FAMILY)
    assert "¥55.00" in paying.text and "行李" in paying.text and "不占座" in paying.text
    assert [tag for tag, attrs in paying.tags if "autofocus" in attrs] == ["input"]
    short = clerk.post(paying.form("/clerk/party/").action, {**paying.form("/clerk/party/").values, "tendered": "50"})
    assert short.status == 422 and "收到的现金不够" in short.text
    done = clerk.post(short.form("/clerk/party/").action, {**short.form("/clerk/party/").values, "tendered": "60"})
    assert "¥5.00" in done.text and len([tag for tag, attrs in done.tags if attrs.get("class") == "ticket-qr"]) == 3
    paper = clerk.see(next(link for link in done.links if link.endswith("/print")))
    assert paper.html.count('class="paper party-page"') == 4, "a page a ticket, and the receipt"
    assert bench.node.ticketing.takings(None, TODAY).totals == {"CNY": 5500}
    assert "不占座" in clerk.see("/clerk/takings").text and "不对号" not in clerk.page.text, (
        "a child on a lap has no seat"
    )
    assert clerk.see(paying.path).path == done.path, "the page of a paid order leads to its tickets"


def test_chosen_seats_are_held_and_what_is_wrong_stands_beside_its_field(bench: Bench, clerk: Person) -> None:
    clerk.see(FORM)
    form = clerk.page.form("/clerk/party")
    page = clerk.post(form.action, {**form.values, "n_adult": "2", "seat": ["3", "4"]})
    assert "01C" in page.text and "01D" in page.text
    for wrong, said in (
        ({"n_child_with_seat": "1"}, "要先查验凭证"),
        ({"n_adult": "0", "n_child_free": "1", "proof_child_free": "height"}, "每位成人"),
        ({"n_adult": "x"}, "请只填数字"), ({"n_adult": "2", "seat": ["3", "5"]}, "另选一个座位"), ({"n_adult": ""}, "1 到 20"),
    ):  # fmt: skip
        clerk.see(FORM)
        refused = clerk.post(form.action, {**form.values, **wrong})
        assert refused.status in (409, 422) and said in refused.text, wrong
    assert len(bench.node.ticketing.waiting()) == 1


def test_more_seats_than_riders_are_refused_beside_the_map_and_stay_chosen(bench: Bench, clerk: Person) -> None:
    clerk.see(FORM)
    form = clerk.page.form("/clerk/party")
    family = {"n_adult": "1", "n_child_free": "1", "proof_child_free": "height"}
    refused = clerk.post(form.action, {**form.values, **family, "seat": ["3", "4", "9"]})
    assert refused.status == 422 and "选了 3 个座位，只有 1 位旅客要座位" in refused.text
    assert [attrs["id"] for _, attrs in refused.tags if attrs.get("class") == "problem"] == ["seat-problem"]
    boxes = [attrs for _, attrs in refused.tags if attrs.get("type") == "checkbox"]
    assert [one["value"] for one in boxes if "checked" in one] == ["3", "4", "9"]
    assert bench.node.ticketing.waiting() == []
    again = refused.form("/clerk/party")
    assert clerk.post(again.action, {**again.values, **family, "seat": ["4"]}).status == 200


def test_a_whole_journey_is_one_booking_from_the_enquiry_on(bench: Bench, clerk: Person) -> None:
    legs = f"leg={COACH_TRIP}-{TODAY}-0-1&leg={LATE_TRIP}-{TODAY}-1-4"
    clerk.see(f"/clerk/party?{legs}")
    form = clerk.page.form("/clerk/party")
    page = clerk.post(form.action, {"csrf_token": form.values["csrf_token"], "n_adult": "1",
                                    "leg": [f"{COACH_TRIP}-{TODAY}-0-1", f"{LATE_TRIP}-{TODAY}-1-4"]})  # fmt: skip
    assert "¥33.00" in page.text
    done = clerk.send("/clerk/party/")
    assert "鼎湖" in done.text and len([tag for tag, attrs in done.tags if attrs.get("class") == "ticket-qr"]) == 2


def test_a_leg_that_this_box_does_not_hold_is_named_and_can_be_asked_for(bench: Bench, clerk: Person) -> None:
    legs = [f"{COACH_TRIP}-{TODAY}-0-1", f"{LATE_TRIP}-{TODAY}-1-4"]  # one seat of the late coach
    clerk.see("/clerk/party?" + "&".join(f"leg={leg}" for leg in legs))
    form = clerk.page.form("/clerk/party")
    filled = {"csrf_token": form.values["csrf_token"], "n_adult": "2", "leg": legs}
    refused = clerk.post(form.action, filled)
    assert refused.status == 409 and "第 2 段的座位不在本机手里" in refused.text
    button = next(attrs for tag, attrs in refused.tags if tag == "button" and attrs.get("formaction"))
    asked = clerk.post(str(button["formaction"]), filled)
    assert asked.path == "/clerk/party" and "已经请求加座" in asked.text
    asks = [event for event in events(bench) if isinstance(event, SeatsAsked)]
    assert asks == [SeatsAsked(LATE_TRIP, TODAY, 1, 4, 2)]


def events(bench: Bench) -> list[object]:
    return [EVENTS.decode(data).event for _, data in log.events_after(bench.node.database.read())]


def test_a_passenger_orders_for_a_family_and_the_staff_look_at_the_child(
    bench: Bench, passenger: Person, clerk: Person
) -> None:
    passenger.see(f"/kiosk/party?leg={WHOLE}")
    form = passenger.page.form("/kiosk/party")
    waits = passenger.post(form.action, {**form.values, "n_adult": "1", "n_child_with_seat": "1"})
    assert "¥45.00" in waits.text
    desk = clerk.see("/clerk")
    paying = clerk.see(next(link for link in desk.links if "/clerk/party/" in link))
    refused = clerk.send("/clerk/party/")
    assert refused.status == 422 and "要先查验凭证" in refused.text
    clerk.see(paying.path)
    assert "合计 ¥45.00" in clerk.send("/clerk/party/", **{"proof-1": "height"}).text
    tickets = passenger.see(waits.path)
    assert tickets.path.startswith("/kiosk/tickets/") and tickets.html.count("ticket-qr") == 2
    sold = bench.node.bookings.find(tickets.path.rsplit("/", 1)[1])
    assert [one.proof for one in sold.tickets] == ["", "height"]
    passenger.see("/kiosk/leave")
    assert passenger.see(tickets.path).status == 404


def test_a_family_that_taps_twice_has_one_order(bench: Bench, passenger: Person) -> None:
    passenger.see(f"/kiosk/party?leg={WHOLE}")
    form = passenger.page.form("/kiosk/party")
    orders = [passenger.post(form.action, {**form.values, "n_adult": count}).path for count in ("2", "2", "3", "2")]
    assert orders[0] == orders[1] == orders[3] != orders[2]
    assert len(bench.node.ticketing.waiting()) == 2


def test_a_family_chooses_its_seats_on_the_map_without_a_script(bench: Bench, passenger: Person) -> None:
    page = passenger.see(f"/kiosk/party?leg={WHOLE}")
    form = page.form("/kiosk/party")
    picking = passenger.post(form.action, {**form.values, "n_adult": "2", "n_child_free": "1", "go": "seats"})
    assert picking.path == "/kiosk/party/seats" and "选 2 个座位" in picking.text
    boxes = [attrs for tag, attrs in picking.tags if attrs.get("type") == "checkbox"]
    assert len(boxes) == 12 and all("空位" in str(one["aria-label"]) for one in boxes)
    form = picking.form("/kiosk/party")
    many = passenger.post(form.action, {**form.values, "seat": ["1", "2", "9"]})
    assert many.status == 422 and "选了 3 个座位，只有 2 位旅客" in many.text
    kept = [attrs["value"] for _, attrs in many.tags if attrs.get("type") == "checkbox" and "checked" in attrs]
    assert kept == ["1", "2", "9"], "what was chosen is not to be chosen again"
    chosen = {**form.values, "seat": ["2", "9"]}
    waits = passenger.post(form.action, chosen)
    assert waits.path.startswith("/kiosk/order/")
    number = int(waits.path.rsplit("/", 1)[1])
    assert [one.seat for one in bench.node.ticketing.order_view(number).riders] == [2, 9, LAP]
    assert passenger.post(form.action, chosen).path == waits.path, "a second tap holds nothing twice"
    assert len(bench.node.ticketing.waiting()) == 1


def test_a_seat_that_somebody_took_meanwhile_is_shown_as_taken_and_the_others_stay_chosen(
    bench: Bench, passenger: Person
) -> None:
    picking = passenger.see(f"/kiosk/party/seats?leg={WHOLE}&n_adult=2")
    form = picking.form("/kiosk/party")
    bench.sell(0, 4, seat=2)
    refused = passenger.post(form.action, {**form.values, "seat": ["2", "9"]})
    assert refused.status == 409 and "刚刚被别人选走" in refused.text and refused.path == "/kiosk/party"
    boxes = [attrs for _, attrs in refused.tags if attrs.get("type") == "checkbox"]
    assert [one["value"] for one in boxes if "checked" in one] == ["9"] and "2" not in [one["value"] for one in boxes]


def test_seats_left_open_are_chosen_by_the_box(bench: Bench, passenger: Person) -> None:
    form = passenger.see(f"/kiosk/party/seats?leg={WHOLE}&n_adult=3").form("/kiosk/party")
    waits = passenger.post(form.action, {**form.values, "seat": "7"})
    held = [one.seat for one in bench.node.ticketing.order_view(int(waits.path.rsplit("/", 1)[1])).riders]
    assert len(set(held)) == 3 and 7 in held


def test_there_is_no_map_where_seats_have_no_numbers_or_nobody_needs_one(passenger: Person) -> None:
    assert "自己选座" not in passenger.see(f"/kiosk/party?leg={FERRY_TRIP}-{TODAY}-0-1").text
    for address in (f"leg={FERRY_TRIP}-{TODAY}-0-1&n_adult=2", f"leg={WHOLE}&n_adult=0", f"leg={WHOLE}&n_adult=x"):
        assert passenger.see(f"/kiosk/party/seats?{address}").path == "/kiosk/party"


def test_a_ferry_has_no_seats_to_choose(clerk: Person) -> None:
    page = clerk.see(f"/clerk/party?leg={FERRY_TRIP}-{TODAY}-0-1")
    assert "盲人" in page.text and not [attrs for _, attrs in page.tags if attrs.get("type") == "checkbox"]


@pytest.mark.parametrize("leg", ["1", "a-b-c-d", "1-2-3-99999999999999999", "9-9-9-9", "1-1-1-٣"])
def test_a_leg_that_is_none_is_refused(clerk: Person, leg: str) -> None:
    assert clerk.see(f"/clerk/party?leg={leg}").status in (404, 422)
