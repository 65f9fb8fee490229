"""The form of a ride in the web shop: what was typed wrong is said beside its field, and all but a document's number is kept."""

from __future__ import annotations

import re

import pytest

from cloud.domains.sellers.tables import booking
from cloud.domains.ticketing.publish import publish_real_name_rules
from cloud.shop import rides
from cloud.shop.counter import BOOKINGS_PER_MINUTE
from sync.domains.ticketing.operations import RealNameRules
from sync.kernel import days
from tests.console.world import ConsoleWorld, Person
from tests.shop.test_shop import NUMBER, OFFER, fields, person, reserve, search, world  # noqa: F401
from tests.support.documents import full_name, resident_id

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
SELECTED = re.compile(r'<option value="([^"]*)" selected>')


def offered(world: ConsoleWorld, person: Person) -> str:  # noqa: F811
    return f"/shop/ride?offer={OFFER.findall(person.get(search(world)).text)[0]}"


def made(world: ConsoleWorld) -> int:  # noqa: F811
    """How many bookings there are."""
    with world.hub.database.read() as tx:
        return len(tx.execute(booking.select()).all())


def name_travellers(world: ConsoleWorld) -> None:  # noqa: F811
    today = days.day_at(world.clock.now_ms, "Asia/Shanghai")
    with world.hub.database.write() as tx:
        publish_real_name_rules(tx, RealNameRules("gd", "a notice", today, None, True, (), (), 400), today)
        world.hub.sealing.provide(tx)


@pytest.mark.parametrize(
    ("typed", "part", "said"),
    [
        ({"count_adult": "0"}, "riders", "Choose at least one rider"),
        ({"count_adult": "9", "count_child_with_seat": "2"}, "riders", "A booking has 1 to 9 places"),
        ({"count_adult": "0", "count_child_free": "1"}, "riders", "Each adult may bring"),
        ({"count_adult": "2", "seat": ["3", "4", "5"]}, "seats", "You chose 3 seats for 2 riders"),
        ({"count_adult": "1", "seat": "999"}, "seats", "Somebody has just taken this seat"),
    ],
)
def test_what_was_typed_wrong_is_said_beside_its_part_and_the_rest_is_kept(
    world: ConsoleWorld,  # noqa: F811
    person: Person,  # noqa: F811
    typed: dict[str, str],
    part: str,
    said: str,
) -> None:
    ride = offered(world, person)
    answer = person.post("/shop/ride", ride, **fields(person.get(ride).text), **typed)
    assert answer.status_code in (409, 422)
    sentence = re.search(rf'<p class="error" role="alert" id="{part}-error">([^<]+)</p>', answer.text)
    assert sentence and said in sentence[1]
    assert f'aria-describedby="{part}-error"' in answer.text
    counts = [int(text) for name, text in typed.items() if name.startswith("count_")]
    assert [int(text) for text in SELECTED.findall(answer.text) if text != "0"] == [one for one in counts if one]
    chosen = [seat for seat in typed.get("seat", []) if seat in "345"]
    assert re.findall(r'value="(\d+)" checked', answer.text) == chosen
    good = fields(answer.text) | {"count_adult": "1"}
    assert person.post("/shop/ride", ride, **good).status_code == 302, "the page that came back works"


def test_a_ride_that_is_gone_leads_to_the_search_it_came_from(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    ride = offered(world, person)
    given = fields(person.get(ride).text) | {"count_adult": "1"}
    world.clock.now_ms += 4 * days.DAY_MS
    answer = person.post("/shop/ride", "/shop/ride?offer=" + given["offer"], **given)
    assert answer.status_code == 409 and "already left" in answer.text and "<form" not in answer.text
    again = re.search(r'<a class="button" href="(/shop/\?from=[^"]+)"', answer.text)
    assert again and "Taishan" in again[1] and "date=20" in again[1]


def test_a_price_that_changed_is_shown_on_the_page_that_comes_back(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    ride = offered(world, person)
    given = fields(person.get(ride).text) | {"count_adult": "2"}
    *where, price, currency = given["offer"].split("-")
    stale = "-".join([*where, str(int(price) + 1), currency])
    answer = person.post("/shop/ride", ride, **given | {"offer": stale})
    assert answer.status_code == 409 and "price has just changed" in answer.text
    assert fields(answer.text)["offer"] == given["offer"] and SELECTED.findall(answer.text)[0] == "2"


def test_slips_cost_no_booking_and_too_many_bookings_keep_the_form(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    ride, before = offered(world, person), made(world)
    given = fields(person.get(ride).text)
    for _ in range(BOOKINGS_PER_MINUTE + 2):
        assert person.post("/shop/ride", ride, **given, count_adult="0").status_code == 422
    for _ in range(BOOKINGS_PER_MINUTE):
        reserve(world, person)
    given = fields(person.get(ride).text)
    late = person.post("/shop/ride", ride, **given, count_adult="2")
    assert late.status_code == 429 and "Too many reservations" in late.text and SELECTED.findall(late.text)[0] == "2"
    assert made(world) == before + BOOKINGS_PER_MINUTE, "what was too much is not held"
    world.clock.now_ms += 60_000
    assert person.post("/shop/ride", ride, **given, count_adult="2").status_code == 302


def test_where_a_line_wants_names_one_traveller_types_a_document(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    name_travellers(world)
    ride = offered(world, person)
    page = person.get(ride).text
    assert 'name="document_number"' in page and 'name="rider"' in page and 'name="count_adult"' not in page
    address = reserve(
        world, person, document_type="resident_id", document_name=full_name(1), document_number=resident_id(1)
    )
    assert resident_id(1) not in address and resident_id(1) not in person.get(address).text


def test_a_wrong_number_comes_back_empty_with_the_name_and_the_kind(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    name_travellers(world)
    ride = offered(world, person)
    given = fields(person.get(ride).text) | {"rider": "child_with_seat", "document_type": "passport"}
    refused = person.post("/shop/ride", ride, **given, document_name=full_name(1), document_number="E-123-45678-%")
    assert refused.status_code == 422 and 'id="document_number-error"' in refused.text
    assert f'value="{full_name(1)}"' in refused.text and SELECTED.findall(refused.text) == [
        "child_with_seat",
        "passport",
    ]
    assert "45678" not in refused.text and re.search(r'<input id="document_number"(?![^>]* value=)', refused.text)


def test_a_number_in_the_field_of_the_name_is_not_shown_again(
    world: ConsoleWorld,  # noqa: F811
    person: Person,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name_travellers(world)
    ride = offered(world, person)
    given = fields(person.get(ride).text) | {"rider": "adult", "document_type": "resident_id"}
    swapped = {"document_name": resident_id(1), "document_number": full_name(1)}
    answer = person.post("/shop/ride", ride, **given, **swapped)
    assert answer.status_code == 422 and resident_id(1) not in answer.text and resident_id(1)[:12] not in answer.text
    monkeypatch.setattr(rides, "kept", lambda form: rides.Kept({}, document_name=form["document_name"]))
    careless = person.post("/shop/ride", ride, **given, **swapped)
    assert resident_id(1) in careless.text, "the page shows whatever is kept, so this test sees a number that is"


def test_who_travels_is_not_found_out_more_often_than_one_books(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    name_travellers(world)
    who = {"document_type": "resident_id", "document_name": full_name(1), "document_number": resident_id(1)}
    reserve(world, person, **who)
    ride = offered(world, person)
    asked = [
        person.post("/shop/ride", ride, **fields(person.get(ride).text), **who, rider="adult").status_code
        for _ in range(BOOKINGS_PER_MINUTE)
    ]
    assert asked == [409] * (BOOKINGS_PER_MINUTE - 1) + [429]


def test_a_booking_that_is_over_says_what_to_do_and_searches_again(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    address = reserve(world, person)
    number = NUMBER.findall(person.get(address).text)[0]
    admin = world.add_admin("王敏")
    admin.get("/console/?language=en")
    issue = f"/console/sellers/1/bookings/{address.rsplit('/', 1)[1]}/issue"
    world.clock.now_ms += 16 * 60_000
    row = admin.get("/console/sellers/1").text
    assert "The time to pay is over" in row and issue not in row, "before the hub let go of it, too"
    assert admin.post(issue, "/console/sellers/1").status_code == 302
    told = admin.get("/console/sellers/1").text
    assert f"No tickets for {number}: The time to pay is over" in told
    world.hub.lapse()
    page = person.get(address).text
    assert "search again and make a new booking" in page
    assert re.search(r'<a class="button" href="/shop/\?from=Zhaoqing[^"]+date=20', page)
    late = person.get(f"{address}/tickets.pdf")
    assert late.status_code == 409 and "The time to pay is over" in late.text and f'href="{address}"' in late.text
