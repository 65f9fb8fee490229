"""Who pays what at a seller's: by the same published rules as at a counter, with the proof that the seller saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloud.app import create_app
from cloud.domains.ticketing.publish import publish_fare_rules
from cloud.domains.ticketing.tables import ticket as tickets
from cloud.kernel.tables import quarantine
from sync.domains.ticketing.office.fares import DEFAULT_FARE_RULES
from sync.kernel import days, ticket
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS
from tests.cloud.selling import Shopper
from tests.cloud.world import DAY, World
from tests.domains.sellers.test_api import Program


def test_a_child_with_a_seat_pays_half_and_the_ticket_says_so(world: World) -> None:
    program = Program(world, create_app(world.hub).test_client())
    (offer,) = program.offers()
    assert offer["prices"] == {
        "adult": 3_000, "child_with_seat": 1_500, "child_free": 0, "disabled_soldier": 1_500,
    }  # fmt: skip
    child = {"offer_id": offer["offer_id"], "passenger_type": "child_with_seat"}
    body = {"offers": [{"offer_id": offer["offer_id"]}, child]}
    assert program.ask("POST", "/bookings", body, status=422)["code"] == "proof_needed"
    child["proof"] = "birth_date"
    held = program.ask("POST", "/bookings", body, status=201)
    assert held["totals"] == {"CNY": 4_500} and held["items"][1]["passenger_type"] == "child_with_seat"
    issued = program.ask("POST", f"/bookings/{held['booking_id']}/fulfillments", status=201)
    assert [RIDERS[ticket.parse(one["text"]).claims.rider] for one in issued] == ["adult", "child_with_seat"]
    assert [row["state"] for row in world.rows(tickets)] == ["ok", "ok"] and world.rows(quarantine) == []
    blind = {"offer_id": offer["offer_id"], "passenger_type": "blind", "proof": "disability_card"}
    assert program.ask("POST", "/bookings", {"offers": [blind]}, status=422)["code"] == "rider_not_here"


def test_a_proof_that_was_not_seen_at_the_booking_is_seen_where_the_money_is_taken(world: World) -> None:
    program, shop = Program(world, create_app(world.hub).test_client()), Shopper(world)
    adult = shop.wish((0, 3, None))
    wishes = [adult, replace(adult, rider="child_free"), replace(adult, rider="disabled_soldier")]
    with world.hub.database.write() as tx:
        made = world.hub.selling.book(
            tx, replace(shop.seller, seller_no=program.number), wishes, "", shop.once(), proved=False
        )
    here = f"/bookings/{made.booking_id}"
    needed = [one["proofs_needed"] for one in program.ask("GET", here, status=200)["items"]]
    assert needed == [[], ["height", "birth_date"], ["soldier_card"]]
    for proofs in ([], [(1, "height")], [(1, "soldier_card"), (2, "soldier_card")]):
        body = {"proofs": [{"item": item, "proof": proof} for item, proof in proofs]}
        refused = program.ask("POST", f"{here}/fulfillments", body, status=422)
        assert refused["code"] == "proof_needed"
    assert world.rows(tickets) == []
    seen = {"proofs": [{"item": 1, "proof": "height"}, {"item": 2, "proof": "soldier_card"}]}
    assert len(program.ask("POST", f"{here}/fulfillments", seen, status=201)) == 3
    assert [one["proofs_needed"] for one in program.ask("GET", here, status=200)["items"]] == [[], [], []]
    assert [row["state"] for row in world.rows(tickets)] == ["ok"] * 3 and world.rows(quarantine) == []


def test_the_rules_are_those_that_were_published_for_the_day(world: World) -> None:
    shop, today = Shopper(world), days.day_at(world.clock.now_ms, "Asia/Shanghai")
    given = replace(
        DEFAULT_FARE_RULES, name="gd", from_day=today, concessions=(("child_with_seat", 250, (), ("height",)),)
    )
    with world.hub.database.write() as tx:
        publish_fare_rules(tx, given, today)
    wish = replace(shop.wish((0, 2, 1)), rider="child_with_seat", proof="height")
    with world.hub.database.write() as tx:
        made = world.hub.selling.book(tx, shop.seller, [wish], "", shop.once())
    assert made.items[0].price_minor == 500
    sold = shop.ticket(made)
    done = shop.exchange(sold, 0, shop.wish((0, 3, 4), day=DAY + 1))
    assert [(item.price_minor, item.rider, item.proof) for item in done.items] == [(500, 1, 1), (750, 1, 1)]
    assert shop.owed() == 750 and world.rows(quarantine) == []
    with pytest.raises(Refusal, match="rider_not_here"), world.hub.database.write() as tx:
        other = replace(wish, rider="disabled_soldier", proof="soldier_card")
        world.hub.selling.book(tx, shop.seller, [other], "", shop.once())
