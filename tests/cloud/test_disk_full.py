"""A hub without room: it acknowledges nothing, says so to nodes and on the console, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import psycopg
import pytest
import sqlalchemy as sa

from cloud.app import create_app
from cloud.kernel.tables import event_log
from sync.kernel import exchange
from sync.kernel.errors import Refusal
from tests.cloud.world import Box, World, new_world
from tests.support.powercut import PowerDisk, plugged_in


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerDisk]:
    made = PowerDisk(tmp_path)
    with plugged_in(made):
        yield made
    made.remove()


@pytest.fixture
def hub(disk: PowerDisk, tmp_path: Path) -> Iterator[World]:
    with new_world(f"sqlite:///{tmp_path / 'hub.sqlite'}", tmp_path) as made:
        yield made


def waiting(world: World) -> Box:
    """A box with twenty sales to hand in."""
    box = world.box("a")
    box.visit()
    for number in range(20):
        box.sell(7, 1 + number % 10, number % 3, number % 3 + 1)
    return box


@pytest.mark.parametrize("code", [apsw.SQLITE_FULL, apsw.SQLITE_IOERR_WRITE])
def test_a_hub_that_can_not_write_acknowledges_nothing_and_takes_all_when_it_can(
    hub: World, disk: PowerDisk, code: int
) -> None:
    box = waiting(hub)
    disk.fill(code)
    with pytest.raises(Refusal, match="hub_disk_full"):
        box.visit()
    assert box.acked == 0 and hub.rows(event_log) == [] and hub.hub.database.no_room
    disk.room_bytes = None
    box.visit()
    assert box.acked == 20 and [row["bytes"] for row in hub.rows(event_log)] == box.log
    assert not hub.hub.database.no_room


def test_a_transaction_that_writes_nothing_does_not_pass_for_room(hub: World, disk: PowerDisk) -> None:
    box = waiting(hub)
    disk.fill()
    with pytest.raises(Refusal, match="hub_disk_full"):
        box.visit()
    with hub.hub.database.write() as tx:
        tx.execute(sa.select(event_log.c.pos)).all()
    assert hub.hub.database.no_room


def test_a_node_is_told_with_a_status_that_means_later(hub: World, disk: PowerDisk) -> None:
    box = waiting(hub)
    client = create_app(hub.hub).test_client()
    disk.fill()
    answer = client.post(exchange.PATH, data=exchange.encode_request(box.request(), box.signer))
    assert (answer.status_code, answer.get_json()["code"]) == (507, "hub_disk_full")
    disk.room_bytes = None
    request = exchange.encode_request(box.request(), box.signer)
    assert client.post(exchange.PATH, data=request).status_code == 200


def test_postgresql_out_of_space_means_the_same(hub: World) -> None:
    with pytest.raises(Refusal, match="hub_disk_full"), hub.hub.database.write():
        raise sa.exc.OperationalError("INSERT", {}, psycopg.errors.DiskFull("could not extend file"))
    with pytest.raises(sa.exc.OperationalError), hub.hub.database.write():
        raise sa.exc.OperationalError("INSERT", {}, psycopg.errors.LockNotAvailable("busy"))
