"""Journeys with changes, held against trying out everything."""

from __future__ import annotations

from datetime import date
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains.timetable.journeys.network import CHANGE_S, Departures, Network, Records
from sync.domains.timetable.journeys.search import Journey, search
from sync.domains.timetable.operations import Pattern, Route, Service, Stop, Transfer, Trip
from sync.domains.timetable.rules import MAX_CHANGES
from sync.kernel import days

ZONE = "Asia/Shanghai"
MONDAY = days.day_of(date(2026, 11, 23))
STOPS = 7
Key = tuple[int, int, int]


def pattern(stop_nos: tuple[int, ...], minutes: tuple[int, ...], off: tuple[bool, ...] | None = None) -> Pattern:
    """A pattern that takes ``minutes`` from call to call and stands a minute at each."""
    arrivals, departures, at_s = [], [], 0
    for idx in range(len(stop_nos)):
        arrivals.append(at_s)
        departures.append(at_s + (60 if idx else 0))
        at_s = departures[-1] + (minutes[idx] * 60 if idx < len(minutes) else 0)
    every = (True,) * len(stop_nos)
    return Pattern(1, 0, stop_nos, tuple(arrivals), tuple(departures), every, off or every, ())


def network(patterns: list[Pattern], starts: list[list[int]], transfers: tuple[Transfer, ...] = ()) -> Network:
    """All trips run every day; ``starts``: seconds, a list a pattern. Stops are far from each other."""
    trips = [(100 * no + at, Trip(no, 1, start, False, {}, "")) for no, all_ in enumerate(starts)
             for at, start in enumerate(all_)]  # fmt: skip
    route = Route(1, "R", {}, {}, 3, "CNY", "coach", True)
    return Network(
        Records(
            stops={no: Stop(str(no), {}, 20_000_000 + no * 100_000, 110_000_000, None) for no in range(STOPS)},
            routes={1: route},
            services={1: Service(127, MONDAY - 30, MONDAY + 30, (), ())},
            patterns=dict(enumerate(patterns)),
            trips=trips,
            transfers=transfers,
            zone_of=lambda _route: ZONE,
        )
    )


def key(journey: Journey) -> Key:
    return journey[0].departs_s, journey[-1].arrives_s, len(journey)


def best(keys: set[Key]) -> list[Key]:
    """Those that no other beats in departure, arrival and number of rides all at once."""
    return sorted(
        one for one in keys
        if not any(o != one and o[0] >= one[0] and o[1] <= one[1] and o[2] <= one[2] for o in keys)
    )  # fmt: skip


def everything(found: Network, departures: Departures, origin: int, target: int, after_s: int) -> set[Key]:
    """(departs, arrives, rides) of every way there is, found by trying all rides after each other."""
    rides = []
    for no, one in found.patterns.items():
        for trip in departures._of(no)[1]:
            for i, j in product(range(len(one.stop_nos)), repeat=2):
                if i < j and one.drop_off[j]:
                    rides.append((one.stop_nos[i], trip.start_s + one.departures[i], one.stop_nos[j],
                                  trip.start_s + one.arrivals[j]))  # fmt: skip
    changes = {(a, b): s for a, reach in found.changes.items() for b, s in reach}
    ends, front = set(), [(r[1], r) for r in rides if r[0] == origin and r[1] >= after_s]
    for count in range(1, MAX_CHANGES + 2):
        ends |= {(begun, ride[3], count) for begun, ride in front if ride[2] == target}
        front = [
            (begun, later) for begun, ride in front for later in rides
            if (ride[2], later[0]) in changes and later[1] >= ride[3] + changes[ride[2], later[0]]
        ]  # fmt: skip
    return ends


lines = st.lists(st.integers(0, STOPS - 1), min_size=2, max_size=4, unique=True).flatmap(
    lambda stops: st.tuples(
        st.just(tuple(stops)),
        st.tuples(*[st.integers(3, 25)] * (len(stops) - 1)),
        st.lists(st.integers(0, 90).map(lambda minute: 8 * 3600 + minute * 60), min_size=1, max_size=3, unique=True),
    )
)
transfers = st.lists(
    st.builds(Transfer, st.integers(0, STOPS - 1), st.integers(0, STOPS - 1), st.sampled_from([None, 0, 120, 900])),
    max_size=4, unique_by=lambda one: (one.from_no, one.to_no),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(lines, min_size=1, max_size=5), transfers, st.integers(0, STOPS - 1), st.integers(0, STOPS - 1))
def test_the_search_finds_just_the_ways_that_trying_everything_finds(
    drawn: list[tuple[tuple[int, ...], tuple[int, ...], list[int]]], walks: list[Transfer], origin: int, target: int
) -> None:
    if origin == target:
        return
    found = network([pattern(stops, minutes) for stops, minutes, _ in drawn], [sorted(s) for _, _, s in drawn],
                    tuple(walks))  # fmt: skip
    departures = found.departures(MONDAY, ZONE)
    goal = found.goal({target}, MAX_CHANGES + 1)
    after_s = 8 * 3600
    journeys = search(departures, {origin}, goal, after_s, 1_000)
    same_day = {one for one in everything(found, departures, origin, target, after_s) if one[0] < 24 * 3600}
    assert [key(one) for one in journeys if one[0].departs_s < 24 * 3600] == best(same_day)


def test_a_change_takes_its_time_and_a_shorter_one_needs_a_transfer_that_says_so() -> None:
    lines_ = [pattern((0, 1), (10,)), pattern((1, 2), (10,))]
    starts = [[8 * 3600], [8 * 3600 + 10 * 60 + CHANGE_S - 60, 9 * 3600]]
    plain, quick = network(lines_, starts), network(lines_, starts, (Transfer(1, 1, 60),))
    for found, departs in ((plain, 9 * 3600), (quick, starts[1][0])):
        (way,) = search(found.departures(MONDAY, ZONE), {0}, found.goal({2}, 3), 0, 6)[:1]
        assert way[1].departs_s == departs
    barred = network(lines_, starts, (Transfer(1, 1, None),))
    assert search(barred.departures(MONDAY, ZONE), {0}, barred.goal({2}, 3), 0, 6) == []


def test_nobody_leaves_earlier_than_the_same_arrival_needs() -> None:
    found = network([pattern((0, 1), (10,)), pattern((1, 2), (10,))], [[8 * 3600, 8 * 3600 + 1800], [9 * 3600]])
    (way,) = search(found.departures(MONDAY, ZONE), {0}, found.goal({2}, 3), 0, 6)[:1]
    assert [leg.departs_s for leg in way] == [8 * 3600 + 1800, 9 * 3600]


def test_a_night_boat_of_yesterday_and_a_bus_after_midnight_belong_to_this_day() -> None:
    found = network([pattern((0, 1), (10,))], [[23 * 3600 + 1800, 24 * 3600 + 600]])
    departures = found.departures(MONDAY, ZONE)
    ways = search(departures, {0}, found.goal({1}, 3), 0, 6)
    assert [(leg.day, leg.departs_s) for (leg,) in ways] == [
        (MONDAY - 1, 600), (MONDAY, 23 * 3600 + 1800), (MONDAY, 24 * 3600 + 600),
    ]  # fmt: skip


def test_stops_within_a_walk_and_of_one_station_can_be_changed_between() -> None:
    def stop(lat_e6: int, parent: int | None = None) -> Stop:
        return Stop("", {}, lat_e6, 110_000_000, parent)

    from sync.domains.timetable.journeys.network import changes_between

    stops = {1: stop(20_000_000), 2: stop(20_002_000), 3: stop(20_010_000), 4: stop(21_000_000, 3)}
    found = {no: dict(reach) for no, reach in changes_between(stops, ()).items()}
    assert found[1] == {1: CHANGE_S, 2: CHANGE_S + 223}, "222.4 m further on, at a metre a second"
    assert found[3] == {3: CHANGE_S, 4: CHANGE_S}, "a kilometre is no walk, but a station is one place"
