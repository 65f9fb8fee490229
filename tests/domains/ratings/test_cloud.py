"""Ratings at the hub: one a ticket, the first counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.ratings import service
from cloud.kernel.tables import quarantine
from sync.domains.ratings.events import TripRated
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, new_world


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def rate(box: Box, serial: int, level: int, comment: str = "", day: int = DAY, trip_no: int = 7) -> None:
    ticket_id = TicketId(1, 1, serial).to_bytes()
    box.append(TripRated(ticket_id, trip_no, day, level, ("clean", "on_time"), comment, "zh-Hans"))


def test_one_ticket_rates_once(world: World) -> None:
    box = world.box("a")
    rate(box, 1, 5, "很好")
    rate(box, 1, 1, "坏")
    box.visit()
    rate(box, 1, 2)
    box.visit()
    with world.hub.database.read() as tx:
        assert [(line.level, line.tags, line.comment) for line in service.ratings(tx)] == [
            (5, ("clean", "on_time"), "很好")
        ]
        assert service.rating_count(tx) == 1
    assert [row["code"] for row in world.rows(quarantine)] == ["rated_twice", "rated_twice"]


def test_levels_are_counted_by_trip(world: World) -> None:
    box = world.box("a")
    for serial, level in enumerate((5, 5, 3, 1), start=1):
        rate(box, serial, level, day=DAY + serial % 2)
    rate(box, 9, 2, trip_no=8)
    box.visit()
    with world.hub.database.read() as tx:
        sums = service.rating_sums(tx)
        assert [(one.trip_no, one.count, one.levels) for one in sums] == [
            (7, 4, (1, 0, 1, 0, 2)),
            (8, 1, (0, 1, 0, 0, 0)),
        ]
        assert len(service.ratings(tx, trip_no=7, day=DAY)) == 2
        assert len(service.ratings(tx, limit=2, offset=4)) == 1


@pytest.mark.parametrize(("level", "comment"), [(0, ""), (6, ""), (5, "x" * 501)])
def test_what_is_no_rating_is_quarantined(world: World, level: int, comment: str) -> None:
    box = world.box("a")
    rate(box, 1, level, comment)
    box.append(TripRated(b"short", 7, DAY, 5, (), "", "en"))
    box.visit()
    assert [row["code"] for row in world.rows(quarantine)] == ["rating_range", "ticket_id"]
