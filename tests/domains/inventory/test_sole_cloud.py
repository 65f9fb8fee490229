"""The one seller of a trip, when another vehicle goes on with it: one at a time, whatever is heard when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.inventory import service
from cloud.domains.inventory.tables import seat_freed, sole_moved
from sync.domains.inventory.operations import SoleSeller
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world
from tests.domains.duties.test_swap_cloud import hand, say_given, say_taken
from tests.domains.inventory.test_left_cloud import STREAM, absent, coach, codes, same_when_folded_again, seller, ticket


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7)]) as made:
        yield made


def swapped(world: World) -> tuple[Box, Box, Box]:
    """A seller of three seats; the coach, which took one of them over and then gave its trip away; and the coach that has it."""
    first, bus = seller(world), coach(world)
    for seat in (1, 2, 3):
        first.sell(7, seat)
    first.visit()
    spare = world.box("spare", "vehicle", [])
    bus.visit()
    absent(bus, ticket(first, 1))
    signed = hand(bus, spare)
    say_given(bus, spare, signed)
    bus.visit()
    spare.visit()
    say_taken(spare, signed)
    spare.visit()
    spare.visit()
    return first, bus, spare


def test_who_goes_on_with_the_trip_sells_on_what_passengers_leave_from_then_on(world: World) -> None:
    first, bus, spare = swapped(world)
    said = SoleSeller.from_bytes(spare.body(STREAM, f"sole/7/{DAY}") or b"")
    assert said == SoleSeller(spare.node_no, (ticket(first, 1),)), "and hears whose seat is the giver's"
    absent(spare, ticket(first, 2), seat=2)
    spare.sell(7, 2)
    spare.visit()
    assert codes(world) == [] and len(world.rows(seat_freed)) == 2
    absent(bus, ticket(first, 3), seat=3)
    bus.visit()
    absent(spare, ticket(first, 1))
    spare.visit()
    assert codes(world) == ["freed_not_sole", "freed_twice"]
    assert same_when_folded_again(world)
    adds_up(world.trip(7))


def test_what_the_giver_said_before_holds_also_when_its_taker_is_heard_first(world: World) -> None:
    first, bus = seller(world), coach(world)
    for seat in (1, 2):
        first.sell(7, seat)
    first.visit()
    spare = world.box("spare", "vehicle", [])
    bus.visit()
    absent(bus, ticket(first, 1))
    bus.sell(7, 1)
    signed = hand(bus, spare)
    say_given(bus, spare, signed)
    say_taken(spare, signed)
    spare.visit()
    assert world.rows(sole_moved) == [], "the giver may still have something to say"
    bus.visit()
    assert codes(world) == [] and len(world.rows(sole_moved)) == 1
    assert same_when_folded_again(world)
    adds_up(world.trip(7))


def test_without_passing_it_on_nobody_could_sell_what_passengers_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary."""
    monkeypatch.setattr(service, "pass_on", lambda *_: False)
    first, _, spare = swapped(world)
    absent(spare, ticket(first, 2), seat=2)
    spare.visit()
    assert codes(world) == ["freed_not_sole"]
