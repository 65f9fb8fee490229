"""The line of a ride on a drawing: to scale, named where there is room, and left out where nobody knows the places."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk_ui.kernel import linemap
from kiosk_ui.kernel.linemap import HEIGHT, WIDTH, line_map
from sync.domains.timetable.operations import Stop
from tests.kiosk_ui.person import Person
from tests.support.nodes import COACH_TRIP, TODAY, Bench

PLACES = ((23_050_000, 112_460_000), (23_160_000, 112_560_000), (23_150_000, 112_890_000), (23_030_000, 113_140_000),
          (23_130_000, 113_260_000))  # fmt: skip


@pytest.fixture
def placed(bench: Bench) -> Bench:
    """The coach's stops where towns of such names lie."""
    for number, (lat, lon) in enumerate(PLACES, start=1):
        stop = bench.node.timetable.store.stop(number)
        bench.operate("net", f"stop/{number}", replace(stop, lat_e6=lat, lon_e6=lon).to_bytes())
    return bench


def boxes(found: linemap.LineMap) -> list[tuple[float, float, float, float]]:
    made = []
    for mark in found.marks:
        if mark.label:
            width = linemap._width(mark.label)
            left = mark.label_x - {"start": 0, "middle": width / 2, "end": width}[mark.anchor]
            made.append((left + 1, mark.label_y - 12, left + width - 1, mark.label_y + 2))
    return made


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_names_cover_neither_each_other_nor_the_edge(placed: Bench, language: str) -> None:
    found = line_map(placed.node, placed.node.timetable.ride(COACH_TRIP, TODAY, 0, 4), language)
    assert found is not None
    drawn = boxes(found)
    assert len(drawn) >= 3
    for place, one in enumerate(drawn):
        assert one[0] >= 0 and one[2] <= WIDTH and one[1] >= 0 and one[3] <= HEIGHT
        for other in drawn[place + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for x, y in (map(float, point.split(",")) for point in found.line.split()):
        assert not any(one[0] < x < one[2] and one[1] < y < one[3] for one in drawn)


def test_north_is_up_east_is_right_and_both_have_one_scale(placed: Bench) -> None:
    found = line_map(placed.node, placed.node.timetable.ride(COACH_TRIP, TODAY, 0, 4), "en")
    assert found is not None
    first, second, last = found.marks[0], found.marks[1], found.marks[4]
    assert first.x < last.x and second.y < first.y
    wide = (last.x - first.x) / (PLACES[4][1] - PLACES[0][1])
    high = (first.y - second.y) / (PLACES[1][0] - PLACES[0][0])
    assert 0.9 < wide / high < 0.95  # a degree of longitude is cos 23° of one of latitude


def test_only_the_ride_itself_is_marked(placed: Bench) -> None:
    found = line_map(placed.node, placed.node.timetable.ride(COACH_TRIP, TODAY, 1, 3), "en")
    assert found is not None
    assert [mark.kind for mark in found.marks] == ["beyond", "from", "between", "to", "beyond"]
    assert len(found.part.split()) == 3 and len(found.line.split()) == 5


def test_a_line_whose_places_nobody_knows_is_not_drawn(placed: Bench) -> None:
    ride = placed.node.timetable.ride(COACH_TRIP, TODAY, 0, 4)
    stop = placed.node.timetable.store.stop(3)
    placed.operate("net", "stop/3", Stop(stop.feed_id, stop.names, None, None, None).to_bytes())
    assert line_map(placed.node, ride, "en") is None


def test_the_passenger_sees_the_line_before_paying(placed: Bench, passenger: Person) -> None:
    page = passenger.see(f"/kiosk/confirm?trip={COACH_TRIP}&day={TODAY}&from=0&to=4&lang=en")
    assert 'class="line-map"' in page.html and "Map of the line from Duanzhou to Guangzhou" in page.html
