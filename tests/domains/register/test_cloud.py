"""The register at the hub: what was true when, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.domains.timetable import service as timetable
from cloud.kernel import nodes
from sync.domains.register.operations import DriverFacts, OperatorFacts, VehicleFacts
from sync.kernel.days import DAY_MS, day_of
from sync.kernel.errors import Refusal
from tests.cloud.world import Box, World, new_world
from tests.domains.register.files import (
    DRIVERS,
    OPERATORS,
    OTHER_USCC,
    USCC,
    VEHICLES,
    VIN,
    driver,
    file_of,
    operator,
    vehicle,
)
from tests.domains.register.test_importing_cloud import found, take


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A hub whose timetable knows operator A as number 1, at every stop."""
    monkeypatch.setattr(timetable, "agency_numbers", lambda tx: {"A": 1, "B": 2})
    monkeypatch.setattr(timetable, "agencies_at", lambda tx, stop_nos: [1] if stop_nos else [])
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def corrected(world: World, number: int, **changes: str) -> None:
    with world.hub.database.write() as tx:
        texts = {
            "operator_uscc": USCC, "kind": "coach", "plate": "粤C12345", "colour": "yellow", "vin": VIN, "capacity": "45",
            "technical_grade": "一级", "permit_no": "440400123456", "permit_until": "2030-06-30",
            "inspection_until": "2027-05-31",
        }  # fmt: skip
        world.hub.register.correct(tx, number, texts | changes, "typed wrong", "somebody")


def held(box: Box, prefix: str, stream: str) -> dict[str, bytes]:
    return {key: body for key, body in box.keys(prefix, stream).items() if body is not None}


def test_a_place_is_told_of_the_operators_at_its_stops_and_of_no_others(world: World) -> None:
    take(world, file_of(OPERATORS, operator(), operator(OTHER_USCC, "别处", agencies="B")))
    take(world, file_of(VEHICLES, vehicle()))
    take(world, file_of(DRIVERS, driver()))
    box = world.box("a")
    box.visit()
    box.visit()
    with world.hub.database.read() as tx:
        streams = [name for name in nodes.streams_of(tx, box.node_no) if name.startswith("register/")]
    assert streams == ["register/1"]
    facts = OperatorFacts.from_bytes(held(box, "operator-facts", "register/1")["operator-facts/1"])
    assert (facts.uscc, facts.trust_level, facts.agency_nos) == (USCC, "AAA", (1,))
    seen = VehicleFacts.from_bytes(*held(box, "vehicle", "register/1").values())
    assert (seen.plate, seen.capacity, seen.inspection_until_day) == ("粤C12345", 45, day_of_iso("2027-05-31"))
    person = DriverFacts.from_bytes(*held(box, "driver", "register/1").values())
    assert person.name == "张**" and person.qualification_until_day == day_of_iso("2030-12-31")


def test_what_was_true_on_a_day_stays_on_record(world: World) -> None:
    take(world, file_of(OPERATORS, operator(trust="AA", day="2025-01-01")))
    number = found(world, "横琴")[0].number
    take(world, file_of(OPERATORS, operator(trust="AAA", day="2026-01-01")), "later.csv")
    take(world, file_of(OPERATORS, operator(trust="B", day="2025-01-01")), "corrected.csv")
    with world.hub.database.read() as tx:
        levels = [world.hub.register.on_day(tx, number, day_of_iso(day)) for day in ("2025-06-01", "2026-06-01")]
        assert [body and body["trust_level"] for body in levels] == ["B", "AAA"]
        assert world.hub.register.on_day(tx, number, day_of_iso("2024-12-31")) is None
        versions = world.hub.register.history(tx, number)
    assert [(one.body["trust_level"], one.until_day, one.replaced, one.source) for one in versions] == [
        ("AAA", None, False, "later.csv:2"),
        ("B", day_of_iso("2025-12-31"), False, "corrected.csv:2"),
        ("AA", None, True, "file.csv:2"),
    ]
    assert found(world, "横琴")[0].body["trust_level"] == "AAA"


def test_a_correction_says_why_and_reaches_the_nodes(world: World) -> None:
    take(world, file_of(OPERATORS, operator()))
    take(world, file_of(VEHICLES, vehicle()))
    number = found(world, "粤C12345")[0].number
    box = world.box("a")
    box.visit()
    world.clock.now_ms += DAY_MS
    with pytest.raises(Refusal, match="register_date"):
        corrected(world, number, inspection_until="soon")
    with pytest.raises(Refusal, match="register_operator"):
        corrected(world, number, operator_uscc=OTHER_USCC)
    corrected(world, number, inspection_until="2028-05-31")
    box.visit()
    seen = VehicleFacts.from_bytes(*held(box, "vehicle", "register/1").values())
    assert seen.inspection_until_day == day_of_iso("2028-05-31")
    with world.hub.database.read() as tx:
        assert [one.source for one in world.hub.register.history(tx, number)] == ["typed wrong", "file.csv:2"]


def test_a_vehicle_that_changes_hands_is_taken_from_the_one_and_given_to_the_other(world: World) -> None:
    take(world, file_of(OPERATORS, operator(), operator(OTHER_USCC, "别处")))
    take(world, file_of(VEHICLES, vehicle()))
    box = world.box("a")
    box.visit()
    assert held(box, "vehicle", "register/1") and not held(box, "vehicle", "register/2")
    take(world, file_of(VEHICLES, vehicle(OTHER_USCC)))
    box.visit()
    box.visit()
    assert not held(box, "vehicle", "register/1") and held(box, "vehicle", "register/2")


def test_what_is_struck_off_is_forgotten_by_nodes_and_remembered_by_the_hub(world: World) -> None:
    take(world, file_of(OPERATORS, operator()))
    take(world, file_of(VEHICLES, vehicle()))
    number = found(world, "粤C12345")[0].number
    box = world.box("a")
    box.visit()
    with world.hub.database.write() as tx, pytest.raises(Refusal, match="register_in_use"):
        world.hub.register.strike_off(tx, 1, "closed", "somebody")
    with world.hub.database.write() as tx:
        world.hub.register.strike_off(tx, number, "scrapped", "somebody")
    box.visit()
    assert not held(box, "vehicle", "register/1") and found(world, "粤C12345") == []
    with world.hub.database.read() as tx:
        assert world.hub.register.subject(tx, number, gone=True).gone_ms
        assert len(world.hub.register.history(tx, number)) == 1
    take(world, file_of(VEHICLES, vehicle()))
    assert found(world, "粤C12345")[0].number > number


def day_of_iso(text: str) -> int:
    from datetime import date

    return day_of(date.fromisoformat(text))
