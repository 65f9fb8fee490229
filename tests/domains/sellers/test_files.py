"""Tickets of a seller's booking as PDF over HTTP: for that seller alone, of good tickets alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from papers.press import Press
from sync.catalogue import LANGUAGES
from sync.kernel import ticket
from tests.cloud.world import World
from tests.domains.sellers.test_api import BASE, Program
from tests.support.pdf import Pdf, font


@pytest.fixture
def client(world: World) -> FlaskClient:
    font()
    return create_app(world.hub).test_client()


@pytest.fixture
def program(world: World, client: FlaskClient) -> Program:
    return Program(world, client)


def get(program: Program, path: str, status: int = 200) -> Any:
    answer = program.client.get(BASE + path, headers={"Authorization": f"Bearer {program.key}"})
    assert answer.status_code == status, answer.text
    return answer


def sold(program: Program, *seats: int | None) -> tuple[str, list[dict[str, Any]]]:
    """The address of a booking that was paid, and its tickets."""
    here = f"/bookings/{program.book(*seats)['booking_id']}"
    return here, program.ask("POST", f"{here}/fulfillments", status=201)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_good_ticket_is_a_page_and_the_receipt_comes_last(program: Program, language: str) -> None:
    here, tickets = sold(program, 3, None)
    answer = get(program, f"{here}/fulfillments.pdf?language={language}")
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    made = Pdf(answer.data)
    assert made.codes == [[tickets[0]["text"]], [tickets[1]["text"]], []] and made.sizes_mm == [(105, 148)] * 3
    price = "¥30.00" if language == "zh-Hans" else "CN¥30.00"
    for page, one, seat in zip(made.pages, tickets, ("01C", "01A"), strict=False):
        for said in ("Stop 1 → Stop 4", "13:20", price, seat, one["number"], ticket.short_code(one["text"]), "Bamboo"):
            assert said in page, (said, page)
    assert "60.00" in made.pages[2] and "A-17" in made.pages[2]
    roll = Pdf(get(program, f"{here}/fulfillments.pdf?size=roll").data)
    assert {width for width, _ in roll.sizes_mm} == {80}


def test_what_was_given_back_is_on_no_page(program: Program) -> None:
    here, tickets = sold(program, 3, 4)
    (offer, _) = program.ask("POST", f"{here}/refund-offers", status=200)
    program.ask("PATCH", f"{here}/refund-offers/{offer['refund_offer_id']}", {"status": "CONFIRMED"}, status=200)
    made = Pdf(get(program, f"{here}/fulfillments.pdf").data)
    assert made.codes == [[tickets[1]["text"]], []] and tickets[0]["number"] not in made.text


def test_only_the_seller_itself_has_it_once_it_is_paid(world: World, client: FlaskClient, program: Program) -> None:
    held = program.book(3)
    path = f"/bookings/{held['booking_id']}/fulfillments.pdf"
    assert get(program, path, 409).json["code"] == "booking_over"
    program.ask("POST", f"/bookings/{held['booking_id']}/fulfillments", status=201)
    other = Program(world, client, name="Other")
    assert get(other, path, 404).json["code"] == "booking_unknown"
    assert client.get(BASE + path).status_code == 401
    assert get(program, f"{path}?size=a3", 422).json["fields"]


def test_a_hub_that_can_draw_none_says_what_to_do(world: World, program: Program) -> None:
    here, _ = sold(program, 3)
    object.__setattr__(world.hub, "press", Press("/no/such/font.ttc", 4))
    wrong = get(program, f"{here}/fulfillments.pdf", 503).json
    assert (wrong["code"], wrong["next_step"]) == ("pdf_no_font", "ask_operator")
    object.__setattr__(world.hub, "press", Press("", 4))
    with world.hub.press.turn():
        wrong = get(program, f"{here}/fulfillments.pdf", 503).json
    assert (wrong["code"], wrong["next_step"]) == ("pdf_busy", "wait_and_repeat")
