"""Seats that passengers left, at the hub: one owner, whoever's log is heard first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.boarding.tables import boarded, ticket_mark
from cloud.domains.inventory.tables import seat_freed, seat_grant, sole_seller
from cloud.kernel import nodes, rebuild
from cloud.kernel.tables import quarantine
from sync.domains.boarding.events import (
    ABSENCE,
    BOARDING,
    OWN,
    TAKEN_OVER,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
    TicketBoarded,
)
from sync.domains.ticketing.events import TicketRefunded
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from sync.kernel.operations import trip_stream
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world

WHOLE = 0b111
STREAM = trip_stream(7, DAY)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7)]) as made:
        yield made


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def same_when_folded_again(world: World) -> bool:
    return rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def coach(world: World) -> Box:
    """The box that runs trip 7, close to its departure: it has been handed what was left, and is its sole seller."""
    found = world.box("coach", "vehicle", [])
    with world.hub.database.write() as tx:
        world.hub.boarding.assign_duty(tx, nodes.find(tx, found.node_no), 7, DAY, "粤E 1")
    world.clock.now_ms = world.timetable.trips[7].departs_ms(DAY, 0) - 60_000
    found.visit()
    found.visit()
    return found


def seller(world: World) -> Box:
    found = world.box("a")
    world.grant(found, 7, 4)
    found.visit()
    return found


def ticket(box: Box, serial: int = 1) -> bytes:
    return TicketId(box.node_no, 1, serial).to_bytes()


def absent(
    box: Box, ticket_id: bytes, seat: int = 1, from_idx: int = 0, at_idx: int = 0, frees: int = TAKEN_OVER
) -> int:
    return box.append(NoShowMarked(ticket_id, 7, DAY, from_idx, 3, seat, at_idx, frees, 5))


def refund(box: Box, serial: int, seat: int = 1) -> None:
    ride = (7, DAY, 0, 3, seat)
    box.append(TicketRefunded(ticket(box, serial), *ride, 0, 5000, "CNY", 0, 3, "default/x", 5, True))


def test_a_box_is_made_the_sole_seller_shortly_before_its_trip_and_nobody_else_is_granted_seats_then(
    world: World,
) -> None:
    first = seller(world)
    bus = coach(world)
    assert list(bus.keys("sole", STREAM)) == [f"sole/7/{DAY}"]
    assert [(row["node_no"], row["trip_no"]) for row in world.rows(sole_seller)] == [(bus.node_no, 7)]
    grants = len(world.rows(seat_grant))
    back = first.seats(7)
    first.give_back(first.grants(7)[0], tuple(back.items()))
    first.visit()
    with pytest.raises(Refusal, match="trip_not_for_sale"):
        world.grant(first, 7, 1)
    assert len(world.rows(seat_grant)) == grants
    bus.visit()
    world.clock.now_ms += 10 * 60_000
    bus.visit()
    assert len(world.rows(seat_grant)) == grants + 1 and set(back) <= set(bus.seats(7))
    adds_up(world.trip(7))


def test_without_the_rule_another_node_would_be_granted_what_came_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above."""
    from cloud.domains.inventory import service

    first = seller(world)
    coach(world)
    monkeypatch.setattr(service, "others_trips", lambda *_: set())
    first.give_back(first.grants(7)[0], tuple(first.seats(7).items()))
    first.visit()
    assert world.grant(first, 7, 1)


@pytest.mark.parametrize("order", ["seller first", "coach first"])
def test_a_seat_that_was_sold_on_has_one_owner_whoever_is_heard_first(world: World, order: str) -> None:
    first, bus = seller(world), coach(world)
    first.sell(7, 1)
    absent(bus, ticket(first))
    bus.sell(7, 1)
    for box in (first, bus) if order == "seller first" else (bus, first):
        box.visit()
    assert codes(world) == []
    assert [(row["ticket_id"], row["deducted"]) for row in world.rows(seat_freed)] == [(ticket(first), True)]
    assert [(row["kind"], row["node_no"]) for row in world.rows(ticket_mark)] == [(ABSENCE, bus.node_no)]
    adds_up(world.trip(7))
    assert same_when_folded_again(world)


@pytest.mark.parametrize("order", ["seller first", "coach first"])
def test_a_refund_of_the_absent_ticket_at_the_same_time_gives_its_cells_to_nobody_else(
    world: World, order: str
) -> None:
    """The seller returns them as its own; they are the box's for the rest of the trip, so the hub grants them to nobody."""
    first, bus = seller(world), coach(world)
    first.sell(7, 1)
    first.visit()
    bus.visit()
    absent(bus, ticket(first))
    bus.sell(7, 1)
    refund(first, 1)
    first.give_back(first.grants(7)[0], ((1, WHOLE),))
    for box in (first, bus) if order == "seller first" else (bus, first):
        box.visit()
    assert codes(world) == []
    world.clock.now_ms += 10 * 60_000
    grants = len(world.rows(seat_grant))
    bus.visit()
    assert len(world.rows(seat_grant)) == grants
    assert same_when_folded_again(world)


def test_whoever_was_sold_the_seat_in_place_of_the_absent_one_was_absent_too(world: World) -> None:
    first, bus = seller(world), coach(world)
    first.sell(7, 1)
    refund(first, 1)
    first.sell(7, 1)
    absent(bus, ticket(first))
    bus.sell(7, 1)
    bus.visit()
    first.visit()
    assert codes(world) == []


def test_a_ticket_from_a_stop_behind_on_a_seat_that_was_sold_on_is_seen(world: World) -> None:
    first, bus = seller(world), coach(world)
    absent(bus, ticket(first))
    bus.sell(7, 1)
    bus.visit()
    first.sell(7, 1, 1, 3)
    first.visit()
    assert codes(world) == ["seat_sold_twice"]


def test_what_a_lying_box_says_of_seats_is_kept_aside(world: World) -> None:
    first, bus, other = seller(world), coach(world), world.box("lorry", "vehicle", [])
    first.sell(7, 1)
    first.visit()
    absent(other, ticket(first))
    other.visit()
    absent(bus, ticket(first), seat=2)
    absent(bus, ticket(first), at_idx=3)
    absent(bus, ticket(first), frees=OWN)
    absent(bus, ticket(first)[:7])
    absent(bus, ticket(first))
    absent(bus, ticket(first))
    bus.append(MarkUndone(ticket(first, 9), 7, DAY, ABSENCE, 5))
    bus.append(MarkUndone(ticket(first, 9), 7, DAY, BOARDING, 5))
    bus.visit()
    assert codes(world) == [
        "freed_differs", "freed_shape", "freed_not_own", "ticket_id", "freed_twice", "undo_unknown", "undo_unknown",
        "freed_not_sole",
    ]  # fmt: skip
    assert len(world.rows(seat_freed)) == 1


def test_a_box_that_lies_about_a_seat_sells_nothing_by_it(world: World) -> None:
    first, other = seller(world), world.box("lorry", "vehicle", [])
    first.sell(7, 1)
    first.visit()
    absent(other, ticket(first))
    other.sell(7, 1)
    other.visit()
    assert codes(world) == ["freed_not_sole", "seat_sold_twice"]


def test_a_mark_that_is_taken_back_gives_the_seat_back_unless_it_was_sold(world: World) -> None:
    first, bus = seller(world), coach(world)
    for seat in (1, 2):
        first.sell(7, seat)
    first.visit()
    bus.append(PassengerAlighted(ticket(first, 1), 7, DAY, 0, 3, 1, 1, TAKEN_OVER, 5))
    absent(bus, ticket(first, 2), seat=2)
    bus.append(MarkUndone(ticket(first, 1), 7, DAY, 1, 5))
    bus.sell(7, 1, 1, 3)
    bus.sell(7, 2)
    bus.append(MarkUndone(ticket(first, 2), 7, DAY, ABSENCE, 5))
    bus.visit()
    assert codes(world) == ["seat_sold_twice", "undo_sold"]
    assert same_when_folded_again(world)


def test_an_own_ticket_left_is_sold_on_by_the_same_log_and_refunded_only_up_to_there(world: World) -> None:
    bus = coach(world)
    seat = min(bus.seats(7))
    bus.sell(7, seat)
    absent(bus, ticket(bus), seat, at_idx=1, frees=OWN)
    bus.sell(7, seat, 1, 3)
    refund(bus, 1, seat)
    bus.visit()
    assert codes(world) == []
    bus.sell(7, seat, 1, 3)
    bus.sell(7, seat, 0, 1)
    bus.visit()
    assert codes(world) == ["seat_sold_twice"]
    assert same_when_folded_again(world)


def test_absent_here_and_let_in_there_is_kept_aside_for_people(world: World) -> None:
    first, bus, gate = seller(world), coach(world), world.box("gate")
    first.sell(7, 1)
    first.sell(7, 2)
    first.visit()
    gate.append(TicketBoarded(ticket(first, 1), 7, DAY, 0, 3, 1, "g", 5, "ABCD", True))
    gate.visit()
    absent(bus, ticket(first, 1))
    absent(bus, ticket(first, 2), seat=2)
    bus.visit()
    gate.append(TicketBoarded(ticket(first, 2), 7, DAY, 0, 3, 2, "g", 5, "ABCD", True))
    gate.visit()
    assert codes(world) == ["no_show_boarded", "no_show_boarded"]
    assert same_when_folded_again(world)


@pytest.mark.parametrize("takes_back", [False, True])
def test_an_absence_is_held_against_boardings_as_they_stood_then(world: World, takes_back: bool) -> None:
    """However the log is cut into batches: one that came later, or was taken back later, is not for this one to know."""
    first, bus, gate = seller(world), coach(world), world.box("gate")
    first.sell(7, 1)
    first.visit()
    steps: list[tuple[Box, Event | None]] = [
        (gate, TicketBoarded(ticket(first, 1), 7, DAY, 0, 3, 1, "g", 5, "ABCD", True))
    ]
    if takes_back:
        steps += [(bus, None), (gate, MarkUndone(ticket(first, 1), 7, DAY, BOARDING, 5))]
    else:
        steps.insert(0, (bus, None))
    for box, event in steps:
        absent(bus, ticket(first, 1)) if event is None else box.append(event)
        box.visit()
    assert codes(world) == ["no_show_boarded"]
    held = [row["seq"] for row in world.rows(quarantine)]
    assert same_when_folded_again(world)
    assert [row["seq"] for row in world.rows(quarantine)] == held


def test_a_boarding_that_was_taken_back_boards_again_and_no_other_node_takes_it_back(world: World) -> None:
    first, gate = seller(world), world.box("gate")
    board = TicketBoarded(ticket(first), 7, DAY, 0, 3, 1, "g", 5, "ABCD", True)
    undo = MarkUndone(ticket(first), 7, DAY, BOARDING, 5)
    for event in (board, undo, board):
        gate.append(event)
    gate.visit()
    assert codes(world) == [] and len(world.rows(boarded)) == 1
    gate.append(undo)
    gate.visit()
    assert world.rows(boarded) == []
    gate.append(board)
    gate.visit()
    first.append(undo)
    first.visit()
    assert codes(world) == ["undo_unknown"] and len(world.rows(boarded)) == 1
