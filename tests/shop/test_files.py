"""Tickets of the web shop as PDF: found on the page of a booking that is paid, and nowhere before."""

from __future__ import annotations

import pytest

from cloud.shop.files import FILES_PER_MINUTE
from papers.press import Press
from tests.console.world import ConsoleWorld, Person
from tests.shop.test_shop import SELLER, pay, person, reserve, world  # noqa: F401
from tests.support.pdf import Pdf, font

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def fonts() -> None:
    font()


def test_a_phone_at_home_saves_its_tickets(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    address = reserve(world, person, count_child_free="1", seat="3")
    held = person.get(address).text
    assert ".pdf" not in held
    early = person.get(f"{address}/tickets.pdf")
    assert early.status_code == 409 and "not paid yet" in early.text and f'href="{address}"' in early.text
    pay(world, address, {1: "height"})
    page = person.get(address).text
    assert "Save as PDF" in page and f'href="{address}/tickets.pdf"' in page
    answer = person.get(f"{address}/tickets.pdf")
    assert answer.mimetype == "application/pdf" and answer.headers["Content-Disposition"].startswith("attachment")
    made = Pdf(answer.data)
    assert [len(found) for found in made.codes] == [1, 1, 0]
    for said in ("Zhaoqing Xinghu Coach Station → ", "01C", SELLER, "Adult", "Child, free", "No seat"):
        assert said in made.pages[0] + made.pages[1], said
    roll = Pdf(person.get(f"{address}/tickets.pdf?size=roll").data)
    assert {width for width, _ in roll.sizes_mm} == {80}


def test_one_address_saves_a_few_a_minute(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    address = reserve(world, person)
    codes = [person.get(f"{address}/tickets.pdf").status_code for _ in range(FILES_PER_MINUTE + 1)]
    assert codes == [409] * FILES_PER_MINUTE + [429]


def test_without_a_font_the_page_offers_none(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    address = reserve(world, person)
    pay(world, address)
    object.__setattr__(world.hub, "press", Press("/no/such/font.ttc", 4))
    assert ".pdf" not in person.get(address).text
    answer = person.get(f"{address}/tickets.pdf")
    assert answer.status_code == 503 and "fonts-noto-cjk" in answer.text
