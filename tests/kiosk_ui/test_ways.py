"""Enquiries: ways with changes at the counter and at the kiosk."""

from __future__ import annotations

from kiosk_ui.app import create_app
from tests.domains.timetable.test_edge import shuttle
from tests.edge.hub import away, connect
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, FERRY_TRIP, TODAY, Bench


def test_a_clerk_asks_for_a_way_by_typing_and_sells_its_first_ride(bench: Bench, clerk: Person) -> None:
    shuttle(bench)
    clerk.see("/clerk")
    clerk.see(next(address for address in clerk.page.links if "/clerk/ask" in address))
    page = clerk.send("/clerk/ask", to="Village", at="14:30")
    assert page.status == 200
    for part in ("15:00", "17:45", "换乘 1 次", "在广州换乘，至少 5 分钟", "¥32.00"):
        assert part in page.text
    sale = clerk.see(next(address for address in page.links if "/clerk/sell/ride" in address))
    assert f"trip={COACH_TRIP}" in "".join(page.links) and "¥30.00" in sale.text


def test_a_name_of_several_stops_is_asked_back_with_the_first_in_reach_of_enter(clerk: Person) -> None:
    clerk.see("/clerk/ask")
    page = clerk.send("/clerk/ask", to="gu")
    assert "去哪一站？" in page.text
    assert [tag for tag, attrs in page.tags if "autofocus" in attrs] == ["a"]
    chosen = clerk.see(next(address for address in page.links if "to_no=6" in address))
    assert "16:00" in chosen.text and "直达" in chosen.text
    assert 'value="桂山岛"' in chosen.html


def test_a_clerk_asks_the_hub_what_is_left_elsewhere_and_sees_how_old_it_is(bench: Bench) -> None:
    hub = connect(bench)
    hub.left[FERRY_TRIP, TODAY, 0, 1] = 12
    clerk = Person(create_app(bench.node))
    clerk.sign_in()
    clerk.see("/clerk/ask")
    ask = next(address for address in clerk.send("/clerk/ask", to="Guishan").links if "elsewhere=1" in address)
    assert "其他地方余 12 个（" in clerk.see(ask).text
    bench.clock.pass_ms(120_000)
    hub.line.append(away)
    page = clerk.see(ask)
    assert page.status == 200 and "现在连不上中心" in page.text and "其他地方余 12 个（2分钟前）" in page.text


def test_what_a_clerk_types_wrong_is_said_beside_its_field(clerk: Person) -> None:
    for field, value, sentence in (
        ("to", "Atlantis", "没有叫“Atlantis”的车站"), ("at", "25:00", "请按 8:05 的样子填写时间"), ("to", "", "这一栏还没有填"),
    ):  # fmt: skip
        clerk.see("/clerk/ask")
        page = clerk.send("/clerk/ask", **{"to": "广州", field: value})
        assert page.status in (404, 422) and sentence in page.text
        assert f'id="{field}-problem"' in page.html


def test_a_stop_that_nothing_reaches_says_what_to_try(bench: Bench, clerk: Person) -> None:
    shuttle(bench)
    clerk.see("/clerk/ask")
    assert "请换一天" in clerk.send("/clerk/ask", **{"from": "渔村", "to": "端州"}).text


def test_a_passenger_finds_the_way_with_a_change_and_buys_its_first_ride(bench: Bench, passenger: Person) -> None:
    shuttle(bench)
    found = passenger.see("/kiosk/to?text=渔村")
    assert "换乘可到" in found.text
    way = passenger.see(next(address for address in found.links if "/kiosk/way" in address))
    assert "15:00" in way.text and "在广州换乘" in way.text
    seats = passenger.see(next(address for address in way.links if "/kiosk/seat" in address))
    assert seats.status == 200
