"""A trip goes from one box to another with no line: one owner a seat, whatever fails in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.domains.duties.service import Word
from sync.domains import EVENTS
from sync.domains.boarding.operations import Duty
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import from_frames, open_handover, to_frames
from sync.domains.inventory.events import GrantReturned
from sync.kernel import certificate
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.errors import Refusal
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, Bench, make_bench

DRIVER, OTHER = 31, 32
TRIP = (COACH_TRIP, TODAY)


@dataclass
class Two:
    giver: Bench
    taker: Bench

    def frames(self) -> list[str]:
        """Handed over in the middle of its way, with one passenger aboard and three seats left."""
        say(self.giver, "start")
        say(self.giver, "reach", idx=1)
        say(self.giver, "delay", minutes=20, reason="traffic")
        return self.giver.node.handovers.give(TRIP, DRIVER, 8)


def introduce(bench: Bench, other: Bench, node_no: int) -> None:
    """The key directory of ``bench`` tells of another box."""
    own = Certificate(node_no, 1, other.node.signer.public, TODAY - 3, TODAY + 700)
    bench.operate("net", f"key/{other.node.signer.kid.hex()}", certificate.issue(own, bench.hub))


@pytest.fixture
def two(tmp_path: Path) -> Two:
    giver = make_bench(tmp_path / "giver", kind="vehicle")
    taker = make_bench(tmp_path / "taker", node_no=8, kind="vehicle")
    introduce(giver, taker, 8)
    giver.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS, 3: 0b1100, 4: ALL_LEGS})
    aboard = giver.sell(0, 2, seat=2)
    giver.node.boarding.check(aboard.text, *TRIP, "g1", 11)
    giver.sell(0, 4, seat=4)
    return Two(giver, taker)


def say(bench: Bench, kind: str, **more: object) -> None:
    bench.node.duties.say(TRIP, DRIVER, Word(kind, **more))  # type: ignore[arg-type]


def logged(bench: Bench, kind: type) -> list:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for row in rows if type(event := EVENTS.decode(row[0]).event) is kind]


def sellable(bench: Bench) -> set[tuple[int, int]]:
    """(seat, leg) that a box could sell now."""
    cells = set()
    for leg in range(4):
        for cell in bench.node.inventory.seat_map(*TRIP, leg, leg + 1):
            if cell.state == "open":
                cells.add((cell.seat, leg))
    return cells


def refused(work: object) -> str:
    with pytest.raises(Refusal) as caught:
        work()  # type: ignore[operator]
    return caught.value.code


def test_the_state_the_passengers_and_the_seats_go_along(two: Two) -> None:
    before = sellable(two.giver)
    frames = two.frames()
    now = two.taker.node.handovers.take(frames, OTHER)
    assert (now.run.phase, now.run.idx, now.run.standing, now.delay_minutes) == ("running", 1, True, 20)
    assert now.run.driver_no == OTHER and now.run.started_ms == NOON_MS
    assert two.taker.node.boarding.counts(*TRIP)[0] == 1
    assert two.taker.node.timetable.told(*TRIP) == ("delayed", 20)
    assert sellable(two.giver) == set() and sellable(two.taker) == before
    assert two.giver.node.duties.of(*TRIP).run.phase == "handed_over"
    sold = two.taker.sell(2, 4, seat=3)
    assert sold.seat == 3 and two.taker.node.boarding.current() == TRIP


def test_who_is_aboard_does_not_board_again_on_the_other_vehicle(two: Two) -> None:
    introduce(two.taker, two.giver, 7)
    again = two.giver.sell(0, 2, seat=1)
    two.giver.node.boarding.check(again.text, *TRIP, "g1", 11)
    two.taker.node.handovers.take(two.frames(), OTHER)
    found = two.taker.node.boarding.check(again.text, *TRIP, "g1", 11)
    assert (found.colour, found.reason, found.first_gate) == ("red", "already_used", "handed_over")


def test_the_seats_are_given_up_durably_before_the_code_is_seen(two: Two) -> None:
    frames = two.frames()
    two.giver.restart()  # as after kill -9
    assert sellable(two.giver) == set() and refused(lambda: two.giver.sell(seat=1)) == "seat_taken"
    assert two.giver.node.handovers.frames(TRIP) == frames, "shown again as it was"
    assert len(logged(two.giver, TripHandedOver)) == 1


def test_a_code_that_was_never_scanned_sells_nothing_twice(two: Two) -> None:
    two.frames()
    assert sellable(two.giver) == set() and sellable(two.taker) == set()


def test_scanned_twice_it_is_taken_once(two: Two) -> None:
    frames = two.frames()
    two.taker.node.handovers.take(frames, OTHER)
    two.taker.sell(2, 4, seat=3)
    left = sellable(two.taker)
    two.taker.node.handovers.take([*frames, *frames], OTHER)
    two.taker.restart()
    two.taker.node.handovers.take(frames, DRIVER)
    assert sellable(two.taker) == left and len(logged(two.taker, TripTakenOver)) == 1


def test_another_box_that_scans_it_is_told_whose_it_is(two: Two, tmp_path: Path) -> None:
    third = make_bench(tmp_path / "third", node_no=9, kind="vehicle")
    frames = two.frames()
    assert refused(lambda: third.node.handovers.take(frames, OTHER)) == "handover_not_here"
    assert sellable(third) == set() and logged(third, TripTakenOver) == []


def test_a_taker_that_never_heard_of_the_giver_believes_its_certificate_and_no_other(two: Two) -> None:
    frames = two.frames()
    signed = from_frames(frames)
    forged = to_frames(signed[:-1] + bytes([signed[-1] ^ 1]))
    assert refused(lambda: two.taker.node.handovers.take(forged, OTHER)) == "handover_damaged"
    two.taker.operate(
        "net", f"revoked/{two.giver.node.signer.kid.hex()}", Revocation(7, 5, NOON_MS, "stolen").to_bytes()
    )
    assert refused(lambda: two.taker.node.handovers.take(frames, OTHER)) == "handover_unknown_giver"


def test_frames_come_in_any_order_and_what_is_missing_is_said(two: Two) -> None:
    row = "INSERT INTO boarded (ticket_id, trip_no, day, from_idx, to_idx, seat, gate, short_code, boarded_ms) VALUES "
    rows = [(bytes([9, seat] * 4), *TRIP, seat) for seat in range(100)]  # enough aboard for several codes
    two.giver.node.scribe.write(
        lambda unit: unit.connection.executemany(row + "(?, ?, ?, 0, 4, ?, 'g', 'ABCD', 1)", rows) and None
    )
    frames = two.frames()
    assert len(frames) > 3 and max(map(len, frames)) < 700
    with pytest.raises(Refusal) as caught:
        from_frames(frames[2:])
    assert (caught.value.code, caught.value.details["missing"]) == ("handover_frames", "1, 2")
    assert from_frames(reversed([frame.lower() for frame in frames])) == from_frames(frames)
    assert refused(lambda: from_frames([*frames[:-1], frames[-1][:-4]])) == "handover_damaged"
    assert refused(lambda: from_frames(["Y1:ABC"])) == refused(lambda: from_frames([])) == "handover_damaged"
    two.taker.node.handovers.take(frames, OTHER)
    assert two.taker.node.boarding.counts(*TRIP)[0] == 101


def test_what_somebody_is_paying_for_stays_with_the_giver(two: Two) -> None:
    order = two.giver.node.ticketing.order(*TRIP, 0, 4, 1)
    two.taker.node.handovers.take(two.frames(), OTHER)
    assert not {cell for cell in sellable(two.taker) if cell[0] == 1}
    assert order is not None


def test_places_without_numbers_go_along_too(two: Two) -> None:
    two.giver.grant(FERRY_TRIP, counts={0: 5})
    two.giver.grant(FERRY_TRIP, counts={0: 2})
    two.giver.sell(0, 1, trip_no=FERRY_TRIP)
    ferry = (FERRY_TRIP, TODAY)
    two.taker.node.handovers.take(two.giver.node.handovers.give(ferry, DRIVER, 8), OTHER)
    assert two.giver.node.inventory.availability(*ferry, 0, 1).places == 0
    assert two.taker.node.inventory.availability(*ferry, 0, 1).places == 6


def test_what_is_left_goes_back_to_the_hub_as_any_grant_does(two: Two) -> None:
    two.taker.node.handovers.take(two.frames(), OTHER)
    given = open_handover(from_frames(two.giver.node.handovers.frames(TRIP)))
    two.taker.clock.pass_ms(41 * 86_400_000)
    assert two.taker.node.inventory.give_back() == 1
    [returned] = logged(two.taker, GrantReturned)
    assert returned.grant_id == given.number and two.taker.node.inventory.give_back() == 0


def test_the_hub_brings_it_where_there_is_a_line(two: Two) -> None:
    signed = from_frames(two.frames())
    given = open_handover(signed)
    two.taker.operate("node/8", f"handover/{given.number}", signed)
    assert [one.number for one in two.taker.node.handovers.waiting()] == [given.number]
    assert two.taker.node.handovers.take_told(given.number, OTHER).run.phase == "running"
    assert two.taker.node.handovers.waiting() == []
    assert refused(lambda: two.taker.node.handovers.take_told(1 << 60, OTHER)) == "handover_none"


def test_a_trip_that_is_handed_over_is_run_there_and_can_come_back(two: Two) -> None:
    frames = two.frames()
    assert refused(lambda: say(two.giver, "leave", idx=1)) == "trip_handed_over"
    assert refused(lambda: say(two.giver, "take_back")) == "undo_handover"
    two.taker.node.handovers.take(frames, OTHER)
    introduce(two.taker, two.giver, 7)
    back = two.taker.node.handovers.give(TRIP, OTHER, 7)
    before = sellable(two.taker)
    now = two.giver.node.handovers.take(back, DRIVER)
    assert before == set() and now.run.phase == "running" and (3, 2) in sellable(two.giver)


def test_odd_targets_are_refused(two: Two) -> None:
    assert refused(lambda: two.giver.node.handovers.give(TRIP, DRIVER, 7)) == "handover_self"
    assert refused(lambda: two.giver.node.handovers.give(TRIP, DRIVER, 99)) == "handover_unknown_box"
    two.taker.operate("node/8", f"duty/{COACH_TRIP}/{TODAY}", Duty("粤H8", ()).to_bytes())
    two.taker.node.duties.say((FERRY_TRIP, TODAY), OTHER, Word("start"))
    frames = two.frames()
    assert refused(lambda: two.taker.node.handovers.take(frames, OTHER)) == "trip_running"
    assert sellable(two.taker) == set()
