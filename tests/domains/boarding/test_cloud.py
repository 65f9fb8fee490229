"""Boarding at the hub: a ticket boards once, boxes learn of the tickets for their trip."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.boarding import service
from cloud.domains.boarding.publish import publish_gate_rules
from cloud.domains.boarding.tables import boarded, boarded_twice
from cloud.kernel import nodes, streams
from cloud.kernel.tables import quarantine
from sync.domains.boarding.events import BoardedApart, BoardingRefused, GateOpened, TicketBoarded
from sync.domains.boarding.operations import GateRules, ManifestEntry
from sync.kernel.errors import Refusal
from sync.kernel.operations import trip_stream
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, new_world

TRIP = trip_stream(7, DAY)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def board(box: Box, ticket_id: bytes, gate: str = "front") -> None:
    box.append(TicketBoarded(ticket_id, 7, DAY, 0, 3, 1, gate, 1, "ABCD", True))


def assign(world: World, box: Box, trip_no: int = 7, day: int = DAY) -> None:
    with world.hub.database.write() as tx:
        world.hub.boarding.assign_duty(tx, nodes.find(tx, box.node_no), trip_no, day, "粤E 1")


def test_a_ticket_boards_once_and_the_second_boarding_is_shown(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    ticket_id = TicketId(1, 1, 1).to_bytes()
    board(first, ticket_id)
    board(second, ticket_id, "rear")
    second.visit()
    first.visit()
    assert [row["gate"] for row in world.rows(boarded)] == ["rear"]
    assert [(row["gate"], row["first_pos"]) for row in world.rows(boarded_twice)] == [
        ("front", world.rows(boarded)[0]["pos"])
    ]
    assert [row["code"] for row in world.rows(quarantine)] == ["boarded_twice"]


def test_whom_gates_that_were_cut_off_let_in_is_aboard_once_and_a_conflict_twice(world: World) -> None:
    box = world.box("a")
    ride = (TicketId(1, 1, 1).to_bytes(), 7, DAY, 0, 3, 1)
    for gate, reason in (("scanner-1", ""), ("scanner-2", "already_used")):
        box.append(BoardedApart(*ride, gate, "ABCD", reason, 5))
    box.append(BoardedApart(b"no id", 7, DAY, 0, 3, 1, "scanner-1", "", "", 5))
    box.visit()
    assert [(row["gate"], row["clerk_no"], bool(row["clock_sure"])) for row in world.rows(boarded)] == [
        ("scanner-1", 0, False)
    ]
    assert [row["gate"] for row in world.rows(boarded_twice)] == ["scanner-2"]
    assert [row["code"] for row in world.rows(quarantine)] == ["boarded_twice", "ticket_id"]


def test_gate_rules_are_published_for_today_and_later(world: World) -> None:
    given = GateRules("gd", "a notice", DAY, 60, 30, "amber")
    with world.hub.database.write() as tx:
        publish_gate_rules(tx, given, DAY)
        late: list[tuple[dict[str, Any], str]] = [
            ({"from_day": DAY - 1}, "gate_rules_past"),
            ({"code_age_s": 1}, "gate_rules_odd"),
        ]
        for odd, code in late:
            with pytest.raises(Refusal, match=code):
                publish_gate_rules(tx, dataclasses.replace(given, **odd), DAY)
    box = world.box("a")
    box.visit()
    assert box.keys("gate", "net") == {given.key: given.to_bytes()}


def test_a_second_boarding_in_one_batch_is_seen_too(world: World) -> None:
    box = world.box("a")
    for _ in range(3):
        board(box, TicketId(1, 1, 1).to_bytes())
    box.visit()
    assert len(world.rows(boarded)) == 1 and len(world.rows(boarded_twice)) == 2


def test_refusals_and_openings_are_counted(world: World) -> None:
    box = world.box("a")
    ticket_id = TicketId(1, 1, 1).to_bytes()
    board(box, ticket_id)
    for reason in ("forged", "forged", "already_used"):
        box.append(BoardingRefused(reason, b"", 7, DAY, "front", 1))
    for _ in range(2):
        box.append(GateOpened(ticket_id, "front"))
    box.visit(most=4)
    with world.hub.database.read() as tx:
        found = service.boarding_counts(tx, 7, DAY)
        assert (found.boarded, found.boarded_twice, found.refused) == (1, 0, {"already_used": 1, "forged": 2})
        assert service.all_counts(tx) == (1, 0, {"already_used": 1, "forged": 2})
        assert service.gate_counts(tx) == service.GateCounts(2, 1)


def test_a_box_on_duty_holds_the_manifest_of_what_was_sold_before_and_after(world: World) -> None:
    seller, coach = world.box("a"), world.box("coach", "vehicle", [])
    world.grant(seller, 7, 5)
    seller.sell(7, 1)
    seller.sell(7, 9)
    seller.visit()
    assign(world, coach)
    coach.visit()
    seller.sell(7, 2, 1, 3)
    seller.sell(7, 2, 1, 3)
    seller.visit()
    coach.visit()
    held = {key: ManifestEntry.from_bytes(body) for key, body in coach.keys("manifest", TRIP).items()}
    ids = [TicketId(seller.node_no, 1, serial).to_bytes().hex() for serial in (1, 3)]
    assert held == {
        f"manifest/{ids[0]}": ManifestEntry(0, 3, 1, 7, DAY),
        f"manifest/{ids[1]}": ManifestEntry(1, 3, 2, 7, DAY),
    }


def test_trips_that_no_box_listens_to_have_no_manifest(world: World) -> None:
    seller = world.box("a")
    world.grant(seller, 7, 5)
    seller.sell(7, 1)
    seller.visit()
    with world.hub.database.read() as tx:
        assert streams.read_all(tx, TRIP) == []


def test_a_duty_taken_away_takes_the_trips_stream_with_it(world: World) -> None:
    coach = world.box("coach", "vehicle", [])
    assign(world, coach)
    coach.visit()
    assert coach.keys("duty")
    with world.hub.database.write() as tx:
        world.hub.boarding.remove_duty(tx, nodes.find(tx, "coach"), 7, DAY)
    coach.visit()
    assert not coach.keys("duty") and TRIP not in coach.store


def test_only_a_vehicle_runs_a_trip_that_runs(world: World) -> None:
    station, coach = world.box("a"), world.box("coach", "vehicle", [])
    with pytest.raises(Refusal, match="duty_not_vehicle"):
        assign(world, station)
    with pytest.raises(Refusal, match="trip_unknown"):
        assign(world, coach, trip_no=99)
    with pytest.raises(Refusal, match="trip_not_running"):
        assign(world, coach, day=DAY - 1)
