"""Refunds at the hub: money, seats, void tickets, and what is put aside."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.boarding.tables import void_boarded, void_ticket
from cloud.domains.inventory.tables import seat_clash
from cloud.domains.ticketing import service
from cloud.domains.ticketing.publish import publish_refund_rules
from cloud.domains.ticketing.tables import refund
from cloud.kernel import nodes
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains import EVENTS
from sync.domains.boarding.events import TicketBoarded
from sync.domains.boarding.operations import VoidTicket
from sync.domains.ticketing.events import TicketRefunded, TicketSold
from sync.domains.ticketing.rules import DEFAULT_REFUND_RULES
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world

STREAM = f"trip/7/{DAY}"


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def give_back(box: Box, seq: int, fee_minor: int = 500, **more: Any) -> int:
    """Record the refund of the sale that is event ``seq`` of the box's log, whatever the rules say."""
    sold = EVENTS.decode(box.log[seq - 1]).event
    assert isinstance(sold, TicketSold)
    made = TicketRefunded(
        id_of(box, sold.serial), sold.trip_no, sold.day, sold.from_idx, sold.to_idx, sold.seat, fee_minor,
        sold.price_minor - fee_minor, sold.currency, 0, 0, "default/120", 1, True,
    )  # fmt: skip
    return box.append(dataclasses.replace(made, **more))


def id_of(box: Box, serial: int) -> bytes:
    return TicketId(box.node_no, box.epoch, serial).to_bytes()


def board(box: Box, ticket_id: bytes) -> int:
    return box.append(TicketBoarded(ticket_id, 7, DAY, 0, 3, 1, "gate", 1, "ABCD", True))


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def vehicle(world: World) -> Box:
    bus = world.box("bus", "vehicle", ())
    with world.hub.database.write() as tx:
        world.hub.boarding.assign_duty(tx, nodes.find(tx, bus.node_no), 7, DAY, "粤A 1")
    bus.visit()
    return bus


def test_what_was_taken_less_what_went_back_is_what_is_there(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    first, second = box.sell(7, 1), box.sell(7, 2, price_minor=700, currency="HKD")
    give_back(box, first, 500)
    box.visit()
    give_back(box, second, 0, reason=1)
    box.visit()
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (1, 5000), "HKD": (1, 700)}
        assert service.refund_totals(tx) == {"CNY": (1, 4500), "HKD": (1, 700)}
        lines = service.sales(tx, node_no=box.node_no)
        assert [(line.tickets, line.amount_minor, line.refunds, line.refunded_minor) for line in lines] == [
            (1, 5000, 1, 4500), (1, 700, 1, 700),
        ]  # fmt: skip
        assert service.find_ticket(tx, TicketId(box.node_no, 1, 1).number).refunded_minor == 4500
        assert service.good_tickets(tx, 7, DAY) == {}
    assert codes(world) == []


@pytest.mark.parametrize("apart", [True, False])
def test_a_seat_that_was_given_back_is_sold_again_by_the_same_log(world: World, apart: bool) -> None:
    box = world.box("a")
    grant = world.grant(box, 7, 1)
    seat = grant.seats[0][0]
    sold = box.sell(7, seat)
    for step in (lambda: give_back(box, sold), lambda: box.sell(7, seat)):
        if apart:
            box.visit()
        step()
    box.visit()
    assert codes(world) == [] and world.rows(seat_clash) == []
    adds_up(world.trip(7))
    assert world.trip(7).consumed == 3
    box.sell(7, seat)
    box.visit()
    assert codes(world) == ["seat_sold_twice"]


@pytest.mark.parametrize("apart", [True, False])
def test_a_place_of_free_seating_is_sold_again(hub_database_url: str, tmp_path: Path, apart: bool) -> None:
    with new_world(hub_database_url, tmp_path, [Trip(7, seat_plan_kind="free", capacity=1)]) as world:
        box = world.box("a")
        world.grant(box, 7, 1)
        sold = box.sell(7, 0)
        if apart:
            box.visit()
        give_back(box, sold)
        box.sell(7, 0)
        box.visit()
        assert codes(world) == []
        box.sell(7, 0)
        box.visit()
        assert codes(world) == ["seat_sold_twice"]


def test_a_seat_that_was_given_back_may_be_returned_and_granted_to_another(world: World) -> None:
    box, other = world.box("a", low_water=0), world.box("b")
    grant = world.grant(box, 7, 10)
    sold = box.sell(7, 1)
    give_back(box, sold)
    box.give_back(grant)
    box.visit()
    assert codes(world) == []
    assert len(world.grant(other, 7, 10).seats) == 10
    other.visit()
    other.sell(7, 1)
    other.visit()
    assert codes(world) == []
    adds_up(world.trip(7))


def test_the_other_ticket_of_a_seat_sold_twice_stays_sold_when_one_is_given_back(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 1)
    sold = first.sell(7, 1)
    first.visit()
    clash = second.sell(7, 1)
    second.visit()
    give_back(second, clash)
    second.visit()
    third = world.box("c")
    third.sell(7, 1)
    third.visit()
    assert codes(world) == ["seat_sold_twice", "seat_sold_twice"], "seat 1 is still the first one's"
    give_back(first, sold)
    first.visit()
    assert world.trip(7).consumed == 3, "the third one's sale stands alone now"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ticket_id": bytes(8)}, "refund_unknown_ticket"), ({"ticket_id": b"x"}, "refund_unknown_ticket"),
        ({"seat": 2}, "refund_differs"), ({"to_idx": 2}, "refund_differs"), ({"trip_no": 8}, "refund_differs"),
        ({"currency": "HKD"}, "refund_differs"), ({"refunded_minor": 5001}, "refund_not_price"),
        ({"refunded_minor": 4499}, "refund_not_price"), ({"refunded_minor": 1 << 62}, "refund_not_price"),
        ({"approver_no": 1}, "refund_self_approved"),
    ],
)  # fmt: skip
def test_a_refund_that_breaks_a_rule_counts_and_frees_nothing(world: World, changes: Any, code: str) -> None:
    box = world.box("a")
    world.grant(box, 7, 2)
    sold = box.sell(7, 1)
    box.sell(7, 2)
    bad = give_back(box, sold, **changes)
    box.visit()
    assert [(row["seq"], row["code"]) for row in world.rows(quarantine)] == [(bad, code)]
    assert box.quarantined == {bad: code}
    assert world.trip(7).consumed == 6 and world.rows(void_ticket) == []
    assert [row["state"] for row in world.rows(refund)] == ["quarantined"]
    box.sell(7, 1)
    box.visit()
    assert codes(world) == [code, "seat_sold_twice"]


@pytest.mark.parametrize("apart", [True, False])
def test_a_second_refund_of_a_ticket_is_put_aside_and_its_seat_stays_with_the_new_owner(
    world: World, apart: bool
) -> None:
    box = world.box("a")
    world.grant(box, 7, 1)
    sold = box.sell(7, 1)
    give_back(box, sold)
    box.sell(7, 1)
    if apart:
        box.visit()
    give_back(box, sold)
    box.sell(7, 1)
    box.visit()
    assert codes(world) == ["refund_twice", "seat_sold_twice"]
    with world.hub.database.read() as tx:
        assert service.refund_totals(tx) == {"CNY": (2, 9000)}


def test_no_node_gives_back_what_another_sold(world: World) -> None:
    box, thief = world.box("a"), world.box("b")
    world.grant(box, 7, 1)
    box.sell(7, 1)
    box.visit()
    thief.sell(7, 9)
    give_back(thief, 1, ticket_id=id_of(box, 1), seat=1)
    thief.visit()
    assert codes(world) == ["outside_grant", "refund_unknown_ticket"]
    assert world.rows(void_ticket) == []


def test_a_box_that_runs_the_trip_is_told_who_boards_no_more(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 3)
    early = box.sell(7, 1)
    give_back(box, early)
    box.sell(7, 2)
    box.visit()
    bus = vehicle(world)
    key = id_of(box, 1).hex()
    assert set(bus.keys("manifest", STREAM)) == {f"manifest/{id_of(box, 2).hex()}"}
    assert set(bus.keys("void", STREAM)) == {f"void/{key}"}
    assert VoidTicket.from_bytes(bus.keys("void", STREAM)[f"void/{key}"]).trip_no == 7
    give_back(box, 3)
    box.visit()
    bus.visit()
    assert bus.keys("manifest", STREAM) == {}
    assert set(bus.keys("void", STREAM)) == {f"void/{id_of(box, serial).hex()}" for serial in (1, 2)}


@pytest.mark.parametrize("apart", [True, False])
def test_boarded_and_then_refunded_is_a_conflict_and_the_refund_is_put_aside(world: World, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 1)
    sold = box.sell(7, 1)
    board(box, id_of(box, 1))
    if apart:
        box.visit()
    give_back(box, sold)
    box.visit()
    assert codes(world) == ["refund_boarded"]
    assert [row["first_pos"] < row["pos"] for row in world.rows(void_boarded)] == [True]
    assert len(world.rows(void_ticket)) == 1
    with world.hub.database.read() as tx:
        assert service.refund_totals(tx) == {"CNY": (1, 4500)}


def test_refunded_and_then_boarded_is_a_conflict_and_the_boarding_counts(world: World) -> None:
    box, gate = world.box("a"), world.box("gate")
    world.grant(box, 7, 1)
    give_back(box, box.sell(7, 1))
    box.visit()
    board(gate, id_of(box, 1))
    gate.visit()
    assert codes(world) == ["boarded_refunded"]
    assert [row["node_no"] for row in world.rows(void_boarded)] == [gate.node_no]


def test_folding_the_log_again_gives_the_same_books(world: World) -> None:
    box, gate = world.box("a"), world.box("gate")
    world.grant(box, 7, 4)
    for seat in (1, 2, 3):
        give_back(box, box.sell(7, seat), seat * 10)
        box.visit(most=1)
    box.sell(7, 1)
    give_back(box, 1)
    box.visit()
    board(gate, id_of(box, 2))
    gate.visit()
    done = rebuild(world.hub.database, world.hub.fold, keep=False)
    assert done.differing == [] and codes(world) == ["refund_twice", "boarded_refunded"]


def test_rules_reach_every_node_and_never_begin_in_the_past(world: World) -> None:
    box = world.box("a")
    made = dataclasses.replace(DEFAULT_REFUND_RULES, name="new", from_day=DAY + 1)
    with world.hub.database.write() as tx:
        publish_refund_rules(tx, made, DAY)
        publish_refund_rules(tx, dataclasses.replace(made, from_day=DAY), DAY)
        for late in (dataclasses.replace(made, from_day=DAY - 1), dataclasses.replace(made, from_day=DAY)):
            with pytest.raises(Refusal, match="refund_rules_past"):
                publish_refund_rules(tx, late, DAY)
        with pytest.raises(Refusal, match="refund_rules_odd"):
            publish_refund_rules(tx, dataclasses.replace(made, bands=()), DAY)
    box.visit()
    assert set(box.keys("ruleset", "net")) == {f"ruleset/refund/all/{DAY + one}" for one in (0, 1)}
