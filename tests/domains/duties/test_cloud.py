"""Drivers' words at the hub: where trips are, who is told of a delay, and what a lying box could write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.disruption import service as disruptions
from cloud.domains.duties import service
from cloud.kernel import clerks, nodes
from cloud.kernel.clerks import Clerks
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains import EVENTS
from sync.domains.boarding.operations import Duty
from sync.domains.duties.events import StopLeft, StopReached, TripDelayed, TripEnded, TripStarted, TripWordTaken
from sync.domains.duties.rest.operations import Driven
from sync.kernel.errors import Refusal
from sync.kernel.events import Event, Stamp
from tests.cloud.world import DAY, Box, World, new_world

TRIP = (7, DAY)
DRIVER = 1
START = TripStarted(*TRIP, DRIVER, "粤E 1", (), "")


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def coach(world: World, name: str = "coach", drivers: tuple[int, ...] = ()) -> Box:
    box = world.box(name, kind="vehicle")
    with world.hub.database.write() as tx:
        world.hub.duties.assign(tx, nodes.find(tx, box.node_no), TRIP, "粤E 1", drivers)
    return box


def send(box: Box, *events: Event) -> None:
    for event in events:
        box.append(event)
    box.visit()


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def told(world: World) -> tuple[str, int, str] | None:
    with world.hub.database.read() as tx:
        found = disruptions.of(tx, TRIP)
    return (found.kind, found.minutes, found.note) if found else None


def test_the_hub_knows_where_a_trip_is_and_how_late(world: World) -> None:
    box = coach(world)
    send(box, START, StopReached(*TRIP, DRIVER, 1), TripDelayed(*TRIP, DRIVER, 25, 0, ""))
    with world.hub.database.read() as tx:
        [line] = service.runs(tx, DAY, DAY)
    assert (line.node_name, line.trip_no, line.run.idx, line.run.delay_minutes) == ("coach", 7, 1, 25)
    assert told(world) == ("delayed", 25, "道路拥堵")
    assert codes(world) == []


def test_on_time_again_and_a_word_taken_back_lift_the_delay(world: World) -> None:
    box = coach(world)
    send(box, START, TripDelayed(*TRIP, DRIVER, 25, 0, "堵车"))
    assert told(world) == ("delayed", 25, "堵车")
    send(box, TripDelayed(*TRIP, DRIVER, 0, 0, ""))
    assert told(world) is None
    late = box.append(TripDelayed(*TRIP, DRIVER, 15, 1, ""))
    box.visit()
    assert told(world) == ("delayed", 15, "天气")
    send(box, TripWordTaken(*TRIP, DRIVER, late))
    assert told(world) is None


def test_what_a_person_decided_stands_above_a_drivers_word(world: World) -> None:
    box = coach(world)
    with world.hub.database.write() as tx:
        world.hub.disruptions.disrupt(tx, TRIP, "cancelled", 0, "台风", "admin")
    send(box, START, TripDelayed(*TRIP, DRIVER, 25, 0, ""))
    assert told(world) == ("cancelled", 0, "台风")


def test_a_box_speaks_for_its_own_trips_only(world: World) -> None:
    coach(world)
    other = world.box("other", kind="vehicle")
    send(other, START, TripDelayed(*TRIP, DRIVER, 600, 0, ""))
    assert told(world) is None


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (StopReached(*TRIP, DRIVER, 9_999), "trip_word_range"),
        (TripDelayed(*TRIP, DRIVER, 99_999, 0, ""), "trip_word_range"),
        (TripDelayed(*TRIP, DRIVER, 5, 0, "x" * 500), "trip_word_range"),
        (START, "trip_word_order"),
        (TripWordTaken(*TRIP, DRIVER, 99), "trip_word_order"),
        (StopReached(*TRIP, DRIVER, 0), "trip_word_order"),
    ],
)
def test_a_word_that_cannot_be_is_kept_aside_and_blocks_nothing(world: World, event: Event, code: str) -> None:
    box = coach(world)
    send(box, START, event, TripEnded(*TRIP, DRIVER, 3))
    assert codes(world) == [code]
    with world.hub.database.read() as tx:
        assert service.run_of(tx, box.node_no, TRIP).phase == "ended"


def test_the_outcome_does_not_depend_on_how_the_log_came(world: World) -> None:
    box = coach(world)
    send(box, START)
    send(box, StopReached(*TRIP, DRIVER, 1), StopReached(*TRIP, DRIVER, 1), TripDelayed(*TRIP, DRIVER, 5, 0, ""))
    send(box, TripEnded(*TRIP, DRIVER, 2), TripEnded(*TRIP, DRIVER, 2))
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    assert codes(world) == ["trip_word_order", "trip_word_order"]


def test_drivers_of_a_duty_may_sign_in_on_its_box(world: World) -> None:
    people = Clerks(world.clock, world.hub.ids)
    box = world.box("coach", kind="vehicle")
    with world.hub.database.write() as tx:
        driver, _ = people.add(tx, "驾驶员甲", ["driver"], [])
        clerk, _ = people.add(tx, "售票员", ["clerk"], [])
        info = nodes.find(tx, box.node_no)
        world.hub.duties.assign(tx, info, TRIP, " 粤E  1 ", (driver, driver))
        assert clerks.find(tx, driver).node_nos == (box.node_no,)
    box.visit()
    own = f"node/{box.node_no}"
    assert Duty.from_bytes(box.body(own, f"duty/7/{DAY}") or b"") == Duty("粤E 1", (driver,))
    assert box.body(own, f"clerk/{driver}") is not None
    for event in (TripStarted(*TRIP, driver, "", (), ""), StopLeft(*TRIP, driver, 0), TripEnded(*TRIP, driver, 3)):
        box.append(EVENTS.encode(event, Stamp(world.clock.now_ms << 16, 0, 0)))
        world.clock.now_ms += 3_600_000
    box.visit()
    told = Driven.from_bytes(box.body(own, f"driven/{driver}") or b"")
    assert len(told.spans) == 1 and told.as_of_ms == world.clock.now_ms, "where the driver signs in, that is known"
    for chosen, code in (((clerk,), "clerk_role"), ((999,), "clerk_unknown")):
        with pytest.raises(Refusal) as caught, world.hub.database.write() as tx:
            world.hub.duties.assign(tx, info, TRIP, "", chosen)
        assert caught.value.code == code
