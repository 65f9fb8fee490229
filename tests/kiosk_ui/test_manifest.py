"""The manifest and the sale on board, as a conductor meets them."""

from __future__ import annotations

import pytest

from kiosk_ui.app import create_app
from tests.kiosk_ui.person import Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY, Bench

PAGE = f"/gate/manifest/{COACH_TRIP}/{TODAY}"
ABOARD = f"/clerk/aboard?trip={COACH_TRIP}&day={TODAY}"


@pytest.fixture
def conductor(vehicle: Bench) -> Person:
    person = Person(create_app(vehicle.node))
    person.sign_in()
    return person


def sold(vehicle: Bench, seat: int) -> str:
    return vehicle.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, seat, CLERK_NO, f"sale-00{seat}").number


def test_a_conductor_marks_who_is_missing_sells_the_seat_on_and_finds_it_on_paper(
    vehicle: Bench, conductor: Person
) -> None:
    for seat in range(1, 9):
        sold(vehicle, seat)
    assert "01A" in conductor.see(PAGE).text
    moved = conductor.send("/left", left="0")
    assert "应上未上" in moved.text and "已离开 端州" in moved.text
    marked = conductor.post(f"{PAGE}/mark", {"csrf_token": conductor.token(), "mark": "all"})
    assert marked.status == 200 and [line.state for line in lines(vehicle)] == ["no_show"] * 8
    form = conductor.see(ABOARD)
    assert "余 8" in form.text
    ticket = conductor.send("/clerk/aboard/sell", to="4", rider="adult", tendered="50")
    assert "广州" in ticket.text and "车上" in ticket.text
    assert sum(line.state == "aboard" for line in lines(vehicle)) == 1
    paper = conductor.see(f"{PAGE}/print?roll=1")
    assert "粤H12345" in paper.text and "未到" in paper.text


def lines(vehicle: Bench) -> tuple:
    return vehicle.node.manifest.view(COACH_TRIP, TODAY).lines


def test_a_tap_that_cannot_be_is_answered_on_the_page(vehicle: Bench, conductor: Person) -> None:
    number, token = sold(vehicle, 1), conductor.token()
    refused = conductor.post(f"{PAGE}/mark", {"csrf_token": token, "mark": "no_show", "number": number})
    assert refused.status == 409 and "还没有离开" in refused.text
    assert conductor.post(f"{PAGE}/left", {"csrf_token": token, "left": "99"}).status == 422


def test_a_mistake_at_the_cash_stays_beside_its_field(conductor: Person) -> None:
    conductor.see(ABOARD)
    short = conductor.send("/clerk/aboard/sell", to="4", rider="adult", tendered="1")
    assert short.status == 422 and 'aria-invalid="true"' in short.html
    proof = conductor.send("/clerk/aboard/sell", to="4", rider="child_with_seat")
    assert proof.status in (409, 422) and 'aria-invalid="true"' in proof.html


def test_the_box_of_a_station_sells_nothing_on_board(clerk: Person) -> None:
    assert clerk.see(ABOARD).status == 403
