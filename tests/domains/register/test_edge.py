"""The register on a node: looked up by number, plate and operator; what was not told is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge import domains
from edge.kernel.rebuild import dump
from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts, VoidCards
from sync.kernel.operations import Record
from tests.support.nodes import TODAY, Bench, make_bench

OPERATOR = OperatorFacts("91350100M000100Y43", {"zh-Hans": "横琴客运"}, "4404", TODAY + 400, "AAA", (1,), 2500)
COACH = VehicleFacts(1, "coach", "粤C12345", "yellow", 45, "一级", "4404", TODAY + 300, TODAY + 30, TODAY + 30, 2500)
DRIVER = DriverFacts(1, "张**", "A1", TODAY + 900, TODAY + 100, "AA", 2500)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    told: dict[str, Record] = {"operator-facts/1": OPERATOR, "vehicle/2": COACH, "driver/3": DRIVER,
                               "permit/4": PermitFacts(1, "L1", "端州－广州", 2, TODAY + 10, 2500)}  # fmt: skip
    found.operate_all(("register/1", key, record.to_bytes()) for key, record in told.items())
    return found


def test_facts_are_found_by_number_plate_and_operator(bench: Bench) -> None:
    register = bench.node.register
    assert register.vehicle(2) == COACH and register.driver(3) == DRIVER and register.operator(1) == OPERATOR
    assert register.vehicle_with_plate("粤C12345") == (2, COACH)
    assert register.vehicle_with_plate("粤C12345", "blue") is None
    assert register.operator_of(1) == (1, OPERATOR) and register.operator_of(2) is None
    assert register.vehicle(3) is None and register.driver(2) is None
    assert register.driver_of(21) is None and register.driver_of(0) is None
    numbered = replace(DRIVER, clerk_no=21)
    bench.operate("register/1", "driver/3", numbered.to_bytes())
    assert register.driver_of(21) == (3, numbered) and register.driver_of(0) is None
    assert [number for number, _ in register.vehicles() + register.drivers() + register.permits()] == [2, 3, 4]


def test_two_vehicles_with_one_plate_are_told_apart_by_its_colour_alone(bench: Bench) -> None:
    other = VehicleFacts(1, "bus", "粤C12345", "blue", 19, "", "4404", 0, 0, 0, 2500)
    bench.operate("register/1", "vehicle/9", other.to_bytes())
    assert bench.node.register.vehicle_with_plate("粤C12345") is None
    assert bench.node.register.vehicle_with_plate("粤C12345", "blue") == (9, other)


def test_newer_facts_take_the_place_of_older_ones_and_a_struck_off_vehicle_is_gone(bench: Bench) -> None:
    bench.operate(
        "register/1", "operator-facts/1", OperatorFacts("91350100M000100Y43", {}, "", 0, "B", (2,), 2519).to_bytes()
    )
    assert bench.node.register.operator_of(1) is None
    assert bench.node.register.operator_of(2)[1].trust_level == "B"  # type: ignore[index]
    bench.operate("register/1", "vehicle/2", None)
    assert bench.node.register.vehicle(2) is None


def test_the_tables_are_a_fold_of_what_the_hub_said(bench: Bench) -> None:
    bench.operate("net", "void-cards/1", VoidCards(((501, 0, TODAY), (502, 1, TODAY))).to_bytes())
    bench.operate("net", "void-cards/1", VoidCards(((502, 1, TODAY),)).to_bytes())
    connection = bench.node.database.writer
    before = dump(connection, domains.REFERENCE_TABLES)

    def again(unit: object) -> None:
        for table in domains.REFERENCE_TABLES:
            connection.execute(f"DELETE FROM {table}")
        bench.node.streams.fold_again(connection)

    bench.node.scribe.write(again)
    assert dump(connection, domains.REFERENCE_TABLES) == before
    assert connection.execute("SELECT card_no FROM void_card").fetchall() == [(502,)]
