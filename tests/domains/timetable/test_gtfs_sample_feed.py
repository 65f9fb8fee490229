"""The timetable that is shipped: it must import without a remark and always have something to sell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from cloud.domains.timetable import gtfs
from cloud.domains.timetable.gtfs import CompiledFeed, compile_feed
from cloud.domains.timetable.gtfs.model import Service
from sync.kernel.days import date_of, day_of

SAMPLE = Path(gtfs.__file__).parents[1] / "sample_feed"
LANGUAGES = {"zh-Hans", "zh-Hant", "en"}


@pytest.fixture(scope="module")
def sample() -> CompiledFeed:
    """The compiled sample feed."""
    return compile_feed(SAMPLE)


def runs(service: Service, day: int) -> bool:
    """True when the service runs on the day."""
    if day in service.added:
        return True
    weekday = service.weekdays >> date_of(day).weekday() & 1
    return bool(weekday) and service.start_day <= day <= service.end_day and day not in service.removed


def starts(sample: CompiledFeed, route: str, day: int) -> Iterator[int]:
    """Departures of a route on a service date."""
    services = {service.feed_id: service for service in sample.services}
    for trip in sample.trips:
        if sample.patterns[trip.pattern].route == route and runs(services[trip.service], day):
            yield trip.start_s


def test_everything_is_for_sale_and_nothing_is_odd(sample: CompiledFeed) -> None:
    assert (sample.notes, sample.routes_not_for_sale, sample.ambiguous_pairs) == ((), (), ())
    assert {route.currency for route in sample.routes} == {"CNY"}
    assert all(None not in pattern.fares_minor for pattern in sample.patterns)


def test_every_name_is_there_in_three_languages(sample: CompiledFeed) -> None:
    texts = [agency.names for agency in sample.agencies] + [stop.names for stop in sample.stops]
    texts += [names for route in sample.routes for names in (route.short_names, route.long_names) if names]
    texts += [trip.headsigns for trip in sample.trips]
    assert all(set(names) == LANGUAGES and all(names.values()) for names in texts)


def test_village_bus_coach_and_ferry_meet_at_stations(sample: CompiledFeed) -> None:
    parents = {stop.feed_id: stop.parent for stop in sample.stops}
    ends = {route.feed_id: set() for route in sample.routes}  # type: dict[str, set[str | None]]
    for pattern in sample.patterns:
        ends[pattern.route].update(parents[stop] or stop for stop in pattern.stops)
    assert "ZQ" in ends["V1"] & ends["C1"] & ends["C2"]
    assert "QW" in ends["C1"] & ends["F1"]
    assert "WZ_PIER" in ends["F1"] & ends["S1"]


def test_the_lines_run_what_they_should(sample: CompiledFeed) -> None:
    plans = {route.feed_id: route.seat_plan for route in sample.routes}
    assert plans == {"C1": "coach-45", "C2": "coach-45", "F1": "ferry-180", "S1": "bus-free", "V1": "minibus-19"}
    approximate = {sample.patterns[trip.pattern].route for trip in sample.trips if trip.approximate}
    assert approximate == {"V1"}


@pytest.mark.parametrize("date", ["2026-01-01", "2026-11-23", "2028-02-29", "2030-12-30"])
def test_at_any_hour_something_still_leaves_today_and_tomorrow(sample: CompiledFeed, date: str) -> None:
    today = day_of(date_of(0).fromisoformat(date))
    for route in ("C1", "C2", "V1", "F1"):
        assert max(starts(sample, route, today)) >= 86_400
        assert len(list(starts(sample, route, today + 1))) >= 30
    coach = sorted(set(starts(sample, "C1", today)))
    assert max(later - earlier for earlier, later in pairwise(coach)) <= 5_400


def test_the_night_coach_rests_on_new_years_eve_and_the_festival_coach_runs(sample: CompiledFeed) -> None:
    eve, usual = day_of(date_of(0).fromisoformat("2027-02-05")), day_of(date_of(0).fromisoformat("2027-03-05"))
    assert max(starts(sample, "C1", eve)) < 86_400 < max(starts(sample, "C1", usual))
    assert 34_200 in set(starts(sample, "C1", eve)) - set(starts(sample, "C1", usual))


def test_fares_of_the_coach_are_those_of_its_zones(sample: CompiledFeed) -> None:
    pattern = next(each for each in sample.patterns if each.route == "C1" and each.direction == 0)
    assert pattern.fares_minor == (3200, 5800, 6800, 9550, 3600, 4500, 7200, 1200, 4000, 3050)
    village = next(each for each in sample.patterns if each.route == "V1" and each.direction == 0)
    assert village.fares_minor == (200, 300, 500, 500, 300, 500, 500, 300, 300, 200)


def test_the_sample_says_what_it_is_and_under_which_licence() -> None:
    readme = (SAMPLE / "README.md").read_text()
    assert "CC0" in readme and "Apache-2.0" in readme and "invented" in readme
