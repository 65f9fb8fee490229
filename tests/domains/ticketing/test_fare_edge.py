"""Concessions at the counter: price, proof, and children on laps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.office.fares import DEFAULT_FARE_RULES
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench, make_bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 26), ALL_LEGS))
    return found


def sell(bench: Bench, rider: str, proof: str = "", key: str = "", trip_no: int = COACH_TRIP) -> tuple[int, str]:
    bench.sales += 1
    to_idx = 4 if trip_no == COACH_TRIP else 1
    key = key or f"concession-{bench.sales}"
    found = bench.node.ticketing.sell(trip_no, TODAY, 0, to_idx, None, CLERK_NO, key, rider=rider, proof=proof)
    assert ticket.RIDERS[ticket.parse(found.text).claims.rider] == rider == found.rider
    return found.price_minor, found.proof


def test_a_concession_is_sold_at_its_price_with_its_proof_noted(bench: Bench) -> None:
    assert sell(bench, "child_with_seat", "height") == (1500, "height")
    assert sell(bench, "disabled_soldier", "soldier_card") == (1500, "soldier_card")
    bench.grant(FERRY_TRIP, counts={0: 20})
    assert sell(bench, "blind", "disability_card", trip_no=FERRY_TRIP) == (0, "disability_card")
    assert sell(bench, "adult", "height") == (3000, "")


def test_without_its_proof_a_concession_is_not_sold(bench: Bench) -> None:
    for rider, proof, code in (
        ("child_with_seat", "", "proof_needed"), ("disabled_soldier", "height", "proof_needed"),
        ("blind", "disability_card", "rider_not_here"), ("child_free", "height", "child_needs_adult"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            sell(bench, rider, proof)


def test_a_sale_goes_by_the_set_of_its_day(bench: Bench) -> None:
    dear = replace(DEFAULT_FARE_RULES, name="dear", from_day=TODAY + 1, concessions=(("child_with_seat", 900, (), ()),))
    bench.operate("net", dear.key, dear.to_bytes())
    assert sell(bench, "child_with_seat", "height")[0] == 1500
    bench.clock.pass_ms(13 * 3_600_000)  # past midnight
    found = bench.node.fares.of(bench.node.timetable.ride(COACH_TRIP, TODAY + 1, 0, 4), "child_with_seat")
    assert (found.minor, found.rule) == (2700, "dear/child_with_seat")
    bench.operate("net", dear.key, None)
    assert bench.node.fares.rules(COACH_TRIP).name == "default"


def test_laps_go_by_the_seats_in_this_boxes_hands_on_every_leg(bench: Bench) -> None:
    """25 seats: two laps on each leg; a lap that ends at the second stop is free again behind it."""
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(26, 31), 0b0001))  # the first leg: 30 seats, three laps

    def lap(from_idx: int, to_idx: int) -> int:
        where = (COACH_TRIP, TODAY, from_idx, to_idx)
        return bench.node.scribe.write(lambda unit: _sold_lap(bench, unit, where))

    assert [lap(0, 1), lap(0, 4), lap(0, 4)] == [LAP, LAP, LAP]
    for ride in ((0, 1), (1, 2), (3, 4)):
        with pytest.raises(Refusal, match="free_children_full"):
            lap(*ride)


def _sold_lap(bench: Bench, unit: object, where: tuple[int, int, int, int]) -> int:
    taken = bench.node.inventory.take_lap(unit.connection, where)  # type: ignore[attr-defined]
    connection = unit.connection  # type: ignore[attr-defined]
    connection.executemany(
        "INSERT INTO sold_lap VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET children = children + 1",
        [(*where[:2], leg) for leg in range(*where[2:])],
    )
    return taken
