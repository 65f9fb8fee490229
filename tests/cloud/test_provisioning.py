"""What the hub gives nodes by itself: blocks, refills, answers to those who ask, the rest to the vehicle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.inventory.tables import ask_waiting
from cloud.kernel import nodes
from sync.domains.boarding.operations import Duty
from sync.domains.inventory.events import SeatsAsked
from sync.domains.inventory.operations import Recall
from sync.kernel.exchange import REPLACED
from sync.kernel.operations import Subscriptions, operator_stream
from tests.cloud.world import DAY, HOUR_MS, Trip, World, adds_up, new_world

FREE = Trip(8, seat_plan_kind="free", capacity=20)


@pytest.fixture
def selling(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    """A hub that hands out blocks by itself."""
    blocks = {"grant_hours": 36, "block_station": 4, "block_village": 2, "block_pier": 5}
    with new_world(hub_database_url, tmp_path, [Trip(7), FREE], **blocks) as made:
        yield made


def test_a_new_node_gets_a_block_for_each_trip_within_reach(selling: World) -> None:
    box = selling.box("a")
    box.visit()
    assert {(grant.trip_no, grant.day) for grant in box.grants()} == {(7, DAY), (8, DAY)}
    assert len(box.seats(7)) == 4
    wanted = Subscriptions.from_bytes(box.body(f"node/{box.node_no}", "subscriptions") or b"")
    assert operator_stream(1) in wanted.streams
    selling.clock.now_ms += 13 * HOUR_MS
    box.visit()
    assert {grant.day for grant in box.grants()} == {DAY, DAY + 1}
    assert [grant.sell_until_ms for grant in box.grants(7, DAY + 1)] == [
        selling.timetable.trips[7].departs_ms(DAY + 1, 0)
    ]


def test_a_village_in_the_middle_gets_the_legs_from_its_stop(selling: World) -> None:
    box = selling.box("v", "village", [2])
    box.visit()
    assert set(box.seats(7).values()) == {0b110} and len(box.seats(7)) == 2


def test_blocks_leave_a_share_for_the_others(selling: World) -> None:
    boxes = [selling.box(f"n{i}") for i in range(4)]
    for box in boxes:
        box.visit()
    assert [len(box.seats(7)) for box in boxes] == [4, 2, 0, 0]


def test_a_node_that_runs_low_is_refilled_with_the_same_exchange(selling: World) -> None:
    box = selling.box("a")
    box.visit()
    for seat in sorted(box.seats(7))[:3]:
        box.sell(7, seat)
    box.visit()
    assert len(box.seats(7)) == 7 and len(box.grants(7)) == 2
    box.visit()
    assert len(box.grants(7)) == 2
    adds_up(selling.trip(7))


def test_seats_that_were_asked_for_come_with_the_answer(world: World) -> None:
    box = world.box("a")
    box.append(SeatsAsked(7, DAY, 1, 3, 2))
    box.visit()
    assert set(box.seats(7).values()) == {0b110} and len(box.seats(7)) == 2


def test_a_seat_that_another_holds_is_asked_back_and_passed_on(world: World) -> None:
    holder, asker = world.box("a"), world.box("b")
    grant = world.grant(holder, 7, 10)
    holder.visit()
    holder.sell(7, 1)
    holder.visit()
    asker.append(SeatsAsked(7, DAY, 0, 3, 2))
    asker.visit()
    assert asker.seats(7) == {} and len(world.rows(ask_waiting)) == 1
    holder.visit()
    recall = Recall.from_bytes(holder.keys("recall")[f"recall/7/{DAY}"])
    assert recall.count == 2
    holder.give_back(grant, grant.seats[-2:])
    holder.visit()
    asker.visit()
    assert set(asker.seats(7)) == {9, 10} and world.rows(ask_waiting) == []
    adds_up(world.trip(7))


def test_a_replaced_log_asks_for_nothing_and_what_it_returns_goes_to_who_waits(world: World) -> None:
    old, asker = world.box("old", low_water=0), world.box("asker", low_water=0)
    granted = world.grant(old, 7, 10)
    old.visit()
    new = world.replace_box(old, "new")
    asker.append(SeatsAsked(7, DAY, 0, 3, 1))
    asker.visit()
    (waits,) = world.rows(ask_waiting)
    old.append(SeatsAsked(7, DAY, 0, 3, 1))
    assert old.send(old.request()).status == REPLACED
    assert world.rows(ask_waiting) == [waits]
    old.give_back(granted, granted.seats[:1])
    old.send(old.request())
    asker.visit()
    assert len(asker.seats(7)) == 1 and world.rows(ask_waiting) == []
    new.visit()
    assert new.grants(7) == []


def test_a_holder_is_not_asked_again_before_it_answered(world: World) -> None:
    holder, asker = world.box("a"), world.box("b")
    world.grant(holder, 7, 10)
    holder.visit()
    numbers = set()
    for _ in range(3):
        asker.append(SeatsAsked(7, DAY, 0, 3, 1))
        asker.visit()
        holder.visit()
        numbers.add(Recall.from_bytes(holder.keys("recall")[f"recall/7/{DAY}"]).number)
    assert len(numbers) == 1


def test_the_vehicles_box_gets_what_is_left_shortly_before_departure(selling: World) -> None:
    box, coach = selling.box("a"), selling.box("coach", "vehicle", [])
    box.visit()
    with selling.hub.database.write() as tx:
        selling.hub.boarding.assign_duty(tx, nodes.find(tx, "coach"), 7, DAY, "粤E 12345")
    coach.visit()
    assert coach.seats(7) == {}
    assert Duty.from_bytes(coach.keys("duty")[f"duty/7/{DAY}"]).vehicle == "粤E 12345"
    selling.clock.now_ms = selling.timetable.trips[7].departs_ms(DAY, 0) - 29 * 60_000
    coach.visit()
    assert len(coach.seats(7)) == 6 and selling.trip(7).free == 0
    box.give_back(box.grants(7)[0])
    box.visit()
    selling.clock.now_ms += 2 * 60_000
    coach.visit()
    assert len(coach.seats(7)) == 10


def test_a_box_that_asks_gets_all_that_is_left(world: World) -> None:
    coach = world.box("coach", "vehicle", [])
    with world.hub.database.write() as tx:
        world.hub.boarding.assign_duty(tx, nodes.find(tx, "coach"), 7, DAY, "")
    coach.append(SeatsAsked(7, DAY, 0, 1, 1))
    coach.visit()
    assert len(coach.seats(7)) == 10
