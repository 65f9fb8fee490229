"""The hub cancels, delays and restores a trip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.disruption import service
from cloud.kernel import nodes
from sync.domains.disruption.operations import Disruption
from sync.domains.inventory.events import SeatsAsked
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, HOUR_MS, World, new_world
from tests.domains.ticketing.test_refund_cloud import id_of

WHERE = (7, DAY)
STREAM = f"trip/7/{DAY}"
KEY = f"disruption/7/{DAY}"


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def disrupt(world: World, kind: str, minutes: int = 0) -> int:
    with world.hub.database.write() as tx:
        return world.hub.disruptions.disrupt(tx, WHERE, kind, minutes, "台风", "somebody")


def test_those_on_its_way_hear_of_it_and_of_its_tickets(world: World) -> None:
    box, other = world.box("a"), world.box("b")
    world.grant(box, 7, 3)
    box.sell(7, 1)
    box.visit()
    assert disrupt(world, "cancelled") >= 2
    for one in (box, other):
        one.visit()
        said = [body for keys in [one.keys("disruption", "operator/1")] for body in keys.values()]
        assert [Disruption.from_bytes(body).kind for body in said] == ["cancelled"]
        assert set(one.keys("manifest", STREAM)) == {f"manifest/{id_of(box, 1).hex()}"}
    box.sell(7, 2)  # it had not heard yet
    box.visit()
    other.visit()
    assert set(other.keys("manifest", STREAM)) == {f"manifest/{id_of(box, serial).hex()}" for serial in (1, 2)}


def test_nothing_more_is_granted_of_a_cancelled_trip(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 1)
    disrupt(world, "cancelled")
    with pytest.raises(Refusal, match="trip_not_for_sale"):
        world.grant(box, 7, 1)
    box.append(SeatsAsked(7, DAY, 0, 3, 5))
    box.visit()
    assert len(box.keys("grant", f"node/{box.node_no}")) == 1
    with world.hub.database.read() as tx:
        assert world.hub.inventory.left(tx, 7, DAY, 0, 3) == (0, (), 0)
    with world.hub.database.write() as tx:
        world.hub.disruptions.lift(tx, WHERE)
    assert len(world.grant(box, 7, 1).seats) == 1


def test_seats_of_a_late_trip_are_granted_until_it_leaves(world: World) -> None:
    box, late_box = world.box("a"), world.box("b")
    world.grant(box, 7, 2)
    world.clock.now_ms += 12 * HOUR_MS + 60_000
    with pytest.raises(Refusal, match="trip_departed"):
        world.grant(late_box, 7, 1)
    disrupt(world, "delayed", 90)
    granted = world.grant(late_box, 7, 1)
    assert granted.sell_until_ms < world.clock.now_ms, "the box adds the delay that it is told"
    assert not any(line.suspect for line in world.trip(7).holders)
    world.clock.now_ms += 90 * 60_000
    assert all(line.suspect for line in world.trip(7).holders)
    with pytest.raises(Refusal, match="trip_departed"):
        world.grant(late_box, 7, 1)


def test_the_newest_word_counts_and_is_taken_back(world: World) -> None:
    box = world.box("a")
    disrupt(world, "delayed", 30)
    disrupt(world, "delayed", 75)
    box.visit()
    assert [Disruption.from_bytes(body).minutes for body in box.keys("disruption", "operator/1").values()] == [75]
    with world.hub.database.read() as tx:
        assert service.cancelled(tx, [WHERE]) == set() and service.of(tx, WHERE) is not None
    with world.hub.database.write() as tx:
        world.hub.disruptions.lift(tx, WHERE)
        with pytest.raises(Refusal, match="disruption_none"):
            world.hub.disruptions.lift(tx, WHERE)
        assert STREAM not in nodes.streams_of(tx, box.node_no)
    box.visit()
    assert set(box.keys("disruption", "operator/1").values()) <= {None}


def test_a_trip_that_is_none_is_refused(world: World) -> None:
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="trip_unknown"):
        world.hub.disruptions.disrupt(tx, (999, DAY), "cancelled", 0, "x", "somebody")
