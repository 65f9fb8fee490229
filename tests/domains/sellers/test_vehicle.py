"""Another vehicle, and what a seller and its passengers are shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.app import create_app
from cloud.kernel.tables import quarantine
from tests.cloud.plans import label_of
from tests.cloud.world import Trip, World, new_world
from tests.domains.disruption.test_vehicle_cloud import change
from tests.domains.sellers.test_api import Program


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7)]) as made:
        yield made


def test_a_booking_shows_the_seat_of_the_vehicle_that_runs(world: World) -> None:
    program = Program(world, create_app(world.hub).test_client())
    here = f"/bookings/{program.book(2, 10)['booking_id']}"
    program.ask("POST", f"{here}/fulfillments", status=201)
    before = program.ask("GET", here, status=200)["items"]
    assert [(one["seat"], one["seat_now"], one["free_of_fee"]) for one in before] == [(2, 2, False), (10, 10, False)]
    change(world, "reserved-8")
    moved = program.ask("GET", here, status=200)["items"]
    assert (moved[0]["seat_now"], moved[1]["seat"]) == (2, 10)
    assert moved[1]["seat_now"] in range(1, 9) and moved[1]["seat_now"] != 2
    assert [one["seat_label"] for one in before + moved] == ["01B", "03B", "01B", "03B"]
    assert moved[1]["seat_now_label"] == label_of(moved[1]["seat_now"])
    assert program.ask("GET", "/bookings", status=200)[0]["items"] == moved


def test_who_has_no_seat_is_told_so_and_gives_back_free(world: World) -> None:
    program = Program(world, create_app(world.hub).test_client())
    here = f"/bookings/{program.book(8, 9, 10)['booking_id']}"
    program.ask("POST", f"{here}/fulfillments", status=201)
    change(world, "reserved-2")
    items = program.ask("GET", here, status=200)["items"]
    assert items[2]["seat_label"] == "03B" and items[2]["seat_now_label"] is None
    standing = [one["item"] for one in items if one["seat_now"] is None]
    assert standing == [2] and items[2]["free_of_fee"]
    fees = {one["item"]: one["fee_minor"] for one in program.ask("POST", f"{here}/refund-offers", status=200)}
    assert fees[2] == 0
    done = program.ask("PATCH", f"{here}/refund-offers/2-0", {"status": "CONFIRMED"}, status=200)
    assert done["items"][2]["refunded_minor"] == 3_000 and world.rows(quarantine) == []
