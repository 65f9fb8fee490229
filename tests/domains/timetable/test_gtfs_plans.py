"""Seat plans and the operator's file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import compile_feed
from cloud.domains.timetable.gtfs.plans import BUILT_IN, default_plan
from tests.domains.timetable.gtfs_feeds import SOUND, compiled, feed, refused

COACH_33 = '[plans.coach-33]\nkind = "reserved"\ncapacity = 7\nlayout = """\nAB.C\nABCD\n"""\n'


def test_the_coach_has_ten_rows_of_four_and_a_bench_of_five() -> None:
    plan = BUILT_IN["coach-45"]
    assert (plan.kind, plan.capacity, len(plan.seats)) == ("reserved", 45, 45)
    rows = Counter(seat.row for seat in plan.seats)
    assert [rows[row] for row in range(11)] == [4] * 10 + [5]
    assert [seat.column for seat in plan.seats[:4]] == [0, 1, 3, 4]
    assert [seat.column for seat in plan.seats[-5:]] == [0, 1, 2, 3, 4]
    assert (plan.seats[0].label, plan.seats[24].label, plan.seats[44].label) == ("01A", "07A", "11E")


def test_the_minibus_has_nineteen_seats() -> None:
    plan = BUILT_IN["minibus-19"]
    assert (plan.capacity, len(plan.seats), plan.seats[-1].label) == (19, 19, "06D")


@pytest.mark.parametrize("name", BUILT_IN)
def test_seats_are_numbered_from_one_and_labelled_once(name: str) -> None:
    seats = BUILT_IN[name].seats
    assert [seat.no for seat in seats] == list(range(1, len(seats) + 1))
    assert len({seat.label for seat in seats}) == len({(seat.row, seat.column) for seat in seats}) == len(seats)


@pytest.mark.parametrize(
    ("route_type", "plan"),
    [(3, "coach-45"), (4, "ferry-free"), (0, "bus-free"), (7, "bus-free"), (200, "coach-45"), (1000, "ferry-free")],
)
def test_without_a_file_the_route_type_decides(route_type: int, plan: str) -> None:
    assert default_plan(route_type) == plan


def test_the_narrowest_line_of_the_file_decides(tmp_path: Path) -> None:
    routes = SOUND["routes.txt"] + "Q,A,2,另一线,3\n"
    plans = tmp_path / "plans.toml"
    lines = ['[by_route_type]\n3 = "bus-free"\n', '[by_agency]\nA = "minibus-19"\n', '[by_route]\nR = "coach-33"\n']
    seen = []
    for count in range(4):
        plans.write_text(COACH_33 + "".join(lines[:count]))
        result = compile_feed(feed(tmp_path / "feed", {"routes.txt": routes}), seat_plans=plans)
        seen.append([route.seat_plan for route in result.routes])
        assert {plan.name for plan in result.seat_plans} == set(seen[-1])
    assert seen == [["coach-45"] * 2, ["bus-free"] * 2, ["minibus-19"] * 2, ["minibus-19", "coach-33"]]


def test_a_plan_of_ones_own_is_drawn_by_its_layout(tmp_path: Path) -> None:
    result = compiled(tmp_path, {"seat_plans.toml": COACH_33 + '[by_route]\nR = "coach-33"\n'})
    seats = result.seat_plans[0].seats
    assert [(seat.no, seat.label, seat.row, seat.column) for seat in seats] == [
        (1, "01A", 0, 0),
        (2, "01B", 0, 1),
        (3, "01C", 0, 3),
        (4, "02A", 1, 0),
        (5, "02B", 1, 1),
        (6, "02C", 1, 2),
        (7, "02D", 1, 3),
    ]


def test_a_file_given_by_path_stands_above_the_one_in_the_feed(tmp_path: Path) -> None:
    folder = feed(tmp_path / "feed", {"seat_plans.toml": '[by_route]\nR = "bus-free"\n'})
    assert compile_feed(folder).routes[0].seat_plan == "bus-free"
    (tmp_path / "own.toml").write_text('[by_route]\nR = "minibus-19"\n')
    assert compile_feed(folder, seat_plans=tmp_path / "own.toml").routes[0].seat_plan == "minibus-19"


def test_a_route_of_another_feed_in_the_file_is_only_noted(tmp_path: Path) -> None:
    notes = compiled(tmp_path, {"seat_plans.toml": '[by_route]\nX = "bus-free"\n'}).notes
    assert [(note.file, note.field, note.value, note.code) for note in notes] == [
        ("seat_plans.toml", "by_route.X", "X", "plan_unused")
    ]


@pytest.mark.parametrize(
    ("content", "field", "value", "code"),
    [
        ("[plans", "", "", "plan_toml"),
        ("[seats]\n", "", "seats", "plan_unknown_key"),
        ("plans = 3\n", "plans", "plans", "plan_unknown_key"),
        ('[plans.x]\nkind = "sofa"\n', "plans.x.kind", "sofa", "plan_kind"),
        ('[plans.x]\nkind = "free"\ncapacity = 0\n', "plans.x.capacity", "0", "plan_capacity"),
        ('[plans.x]\nkind = "free"\ncapacity = true\n', "plans.x.capacity", "True", "plan_capacity"),
        ('[plans.x]\nkind = "free"\ncapacity = 3\ndoors = 2\n', "plans.x", "doors", "plan_unknown_key"),
        ('[plans.x]\nkind = "reserved"\ncapacity = 4\nlayout = "AA.B"\n', "plans.x.layout", "AA.B", "plan_layout"),
        ('[plans.x]\nkind = "reserved"\ncapacity = 4\nlayout = "ab"\n', "plans.x.layout", "ab", "plan_layout"),
        ('[plans.x]\nkind = "reserved"\ncapacity = 4\nlayout = "AB.C"\n', "plans.x.capacity", "4", "plan_seats"),
        ('[plans.x]\nkind = "reserved"\ncapacity = 4\n', "plans.x.layout", "None", "plan_layout"),
        ('[by_route]\nR = "tram"\n', "by_route.R", "tram", "plan_absent"),
        ('[by_route]\nR = ["bus-free"]\n', "by_route.R", "['bus-free']", "plan_absent"),
        ('[by_route_type]\nbus = "bus-free"\n', "by_route_type.bus", "bus", "plan_route_type"),
    ],
)
def test_a_bad_line_of_the_file_rejects_the_import(
    tmp_path: Path, content: str, field: str, value: str, code: str
) -> None:
    plans = tmp_path / "own.toml"
    plans.write_text(content)
    assert refused(feed(tmp_path / "feed"), plans) == [("own.toml", 0, field, value, code)]


def test_a_seat_plan_file_that_is_not_there_rejects_the_import(tmp_path: Path) -> None:
    places = refused(feed(tmp_path / "feed"), tmp_path / "none.toml")
    assert places == [("none.toml", 0, "", "", "plan_unreadable")]
