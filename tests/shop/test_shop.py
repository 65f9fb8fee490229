"""The hub's web shop, as a phone at home meets it: found, held, paid at the desk, shown, given back. No script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.sellers.books import accounts, bookings, offers
from cloud.domains.sellers.service import Once
from cloud.domains.ticketing.tables import ticket as tickets
from cloud.shop.counter import PAGES_PER_MINUTE, TRIES_PER_MINUTE
from sync.catalogue import LANGUAGES
from sync.domains.ticketing.events import PROOFS
from sync.kernel import days
from sync.kernel.errors import Refusal
from tests.console.test_pages import HEADERS
from tests.console.world import TOKEN, ConsoleWorld, Person, empty_world, fill

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
SELLER = "竹林旅行"
UNKNOWN_KEY = re.compile(r"\b(?:shop|console|stop|seat|booking|refund)_[a-z_]+")
OFFER = re.compile(r"/shop/ride\?offer=([0-9A-Z-]+)")
FIELD = re.compile(r'name="(offer|key|fee_minor)" value="([^"]+)"')
NUMBER = re.compile(r'<p class="code">(\w{6})</p>')
SEARCH = "/shop/?from=Zhaoqing Xinghu Coach Station&to=Taishan Coach Station&date={date}"


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[ConsoleWorld]:
    with empty_world(hub_database_url, tmp_path, shop_seller=SELLER) as made:
        yield fill(made)


@pytest.fixture
def person(world: ConsoleWorld) -> Person:
    someone = world.person()
    someone.get("/shop/?language=en")
    return someone


def search(world: ConsoleWorld) -> str:
    day = days.day_at(world.clock.now_ms, "Asia/Shanghai") + 2
    return SEARCH.format(date=days.date_of(day).isoformat())


def fields(text: str) -> dict[str, str]:
    return dict(FIELD.findall(text))


def reserve(world: ConsoleWorld, person: Person, **more: Any) -> str:
    """Hold places on the first ride; the address of the booking."""
    offer_id = OFFER.findall(person.get(search(world)).text)[0]
    address = f"/shop/ride?offer={offer_id}"
    given = fields(person.get(address).text) | {"count_adult": "1"} | more
    answer = person.post("/shop/ride", address, **given)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def pay(world: ConsoleWorld, address: str, proofs: dict[int, str] | None = None) -> None:
    """The seller has the money, and saw what there was to see."""
    with world.hub.database.write() as tx:
        who = accounts.named(tx, SELLER)
        assert who is not None
        world.hub.selling.ticket(tx, who, address.rsplit("/", 1)[1], Once(f"paid {address}"[-60:], b""), proofs)


def test_somebody_finds_holds_pays_shows_and_gives_back(world: ConsoleWorld, person: Person) -> None:
    before = len(world.hub.database.engine.connect().execute(tickets.select()).all())
    address = reserve(world, person, count_adult="2", seat="3")
    held = person.get(address).text
    assert "Reserved, to be paid" in held and NUMBER.search(held) and "<svg" not in held and "Y1:" not in held
    pay(world, address)
    shown = person.get(address).text
    assert shown.count("<svg") == 2 and "Seat <b>01C</b>" in shown, "as it stands on the seat"
    assert len(world.hub.database.engine.connect().execute(tickets.select()).all()) == before + 2
    asked = person.get(f"{address}/refund/0").text
    assert "Seat <b>01C</b>" in asked
    done = person.post(f"{address}/refund/0", **fields(asked))
    assert done.status_code == 302
    after = person.get(address).text
    assert after.count("<svg") == 1 and "Given back" in after


def test_the_desk_finds_the_booking_by_its_number_and_issues_the_tickets(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    number = NUMBER.findall(person.get(address).text)[0]
    admin = world.add_admin("王敏")
    page = admin.get("/console/sellers/1").text
    assert number in page
    booking_id = address.rsplit("/", 1)[1]
    assert admin.post(f"/console/sellers/1/bookings/{booking_id}/issue", "/console/sellers/1").status_code == 302
    assert "<svg" in person.get(address).text


def test_a_family_sees_its_prices_reserves_and_is_ticketed_once_the_proofs_were_seen(
    world: ConsoleWorld, person: Person
) -> None:
    offer_id = OFFER.findall(person.get(search(world)).text)[0]
    ride = person.get(f"/shop/ride?offer={offer_id}").text
    for words in ("Child with a seat · ", "Child, free · CN¥0.00", "Disabled soldier · ", "the child, to be measured"):
        assert words in ride, words
    address = reserve(world, person, count_child_with_seat="1", count_child_free="1")
    held = person.get(address).text
    assert held.count("Bring when you pay:") == 2 and "Without them no ticket is issued" in held
    booking_id = address.rsplit("/", 1)[1]
    for proofs in (None, {1: "height"}, {1: "height", 2: "soldier_card"}):
        with pytest.raises(Refusal, match="proof_needed"):
            pay(world, address, proofs)
    admin = world.add_admin("王敏")
    page, issue = admin.get("/console/sellers/1").text, f"/console/sellers/1/bookings/{booking_id}/issue"
    assert 'name="proof-1"' in page and 'name="proof-2"' in page and 'name="proof-0"' not in page
    assert admin.post(issue, "/console/sellers/1").status_code == 302
    refused = admin.get("/console/sellers/1").text
    assert f"{NUMBER.findall(held)[0]} 没有出票" in refused and 'class="error" role="alert"' in refused
    assert "<svg" not in person.get(address).text
    seen = {"proof-1": "height", "proof-2": "birth_date"}
    assert admin.post(issue, "/console/sellers/1", **seen).status_code == 302
    shown = person.get(address).text
    assert shown.count("<svg") == 3 and "Bring" not in shown and "65535" not in shown
    with world.hub.database.read() as tx:
        sold = {bytes(row.ticket_id): row for row in tx.execute(tickets.select())}
        items = bookings.find(tx, booking_id).items
    assert [(PROOFS[one.proof], sold[one.ticket_id or b""].state) for one in items] == [
        ("", "ok"), ("height", "ok"), ("birth_date", "ok"),
    ]  # fmt: skip


def test_nothing_is_ticketed_without_the_sellers_word(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    for _ in range(3):
        assert "<svg" not in person.get(address).text
    with world.hub.database.read() as tx:
        assert bookings.find(tx, address.rsplit("/", 1)[1]).state == "held"
    world.clock.now_ms += 16 * 60_000
    world.hub.lapse()
    assert "Not paid in time" in person.get(address).text


def test_the_same_form_sent_twice_is_one_booking(world: ConsoleWorld, person: Person) -> None:
    offer_id = OFFER.findall(person.get(search(world)).text)[0]
    ride = f"/shop/ride?offer={offer_id}"
    given = fields(person.get(ride).text) | {"count_adult": "1"}
    twice = [person.post("/shop/ride", ride, **given).headers["Location"] for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_reservation_is_cancelled_by_who_made_it(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    assert person.post(f"{address}/cancel", address).status_code == 302
    assert "Cancelled" in person.get(address).text


def test_a_name_that_means_several_stops_is_asked_back(world: ConsoleWorld, person: Person) -> None:
    page = person.get("/shop/?from=zhaoqing&to=Taishan Coach Station").text
    assert "Which stop do you start from?" in page and "Zhaoqing Xinghu Coach Station" in page
    wrong = person.get("/shop/?from=Nowhere&to=Taishan Coach Station").text
    assert 'id="from-error"' in wrong and "Nowhere" in wrong


def test_a_search_stays_what_it_was_when_the_language_changes(world: ConsoleWorld, person: Person) -> None:
    asked = search(world)
    offered = OFFER.findall(person.get(asked).text)
    assert offered
    for language, name in (("zh-Hant", "肇慶"), ("zh-Hans", "肇庆")):
        person.get(f"/shop/?language={language}")
        page = person.get(asked).text
        assert OFFER.findall(page) == offered and re.search(rf'name="from" value="{name}[^"]+"', page), language
    part = person.get("/shop/?from=zhaoqing&to=Taishan Coach Station").text
    assert "您从哪一站出发" in part, "what is part of several names is still asked back"


def test_from_and_to_are_two_stops(world: ConsoleWorld, person: Person) -> None:
    page = person.get("/shop/?from=Taishan Coach Station&to=Taishan Coach Station").text
    assert "are the same stop" in page and 'id="to-error"' in page and "Nothing is left" not in page


def test_every_page_has_a_title_of_its_own(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    pay(world, address)
    ride = f"/shop/ride?offer={OFFER.findall(person.get(search(world)).text)[0]}"
    pages = (
        "/shop/",
        search(world),
        ride,
        address,
        reserve(world, person),
        f"{address}/refund/0",
        f"{address}/refund/7",
    )
    titles = [re.findall("<title>([^<]+)</title>", person.get(path).text)[0] for path in pages]
    assert len(set(titles)) == len(pages) and all(title.endswith(" · Tickets online") for title in titles), titles


def test_every_page_opens_in_three_languages_without_a_script(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    pay(world, address)
    second = reserve(world, person, count_child_free="1")
    offer_id = OFFER.findall(person.get(search(world)).text)[0]
    for language in LANGUAGES:
        person.get(f"/shop/?language={language}")
        pages = (
            search(world),
            f"/shop/ride?offer={offer_id}",
            address,
            second,
            f"{address}/refund/0",
            "/shop/?from=x&to=y",
        )
        for path in pages:
            page = person.get(path)
            assert page.status_code == 200 and f'<html lang="{language}">' in page.text, path
            assert not UNKNOWN_KEY.findall(page.text), (path, UNKNOWN_KEY.findall(page.text))
            assert "<script" not in page.text and " style=" not in page.text and " onclick=" not in page.text
            for name, value in HEADERS.items():
                assert page.headers[name] == value, (path, name)


def test_nothing_is_taken_without_the_token_of_its_form(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    for path in ("/shop/ride", f"{address}/cancel", f"{address}/refund/0"):
        for data in ({}, {"csrf_token": "made-up"}):
            assert person.client.post(path, data=data).status_code == 403, path
    assert "Reserved" in person.get(address).text


def test_the_booking_of_another_seller_is_none_of_the_shops(world: ConsoleWorld, person: Person) -> None:
    with world.hub.database.write() as tx:
        number = world.hub.sellers.add(tx, "Other", 100_000, 0)
        wish = world.hub.offers.one(tx, OFFER.findall(person.get(search(world)).text)[0], "en")
        made = world.hub.selling.book(
            tx, accounts.find(tx, number), [offers.wish(wish.offer_id, None)], "", Once("other-01", b"")
        )
    assert person.get(f"/shop/bookings/{made.booking_id}").status_code == 404
    assert person.get("/shop/bookings/none").status_code == 404


def test_odd_input_is_refused_with_a_sentence(world: ConsoleWorld, person: Person) -> None:
    address = reserve(world, person)
    offer_id = OFFER.findall(person.get(search(world)).text)[0]
    ride = f"/shop/ride?offer={offer_id}"
    given = fields(person.get(ride).text)
    for odd in (
        {"count_adult": "10"},
        {"count_adult": "x"},
        {"count_adult": "0"},
        {"count_child_free": "1", "count_adult": "0"},
        {"seat": "999"},
        {"seat": "65535"},
        {"seat": ["3", "4"]},
        {"key": "x"},
        {"offer": "x"},
    ):
        world.clock.now_ms += 60_000
        answer = person.post("/shop/ride", ride, **{**given, "count_adult": "1", **odd})
        assert answer.status_code in (409, 422) and 'role="alert"' in answer.text, odd
    assert person.get("/shop/ride?offer=x").status_code == 422
    assert person.get("/shop/?date=never").status_code == 200
    assert person.post(f"{address}/refund/0", ride, fee_minor="x").status_code == 409
    assert person.get(f"{address}/refund/0").status_code == 404


def test_one_address_tries_and_asks_only_so_often(world: ConsoleWorld, person: Person) -> None:
    ride = f"/shop/ride?offer={OFFER.findall(person.get(search(world)).text)[0]}"
    token = TOKEN.findall(person.get(ride).text)[0]
    data = {"csrf_token": token}
    tried = [person.client.post("/shop/ride", data=data).status_code for _ in range(TRIES_PER_MINUTE + 1)]
    assert tried == [422] * TRIES_PER_MINUTE + [429]
    codes = [person.get("/shop/").status_code for _ in range(PAGES_PER_MINUTE)]
    assert codes[-1] == 429
    world.clock.now_ms += 60_000
    assert person.get("/shop/").status_code == 200


def test_a_hub_without_a_shop_says_so(hub_database_url: str, tmp_path: Path) -> None:
    with empty_world(hub_database_url, tmp_path) as bare:
        page = bare.person().get("/shop/?from=a&to=b")
        assert page.status_code == 404 and 'role="alert"' in page.text
