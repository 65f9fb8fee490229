"""A trip goes from one box to another with no line: one owner a seat, whatever fails in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge.bootstrap import build
from edge.domains.duties.handover import service as handovers
from edge.domains.duties.service import Duties, TripNow, Word
from edge.domains.inventory.aboard.handed import Staying
from edge.domains.ticketing.office.aboard import WalkUp
from edge.kernel.scribe import UnitOfWork
from sync.domains import EVENTS
from sync.domains.boarding.events import KEEPS, TAKEN_OVER, NoShowMarked
from sync.domains.boarding.operations import Duty, ManifestEntry
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import from_frames, open_handover, to_frames
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import SoleSeller
from sync.kernel import certificate
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId
from tests.support.nodes import (
    ALL_LEGS,
    COACH_TRIP,
    FERRY_TRIP,
    NOON_MS,
    TODAY,
    Bench,
    CountingIds,
    NoLine,
    make_bench,
)

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


class Killed(BaseException):
    """The process is gone."""


def killed_at_the_code(two: Two, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Bench:
    """What stands on the giver's disk at the very moment when its code is drawn, as a box that comes up over that."""

    def draw(_signed: bytes) -> list[str]:
        if not folder.exists():
            shutil.copytree(two.giver.node.settings.data, folder)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(handovers.ops, "to_frames", draw)
        two.frames()
    found = Bench(two.giver.node, two.giver.hub, two.giver.clock, two.giver.pos)
    found.node = build(replace(two.giver.node.settings, data=folder), two.giver.clock, CountingIds(900), NoLine())
    return found


def test_killed_at_the_moment_when_the_code_is_drawn_the_seats_are_blocked_on_the_disk(
    two: Two, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    left = killed_at_the_code(two, monkeypatch, tmp_path / "left")
    assert sellable(left) == set() and len(logged(left, TripHandedOver)) == 1
    assert left.node.duties.of(*TRIP).run.phase == "handed_over" and left.node.handovers.frames(TRIP)


def test_a_code_that_is_drawn_before_the_commit_would_leave_them_on_sale(
    two: Two, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The canary: the same, with the order taken away."""
    append = Duties.append

    def hasty(duties: Duties, where: tuple[int, int], words: Callable[[UnitOfWork], Iterable[Event]]) -> TripNow:
        def drawn_first(unit: UnitOfWork) -> list[Event]:
            said = list(words(unit))
            for event in said:
                if isinstance(event, TripHandedOver):
                    handovers.ops.to_frames(event.signed)
            return said

        return append(duties, where, drawn_first)

    monkeypatch.setattr(Duties, "append", hasty)
    left = killed_at_the_code(two, monkeypatch, tmp_path / "left")
    assert sellable(left) and logged(left, TripHandedOver) == []


def test_the_box_that_gave_a_trip_away_sells_nobody_a_place_on_board(two: Two) -> None:
    assert two.giver.node.walk_ups.ways(*TRIP, 0)
    two.frames()
    assert refused(lambda: two.giver.node.walk_ups.ways(*TRIP, 0)) == "trip_not_run_here"
    assert (
        refused(lambda: two.giver.node.walk_ups.sell(WalkUp(*TRIP, 1, 4), DRIVER, "walk-up-1")) == "trip_not_run_here"
    )
    assert not two.giver.node.manifest.runs(*TRIP)


def test_what_stays_is_told(two: Two) -> None:
    """A seat for which somebody is paying, and one that this box took over from another seller."""
    two.giver.operate(f"trip/{COACH_TRIP}/{TODAY}", f"sole/{COACH_TRIP}/{TODAY}", SoleSeller(7).to_bytes())
    absent = TicketId(9, 1, 1).to_bytes()
    entry = ManifestEntry(0, 4, 20, *TRIP).to_bytes()
    two.giver.operate(f"trip/{COACH_TRIP}/{TODAY}", f"manifest/{absent.hex()}", entry)
    two.giver.node.manifest.leave(*TRIP, 0)
    two.giver.node.manifest.no_show(*TRIP, absent, 11)
    two.giver.node.ticketing.order(*TRIP, 0, 4, 1)
    assert two.giver.node.inventory.staying(*TRIP) == Staying((1,), (20,))
    two.taker.node.handovers.take(two.frames(), OTHER)
    assert two.giver.node.inventory.staying(*TRIP) == Staying((1,), (20,))
    assert {seat for seat, _ in sellable(two.taker)} == {2, 3}


def test_the_taker_sells_on_what_passengers_leave_but_not_what_the_giver_took_over(two: Two) -> None:
    two.taker.node.handovers.take(two.frames(), OTHER)
    stream, before, now = f"trip/{COACH_TRIP}/{TODAY}", TicketId(9, 1, 1), TicketId(9, 1, 2)
    for ticket_id, seat in ((before, 20), (now, 21)):
        entry = ManifestEntry(0, 4, seat, *TRIP).to_bytes()
        two.taker.operate(stream, f"manifest/{ticket_id.to_bytes().hex()}", entry)
    said = SoleSeller(8, (before.to_bytes(),))
    two.taker.operate(stream, f"sole/{COACH_TRIP}/{TODAY}", said.to_bytes())
    for ticket_id in (before, now):
        two.taker.node.manifest.no_show(*TRIP, ticket_id.to_bytes(), 11)
    assert [event.frees for event in logged(two.taker, NoShowMarked)] == [KEEPS, TAKEN_OVER]
    assert 21 in {seat for seat, _ in sellable(two.taker)} and 20 not in {seat for seat, _ in sellable(two.taker)}


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
