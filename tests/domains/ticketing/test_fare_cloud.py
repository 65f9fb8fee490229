"""Prices, proofs and children on laps at the hub: what a box can't have sold rightly is put aside, and counted all the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.domains.inventory.tables import lap_sold
from cloud.domains.ticketing import service
from cloud.domains.ticketing.publish import publish_fare_rules
from cloud.domains.timetable import tables
from cloud.kernel.rebuild import rebuild
from cloud.kernel.recovery import Generation
from cloud.kernel.tables import hub_generation, quarantine
from sync.domains import EVENTS
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import (
    REBOOKED,
    REISSUED,
    TicketRebooked,
    TicketRefunded,
    TicketReissued,
    TicketSold,
)
from sync.domains.ticketing.office.fares import DEFAULT_FARE_RULES
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan
from sync.kernel.errors import Refusal
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, START_MS, Box, Trip, World, new_world

FARES = (1000, 2000, 5000, 1000, 2000, 1000)
ADULT, HALF, LAP_CHILD, SOLDIER, BLIND = range(5)
TODAY = 2397  # of START_MS in Guangdong


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7, capacity=40)]) as made:
        with made.hub.database.write() as tx:
            for table, row in _published():
                tx.execute(sa.insert(table).values(**row))
        yield made


def _published() -> Iterator[tuple[Any, dict[str, Any]]]:
    """A coach from stop 1 to stop 4 for 50.00."""
    common = {"feed_id": "x", "hash": b"h" * 16, "live": True}
    free = (True,) * 4
    yield tables.agency, common | {"agency_no": 1, "body": Agency("x", {}, "Asia/Shanghai", "").to_bytes()}
    route = Route(1, "x", {}, {}, 3, "CNY", "coach", True)
    yield tables.route, common | {"route_no": 1, "agency_no": 1, "seat_plan": "coach", "body": route.to_bytes()}
    yield tables.seat_plan, common | {"name": "coach", "body": SeatPlan("reserved", 40, ()).to_bytes()}
    pattern = Pattern(1, 0, (1, 2, 3, 4), (0,) * 4, (0,) * 4, free, free, FARES)
    yield tables.pattern, {"pattern_no": 1, "route_no": 1, "hash": b"p" * 16, "body": pattern.to_bytes(), "live": True}
    yield (
        tables.trip,
        common
        | {
            "trip_no": 7, "agency_no": 1, "pattern_no": 1, "service_no": 1, "start_s": 0, "approximate": False,
            "headsigns": "{}", "only_days": None, "except_days": None, "kept": False,
        },
    )  # fmt: skip


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def at(box: Box, event: TicketSold, sold_ms: int, hub_ms: int) -> int:
    """A sale with the clocks that the test says."""
    return box.append(EVENTS.encode(event, Stamp(sold_ms << 16, 1, hub_ms)))


def test_a_price_that_no_rule_gives_is_put_aside_and_counted(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 20)
    sales: tuple[dict[str, Any], ...] = (
            {}, {"price_minor": 4999}, {"currency": "HKD"}, {"rider": HALF, "price_minor": 2500, "proof": 1},
            {"rider": HALF, "price_minor": 2500}, {"rider": SOLDIER, "price_minor": 2500, "proof": 1},
            {"rider": BLIND, "price_minor": 0, "proof": 4}, {"rider": 9}, {"rider": LAP_CHILD, "price_minor": 0, "proof": 1},
    )  # fmt: skip
    for seat, changes in enumerate(sales, start=1):
        box.sell(7, seat, **changes)
    box.visit()
    assert codes(world) == [
        "price_differs", "price_differs", "proof_missing", "proof_missing", "price_differs", "price_differs", "rider_seat",
    ]  # fmt: skip
    with world.hub.database.read() as tx:
        found = service.totals(tx)
    assert found == {"CNY": (8, 5000 + 4999 + 2500 * 3 + 5000), "HKD": (1, 5000)}
    rebuild(world.hub.database, world.hub.fold, keep=False)
    assert len(codes(world)) == 7


def test_a_box_that_was_away_may_sell_by_what_it_could_know_and_one_that_was_not_may_not(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 20)
    dear = replace(DEFAULT_FARE_RULES, name="dear", from_day=TODAY + 2, concessions=(("child_with_seat", 900, (), ()),))
    with world.hub.database.write() as tx:
        publish_fare_rules(tx, dear, TODAY)
    day_ms = 86_400_000
    sold = TicketSold(1, 7, DAY, 0, 3, 1, HALF, 2500, "CNY", 0, 1, 0, 1_800_000_000, 1)
    at(box, sold, START_MS + 5 * day_ms, START_MS)  # away since before the new set
    at(box, replace(sold, serial=2, seat=2, price_minor=4500, proof=0), START_MS + 5 * day_ms, START_MS)
    at(box, replace(sold, serial=3, seat=3), START_MS + 5 * day_ms, START_MS + 4 * day_ms)  # it knew better
    at(box, replace(sold, serial=4, seat=4, price_minor=4500, proof=0), START_MS, START_MS)  # not yet
    box.visit()
    assert codes(world) == ["price_differs", "price_differs"]
    assert [row["seq"] for row in world.rows(quarantine)] == [3, 4]
    rebuild(world.hub.database, world.hub.fold, keep=False)
    assert [row["seq"] for row in world.rows(quarantine)] == [3, 4]


def test_what_was_sold_before_a_box_heard_of_a_restored_hub_is_not_judged_by_what_that_one_remembers(
    world: World,
) -> None:
    box = world.box("a")
    world.grant(box, 7, 20)
    restored = Generation(2, 0, 0, "an older backup", START_MS + 1_000, START_MS + 2_000, "admin")
    with world.hub.database.write() as tx:
        tx.execute(sa.insert(hub_generation).values(**{name: getattr(restored, name) for name in Generation.__slots__}))
    sold = TicketSold(1, 7, DAY, 0, 3, 1, ADULT, 4700, "CNY", 0, 1, 0, 1_800_000_000)
    at(box, sold, START_MS + 5_000, START_MS)  # by a fare that the restored hub has forgotten
    at(box, replace(sold, serial=2, seat=2), START_MS + 5_000, START_MS + 1_000)  # it had heard of the restored hub
    box.visit()
    assert [(row["seq"], row["code"]) for row in world.rows(quarantine)] == [(2, "price_differs")]


def test_fare_rules_begin_today_or_later_and_never_twice(world: World) -> None:
    given = replace(DEFAULT_FARE_RULES, name="new", from_day=TODAY)
    with world.hub.database.write() as tx:
        publish_fare_rules(tx, given, TODAY)
        for wrong, code in ((given, "refund_rules_past"), (replace(given, from_day=TODAY - 1), "refund_rules_past"),
                            (replace(given, name=""), "fare_rules_odd")):  # fmt: skip
            with pytest.raises(Refusal, match=code):
                publish_fare_rules(tx, wrong, TODAY)


def lap(box: Box, **changes: Any) -> None:
    box.sell(7, LAP, rider=LAP_CHILD, price_minor=0, proof=1, **changes)


def test_laps_go_by_the_seats_that_a_log_holds_and_by_those_of_the_vehicle(world: World) -> None:
    first, second = world.box("a"), world.box("b")
    world.grant(first, 7, 19)
    grant = world.grant(second, 7, 21)
    lap(first)
    lap(first)  # nineteen seats: one lap
    first.visit()
    assert codes(world) == ["free_children_over"]
    lap(second, to_idx=1)
    lap(second, to_idx=1)
    lap(second, from_idx=1)
    second.give_back(grant)
    lap(second, from_idx=2)  # nothing is left in its hands
    second.visit()
    assert codes(world) == ["free_children_over", "free_children_over"]
    assert len(world.rows(lap_sold)) == 2
    inventory = world.trip(7)
    assert inventory.consumed == 0


def test_a_refunded_lap_is_free_again_and_frees_no_seat(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 12)
    box.sell(7, 1)
    lap(box)
    ticket_id = TicketId(box.node_no, box.epoch, 2).to_bytes()
    box.append(TicketRefunded(ticket_id, 7, DAY, 0, 3, LAP, 0, 0, "CNY", 0, 0, "default/120", 1, True))
    lap(box)
    box.visit()
    assert codes(world) == []
    assert world.trip(7).consumed > 0


@pytest.mark.parametrize("apart", [True, False])
def test_a_new_paper_costs_what_the_old_one_did_and_a_carriers_fault_no_more(world: World, apart: bool) -> None:
    box = world.box("a")
    world.grant(box, 7, 12)
    for seat, price, announced, reason in (
        (1, 4_000, TicketReissued(bytes(8), 2, 0, 1), REISSUED),
        (2, 3_900, TicketReissued(bytes(8), 4, 0, 1), REISSUED),
        (3, 4_000, TicketRebooked(bytes(8), 6, 0, 2, "default/trip_delayed", 0, 1, True), REBOOKED),
        (4, 4_000, TicketRebooked(bytes(8), 8, 0, 0, "default/1", 1, 1, True), REBOOKED),
    ):
        ticket_id = TicketId(box.node_no, box.epoch, announced.serial - 1).to_bytes()
        box.sell(7, seat, price_minor=4_000)
        box.append(dataclasses.replace(announced, ticket_id=ticket_id))
        box.append(TicketRefunded(ticket_id, 7, DAY, 0, 3, seat, 0, 4_000, "CNY", 0, reason, "x/1", 1, True))
        if apart:
            box.visit()
        box.sell(7, seat, price_minor=price)
        box.visit()
    held = {row["seq"] for row in world.rows(quarantine)}
    assert set(codes(world)) == {"price_differs"}
    assert held == {1, 5, 8, 9, 13, 16}, "the first sales, the dearer paper made cheaper, and the passenger's own wish"
