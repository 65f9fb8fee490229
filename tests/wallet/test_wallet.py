"""The wallet at the hub: what a phone is given, who may bind a ticket, and what gates are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.domains.boarding.tables import bound_ticket
from cloud.domains.sellers.books import bookings
from cloud.kernel import nodes
from cloud.wallet.pages import BINDS_PER_MINUTE
from sync.kernel import holder, ticket
from sync.kernel.ticket import TicketId
from tests.console.world import ConsoleWorld, Person, empty_world, fill
from tests.shop.test_shop import SELLER, pay, reserve
from tests.support.phones import Phone

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[ConsoleWorld]:
    with empty_world(hub_database_url, tmp_path, shop_seller=SELLER) as made:
        yield fill(made)


@pytest.fixture
def person(world: ConsoleWorld) -> Person:
    someone = world.person()
    someone.get("/shop/?language=en")
    return someone


def bind(world: ConsoleWorld, person: Person, phone: Phone | bytes, **proof: Any) -> tuple[int, dict[str, Any]]:
    world.clock.now_ms += 60_000
    key = phone.holder if isinstance(phone, Phone) else phone
    answer = person.client.post("/wallet/tickets", json={**proof, "holder": key.hex()})
    return answer.status_code, answer.get_json()


def booked(world: ConsoleWorld, person: Person, paid: bool = True) -> str:
    address = reserve(world, person)
    if paid:
        pay(world, address)
    return address.rsplit("/", 1)[1]


def paper(world: ConsoleWorld, booking_id: str) -> str:
    """The code on the booking's page."""
    with world.hub.database.read() as tx:
        return world.hub.selling.codes(tx, bookings.find(tx, booking_id))[0]


@pytest.mark.parametrize("alg", [-8, holder.ES256])
def test_a_place_bound_before_it_is_paid_is_issued_bound(world: ConsoleWorld, person: Person, alg: int) -> None:
    phone, booking_id = Phone(alg), booked(world, person, paid=False)
    status, waiting = bind(world, person, phone, booking=booking_id, place=0)
    assert (status, waiting["text"]) == (200, "")
    pay(world, f"/shop/bookings/{booking_id}")
    status, found = bind(world, person, phone, booking=booking_id, place=0)
    assert status == 200 and ticket.parse(found["text"]).claims.holder == phone.holder
    assert found["number"] == ticket.parse(found["text"]).claims.ticket_id.number
    assert found["from_name"] and found["to_name"] and found["moment"]
    page = person.get(f"/shop/bookings/{booking_id}").text
    assert "<svg" not in page and found["number"] in page
    with world.hub.database.read() as tx:
        assert tx.execute(sa.select(bound_ticket)).all() == []  # there never was another form


def test_a_ticket_is_claimed_with_its_number_and_code_and_gates_are_told(world: ConsoleWorld, person: Person) -> None:
    phone, text = Phone(), paper(world, booked(world, person))
    number, code = ticket.parse(text).claims.ticket_id.number, ticket.short_code(text)
    assert bind(world, person, phone, number=number, short_code="ZZZZ")[1]["code"] == "wallet_unknown"
    status, found = bind(world, person, phone, number=number, short_code=code)
    assert status == 200 and ticket.parse(found["text"]).claims.holder == phone.holder
    assert bind(world, person, phone, number=number, short_code=code)[1] == found
    assert bind(world, person, phone, number=number, short_code=found["short_code"])[1] == found
    status, refused = bind(world, person, Phone(), number=number, short_code=code)
    assert (status, refused["code"]) == (409, "wallet_bound")
    with world.hub.database.read() as tx:
        assert [bytes(row.ticket_id) for row in tx.execute(sa.select(bound_ticket))] == [
            TicketId.from_number(number).to_bytes()  # type: ignore[union-attr]
        ]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 422, "wallet_input"),
        ({"number": 5, "short_code": "ABCD", "holder": "00"}, 422, "wallet_input"),
        ({"number": "1", "short_code": "ABCD", "holder": "00"}, 404, "wallet_unknown"),
        ({"number": TicketId(1, 1, 1).number, "short_code": "ABCD", "holder": "xyz"}, 422, "wallet_input"),
        ({"number": TicketId(1, 1, 1).number, "short_code": "ABCD", "holder": "00" * 32}, 404, "wallet_unknown"),
        ({"booking": "nowhere", "place": 0, "holder": "00" * 32}, 404, "booking_unknown"),
        ({"booking": "nowhere", "place": 0, "holder": "00" * 400}, 422, "wallet_input"),
        ([1], 422, "wallet_input"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(person: Person, sent: Any, status: int, code: str) -> None:
    answer = person.client.post("/wallet/tickets", json=sent)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert code not in answer.get_json()["message"]


def test_a_key_that_is_none_and_a_ticket_given_back_are_refused(world: ConsoleWorld, person: Person) -> None:
    booking_id = booked(world, person)
    assert bind(world, person, b"\x05" * 33, booking=booking_id, place=0)[1]["code"] == "wallet_key"
    with world.hub.database.write() as tx:
        found = bookings.find(tx, booking_id)
        bookings.set_item(tx, found.items[0], refunded_ms=1)
    assert bind(world, person, Phone(), booking=booking_id, place=0)[1]["code"] == "wallet_used"
    assert bind(world, person, Phone(), booking=booking_id, place=7)[1]["code"] == "booking_unknown"


def test_codes_cannot_be_guessed_from_one_address(world: ConsoleWorld, person: Person) -> None:
    sent = {"number": TicketId(1, 1, 1).number, "short_code": "ABCD", "holder": "00" * 32}
    answers = [person.client.post("/wallet/tickets", json=sent).status_code for _ in range(BINDS_PER_MINUTE + 1)]
    assert set(answers[:-1]) == {404} and answers[-1] == 429


def news(person: Person, *kept: tuple[str, bytes]) -> dict[str, dict[str, Any]]:
    """What the hub tells of tickets that a phone keeps, by key."""
    sent = {"tickets": [{"number": number, "holder": holder.hex()} for number, holder in kept]}
    answer = person.client.post("/wallet/news", json=sent)
    assert answer.status_code == 200, answer.text
    return {one["holder"]: one for one in answer.get_json()["tickets"]}


def test_a_phone_learns_where_its_passenger_sits_in_another_vehicle_and_what_was_given_back(
    world: ConsoleWorld, person: Person
) -> None:
    booking_id = reserve(world, person, count_adult="3", seat=["3", "39", "40"]).rsplit("/", 1)[1]
    pay(world, f"/shop/bookings/{booking_id}")
    phones = [Phone() for _ in range(3)]
    first = [bind(world, person, phone, booking=booking_id, place=place)[1] for place, phone in enumerate(phones)]
    kept = [(one["number"], phone.holder) for one, phone in zip(first, phones, strict=True)]
    assert [(one["seat"], one["said"]) for one in first] == [("01C", []), ("10C", []), ("10D", [])]
    assert {holder: (one["seat"], one["said"]) for holder, one in news(person, *kept).items()} == {
        phone.holder.hex(): (one["seat"], []) for phone, one in zip(phones, first, strict=True)
    }
    village = world.boxes["石塘村邮点"]
    with world.hub.database.write() as tx:
        item = bookings.find(tx, booking_id).items[0]
        world.hub.inventory.grant(tx, nodes.find(tx, village.node_no), (item.trip_no, item.day), 99)
        world.hub.disruptions.change_vehicle(tx, (item.trip_no, item.day), "minibus-19", "抛锚", "somebody")
        bookings.set_item(tx, item, refunded_ms=1)
    told = news(person, *kept)
    back, moved, other = (told[phone.holder.hex()] for phone in phones)
    assert back["said"] == ["This ticket was given back: nobody boards with it."] and back["seat"] == "01C"
    nothing = ["Another vehicle comes, and it has no seat for you.", "You may give this ticket back without a fee."]
    assert (moved["seat"], moved["said"]) == ("", nothing) and other["said"] == nothing
    village.visit()
    for grant in village.grants(item.trip_no, item.day):
        village.give_back(grant, grant.seats)
    village.visit()
    moved = news(person, *kept)[phones[1].holder.hex()]
    assert moved["seat"] in {f"{row:02}{letter}" for row in range(1, 7) for letter in "ABCD"}
    assert moved["said"] == [f"Another vehicle comes: please sit on {moved['seat']}, not on 10C as your ticket says."]
    again = bind(world, person, phones[1], booking=booking_id, place=1)[1]
    assert (again["seat"], again["said"]) == (moved["seat"], moved["said"]) and again["text"] == first[1]["text"]


def test_only_the_key_of_a_ticket_is_told_of_it(world: ConsoleWorld, person: Person) -> None:
    phone, booking_id = Phone(), booked(world, person)
    number = bind(world, person, phone, booking=booking_id, place=0)[1]["number"]
    other = ticket.parse(paper(world, booked(world, person))).claims.ticket_id.number  # bound to nobody
    assert list(news(person, (number, phone.holder), (other, phone.holder), (other, b""))) == [phone.holder.hex()]
    assert news(person, (number, Phone().holder), (number, b""), ("nothing", phone.holder)) == {}
    for sent in ({}, [1], {"tickets": 5}, {"tickets": [5]}, {"tickets": [{"number": number, "holder": "xyz"}]},
                 {"tickets": [{"number": number}]}, {"tickets": [{"number": number, "holder": ""}] * 51}):  # fmt: skip
        answer = person.client.post("/wallet/news", json=sent)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "wallet_input")


def test_the_page_can_be_installed_and_says_nothing_of_tickets(person: Person) -> None:
    page = person.get("/wallet/")
    assert page.status_code == 200 and "Y1:" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "'unsafe" not in policy and "script-src 'self'" in policy and "default-src 'none'" in policy
    manifest = person.client.get("/wallet/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json" and manifest.get_json()["start_url"] == "./"
    assert "javascript" in person.client.get("/wallet/worker.js").headers["Content-Type"]
    for language in ("zh-Hans", "zh-Hant", "en"):
        person.get(f"/wallet/?language={language}")
        assert f'<html lang="{language}">' in person.get("/wallet/").text
