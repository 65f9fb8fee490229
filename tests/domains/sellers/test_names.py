"""Named travellers on tickets of other sellers: sealed before anything is stored, one document one ticket a trip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.sellers.books.bookings import Booking
from cloud.domains.sellers.books.naming import Shown
from cloud.domains.sellers.tables import booking_item
from cloud.domains.ticketing.tables import traveller
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.ticketing.office import sealing
from sync.kernel import ticket
from sync.kernel.documents import Document
from sync.kernel.errors import Refusal
from tests.cloud.selling import Shopper
from tests.cloud.world import DAY, World, new_world
from tests.domains.ticketing.test_travellers_cloud import RULES, key_of, name, publish
from tests.support.documents import full_name, resident_id


@pytest.fixture(autouse=True)
def named(world: World) -> None:
    publish(world, WANTED)


WANTED = replace(RULES, from_day=DAY - 10)


def shown(which: int) -> Shown:
    return Shown("resident_id", resident_id(which), full_name(which))


def book(shop: Shopper, *wanted: tuple[int, int | None], key: str | None = None) -> Booking:
    """One place a (document, seat) of the whole way."""
    wishes = [replace(shop.wish((0, 3, seat)), document=shown(which)) for which, seat in wanted]
    with shop.world.hub.database.write() as tx:
        return shop.world.hub.selling.book(tx, shop.seller, wishes, "", shop.once(key))


def test_a_traveller_is_named_with_the_sale_and_the_ticket_says_whose_it_is(world: World) -> None:
    shop = Shopper(world)
    done = shop.ticket(book(shop, (1, 1), (2, 2)))
    assert world.rows(quarantine) == []
    rows = world.rows(traveller)
    assert [bytes(row["ticket_id"]) for row in rows] == [item.ticket_id for item in done.items]
    with world.hub.database.read() as tx:
        texts = world.hub.selling.codes(tx, done)
        found = world.hub.sealing.named(tx, ticket.parse(texts[0]).claims.ticket_id.number)
    assert found.masked is not None and found.masked.number.endswith(resident_id(1)[-4:])
    document = Document("resident_id", resident_id(1), full_name(1))
    assert ticket.parse(texts[0]).claims.document_check == sealing.check_of(document, 7, DAY, key_of(world))
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_one_document_buys_one_ticket_a_trip_wherever(world: World) -> None:
    shop, box = Shopper(world), world.box("a")
    for wanted in ([(1, 1), (1, 2)], [(1, 1)]):
        if len(wanted) == 1:
            held = book(shop, *wanted)
        with pytest.raises(Refusal, match="document_used"):
            book(shop, *wanted, (1, 5))
    world.grant(box, 7, 3)
    name(world, box, box.sell(7, box_seat(world, box)), 1)
    box.visit()
    with pytest.raises(Refusal, match="document_used"):
        shop.ticket(held)  # a counter was quicker
    assert world.rows(quarantine) == []
    shop.cancel(held)
    sold = shop.ticket(book(shop, (2, None)))
    with pytest.raises(Refusal, match="document_used"):
        book(shop, (2, None))
    shop.refund(sold)
    assert book(shop, (2, None)).items[0].named


def box_seat(world: World, box: Any) -> int:
    box.visit()
    return min(box.seats(7))


def test_a_number_that_is_none_and_a_place_without_a_document_are_refused(world: World) -> None:
    shop = Shopper(world)
    wrong = Shown("resident_id", resident_id(1)[:-1] + ("0" if resident_id(1)[-1] != "0" else "1"), full_name(1))
    for document, code in ((None, "document_missing"), (wrong, "document_check_digit")):
        wish = replace(shop.wish((0, 3, 1)), document=document)
        with world.hub.database.write() as tx, pytest.raises(Refusal, match=code):
            world.hub.selling.book(tx, shop.seller, [wish], "", shop.once())
    assert world.rows(booking_item) == []
    sold = shop.ticket(book(shop, (1, 1)))
    with pytest.raises(Refusal, match="exchange_named"):
        shop.exchange_offer(sold, 0, shop.wish((0, 3, 2), day=DAY + 1))


def test_a_number_stands_in_no_file_of_the_hub(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with new_world(f"sqlite:///{folder}/hub.sqlite", folder) as world:
        publish(world, WANTED)
        shop = Shopper(world)
        shop.ticket(book(shop, (1, 1), (2, 2)))
        files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        assert any(shop.seller.name.encode() in data for data in files), "else this looks at the wrong files"
        for which in (1, 2):
            assert not any(resident_id(which).encode() in data or full_name(which).encode() in data for data in files)
