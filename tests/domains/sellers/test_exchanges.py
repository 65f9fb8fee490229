"""A ticket of a seller is exchanged for another ride: the old one void and the new one issued together, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud.app import create_app
from cloud.domains.ticketing.tables import replacement
from cloud.kernel import rebuild, streams
from cloud.kernel.tables import quarantine
from sync.domains.ticketing.rules import DEFAULT_REFUND_RULES
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from tests.cloud.selling import Shopper
from tests.cloud.world import DAY, FARE_MINOR, HOUR_MS, Trip, World, adds_up, new_world
from tests.domains.sellers.test_api import Program

OTHER = Trip(9, agency_no=2)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), OTHER]) as made:
        yield made


def test_a_ticket_is_exchanged_for_the_next_day_and_the_difference_settled(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 2, 4))
    wish = shop.wish((0, 3, 6), day=DAY + 1)
    offer = shop.exchange_offer(sold, 0, wish)
    terms = offer.terms
    assert (terms.fee_minor, terms.back_minor, terms.price_minor, offer.due_minor) == (0, 2_000, 3_000, 1_000)
    done = shop.exchange(sold, 0, wish)
    old, new = done.items
    assert (old.refunded_minor, old.rule, new.seat, new.day) == (2_000, "default/1", 6, DAY + 1)
    assert shop.owed() == 3 * FARE_MINOR
    assert list(shop.texts(done)) == [1]
    assert ticket.parse(shop.texts(done)[1]).claims.day == DAY + 1
    assert [row["state"] for row in world.rows(replacement)] == ["ok"] and world.rows(quarantine) == []
    assert (world.trip(7).free, world.trip(7, DAY + 1).consumed) == (30, 3)
    for day in (DAY, DAY + 1):
        adds_up(world.trip(7, day))
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_the_same_ride_another_line_and_a_second_time_are_refused(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 4))
    for wish, code in ((shop.wish((0, 3, 5)), "rebook_same"), (shop.wish((0, 3, 1), trip_no=9), "rebook_line")):
        with pytest.raises(Refusal, match=code):
            shop.exchange_offer(sold, 0, wish)
    done = shop.exchange(sold, 0, shop.wish((0, 3, 4), day=DAY + 1))
    with pytest.raises(Refusal, match="rebook_times"):
        shop.exchange_offer(done, 1, shop.wish((0, 3, 4), day=DAY + 2))
    with pytest.raises(Refusal, match="refund_done"):
        shop.exchange_offer(done, 0, shop.wish((0, 3, 4), day=DAY + 2))
    shop.refund(done, 1)


def test_where_the_new_ride_is_full_the_old_ticket_stays_good(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 4))
    shop.buy(*[(0, 3, seat) for seat in range(1, 11)], day=DAY + 1)
    with pytest.raises(Refusal, match="no_seat"):
        shop.exchange(sold, 0, shop.wish((0, 3, None), day=DAY + 1))
    assert list(shop.texts(sold)) == [0] and shop.owed() == 33 * FARE_MINOR
    assert world.rows(replacement) == []


def test_within_one_trip_the_seat_of_the_old_ticket_serves_the_new(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy(*[(0, 2, seat) for seat in range(1, 11)])
    done = shop.exchange(sold, 0, shop.wish((0, 3, None)))
    assert done.items[-1].seat == 1
    assert [one.number for one in ticket.parse(shop.texts(done)[10]).claims.superseded] == shop.numbers(sold)[:1]


def test_too_late_changed_and_beyond_the_credit(world: World) -> None:
    shop = Shopper(world, limit_minor=2 * FARE_MINOR)
    sold = shop.buy((0, 2, 4))
    longer = shop.wish((0, 3, 4), day=DAY + 1)
    with pytest.raises(Refusal, match="rebook_due_changed"):
        shop.exchange(sold, 0, longer, due_minor=0)
    with pytest.raises(Refusal, match="credit_short"):
        shop.exchange(sold, 0, longer)
    world.clock.now_ms += 12 * HOUR_MS - 60_000
    with pytest.raises(Refusal, match="rebook_late"):
        shop.exchange_offer(sold, 0, shop.wish((0, 2, 4), day=DAY + 1))


def test_the_same_key_gives_the_same_exchange(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 2, 4))
    wish = shop.wish((0, 2, 4), day=DAY + 1)
    assert shop.exchange(sold, 0, wish, key="swap-0001") == shop.exchange(sold, 0, wish, 0, key="swap-0001")


def test_a_program_exchanges_over_http(world: World) -> None:
    program = Program(world, create_app(world.hub).test_client())
    here = f"/bookings/{program.book(3)['booking_id']}"
    program.ask("POST", f"{here}/fulfillments", status=201)
    offer_id = f"7-{DAY + 1}-0-3-3000-CNY"
    offer = program.ask("POST", f"{here}/exchange-offers", {"item": 0, "offer_id": offer_id}, status=200)
    assert (offer["due_minor"], offer["exchange_offer_id"]) == (0, f"0_0_{offer_id}")
    path = f"{here}/exchange-offers/{offer['exchange_offer_id']}"
    done = program.ask("PATCH", path, {"status": "CONFIRMED", "seat": 8}, status=200)
    assert [item["seat"] for item in done["items"]] == [3, 8] and done["totals"] == {"CNY": 3_000}
    assert [one["item"] for one in program.ask("GET", f"{here}/fulfillments", status=200)] == [1]
    odd = program.ask("PATCH", f"{here}/exchange-offers/x_y", {"status": "CONFIRMED"}, status=422)
    assert odd["code"] == "offer_form"


def test_a_trip_that_the_hub_cancelled_costs_nobody_anything(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 2, 4), (0, 2, 5))
    with world.hub.database.write() as tx:
        world.hub.disruptions.disrupt(tx, (7, DAY), "cancelled", 0, "flood", "test")
    with pytest.raises(Refusal, match="trip_not_for_sale"):
        shop.book((0, 2, 6))
    world.clock.now_ms += 20 * HOUR_MS  # long after it would have left
    shop.refund(sold, 0, fee_minor=0)
    longer = shop.wish((0, 3, 1), day=DAY + 1)
    done = shop.exchange(sold, 1, longer, due_minor=0)
    assert (done.items[2].price_minor, done.items[1].rule) == (2_000, "default/trip_cancelled")
    assert shop.owed() == 2 * FARE_MINOR and world.rows(quarantine) == []


def test_above_the_limit_of_the_rules_somebody_at_the_operator_has_to_agree(world: World) -> None:
    shop = Shopper(world)
    sold = shop.buy((0, 3, 4))
    given = replace(DEFAULT_REFUND_RULES, limit_minor=2_000)
    with world.hub.database.write() as tx:
        streams.publish(tx, NET, given.key, given.to_bytes())
    with pytest.raises(Refusal, match="refund_by_operator"):
        shop.refund(sold, fee_minor=300)
    with world.hub.database.write() as tx:
        done = world.hub.selling.refund_agreed(tx, sold.booking_id, 0)
        assert (done.fee_minor, done.refunded_minor) == (300, 3 * FARE_MINOR - 300)
    assert shop.owed() == 300 and world.rows(quarantine) == []
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="refund_done"):
        world.hub.selling.refund_agreed(tx, sold.booking_id, 0)
