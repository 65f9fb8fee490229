"""A passenger at the kiosk, from the first touch to the ticket."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from edge.domains.timetable.service import StopView
from kiosk_ui.app import create_app
from tests.kiosk_ui.conftest import PLACES, SEATS
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import COACH_TRIP, FERRY_TRIP, LATE_TRIP, TODAY, Bench

RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"
FERRY = f"trip={FERRY_TRIP}&day={TODAY}&from=0&to=1"


def order_seat(person: Person, seat: int = 3) -> Page:
    person.see(f"/kiosk/confirm?{RIDE}&seat={seat}")
    return person.send("/kiosk/order")


def link(page: Page, part: str) -> str:
    return next(address for address in page.links if part in address)


def test_a_passenger_buys_in_three_choices_and_the_agent_confirms(passenger: Person, clerk: Person) -> None:
    passenger.see("/kiosk")
    passenger.see(link(passenger.page, "/kiosk/to"))
    found = passenger.see("/kiosk/to")
    assert "广州" in found.text and "桂山岛" in found.text
    trips = passenger.see(link(found, "to=5"))
    assert "15:00" in trips.text and "¥30.00" in trips.text and f"余 {SEATS} 个座位" in trips.text
    seats = passenger.see(link(trips, f"trip={COACH_TRIP}"))
    assert seats.html.count('class="seat open" name="seat"') == SEATS
    confirm = passenger.see(f"/kiosk/confirm?{RIDE}&seat=3")
    assert "01C" in confirm.text and "¥30.00" in confirm.text
    waiting = passenger.send("/kiosk/order")
    assert waiting.path.startswith("/kiosk/order/") and "¥30.00" in waiting.text

    assert "01C" in clerk.see("/clerk").text
    sold = clerk.send("/confirm", tendered="50")
    assert "找零 ¥20.00" in sold.text

    ticket = passenger.see(waiting.path)
    assert ticket.path.startswith("/kiosk/ticket/") and "购票成功" in ticket.text
    number = ticket.path.rsplit("/", 1)[1]
    assert number in ticket.text and "01C" in ticket.text
    picture = passenger.client.get(f"/tickets/{number}/qr.svg")
    assert picture.mimetype == "image/svg+xml" and picture.data.startswith(b"<svg")
    assert number in passenger.see(f"/tickets/{number}/print").text


def test_the_page_that_waits_for_cash_renews_itself_without_scripts(passenger: Person) -> None:
    assert '<meta http-equiv="refresh"' in order_seat(passenger).html


def test_nobody_else_sees_a_ticket_or_an_order(app: Flask, passenger: Person, clerk: Person) -> None:
    order = order_seat(passenger).path
    clerk.see("/clerk")
    clerk.send("/confirm")
    number = passenger.see(order).path.rsplit("/", 1)[1]
    stranger = Person(app)
    for address in (order, f"/kiosk/ticket/{number}", f"/tickets/{number}/qr.svg", f"/tickets/{number}/print"):
        found = stranger.see(address)
        assert found.status == 404 and "<svg" not in found.html


def test_leaving_wipes_order_ticket_language_and_print_size(passenger: Person, clerk: Person) -> None:
    passenger.see("/kiosk?lang=en&big=1")
    order = order_seat(passenger).path
    clerk.see("/clerk")
    clerk.send("/confirm")
    ticket = passenger.see(order)
    assert "Here is your ticket" in ticket.text
    first = passenger.see("/kiosk/leave")
    assert first.path == "/kiosk" and "买车票" in first.text and 'class="kiosk"' in first.html
    assert passenger.see(ticket.path).status == 404


def test_a_second_tap_on_the_order_button_holds_one_seat(bench: Bench, passenger: Person) -> None:
    passenger.see(f"/kiosk/confirm?{RIDE}&seat=3")
    form = passenger.page.form("/kiosk/order")
    first = passenger.post(form.action, form.values)
    second = passenger.post(form.action, form.values)
    assert first.path == second.path
    assert len(bench.node.ticketing.waiting()) == 1


def test_a_seat_that_somebody_else_has_taken_leads_back_to_the_seats(app: Flask, passenger: Person) -> None:
    order_seat(Person(app), seat=3)
    refused = order_seat(passenger, seat=3)
    assert refused.status == 409 and "另选一个座位" in refused.text
    assert link(refused, "/kiosk/seat")
    seats = passenger.see(f"/kiosk/seat?{RIDE}")
    assert "01C 有人正在付款" in seats.html


def test_cancelling_gives_the_seat_back(bench: Bench, passenger: Person) -> None:
    order_seat(passenger)
    assert passenger.send("/cancel").path == "/kiosk"
    assert bench.node.ticketing.waiting() == []


def test_an_order_that_the_agent_declined_says_so(passenger: Person, clerk: Person) -> None:
    order = order_seat(passenger)
    clerk.see("/clerk")
    clerk.send("/decline")
    over = passenger.see(order.path)
    assert "订单已取消" in over.text and 'http-equiv="refresh" content="3"' not in over.html


def test_an_order_nobody_pays_frees_the_kiosk_but_stays_with_the_agent(bench: Bench, passenger: Person) -> None:
    order = order_seat(passenger)
    bench.clock.pass_ms(11 * 60_000)
    assert passenger.see(order.path).path == "/kiosk"
    assert len(bench.node.ticketing.waiting()) == 1


def test_free_seating_skips_the_seat_map(passenger: Person) -> None:
    confirm = passenger.see(f"/kiosk/seat?{FERRY}")
    assert confirm.path == "/kiosk/confirm" and "不对号" in confirm.text
    assert "¥40.00" in passenger.send("/kiosk/order").text


def test_where_no_place_is_left_a_passenger_can_ask_the_hub(bench: Bench, app: Flask, passenger: Person) -> None:
    for _ in range(PLACES):
        other = Person(app)
        other.see(f"/kiosk/confirm?{FERRY}")
        other.send("/kiosk/order")
    head = bench.node.fleet.status().head_seq
    trips = passenger.see("/kiosk/trips?to=6")
    assert "可请求加座" in trips.text and not [address for address in trips.links if f"trip={FERRY_TRIP}" in address]
    asked = passenger.send("/kiosk/ask")
    assert "已经请求加座" in asked.text
    assert bench.node.fleet.status().head_seq == head + 1


def test_a_destination_is_found_by_its_name_in_any_language(passenger: Person) -> None:
    for text in ("Guishan", "桂山島", "桂山岛"):
        found = passenger.see(f"/kiosk/to?text={text}")
        assert [address for address in found.links if "to=6" in address] and "to=5" not in found.html
    assert "没有找到" in passenger.see("/kiosk/to?text=Atlantis").text


def test_many_destinations_come_page_by_page(bench: Bench, passenger: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [StopView(number, {"zh-Hans": f"村{number:03d}"}) for number in range(60)]
    monkeypatch.setattr(bench.node.timetable, "destinations", lambda text="": many)
    seen: list[str] = []
    page = passenger.see("/kiosk/to")
    while True:
        seen += re.findall(r"村\d{3}", page.text)
        following = [address for address in page.links if "page=" in address and "lang=" not in address]
        ahead = [address for address in following if f"page={len(seen) // 24}" in address]
        if len(seen) >= 60 or not ahead:
            break
        page = passenger.see(ahead[0])
    assert seen == [f"村{number:03d}" for number in range(60)]
    assert "村059" in passenger.see("/kiosk/to?page=999").text


def test_a_trip_after_midnight_says_on_which_day_it_leaves(passenger: Person) -> None:
    trips = passenger.see(f"/kiosk/trips?to=5&day={TODAY}")
    assert re.search(r"00:10 11月24日 到达 02:00 端广线", trips.text)
    confirm = passenger.see(f"/kiosk/confirm?trip={LATE_TRIP}&day={TODAY}&from=0&to=4")
    assert re.search(r"2026年11月24日星期二 00:10 端州 02:00 广州", confirm.text)


def test_a_vehicle_has_the_portal_and_no_kiosk(vehicle: Bench) -> None:
    aboard = Person(create_app(vehicle.node))
    assert aboard.see("/kiosk").path == "/portal"
    assert aboard.see(f"/kiosk/confirm?{RIDE}").path == "/portal"


def test_no_link_of_the_kiosk_leads_out_of_the_kiosk(passenger: Person, clerk: Person) -> None:
    addresses = [
        "/kiosk",
        "/kiosk/to",
        "/kiosk/trips?to=5",
        f"/kiosk/seat?{RIDE}",
        f"/kiosk/confirm?{RIDE}",
        "/kiosk/nowhere",
    ]
    pages = [passenger.see(address) for address in addresses]
    pages.append(order_seat(passenger))
    clerk.see("/clerk")
    clerk.send("/confirm")
    pages.append(passenger.see(pages[-1].path))
    pages.append(passenger.see(link(pages[-1], "/print")))
    pages.append(passenger.see("/tickets/00000-00-0000000-00/print"))
    for page in pages:
        out = [address for address in page.links if not address.startswith(("/kiosk", "/tickets/", "#main"))]
        assert not out or (page.path.startswith("/tickets/") and all("lang=" in a or "big=" in a for a in out)), (
            page.path
        )


def test_three_taps_lead_to_a_frequent_destination(bench: Bench, passenger: Person) -> None:
    bench.sell(0, 4)
    bench.clock.pass_ms(3_600_000)
    first = next(link for link in passenger.see("/kiosk").links if link.startswith("/kiosk/trips"))
    second = next(link for link in passenger.see(first).links if link.startswith("/kiosk/seat"))
    assert passenger.see(second).form("/kiosk/confirm").action == "/kiosk/confirm", "the third: any seat"
