"""Handovers at the hub: seats change their owner once, whichever end is heard first, and what lying boxes could write."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.boarding.service import vehicles_of
from cloud.kernel import nodes
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.boarding.events import OWN, PassengerAlighted
from sync.domains.duties.events import TripHandedOver, TripStarted, TripTakenOver
from sync.domains.duties.operations import LEAST_NUMBER, Handover, sign_handover
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import Grant
from sync.domains.ticketing.events import TicketRefunded
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, START_MS, Box, Trip, World, adds_up, new_world

TRIP = (7, DAY)
DRIVER = 1
numbers = itertools.count(LEAST_NUMBER + 1)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def pair(world: World) -> tuple[Box, Box]:
    """A coach with four seats, of which it sold one, and another coach."""
    first, second = world.box("coach", kind="vehicle"), world.box("spare", kind="vehicle")
    with world.hub.database.write() as tx:
        world.hub.duties.assign(tx, nodes.find(tx, first.node_no), TRIP, "粤E 1")
    world.grant(first, 7, 4)
    first.visit()
    first.sell(7, min(first.seats(7)))
    return first, second


def left_of(box: Box) -> tuple[tuple[int, int], ...]:
    """Seats of the coach that it holds and did not sell."""
    return tuple(sorted(box.seats(7).items())[1:])


def given(giver: Box, taker: Box, **changes: Any) -> Handover:
    [grant] = giver.grants(7)
    found = Handover(
        next(numbers), *TRIP, giver.node_no, 1, taker.node_no, 1, START_MS, 1, True, -1, 0, "", "",
        ((grant.grant_id, left_of(giver), ()),), grant.sell_until_ms, (),
    )  # fmt: skip
    return replace(found, **changes)


def hand(giver: Box, taker: Box, signer: Ed25519Signer | None = None, **changes: Any) -> bytes:
    return sign_handover(given(giver, taker, **changes), signer or giver.signer, giver.certificate)


def say_given(giver: Box, taker: Box, signed: bytes) -> None:
    giver.append(TripStarted(*TRIP, DRIVER, "", (), ""))
    giver.append(TripHandedOver(*TRIP, DRIVER, taker.node_no, signed))


def say_taken(taker: Box, signed: bytes) -> None:
    taker.append(TripTakenOver(*TRIP, DRIVER, "粤E 2", signed))


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def sound(world: World) -> None:
    adds_up(world.trip(7))
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


@pytest.mark.parametrize("taker_first", [False, True])
def test_the_taker_sells_the_seats_whichever_end_is_heard_first(world: World, taker_first: bool) -> None:
    giver, taker = pair(world)
    signed, seats = hand(giver, taker), left_of(giver)
    say_given(giver, taker, signed)
    say_taken(taker, signed)
    taker.sell(7, seats[0][0], 1, 3)
    for box in (taker, giver) if taker_first else (giver, taker):
        box.visit()
        sound(world)
    taker.sell(7, seats[1][0], 1, 3)
    taker.visit()
    assert codes(world) == []
    sound(world)


def test_the_hub_passes_it_on_and_the_duty_goes_along(world: World) -> None:
    giver, taker = pair(world)
    number = next(numbers)
    signed = hand(giver, taker, number=number)
    say_given(giver, taker, signed)
    giver.visit()
    taker.visit()
    assert taker.body(f"node/{taker.node_no}", f"handover/{number}") == signed
    say_taken(taker, signed)
    taker.visit()
    with world.hub.database.read() as tx:
        assert [(box, plate) for box, plate, _ in vehicles_of(tx, *TRIP)] == [(taker.node_no, "粤E 2")]
    assert codes(world) == []


def test_a_giver_that_sells_on_is_found_out(world: World) -> None:
    giver, taker = pair(world)
    signed, seats = hand(giver, taker), left_of(giver)
    say_given(giver, taker, signed)
    giver.sell(7, seats[0][0])
    giver.visit()
    assert codes(world) == ["outside_grant"]
    say_taken(taker, signed)
    taker.sell(7, seats[0][0])
    taker.visit()
    assert codes(world) == ["outside_grant", "seat_sold_twice"]
    sound(world)


def test_a_second_box_that_took_it_is_flagged_and_gets_no_seat(world: World) -> None:
    giver, taker = pair(world)
    copier = world.box("copier", kind="vehicle")
    signed, seats = hand(giver, taker), left_of(giver)
    say_given(giver, taker, signed)
    for box in (taker, copier):
        say_taken(box, signed)
    copier.sell(7, seats[0][0])
    for box in (copier, giver, taker):
        box.visit()
    assert codes(world) == ["handover_other", "outside_grant"]
    sound(world)


def test_a_handover_is_believed_from_its_giver_alone(world: World) -> None:
    giver, taker = pair(world)
    say_taken(taker, hand(giver, taker, signer=taker.signer))
    say_taken(taker, b"\xd2no handover")
    say_taken(taker, hand(giver, taker, trip_no=8))
    taker.visit()
    assert codes(world) == ["handover_forged"] * 3
    giver.append(TripHandedOver(*TRIP, DRIVER, taker.node_no, hand(giver, taker, from_node_no=taker.node_no)))
    giver.visit()
    assert codes(world)[3:] == ["handover_forged"]
    sound(world)


def test_nobody_hands_over_what_it_does_not_hold_or_has_sold(world: World) -> None:
    giver, taker = pair(world)
    [grant] = giver.grants(7)
    sold = min(giver.seats(7))
    odd = (
        (((grant.grant_id, ((9, 0b111),), ()),), "handover_not_held"),
        (((99_999, left_of(giver), ()),), "handover_not_held"),
        (((grant.grant_id, (), ((0, 3),)),), "handover_not_held"),
        (((grant.grant_id, left_of(giver)[:1], ()), (grant.grant_id, left_of(giver)[:1], ())), "handover_not_held"),
        (((grant.grant_id, ((sold, 0b111),), ()),), "handover_sold"),
    )
    for grants, _ in odd:
        giver.append(TripHandedOver(*TRIP, DRIVER, taker.node_no, hand(giver, taker, grants=grants)))
    giver.visit()
    assert codes(world) == [code for _, code in odd]
    sound(world)


def test_one_number_stands_for_one_handover(world: World) -> None:
    giver, taker = pair(world)
    number, seats = next(numbers), left_of(giver)
    [grant] = giver.grants(7)
    one = hand(giver, taker, number=number, grants=((grant.grant_id, seats[:1], ()),))
    other = hand(giver, taker, number=number, grants=((grant.grant_id, seats[1:], ()),))
    say_given(giver, taker, one)
    giver.visit()
    say_taken(taker, other)
    taker.visit()
    assert codes(world) == ["handover_twice"]
    sound(world)


def test_the_taker_gives_back_what_it_did_not_sell(world: World) -> None:
    giver, taker = pair(world)
    number, seats = next(numbers), left_of(giver)
    signed = hand(giver, taker, number=number)
    say_taken(taker, signed)
    taker.sell(7, seats[0][0])
    taker.append(GrantReturned(number, *TRIP, seats[1:], ()))
    taker.visit()
    taker.append(GrantReturned(number, *TRIP, seats[1:], ()))
    taker.visit()
    assert codes(world) == ["return_not_held"], "the second time"
    free = world.trip(7).free
    sound(world)
    say_given(giver, taker, signed)
    giver.visit()
    assert world.trip(7).free == free and codes(world) == ["return_not_held"]


def went_on_twice(world: World) -> tuple[Box, Box, Box, tuple[tuple[int, int], ...]]:
    """Three coaches: what the first gave the second, that gave the third, which sold one of the seats; and these seats."""
    giver, taker = pair(world)
    third = world.box("third", kind="vehicle")
    number, seats = next(numbers), left_of(giver)
    first = hand(giver, taker, number=number)
    say_given(giver, taker, first)
    say_taken(taker, first)
    onward = sign_handover(
        replace(given(giver, taker), from_node_no=taker.node_no, to_node_no=third.node_no,
                grants=((number, seats, ()),)), taker.signer, taker.certificate,
    )  # fmt: skip
    taker.append(TripHandedOver(*TRIP, DRIVER, third.node_no, onward))
    say_taken(third, onward)
    third.sell(7, seats[0][0])
    return giver, taker, third, seats


def test_seats_that_went_on_go_on_once_more(world: World) -> None:
    giver, taker, third, _ = went_on_twice(world)
    for box in (taker, third, giver):
        box.visit()
        sound(world)
    assert codes(world) == []


def test_a_third_box_that_is_heard_before_the_second_is_kept_aside_and_sells_on_once_that_was_heard(
    world: World,
) -> None:
    giver, taker, third, seats = went_on_twice(world)
    free = world.trip(7).free
    third.visit()
    assert codes(world) == ["handover_not_held", "outside_grant"]
    for box in (taker, giver):
        box.visit()
        sound(world)
    assert world.trip(7).free == free, "what it sold is nobody's to give out"
    third.sell(7, seats[1][0])
    third.visit()
    assert codes(world) == ["handover_not_held", "outside_grant"]
    sound(world)


def take_back(giver: Box, seat: int) -> None:
    ticket_id = TicketId(giver.node_no, 1, giver.serial).to_bytes()
    giver.append(TicketRefunded(ticket_id, *TRIP, 0, 3, seat, 0, 5000, "CNY", 0, 3, "default/x", DRIVER, True))


def get_off(giver: Box, seat: int) -> None:
    giver.append(
        PassengerAlighted(TicketId(giver.node_no, 1, giver.serial).to_bytes(), *TRIP, 0, 3, seat, 1, OWN, DRIVER)
    )


@pytest.mark.parametrize("left", [take_back, get_off])
def test_what_the_giver_sold_and_got_back_before_it_gave_it_is_no_second_sale(
    world: World, left: Callable[[Box, int], None]
) -> None:
    giver, taker = pair(world)
    [grant] = giver.grants(7)
    seat, legs = next(iter(dict(left_of(giver)))), 0b111 if left is take_back else 0b110
    giver.sell(7, seat)
    left(giver, seat)
    signed = hand(giver, taker, grants=((grant.grant_id, ((seat, legs),), ()),))
    say_given(giver, taker, signed)
    say_taken(taker, signed)
    taker.sell(7, seat, 1, 3)
    taker.visit()
    giver.visit(most=1)
    sound(world)
    giver.visit()
    assert codes(world) == []
    sound(world)
    giver.sell(7, seat, 1, 3)
    giver.visit()
    assert codes(world) == ["seat_sold_twice"], "after its own word it has no more right to the seat"


@pytest.mark.parametrize("taker_first", [False, True])
@pytest.mark.parametrize("left", [take_back, get_off])
def test_what_the_giver_takes_back_may_be_heard_long_after_its_sale(
    world: World, left: Callable[[Box, int], None], taker_first: bool
) -> None:
    giver, taker = pair(world)
    [grant] = giver.grants(7)
    seat, legs = next(iter(dict(left_of(giver)))), 0b111 if left is take_back else 0b110
    giver.sell(7, seat)
    giver.visit()
    left(giver, seat)
    signed = hand(giver, taker, grants=((grant.grant_id, ((seat, legs),), ()),))
    say_given(giver, taker, signed)
    say_taken(taker, signed)
    taker.sell(7, seat, 1, 3)
    for box in (taker, giver) if taker_first else (giver, taker):
        box.visit()
        sound(world)
    assert codes(world) == []
    taker.sell(7, seat, 1, 3)
    taker.visit()
    assert codes(world) == ["seat_sold_twice"], "by the taker itself"


def test_a_giver_that_sold_what_it_gave_is_found_out_when_it_is_heard(world: World) -> None:
    giver, taker = pair(world)
    [grant] = giver.grants(7)
    seat = next(iter(dict(left_of(giver))))
    giver.sell(7, seat)
    signed = hand(giver, taker, grants=((grant.grant_id, ((seat, 0b111),), ()),))
    say_given(giver, taker, signed)
    say_taken(taker, signed)
    taker.visit()
    assert codes(world) == []
    giver.visit()
    assert codes(world) == ["handover_sold"]
    sound(world)


def give_places(giver: Box, taker: Box, grant: Grant, count: int) -> None:
    parts = ((grant.grant_id, (), tuple((leg, count) for leg in range(3))),)
    said = Handover(
        next(numbers), 8, DAY, giver.node_no, 1, taker.node_no, 1, START_MS, 0, True, -1, 0, "", "", parts,
        grant.sell_until_ms, (),
    )  # fmt: skip
    signed = sign_handover(said, giver.signer, giver.certificate)
    giver.append(TripHandedOver(8, DAY, DRIVER, taker.node_no, signed))
    taker.append(TripTakenOver(8, DAY, DRIVER, "粤E 2", signed))


@pytest.mark.parametrize("taker_first", [False, True])
def test_places_that_the_giver_took_back_or_returned_before_are_no_sale_too_many(
    hub_database_url: str, tmp_path: Path, taker_first: bool
) -> None:
    with new_world(hub_database_url, tmp_path, [Trip(8, seat_plan_kind="free", capacity=6)]) as world:
        giver, taker = world.box("boat", kind="vehicle"), world.box("spare", kind="vehicle")
        grant = world.grant(giver, 8, 6)
        giver.visit()
        for _ in range(5):
            giver.sell(8, 0)
        giver.visit()
        giver.append(GrantReturned(grant.grant_id, 8, DAY, (), tuple((leg, 1) for leg in range(3))))
        for serial in range(giver.serial - 3, giver.serial + 1):
            ticket_id = TicketId(giver.node_no, 1, serial).to_bytes()
            giver.append(TicketRefunded(ticket_id, 8, DAY, 0, 3, 0, 0, 5000, "CNY", 0, 3, "default/x", DRIVER, True))
        give_places(giver, taker, grant, 4)
        for _ in range(4):
            taker.sell(8, 0)
        for box in (taker, giver) if taker_first else (giver, taker):
            box.visit()
        assert codes(world) == []
        adds_up(world.trip(8))
        assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_of_places_without_numbers_the_giver_keeps_those_that_it_sold(hub_database_url: str, tmp_path: Path) -> None:
    with new_world(hub_database_url, tmp_path, [Trip(8, seat_plan_kind="free", capacity=20)]) as world:
        giver, taker = world.box("boat", kind="vehicle"), world.box("spare", kind="vehicle")
        grant = world.grant(giver, 8, 6)
        giver.visit()
        for _ in range(2):
            giver.sell(8, 0)
        giver.visit()
        give_places(giver, taker, grant, 4)
        for _ in range(4):
            taker.sell(8, 0)
        taker.visit()
        giver.visit()
        assert codes(world) == []
        adds_up(world.trip(8))
