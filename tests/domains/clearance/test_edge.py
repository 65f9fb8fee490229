"""At the station: looked at, compared with the rules, signed; every answer is in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.domains.clearance.service import DriverShown, Form
from sync.domains import EVENTS
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.operations import ClearanceRules
from sync.domains.register.operations import DriverFacts, VehicleFacts
from sync.kernel.errors import Refusal
from tests.edge.folding import differing
from tests.support.nodes import CLERK_NO, COACH_TRIP, FERRY_TRIP, PIN, TODAY, Bench, make_bench

WHERE = (COACH_TRIP, TODAY)
PAPERS = DriverShown(0, TODAY + 5, TODAY + 9)
USUAL: dict[str, Any] = {
    "trip_no": COACH_TRIP, "day": TODAY, "plate": "粤H12345", "aboard": 40, "checked": True, "belts": True,
    "inspection_until_day": TODAY + 3, "permit_until_day": TODAY + 30, "drivers": (PAPERS,),
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def decide(bench: Bench, pin: str = PIN, **changes: Any) -> tuple[str, ...]:
    answer = bench.node.clearance.decide(Form(**{**USUAL, **changes}), CLERK_NO, pin)
    assert all(source for _, source in answer.lacks)
    return tuple(code for code, _ in answer.lacks)


def logged(bench: Bench, kind: type) -> list[Any]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for row in rows if type(event := EVENTS.decode(row[0]).event) is kind]


def test_a_refusal_names_every_rule_with_its_source_and_a_second_look_may_clear(bench: Bench) -> None:
    wrong = ("drivers_short", "overloaded", "belts_open")
    assert decide(bench, aboard=46, belts=False, motorway_km=620) == wrong
    assert decide(bench, motorway_km=620, drivers=(PAPERS, PAPERS)) == ()
    said = bench.node.clearance.said(*WHERE)
    assert said is not None and (said.cleared, said.refusals) == (True, 1)
    assert [event.lacks for event in logged(bench, DepartureRefused)] == [wrong]
    assert [(event.drivers, event.good_until_day) for event in logged(bench, DepartureCleared)] == [(2, TODAY + 3)]
    assert differing(bench.node) == []


def test_without_the_inspectors_pin_nothing_is_said(bench: Bench) -> None:
    with pytest.raises(Refusal, match="pin_wrong"):
        decide(bench, pin="0000")
    assert bench.node.clearance.said(*WHERE) is None


def test_a_clearance_is_given_once_and_can_be_taken_back(bench: Bench) -> None:
    assert decide(bench) == ()
    with pytest.raises(Refusal, match="clearance_done"):
        decide(bench)
    bench.node.clearance.undo(*WHERE, CLERK_NO)
    with pytest.raises(Refusal, match="clearance_none"):
        bench.node.clearance.undo(*WHERE, CLERK_NO)
    assert decide(bench, checked=False) == ("inspection_failed",)
    assert len(logged(bench, ClearanceUndone)) == 1


def test_what_the_register_knows_counts_before_what_is_typed(bench: Bench) -> None:
    facts = VehicleFacts(1, "coach", "粤H12345", "yellow", 30, "", "", TODAY + 9, TODAY - 1, TODAY + 9, TODAY - 9)
    driver = DriverFacts(1, "陈**", "A1", TODAY + 9, TODAY - 1, "", TODAY - 9)
    bench.operate("register/1", "vehicle/7", facts.to_bytes())
    bench.operate("register/1", "driver/21", driver.to_bytes())
    wrong = ("inspection_over", "qualification_over", "overloaded")
    assert decide(bench, aboard=31, drivers=(DriverShown(21),), capacity=99) == wrong
    refused = [(event.vehicle_no, event.driver_nos, event.capacity) for event in logged(bench, DepartureRefused)]
    assert refused == [(7, (21,), 30)]
    with pytest.raises(Refusal, match="driver_unknown"):
        decide(bench, drivers=(DriverShown(22),))


def test_a_driver_is_found_in_the_register_by_the_number_that_he_or_she_drives_with(bench: Bench) -> None:
    """So a qualification that is over is found before a duty is driven, and one person is not two drivers."""
    late = DriverFacts(1, "陈**", "A1", TODAY + 9, TODAY - 1, "", TODAY - 9, CLERK_NO)
    bench.operate("register/1", "driver/21", late.to_bytes())
    assert decide(bench, drivers=(DriverShown(clerk_no=CLERK_NO),)) == ("qualification_over",)
    assert [event.driver_nos for event in logged(bench, DepartureRefused)] == [(21,)]
    with pytest.raises(Refusal, match="driver_unknown"):
        decide(bench, drivers=(DriverShown(clerk_no=CLERK_NO + 1),))
    with pytest.raises(Refusal, match="driver_twice"):
        decide(bench, drivers=(DriverShown(21), DriverShown(clerk_no=CLERK_NO)), motorway_km=620)


def test_published_rules_take_the_place_of_the_usual_ones(bench: Bench) -> None:
    given = ClearanceRules("gd", TODAY, (("drivers_short", "a law"),), 100, 100)
    bench.operate("net", given.key, given.to_bytes())
    assert decide(bench, other_km=100, belts=False) == ("drivers_short",)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"plate": " "}, "clearance_vehicle"),
        ({"aboard": -1}, "clearance_number"),
        ({"drivers": (PAPERS,) * 5}, "clearance_number"),
    ],
)
def test_a_form_that_cannot_be_is_refused_and_writes_nothing(bench: Bench, change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        decide(bench, **change)
    assert not logged(bench, DepartureRefused)


def test_a_ferrys_count_is_written_down_beside_whom_the_box_boarded(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 3})
    sold = bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.node.boarding.check(sold.text, FERRY_TRIP, TODAY, "g1", CLERK_NO)
    assert bench.node.clearance.count(FERRY_TRIP, TODAY, True, 3, CLERK_NO) == 2
    assert [(event.counted, event.known) for event in logged(bench, PassengersCounted)] == [(3, 1)]
    assert [(one.on_board, one.counted) for one in bench.node.clearance.counts(FERRY_TRIP, TODAY)] == [(True, 3)]
    assert differing(bench.node) == []
