"""The driver's pages, with no scripts: who is aboard, what may be sold, and whom a short turn leaves behind."""

from __future__ import annotations

import pytest
from flask import Flask

from edge.domains.duties.service import Word
from kiosk_ui.app import create_app
from sync.domains.boarding.operations import ManifestEntry, VoidTicket
from sync.domains.disruption.operations import ShortTurn
from sync.kernel import operations, pins
from sync.kernel.ticket import TicketId
from tests.kiosk_ui.person import Person
from tests.kiosk_ui.test_clerk import sell
from tests.support.nodes import COACH_TRIP, TODAY, Bench

DRIVER_NO, DRIVER_PIN = 41, "240861"
TRIP = f"/driver/{COACH_TRIP}/{TODAY}"
STREAM = f"trip/{COACH_TRIP}/{TODAY}"


def driver(bench: Bench, app: Flask, *roles: str) -> Person:
    node_no = bench.node.identity.node_no if bench.node.identity else 0
    person = operations.Clerk(DRIVER_NO, "罗行", ("driver", *roles), pins.hash_pin(DRIVER_PIN, b"salt of a driver"))
    bench.operate(f"node/{node_no}", f"clerk/{DRIVER_NO}", person.to_bytes())
    found = Person(app)
    found.sign_in(DRIVER_NO, DRIVER_PIN)
    return found


@pytest.fixture
def aboard(vehicle: Bench) -> Flask:
    return create_app(vehicle.node)


def test_the_trip_leads_to_its_passengers_and_to_a_sale_for_who_may_sell(vehicle: Bench, aboard: Flask) -> None:
    links = driver(vehicle, aboard).see(TRIP).links
    assert f"/gate/manifest/{COACH_TRIP}/{TODAY}" in links and not [one for one in links if "/clerk/aboard" in one]
    seller = driver(vehicle, aboard, "agent")
    link = next(one for one in seller.see(TRIP).links if "/clerk/aboard" in one)
    assert "车上售票" in seller.see(link).text


def test_a_short_turn_shows_whom_it_leaves_behind_and_what_to_tell_them(vehicle: Bench, aboard: Flask) -> None:
    for serial, to_idx in ((1, 4), (2, 2)):
        entry = ManifestEntry(0, to_idx, 30 + serial, COACH_TRIP, TODAY).to_bytes()
        vehicle.operate(STREAM, f"manifest/{TicketId(9, 1, serial).to_bytes().hex()}", entry)
    person = driver(vehicle, aboard)
    vehicle.node.duties.say((COACH_TRIP, TODAY), DRIVER_NO, Word("start"))
    assert "没送到" not in person.see(TRIP).text
    vehicle.node.duties.say((COACH_TRIP, TODAY), DRIVER_NO, Word("cut_short", idx=2, reason="breakdown"))
    page = person.see(TRIP).text
    assert "1 位乘客没送到" in page and "退还未乘区段" in page
    assert TicketId(9, 1, 1).number in page and TicketId(9, 1, 2).number not in page


def test_who_is_counted_before_a_short_turn_is_counted_after_it(vehicle: Bench, aboard: Flask) -> None:
    """Given back, absent, got off before: nobody of them is left behind. Sold here and not told by the hub: one is."""
    node, where = vehicle.node, (COACH_TRIP, TODAY)
    told, back = TicketId(9, 1, 1), TicketId(9, 1, 2)
    for ticket_id, seat in ((told, 31), (back, 32)):
        entry = ManifestEntry(0, 4, seat, COACH_TRIP, TODAY).to_bytes()
        vehicle.operate(STREAM, f"manifest/{ticket_id.to_bytes().hex()}", entry)
    absent, early = vehicle.sell(0, 4, seat=2), vehicle.sell(0, 4, seat=3)
    vehicle.sell(0, 3, seat=4)
    node.boarding.check(early.text, *where, "gate", 11)
    person = driver(vehicle, aboard)
    node.duties.say(where, DRIVER_NO, Word("start"))
    node.duties.say(where, DRIVER_NO, Word("leave", idx=0))
    node.manifest.no_show(*where, absent.ticket_id.to_bytes(), DRIVER_NO)
    node.manifest.alight(*where, early.ticket_id.to_bytes(), DRIVER_NO)
    vehicle.operate(STREAM, f"void/{back.to_bytes().hex()}", VoidTicket(COACH_TRIP, TODAY, 1).to_bytes())
    assert "受影响 2 人" in person.see(f"{TRIP}/short").text
    after = person.send(TRIP, word="cut_short", idx="2", reason="breakdown")
    assert "2 位乘客没送到" in after.text and told.number in after.text


def test_the_giver_reads_which_seats_stay_with_its_box(vehicle: Bench, aboard: Flask) -> None:
    person = driver(vehicle, aboard)
    assert "留在本车的座位" not in person.see(f"{TRIP}/hand").text
    order = vehicle.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 1)
    assert order is not None
    page = person.see(f"{TRIP}/hand").text
    label = vehicle.node.inventory.label(COACH_TRIP, TODAY, 1)
    assert f"有人正在付款的 1 个座位（{label}）不交接" in page


def test_the_office_reads_where_the_trip_ends_and_asks_for_the_rest_of_a_ride(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    sold = bench.node.ticketing.find(number)
    boarded = bench.sell(0, 4)
    bench.node.boarding.check(boarded.text, COACH_TRIP, TODAY, "gate", 11)
    other = TicketId(9, 1, 4)
    entry = ManifestEntry(0, 4, 9, COACH_TRIP, TODAY).to_bytes()
    bench.operate(STREAM, f"manifest/{other.to_bytes().hex()}", entry)
    said = ShortTurn(sold.ride.to_idx - 1, "水箱漏水", 1).to_bytes()
    bench.operate("operator/1", f"short-turn/{COACH_TRIP}/{TODAY}", said)
    page = clerk.see("/clerk/disruptions")
    assert "提前终止" in page.text and "水箱漏水" in page.text and other.number in page.text
    assert "退还旅客 ¥30.00" in clerk.post(*_sent(page.form(f"/{number}/refund"))).text
    page = clerk.see("/clerk/disruptions")
    link = next(one for one in page.links if "/clerk/requests" in one and boarded.number in one)
    assert '<option value="trip_cancelled" selected>' in clerk.see(link).html
    made = clerk.send("/clerk/requests", ticket=boarded.number, reason="trip_cancelled")
    assert boarded.number in made.text and "R00007" in made.text


def _sent(form: object) -> tuple[str, dict[str, str]]:
    return form.action, form.values  # type: ignore[attr-defined]
