"""Seats at the hub: granted once, freed by returns only, suspect when silent, released at risk within a budget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.inventory.tables import risk_release, seat_clash, seat_grant
from cloud.kernel.tables import quarantine
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.kernel.errors import Refusal
from sync.kernel.exchange import FORKED
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world

FREE = Trip(8, seat_plan_kind="free", capacity=20)
WHOLE = 0b111


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), FREE]) as made:
        yield made


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def test_two_nodes_are_never_granted_the_same_seat_on_a_leg(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 6)
    world.grant(second, 7, 6)
    first.visit()
    second.visit()
    assert len(first.seats(7)) == 6 and len(second.seats(7)) == 4
    assert not set(first.seats(7)) & set(second.seats(7))
    with pytest.raises(Refusal, match="no_seat"):
        world.grant(first, 7, 1)
    adds_up(world.trip(7))


def test_a_seat_is_granted_again_on_the_legs_that_others_do_not_hold(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 10, 0, 1)
    world.grant(second, 7, 10, 1)
    first.visit()
    second.visit()
    assert set(first.seats(7).values()) == {0b001} and set(second.seats(7).values()) == {0b110}
    assert world.trip(7).free == 0


def test_epochs_of_a_trips_grants_only_grow(world: World) -> None:
    box = world.box("a")
    epochs = [world.grant(box, 7, 1).epoch for _ in range(4)]
    assert epochs == [1, 2, 3, 4]


def test_a_returned_seat_is_granted_again_only_after_the_return_arrived(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    grant = world.grant(first, 7, 10)
    first.visit()
    first.give_back(grant, grant.seats[:4])
    with pytest.raises(Refusal, match="no_seat"):
        world.grant(second, 7, 1)
    first.visit()
    assert len(world.grant(second, 7, 10).seats) == 4
    assert not codes(world)
    adds_up(world.trip(7))


def test_time_alone_frees_nothing(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 10)
    first.visit()
    world.clock.now_ms = world.timetable.trips[7].departs_ms(DAY, 1) + 1
    with pytest.raises(Refusal, match="no_seat"):
        world.grant(second, 7, 1, from_idx=2)
    assert world.trip(7).suspect == 30


def test_a_sale_outside_what_the_node_held_is_quarantined_and_counts(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 2)
    box.sell(7, 9)
    box.visit()
    assert codes(world) == ["outside_grant"]
    assert world.trip(7).consumed == 3
    adds_up(world.trip(7))


def test_a_seat_sold_after_its_return_is_outside_the_grant(world: World) -> None:
    box = world.box("a")
    grant = world.grant(box, 7, 2)
    box.give_back(grant)
    box.sell(7, 1)
    box.visit()
    assert codes(world) == ["outside_grant"]


def test_a_grant_made_after_the_sale_does_not_cover_it(world: World) -> None:
    box = world.box("a")
    box.sell(7, 1)
    box.visit()
    world.grant(box, 7, 10)
    box.visit()
    assert codes(world) == ["outside_grant"]
    assert 1 not in box.seats(7)


def test_a_seat_sold_twice_by_one_node_is_a_conflict(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 2)
    box.sell(7, 1, 0, 2)
    box.sell(7, 1, 1, 3)
    box.sell(7, 1, 2, 3)
    box.visit()
    assert codes(world) == ["seat_sold_twice", "seat_sold_twice"]
    assert [row["at_risk"] for row in world.rows(seat_clash)] == [False, False]


def test_the_same_seat_is_sold_leg_by_leg(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 1)
    for leg in range(3):
        box.sell(7, 1, leg, leg + 1)
    box.visit()
    assert not codes(world) and world.trip(7).consumed == 3


@pytest.mark.parametrize(
    ("seats", "counts", "code"),
    [
        (((1, WHOLE), (2, WHOLE), (9, WHOLE)), (), "return_not_held"),
        (((1, 0b1111),), (), "return_not_held"),
        (((1, 1 << 90),), (), "return_not_held"),
        (((1, -1),), (), "return_not_held"),
        (((1, 1), (1, 2)), (), "return_not_held"),
        ((), ((0, 1),), "return_not_held"),
        ((), (), "return_not_held"),
        (((3, WHOLE),), (), "return_sold"),
    ],
)
def test_a_return_of_what_is_not_there_frees_nothing(
    world: World, seats: tuple[tuple[int, int], ...], counts: tuple[tuple[int, int], ...], code: str
) -> None:
    box = world.box("a")
    grant = world.grant(box, 7, 3)
    box.sell(7, 3, 1, 2)
    box.give_back(grant, seats, counts)
    box.visit()
    assert codes(world) == [code] and world.trip(7).free == 21


def test_nobody_returns_anothers_grant(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    grant = world.grant(first, 7, 3)
    second.give_back(grant)
    second.append(GrantReturned(10**9, 7, DAY, ((1, 1),), ()))
    second.append(GrantReturned(grant.grant_id, 8, DAY, ((1, 1),), ()))
    second.visit()
    assert codes(world) == ["return_not_held", "return_unknown_grant", "return_not_held"]


def test_free_seating_counts_places_by_leg(world: World) -> None:
    first, second = world.box("a", "pier"), world.box("b", "pier")
    grant = world.grant(first, 8, 15)
    assert grant.counts == ((0, 15), (1, 15), (2, 15))
    assert world.grant(second, 8, 15).counts == ((0, 5), (1, 5), (2, 5))
    for _ in range(14):
        first.sell(8, 0, 0, 2)
    first.give_back(grant, (), ((2, 10),))
    first.visit()
    assert not codes(world)
    adds_up(world.trip(8))
    assert dict(world.trip(8).free_cells) == {2: 10}
    first.sell(8, 0, 0, 1)
    first.sell(8, 0, 0, 1)
    first.sell(8, 0, 1, 3)
    first.give_back(grant, (), ((2, 5),))
    first.visit()
    assert codes(world) == ["outside_grant", "return_sold"]
    adds_up(world.trip(8))


def test_more_passengers_than_places_is_a_conflict(world: World) -> None:
    first, second = world.box("a", "pier"), world.box("b", "pier")
    world.grant(first, 8, 20)
    for _ in range(20):
        first.sell(8, 0, 0, 1)
    first.visit()
    second.sell(8, 0, 0, 1)
    second.visit()
    assert codes(world) == ["seat_sold_twice"] and world.trip(8).over == 1


def test_suspect_seats_are_released_at_risk_within_a_budget(world: World) -> None:
    silent, other = world.box("a"), world.box("b")
    grant = world.grant(silent, 7, 10)
    silent.visit()
    release = world.hub.seats.release_at_risk
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="grant_not_suspect"):
        release(tx, grant.grant_id, 1, "phone", "Wang")
    world.clock.now_ms = grant.sell_until_ms + 1
    with world.hub.database.write() as tx:
        assert [line.grant_id for line in world.hub.seats.suspect_grants(tx)] == [grant.grant_id]
        assert release(tx, grant.grant_id, 2, "phone", "Wang") == 2
        with pytest.raises(Refusal, match="at_risk_budget"):
            release(tx, grant.grant_id, 1, "phone", "Wang")
    with pytest.raises(Refusal, match="trip_departed"):
        world.grant(other, 7, 1)
    assert len(world.grant(other, 7, 10, from_idx=1).seats) == 2
    found = world.trip(7)
    assert (found.at_risk, found.granted, found.suspect, found.free) == (6, 4, 24, 2)
    assert world.rows(risk_release)[0]["by"] == "Wang"


def test_a_clash_after_a_release_is_named_and_the_earlier_receipt_keeps_the_seat(world: World) -> None:
    silent, other = world.box("a"), world.box("b")
    grant = world.grant(silent, 7, 10)
    silent.visit()
    silent.sell(7, 1)
    world.clock.now_ms = grant.sell_until_ms + 1
    with world.hub.database.write() as tx:
        world.hub.seats.release_at_risk(tx, grant.grant_id, 1, "phone", "Wang")
    assert world.grant(other, 7, 1, from_idx=1).seats == ((1, 0b110),)
    other.sell(7, 1, 1, 3)
    other.visit()
    silent.visit()
    assert [(row["node_no"], row["code"]) for row in world.rows(quarantine)] == [(silent.node_no, "at_risk_clash")]
    assert world.rows(seat_clash)[0]["at_risk"] is True
    adds_up(world.trip(7))


def test_a_new_box_never_sells_what_the_old_one_was_granted(world: World) -> None:
    old = world.box("a")
    grant = world.grant(old, 7, 10)
    old.visit()
    fresh = world.replace_box(old, "a2")
    fresh.visit()
    assert fresh.grants() == [] and world.trip(7).suspect == 30
    fresh.give_back(grant)
    fresh.visit()
    assert codes(world) == ["return_not_held"]
    old.sell(7, 1)
    old.visit()
    assert codes(world) == ["return_not_held"]


def test_a_forked_nodes_grants_are_suspect(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 4)
    box.sell(7, 1)
    box.visit()
    copy = Box(world.hub, box.node_no, box.code, "a")
    copy.epoch = box.epoch
    copy.sell(7, 2)
    assert copy.visit().status == FORKED
    assert world.trip(7).suspect == 9


def test_a_trip_that_is_not_for_sale_is_never_granted(world: World) -> None:
    world.timetable.trips[7].for_sale = False
    box = world.box("a")
    with pytest.raises(Refusal, match="trip_not_for_sale"):
        world.grant(box, 7, 1)
    box.append(SeatsAsked(7, DAY, 0, 3, 1))
    box.append(SeatsAsked(99, DAY, 0, 3, 1))
    box.append(SeatsAsked(8, DAY, 2, 1, 1))
    box.visit()
    assert box.grants() == [] and not world.rows(seat_grant)


def test_a_feed_must_not_change_what_was_granted(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 1)
    box.sell(5, 1, day=DAY + 3)
    box.visit()
    with world.hub.database.read() as tx:
        assert world.hub.inventory.pinned_days(tx) == {7: {DAY}, 5: {DAY + 3}}
