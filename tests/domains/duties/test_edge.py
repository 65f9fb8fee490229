"""A driver runs a trip on the box, with the hub away."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.domains.duties.service import TripNow, Word
from edge.kernel import rebuild
from sync.domains import EVENTS
from sync.domains.boarding.operations import Duty, ManifestEntry
from sync.domains.disruption.operations import Disruption
from sync.domains.duties.events import DutyTaken, StopReached, TripStarted, TripWordTaken
from sync.kernel.errors import Refusal
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench

DRIVER, RELIEF = 31, 32
TRIP, LATE = (COACH_TRIP, TODAY), (LATE_TRIP, TODAY)
MINUTE_MS = 60_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The box of a coach that runs at three in the afternoon and after midnight, driven by two people."""
    made = make_bench(tmp_path, kind="vehicle")
    made.operate("node/7", f"duty/{COACH_TRIP}/{TODAY}", Duty("粤H12345", (DRIVER, RELIEF)).to_bytes())
    made.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 11), ALL_LEGS))
    return made


def logged(bench: Bench, kind: type) -> list:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for row in rows if type(event := EVENTS.decode(row[0]).event) is kind]


def say(bench: Bench, kind: str, driver_no: int = DRIVER, where: tuple[int, int] = TRIP, **more: object) -> TripNow:
    bench.clock.pass_ms(MINUTE_MS)
    return bench.node.duties.say(where, driver_no, Word(kind, **more))  # type: ignore[arg-type]


def refused(bench: Bench, kind: str, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        say(bench, kind, **more)  # type: ignore[arg-type]
    return caught.value.code


def test_the_next_duty_is_the_trip_of_this_box_until_one_runs(bench: Bench) -> None:
    now = bench.node.duties.current()
    assert now is not None and now.where == TRIP
    assert (now.run.phase, now.vehicle, now.drivers) == ("planned", "粤H12345", (DRIVER, RELIEF))
    assert now.next_call is not None and now.next_call.idx == 0
    say(bench, "start", where=LATE)
    running = bench.node.duties.running()
    assert running is not None and running.where == LATE
    assert bench.node.boarding.current() == LATE


def test_a_trip_runs_from_its_start_to_its_end(bench: Bench) -> None:
    assert say(bench, "start").run.started_ms == NOON_MS + MINUTE_MS
    say(bench, "leave", idx=0)
    now = say(bench, "reach", idx=1)
    assert (now.run.idx, now.run.standing, now.undo) == (1, True, "StopReached")
    assert [call.idx for call in now.calls] == [0, 1, 2, 3, 4]
    say(bench, "leave", idx=1)
    say(bench, "leave", idx=2)  # passed
    say(bench, "reach", idx=4)
    over = say(bench, "end")
    assert (over.run.phase, over.run.idx, over.next_call) == ("ended", 4, None)
    after = bench.node.duties.current()
    assert after is not None and after.where == LATE, "the next duty"
    [taken] = logged(bench, DutyTaken)
    assert taken.assigned and logged(bench, TripStarted)[0].vehicle == "粤H12345"


def test_what_was_said_stands_after_a_restart_and_is_the_fold_of_the_log(bench: Bench) -> None:
    say(bench, "start")
    say(bench, "reach", idx=2)
    say(bench, "delay", minutes=20, reason="traffic")
    bench.restart()
    now = bench.node.duties.running()
    assert now is not None and (now.run.idx, now.delay_minutes) == (2, 20)
    assert bench.node.timetable.told(*TRIP) == ("delayed", 20)
    before = rebuild.dump(bench.node.database.read(), ("trip_word",))
    assert len(before["trip_word"]) > 0


def test_a_delay_is_said_on_this_box_at_once_and_taken_back_with_its_word(bench: Bench) -> None:
    say(bench, "start")
    say(bench, "delay", minutes=25, reason="traffic", note="  三水  收费站 ")
    ride = bench.node.timetable.ride(*TRIP, 0, 4)
    assert (ride.disruption, ride.delay_minutes) == ("delayed", 25)
    said = bench.node.disruptions.of(*TRIP)
    assert said is not None and said.note == "三水 收费站"
    now = bench.node.duties.of(*TRIP)
    assert now.expected_ms(now.trip.calls[2]) == now.trip.calls[2].arrives_ms + 25 * MINUTE_MS
    say(bench, "take_back")
    assert bench.node.timetable.ride(*TRIP, 0, 4).delay_minutes == 0


def test_the_drivers_word_goes_before_the_hubs_but_a_cancelled_trip_is_cancelled(bench: Bench) -> None:
    bench.operate("operator/1", f"disruption/{COACH_TRIP}/{TODAY}", Disruption("delayed", 40, "雾", NOON_MS).to_bytes())
    say(bench, "start")
    assert bench.node.timetable.told(*TRIP) == ("delayed", 40), "the driver has said nothing yet"
    say(bench, "delay", minutes=10, reason="weather")
    assert bench.node.timetable.told(*TRIP) == ("delayed", 10)
    say(bench, "delay", minutes=0, reason="other")
    assert bench.node.timetable.told(*TRIP) == ("", 0)
    bench.operate(
        "operator/1", f"disruption/{COACH_TRIP}/{TODAY}", Disruption("cancelled", 0, "台风", NOON_MS).to_bytes()
    )
    assert bench.node.timetable.told(*TRIP) == ("cancelled", 0)


def test_a_mistaken_tap_is_taken_back_and_both_stay_in_the_log(bench: Bench) -> None:
    say(bench, "start")
    say(bench, "reach", idx=3)
    now = say(bench, "take_back")
    assert (now.run.idx, now.undo) == (0, "TripStarted")
    say(bench, "reach", idx=1)
    assert [event.idx for event in logged(bench, StopReached)] == [3, 1] and len(logged(bench, TripWordTaken)) == 1


def test_one_trip_at_a_time(bench: Bench) -> None:
    say(bench, "start")
    assert refused(bench, "start", where=LATE) == "trip_running"
    say(bench, "end")
    assert say(bench, "start", where=LATE).run.phase == "running"


def test_a_relief_takes_the_wheel_and_one_whom_nobody_named_is_noted(bench: Bench) -> None:
    say(bench, "start")
    assert say(bench, "take", driver_no=RELIEF).run.driver_no == RELIEF
    assert refused(bench, "take", driver_no=RELIEF) == "trip_same_driver"
    say(bench, "take", driver_no=99)
    assert [(event.driver_no, event.assigned) for event in logged(bench, DutyTaken)] == [
        (DRIVER, True), (RELIEF, True), (99, False),
    ]  # fmt: skip


def test_a_refused_word_leaves_nothing_in_the_log(bench: Bench) -> None:
    head = bench.node.fleet.status().head_seq
    assert refused(bench, "reach", idx=1) == "trip_not_started"
    assert refused(bench, "take_back") == "undo_none"
    assert refused(bench, "start", where=(999, TODAY)) == "no_such_trip"
    assert refused(bench, "fly") == "trip_word"
    say(bench, "start")
    started = bench.node.fleet.status().head_seq
    assert refused(bench, "reach", idx=5) == "no_such_stop"
    assert refused(bench, "leave", idx=4) == "no_such_stop", "nobody leaves the last stop"
    assert refused(bench, "delay", minutes=9_999, reason="traffic") == "delay_minutes"
    assert refused(bench, "delay", minutes=5, reason="") == "delay_reason"
    assert refused(bench, "delay", minutes=5, reason="other", note="x" * 121) == "input_long"
    assert (started, bench.node.fleet.status().head_seq) == (head + 2, head + 2)


def test_a_short_turn_says_whose_ride_it_breaks_off(bench: Bench) -> None:
    bench.operate(
        f"trip/{COACH_TRIP}/{TODAY}", "manifest/0000080100000001",
        ManifestEntry(0, 4, 20, COACH_TRIP, TODAY).to_bytes(),
    )  # fmt: skip
    aboard = bench.sell(0, 3, seat=2)
    bench.node.boarding.check(aboard.text, *TRIP, "g1", 11)
    known = bench.node.manifest.view(*TRIP)
    assert [(line.to_idx, line.seat) for line in known.beyond(2)] == [(3, 2), (4, 20)]
    assert [(line.to_idx, line.seat) for line in known.beyond(3)] == [(4, 20)]
    say(bench, "start")
    now = say(bench, "cut_short", idx=2, reason="breakdown")
    assert [call.idx for call in now.calls] == [0, 1, 2]
    reached = say(bench, "reach", idx=2)
    assert reached.next_call is None and say(bench, "end").run.phase == "ended"


def test_a_duty_that_is_taken_away_is_gone_but_what_was_said_of_it_stays(bench: Bench) -> None:
    say(bench, "start")
    bench.operate("node/7", f"duty/{COACH_TRIP}/{TODAY}", None)
    bench.operate("node/7", f"duty/{LATE_TRIP}/{TODAY}", None)
    assert [one.where for one in bench.node.duties.today()] == [TRIP]
    say(bench, "end")
    assert bench.node.duties.current() is None


def test_a_trip_that_is_no_duty_can_be_run_all_the_same(bench: Bench) -> None:
    """A vehicle stands in for another, and no line is there to ask."""
    assert say(bench, "start", where=(FERRY_TRIP, TODAY)).run.phase == "running"
    assert logged(bench, DutyTaken)[0].assigned is False
