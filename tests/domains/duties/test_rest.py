"""A driver's rest: worked out before it is missed, from this box's trips and what the hub told of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domains.duties.service import Word
from sync.domains import EVENTS
from sync.domains.boarding.operations import Duty
from sync.domains.duties.events import TripStarted
from sync.domains.duties.rest.operations import Driven, RestRules
from sync.domains.duties.rest.rules import (
    DEFAULT_REST_RULES,
    Span,
    breaches,
    check_rest_rules,
    driven,
    rest_rules,
)
from sync.domains.duties.rules import Run, Wheel
from sync.kernel.errors import Refusal
from tests.golden.strategies import of
from tests.support.nodes import COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, ZONE, Bench, make_bench

H, M = 3_600_000, 60_000
MIDNIGHT = NOON_MS - 12 * H
DRIVER = 31
TRIP = (COACH_TRIP, TODAY)


def at(hours: float, day: int = 0) -> int:
    """An instant of the day of the tests."""
    return MIDNIGHT + day * 24 * H + int(hours * H)


def told(past: list[Span], ahead: Span, **more: object) -> list[tuple[str, float]]:
    """(code, hour of the day) of what would be broken."""
    found = breaches(DEFAULT_REST_RULES, past, ahead, ZONE, **more)  # type: ignore[arg-type]
    return [(one.code, (one.at_ms - MIDNIGHT) / H) for one in found]


def test_four_hours_by_day_and_no_minute_more() -> None:
    assert told([], (at(8), at(12))) == []
    assert told([], (at(8), at(12) + M)) == [("day_spell", 12.0)]


def test_a_rest_of_twenty_minutes_begins_a_new_spell_and_nineteen_do_not() -> None:
    rested, hurried = (at(8), at(11)), (at(8), at(11) + M)
    assert told([rested], (at(11) + 20 * M, at(14))) == []
    assert told([hurried], (at(11) + 20 * M, at(14))) == [("day_spell", 11 + 79 / 60)]


def test_two_hours_at_night() -> None:
    assert told([], (at(22), at(24))) == []
    assert told([], (at(21), at(24.5))) == [("night_spell", 24.0)]
    assert told([(at(20), at(22))], (at(22.5), at(24.5))) == []


def test_eight_hours_in_any_twenty_four() -> None:
    past = [(at(17, -1), at(20, -1)), (at(7), at(10))]
    assert told(past, (at(11), at(13))) == []
    assert told(past, (at(11), at(14))) == [("in_day", 13.0)]
    assert told(past, (at(18), at(21))) == [], "what was driven yesterday evening counts no more"


def test_forty_four_hours_in_any_seven_days() -> None:
    past = [(at(hour, -day), at(hour + 3, -day)) for day in range(1, 7) for hour in (8, 14)]
    assert told(past, (at(8), at(12))) == []
    longer = [*past, (at(18, -1), at(22, -1)), (at(18, -2), at(22, -2))]
    assert ("in_week", 12.0) in told(longer, (at(12), at(13)))


@pytest.mark.parametrize(
    ("relief", "km", "broken"), [(False, 300, True), (True, 300, False), (False, 100, False), (False, None, True)]
)
def test_nobody_drives_from_two_to_five_without_a_relief(relief: bool, km: int | None, broken: bool) -> None:
    found = told([], (at(1.5), at(3)), relief=relief, km=km)
    assert found == ([("night_ban", 2.0)] if broken else [])


def test_what_is_over_is_no_warning() -> None:
    assert told([(at(2), at(8))], (at(10), at(11))) == []


def test_what_was_told_twice_counts_once() -> None:
    assert told([(at(8), at(11)), (at(9), at(11)), (at(8), at(11))], (at(11), at(12))) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-4_000, 0), st.integers(1, 400)), max_size=12), st.integers(1, 600))
def test_more_driving_before_never_makes_a_trip_lawful(blocks: list[tuple[int, int]], minutes: int) -> None:
    past = [(NOON_MS + since * M, NOON_MS + min(since + length, 0) * M) for since, length in blocks]
    ahead = (NOON_MS, NOON_MS + minutes * M)
    alone = {one.code: one.at_ms for one in breaches(DEFAULT_REST_RULES, [], ahead, ZONE)}
    tired = {one.code: one.at_ms for one in breaches(DEFAULT_REST_RULES, past, ahead, ZONE)}
    assert all(code in tired and tired[code] <= moment for code, moment in alone.items())


def test_halts_and_the_time_of_a_relief_are_not_driven() -> None:
    run = Run(
        phase="ended", halts=((0, at(8), at(8.5)), (1, at(9), at(9.5)), (2, at(11), None)),
        wheels=(Wheel(at(8), DRIVER), Wheel(at(10), 99), Wheel(at(11), 0)),
    )  # fmt: skip
    assert driven(run, DRIVER, at(20)) == [(at(8.5), at(9)), (at(9.5), at(10))]
    assert driven(run, 99, at(20)) == [(at(10), at(11))]
    hasty = replace(run, halts=((0, at(8), None), (2, at(11), None)))
    assert driven(hasty, DRIVER, at(20)) == [(at(8), at(10))], "nobody said that the first stop was left: no rest"


def test_the_newest_set_that_holds_is_taken_and_an_odd_one_refused() -> None:
    newer, later = replace(DEFAULT_REST_RULES, from_day=5), replace(DEFAULT_REST_RULES, from_day=9)
    assert rest_rules([later, newer], 8) == newer and rest_rules([], 8) == DEFAULT_REST_RULES
    assert check_rest_rules(DEFAULT_REST_RULES) == DEFAULT_REST_RULES
    for odd in ({"rest": 0}, {"ban_from": 1_440}, {"source": " "}, {"exempt_km": -1}, {"defaults": ("x",)}):
        with pytest.raises(Refusal):
            check_rest_rules(replace(DEFAULT_REST_RULES, **odd))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = make_bench(tmp_path, kind="vehicle")
    made.operate("node/7", f"duty/{COACH_TRIP}/{TODAY}", Duty("粤H12345", (DRIVER,)).to_bytes())
    return made


def tell(bench: Bench, *spans: Span) -> None:
    bench.operate("node/7", f"driven/{DRIVER}", Driven(spans, NOON_MS).to_bytes())


def started(bench: Bench) -> list[TripStarted]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for row in rows if isinstance(event := EVENTS.decode(row[0]).event, TripStarted)]


def test_a_rested_driver_starts_and_a_tired_one_is_told_first(bench: Bench) -> None:
    duties = bench.node.duties
    assert duties.rest(duties.of(*TRIP), DRIVER).breaches == ()
    tell(bench, (at(4), at(7.75)), (at(8.25), at(11.75)))
    seen = duties.rest(duties.of(*TRIP), DRIVER)
    assert seen.codes == ("in_day",) and seen.told_ms == NOON_MS and seen.minutes == 435
    with pytest.raises(Refusal) as caught:
        duties.say(TRIP, DRIVER, Word("start"))
    assert caught.value.code == "rest_needed" and started(bench) == []
    duties.say(TRIP, DRIVER, Word("start", anyway=True))
    [event] = started(bench)
    assert (event.against, event.rule) == (("in_day",), "default")
    assert duties.of(*TRIP).run.against == ("in_day",)


def test_another_driver_of_the_same_trip_is_judged_by_himself(bench: Bench) -> None:
    tell(bench, (at(4), at(7.75)), (at(8.25), at(11.75)))
    assert bench.node.duties.rest(bench.node.duties.of(*TRIP), 32).breaches == ()


def test_on_the_way_a_delay_brings_the_warning_before_the_hour(bench: Bench) -> None:
    duties = bench.node.duties
    bench.clock.pass_ms(3 * H)  # three in the afternoon: the departure
    duties.say(TRIP, DRIVER, Word("start"))
    duties.say(TRIP, DRIVER, Word("leave", idx=0))
    assert duties.rest(duties.of(*TRIP), DRIVER).breaches == ()
    duties.say(TRIP, DRIVER, Word("delay", minutes=180, reason="traffic"))
    assert duties.rest(duties.of(*TRIP), DRIVER).codes == ("day_spell",)


def test_own_trips_count_with_the_hub_away(bench: Bench) -> None:
    duties = bench.node.duties
    duties.say(TRIP, DRIVER, Word("start"))
    duties.say(TRIP, DRIVER, Word("leave", idx=0))
    bench.clock.pass_ms(7 * H + 30 * M)
    duties.say(TRIP, DRIVER, Word("end"))
    tomorrow = duties.of(COACH_TRIP, TODAY + 1)
    assert duties.rest(tomorrow, DRIVER).breaches == (), "tomorrow at three is long enough"
    late = duties.rest(duties.of(103, TODAY), DRIVER)
    assert "in_day" in late.codes and late.told_ms is None


def test_a_ferry_has_other_rules_and_published_ones_hold_from_their_day(bench: Bench) -> None:
    duties = bench.node.duties
    tell(bench, (at(2), at(11.9)))
    assert duties.rest(duties.of(FERRY_TRIP, TODAY), DRIVER).breaches == ()
    strict = replace(DEFAULT_REST_RULES, name="strict", from_day=TODAY, day_spell=60)
    bench.operate("net", strict.key, strict.to_bytes())
    seen = duties.rest(duties.of(*TRIP), 32)
    assert (seen.codes, seen.rule.name) == (("day_spell",), "strict")


@pytest.mark.parametrize("kind", [RestRules, Driven])
@settings(max_examples=30)
@given(st.data())
def test_what_is_told_comes_down_and_reads_the_same(kind: Any, data: st.DataObject) -> None:
    record = data.draw(of(kind))
    assert kind.from_bytes(record.to_bytes()) == record
