"""Clearances and counts at the hub."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.clearance import service
from cloud.domains.clearance.publish import publish_clearance_rules
from cloud.kernel import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.rules import DEFAULT_RULES
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, World, new_world

HEAD = (7, DAY, "粤H12345", 0, 1, ())
FIGURES = (100, 0, 40, 45)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def test_what_stations_said_is_listed_and_what_cannot_be_is_kept_aside(world: World) -> None:
    box = world.box("a")
    box.append(DepartureRefused(*HEAD, *FIGURES, ("overloaded", "belts_open"), "default", 5))
    box.append(DepartureRefused(*HEAD, *FIGURES, ("nonsense",), "default", 5))
    box.append(DepartureCleared(*HEAD, *FIGURES, DAY + 3, "default", 5))
    box.append(DepartureCleared(*HEAD, 100, 0, 46, 45, DAY + 3, "default", 5))
    box.append(DepartureCleared(*HEAD, *FIGURES, DAY - 1, "default", 5))
    box.append(ClearanceUndone(7, DAY, 5))
    box.visit()
    with world.hub.database.read() as tx:
        found = service.said(tx)
    assert [one.state for one in found] == ["undone", "cleared", "cleared", "cleared", "refused", "refused"]
    assert found[-1].lacks == ("overloaded", "belts_open") and found[-2].lacks == ()
    assert [row["code"] for row in world.rows(quarantine)] == [
        "clearance_lacks", "clearance_against_figures", "clearance_against_figures",
    ]  # fmt: skip
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_a_ferrys_count_and_its_piers_are_set_side_by_side(world: World) -> None:
    pier, ship = world.box("pier"), world.box("ship", "vehicle", [])
    pier.append(PassengersCounted(7, DAY, False, 97, 96, 5))
    pier.append(PassengersCounted(8, DAY, False, 10, 10, 5))
    ship.append(PassengersCounted(7, DAY, True, 98, 0, 5))
    ship.append(PassengersCounted(7, DAY, True, 99, 0, 5))
    pier.visit()
    ship.visit()
    with world.hub.database.read() as tx:
        found = service.counted(tx)
    assert [(one.trip_no, one.on_board, one.at_pier, one.difference) for one in found] == [
        (7, 99, 97, 2), (8, None, 10, 0),
    ]  # fmt: skip


def test_rules_are_published_for_today_or_later_and_reach_every_box(world: World) -> None:
    box = world.box("a")
    given = dataclasses.replace(DEFAULT_RULES, name="gd", from_day=DAY)
    with world.hub.database.write() as tx:
        publish_clearance_rules(tx, given, DAY)
        with pytest.raises(Refusal, match="clearance_rules_past"):
            publish_clearance_rules(tx, given, DAY + 1)
    box.visit()
    assert box.keys("clearance-rules", "net") == {given.key: given.to_bytes()}
