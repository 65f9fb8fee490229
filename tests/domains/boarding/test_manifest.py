"""Who is on a trip: expected, aboard, absent, gone; and whose the seats are that they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.domains.inventory.aboard import cells
from edge.domains.register.service import Register
from edge.domains.ticketing.office.aboard import WalkUp
from edge.domains.ticketing.service import Ticket
from sync.domains import EVENTS
from sync.domains.boarding.events import KEEPS, OWN, TAKEN_OVER, MarkUndone, NoShowMarked, PassengerAlighted
from sync.domains.boarding.operations import Duty, ManifestEntry, VoidTicket
from sync.domains.boarding.rules import Room
from sync.domains.inventory.operations import SoleSeller
from sync.domains.inventory.rules import LAP
from sync.domains.register.operations import VehicleFacts
from sync.kernel import certificate, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import RIDERS, Claims, TicketId
from tests.edge.folding import differing
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, Bench, make_bench

OTHER = Ed25519Signer(b"the key of another node, box 8..")
STREAM = f"trip/{COACH_TRIP}/{TODAY}"
WHERE = (COACH_TRIP, TODAY)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The box of a coach that may sell seats 1 and 2."""
    found = make_bench(tmp_path, kind="vehicle")
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    return found


def sole(bench: Bench, node_no: int = 7) -> None:
    bench.operate(STREAM, f"sole/{COACH_TRIP}/{TODAY}", SoleSeller(node_no).to_bytes())


def told(bench: Bench, serial: int = 1, from_idx: int = 0, to_idx: int = 4, seat: int = 9, rider: int = 0) -> bytes:
    """The hub tells of a ticket that node 8 sold."""
    found = TicketId(8, 1, serial).to_bytes()
    entry = ManifestEntry(from_idx, to_idx, seat, *WHERE, rider)
    bench.operate(STREAM, f"manifest/{found.hex()}", entry.to_bytes())
    return found


def code(bench: Bench, serial: int = 1, from_idx: int = 0, to_idx: int = 4, seat: int = 9) -> str:
    signed = certificate.issue(Certificate(8, 1, OTHER.public, TODAY - 3, TODAY + 700), bench.hub)
    claims = Claims(TicketId(8, 1, serial), *WHERE, from_idx, to_idx, seat, 0, NOON_MS // 1000 + 86_400)
    return ticket.issue(claims, OTHER, signed)


def check(bench: Bench, text: str) -> Any:
    return bench.node.boarding.check(text, *WHERE, "g1", CLERK_NO)


def states(bench: Bench) -> dict[str, str]:
    return {line.number: line.state for line in bench.node.manifest.view(*WHERE).lines}


def logged(bench: Bench, kind: type) -> list[Any]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for row in rows if type(event := EVENTS.decode(row[0]).event) is kind]


def walk_up(bench: Bench, from_idx: int, to_idx: int, key: str = "walk-up-1", **more: Any) -> Ticket:
    return bench.node.walk_ups.sell(WalkUp(*WHERE, from_idx, to_idx, **more), CLERK_NO, key)


def no_show(bench: Bench, ticket_id: bytes) -> None:
    bench.node.manifest.no_show(*WHERE, ticket_id, CLERK_NO)


def test_the_manifest_holds_own_sales_what_the_hub_told_and_what_was_first_seen_at_boarding(bench: Bench) -> None:
    own, known = bench.sell(0, 2, seat=1), told(bench, 1, seat=9, rider=1)
    check(bench, code(bench, serial=2, from_idx=1, seat=10))
    view = bench.node.manifest.view(*WHERE)
    assert {(line.number, line.state, line.rider) for line in view.lines} == {
        (own.number, "expected", "adult"),
        (TicketId.from_bytes(known).number, "expected", "child_with_seat"),
        (TicketId(8, 1, 2).number, "aboard", "adult"),
    }
    assert [(one.to_board, one.to_alight, one.aboard) for one in view.stops] == [
        (2, 0, 2), (1, 0, 3), (0, 1, 2), (0, 0, 2), (0, 2, 0),
    ]  # fmt: skip
    assert (view.left_idx, view.runs, view.aboard, view.capacity) == (-1, True, 1, 45)


def test_own_sales_are_found_as_the_log_grows_and_void_ones_left_out(bench: Bench) -> None:
    first = bench.sell(0, 4)
    assert list(states(bench)) == [first.number]
    second = bench.sell(0, 4)
    assert set(states(bench)) == {first.number, second.number}
    bench.node.refunds.refund(first.number, "station_error", 0, CLERK_NO, "refund-1")
    assert list(states(bench)) == [second.number]


def test_nobody_is_absent_where_the_vehicle_has_not_left_yet(bench: Bench) -> None:
    later = told(bench, from_idx=1)
    bench.node.manifest.leave(*WHERE, 0)
    with pytest.raises(Refusal, match="stop_ahead"):
        no_show(bench, later)
    bench.node.manifest.leave(*WHERE, 1)
    assert list(states(bench).values()) == ["missing"]
    no_show(bench, later)
    with pytest.raises(Refusal, match="passenger_marked"):
        no_show(bench, later)
    assert [event.at_idx for event in logged(bench, NoShowMarked)] == [1]


def test_who_boarded_is_not_absent_and_who_did_not_does_not_get_off(bench: Bench) -> None:
    known = told(bench)
    bench.node.manifest.leave(*WHERE, 0)
    with pytest.raises(Refusal, match="passenger_not_aboard"):
        bench.node.manifest.alight(*WHERE, known, CLERK_NO)
    check(bench, code(bench))
    with pytest.raises(Refusal, match="passenger_boarded"):
        no_show(bench, known)
    with pytest.raises(Refusal, match="not_on_manifest"):
        no_show(bench, TicketId(8, 1, 77).to_bytes())


def test_a_seat_that_another_sold_is_sold_on_only_where_this_box_alone_is_granted_seats(bench: Bench) -> None:
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, told(bench, 1, seat=9))
    sole(bench)
    no_show(bench, told(bench, 2, seat=10))
    assert [event.frees for event in logged(bench, NoShowMarked)] == [KEEPS, TAKEN_OVER]
    seats = {walk_up(bench, 0, 4, f"walk-up-{n}").seat for n in range(3)}
    assert seats == {1, 2, 10}
    with pytest.raises(Refusal, match="no_seat"):
        walk_up(bench, 0, 4, "walk-up-9")


def test_another_boxs_being_told_so_frees_nothing_here(bench: Bench) -> None:
    sole(bench, node_no=8)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, told(bench))
    assert logged(bench, NoShowMarked)[0].frees == KEEPS


def test_a_box_that_does_not_run_the_trip_marks_and_frees_nothing(tmp_path: Path) -> None:
    station = make_bench(tmp_path)
    station.grant(COACH_TRIP, seats={1: ALL_LEGS})
    sold = station.sell(0, 4)
    station.node.manifest.leave(*WHERE, 0)
    no_show(station, sold.ticket_id.to_bytes())
    assert logged(station, NoShowMarked)[0].frees == KEEPS
    with pytest.raises(Refusal, match="no_seat"):
        station.sell(1, 4)
    with pytest.raises(Refusal, match="trip_not_run_here"):
        walk_up(station, 1, 4)


def test_an_own_ticket_that_is_absent_leaves_its_seat_from_there_on(bench: Bench) -> None:
    absent = bench.sell(0, 4, seat=1)
    bench.sell(0, 4, seat=2)
    bench.node.manifest.leave(*WHERE, 1)
    no_show(bench, absent.ticket_id.to_bytes())
    assert logged(bench, NoShowMarked)[0].frees == OWN
    sold = walk_up(bench, 1, 4)
    assert (sold.seat, sold.channel, sold.boarded is not None) == (1, "on_board", True)
    assert states(bench)[sold.number] == "aboard"
    with pytest.raises(Refusal, match="no_seat"):
        walk_up(bench, 1, 4, "walk-up-2")


def test_giving_an_absent_ticket_back_does_not_give_its_seat_a_second_time(bench: Bench) -> None:
    absent = bench.sell(0, 4, seat=1)
    bench.sell(0, 4, seat=2)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, absent.ticket_id.to_bytes())
    walk_up(bench, 0, 4)
    bench.node.refunds.refund(absent.number, "station_error", 0, CLERK_NO, "refund-1")
    with pytest.raises(Refusal, match="no_seat"):
        walk_up(bench, 0, 4, "walk-up-2")


def test_without_remembering_what_was_left_the_seat_would_be_given_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above."""
    absent = bench.sell(0, 4, seat=1)
    bench.sell(0, 4, seat=2)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, absent.ticket_id.to_bytes())
    walk_up(bench, 0, 4)
    monkeypatch.setattr(cells, "kept_until", lambda _connection, _ticket_id, to_idx: to_idx)
    bench.node.refunds.refund(absent.number, "station_error", 0, CLERK_NO, "refund-1")
    assert walk_up(bench, 0, 4, "walk-up-2").seat == 1


def test_who_was_absent_and_comes_late_boards_as_long_as_nobody_bought_the_seat(bench: Bench) -> None:
    sole(bench)
    known = told(bench)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, known)
    late = check(bench, code(bench))
    assert (late.colour, late.notes) == ("amber", ("absent_before",))
    assert list(states(bench).values()) == ["aboard"] and len(logged(bench, MarkUndone)) == 1
    assert {walk_up(bench, 0, 4, f"walk-up-{n}").seat for n in range(2)} == {1, 2}
    with pytest.raises(Refusal, match="no_seat"):
        walk_up(bench, 0, 4, "walk-up-9")


def test_who_was_absent_and_whose_seat_was_sold_on_is_told_so(bench: Bench) -> None:
    sole(bench)
    known = told(bench)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, known)
    for n in range(3):
        walk_up(bench, 0, 4, f"walk-up-{n}")
    late = check(bench, code(bench))
    assert (late.colour, late.reason) == ("red", "seat_sold_on")
    with pytest.raises(Refusal, match="seat_sold_on"):
        bench.node.manifest.undo(*WHERE, known, CLERK_NO)


def test_who_gets_off_early_leaves_the_seat_from_the_next_stop_on(bench: Bench) -> None:
    sole(bench)
    check(bench, code(bench))
    bench.node.manifest.leave(*WHERE, 1)
    known = TicketId(8, 1, 1).to_bytes()
    bench.node.manifest.alight(*WHERE, known, CLERK_NO)
    assert [(event.at_idx, event.frees) for event in logged(bench, PassengerAlighted)] == [(2, TAKEN_OVER)]
    assert list(states(bench).values()) == ["alighted"]
    assert bench.node.inventory.availability(*WHERE, 1, 4).places == 2
    assert bench.node.inventory.availability(*WHERE, 2, 4).places == 3
    assert bench.node.manifest.undo(*WHERE, known, CLERK_NO) == "alighted"
    assert bench.node.inventory.availability(*WHERE, 2, 4).places == 2
    assert list(states(bench).values()) == ["aboard"]


def test_a_boarding_by_mistake_is_taken_back_and_the_ticket_boards_again(bench: Bench) -> None:
    check(bench, code(bench))
    known = TicketId(8, 1, 1).to_bytes()
    assert bench.node.manifest.undo(*WHERE, known, CLERK_NO) == "aboard"
    assert check(bench, code(bench)).colour == "green"
    bench.node.manifest.undo(*WHERE, known, CLERK_NO)
    with pytest.raises(Refusal, match="not_on_manifest"):
        bench.node.manifest.undo(*WHERE, known, CLERK_NO)


def test_a_seat_on_which_another_known_ticket_counts_is_not_sold_on(bench: Bench) -> None:
    sole(bench)
    told(bench, 2, from_idx=2, to_idx=4, seat=9)
    known = told(bench, 1, from_idx=0, to_idx=3, seat=9)
    bench.node.manifest.leave(*WHERE, 0)
    no_show(bench, known)
    assert logged(bench, NoShowMarked)[0].frees == KEEPS


def test_a_ticket_that_the_hub_says_is_void_is_expected_by_nobody(bench: Bench) -> None:
    sole(bench)
    known = told(bench)
    bench.operate(STREAM, f"void/{known.hex()}", VoidTicket(*WHERE, NOON_MS).to_bytes())
    bench.node.manifest.leave(*WHERE, 0)
    assert states(bench) == {}
    with pytest.raises(Refusal, match="not_on_manifest"):
        no_show(bench, known)


def test_a_refunded_seat_is_sold_again_only_to_somebody_who_boards_no_later(tmp_path: Path) -> None:
    """The vehicle's box may know the old ticket and not its refund: whoever has its seat must be there where it would be
    missed."""
    station = make_bench(tmp_path)
    station.grant(COACH_TRIP, seats={1: ALL_LEGS})
    sold = station.sell(1, 4)
    station.node.refunds.refund(sold.number, "station_error", 0, CLERK_NO, "refund-1")
    assert station.node.inventory.availability(*WHERE, 2, 4).places == 0
    with pytest.raises(Refusal, match="no_seat"):
        station.sell(2, 4)
    assert station.sell(1, 3).seat == 1


def test_walk_ups_never_exceed_what_the_vehicle_may_carry(bench: Bench) -> None:
    for serial in range(1, 45):
        told(bench, serial, seat=serial + 2)
    assert walk_up(bench, 0, 4, "walk-up-1").seat in (1, 2)
    with pytest.raises(Refusal, match="vehicle_full"):
        walk_up(bench, 0, 4, "walk-up-2")


def rated(bench: Bench, capacity: int, plate: str = "粤H12345") -> None:
    facts = VehicleFacts(1, "coach", plate, "yellow", capacity, "", "", TODAY + 9, TODAY + 9, TODAY + 9, TODAY - 9)
    bench.operate("register/1", "vehicle/7", facts.to_bytes())


def test_walk_ups_never_exceed_what_the_register_has_the_vehicle_for(bench: Bench) -> None:
    """A smaller coach runs the trip than its seat plan says: seats that were granted are not places."""
    rated(bench, 2)
    told(bench, 1, from_idx=1, seat=9)
    assert [way.places for way in bench.node.walk_ups.ways(*WHERE, 0)] == [2, 1, 1, 1]
    walk_up(bench, 0, 4)
    with pytest.raises(Refusal, match="vehicle_rated_full") as caught:
        walk_up(bench, 0, 4, "walk-up-2")
    assert caught.value.details == {"plate": "粤H12345", "capacity": 2}
    assert [way.places for way in bench.node.walk_ups.ways(*WHERE, 0)] == [1, 0, 0, 0]
    assert bench.node.manifest.view(*WHERE).capacity == 2 and bench.node.manifest.view(*WHERE).over_idx is None
    told(bench, 2, from_idx=2, seat=10)
    assert bench.node.manifest.view(*WHERE).over_idx == 2
    assert walk_up(bench, 0, 1, "walk-up-3").seat


def test_without_the_register_the_same_sale_would_be_made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a box that goes by the seat plan."""
    rated(bench, 2)
    told(bench, 1, seat=9)
    walk_up(bench, 0, 4)
    monkeypatch.setattr(Register, "vehicle_with_plate", lambda _self, _plate: None)
    assert walk_up(bench, 0, 4, "walk-up-2").seat


def test_a_larger_vehicle_has_no_more_seats_than_its_plan_and_a_plate_is_known_however_it_is_written(
    bench: Bench,
) -> None:
    rated(bench, 60)
    assert bench.node.manifest.room(*WHERE) == Room(45)
    bench.operate("node/7", f"duty/{COACH_TRIP}/{TODAY}", Duty("粤h·１２３４５").to_bytes())
    rated(bench, 19)
    assert bench.node.manifest.room(*WHERE) == Room(19, "粤H12345")


def test_children_on_laps_on_board_are_one_for_ten_places_of_the_vehicle(bench: Bench) -> None:
    """Whoever sold them: by the seats in its own hands this box would sell three."""
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(3, 31), ALL_LEGS))
    rated(bench, 19)
    told(bench, 1, to_idx=2, seat=LAP, rider=RIDERS.index("child_free"))
    with pytest.raises(Refusal, match="free_children_full"):
        walk_up(bench, 0, 4, rider="child_free", proof="height")
    assert walk_up(bench, 2, 4, "walk-up-2", rider="child_free", proof="height").seat == LAP


def test_a_walk_up_is_sold_once_under_its_key_and_never_from_a_stop_behind(bench: Bench) -> None:
    first = walk_up(bench, 0, 4)
    bench.node.manifest.leave(*WHERE, 2)
    assert walk_up(bench, 0, 4).number == first.number
    with pytest.raises(Refusal, match="walk_up_behind"):
        walk_up(bench, 1, 4, "walk-up-2")
    assert [way.ride.to_idx for way in bench.node.walk_ups.ways(*WHERE, 2)] == [3, 4]


def test_a_place_without_a_number_that_another_sold_is_not_taken_over_and_an_own_one_is_sold_on(tmp_path: Path) -> None:
    ferry, where = make_bench(tmp_path, kind="vehicle"), (FERRY_TRIP, TODAY)
    ferry.operate("node/7", f"duty/{FERRY_TRIP}/{TODAY}", Duty("船").to_bytes())
    ferry.operate(f"trip/{FERRY_TRIP}/{TODAY}", f"sole/{FERRY_TRIP}/{TODAY}", SoleSeller(7).to_bytes())
    ferry.grant(FERRY_TRIP, counts={0: 1})
    found, own = TicketId(8, 1, 1).to_bytes(), ferry.sell(0, 1, trip_no=FERRY_TRIP)
    entry = ManifestEntry(0, 1, 0, *where)
    ferry.operate(f"trip/{FERRY_TRIP}/{TODAY}", f"manifest/{found.hex()}", entry.to_bytes())
    ferry.node.manifest.leave(*where, 0)
    ferry.node.manifest.no_show(*where, found, CLERK_NO)
    wish = WalkUp(*where, 0, 1)
    with pytest.raises(Refusal, match="no_seat"):
        ferry.node.walk_ups.sell(wish, CLERK_NO, "walk-up-1")
    ferry.node.manifest.no_show(*where, own.ticket_id.to_bytes(), CLERK_NO)
    ferry.node.walk_ups.sell(wish, CLERK_NO, "walk-up-1")
    with pytest.raises(Refusal, match="no_seat"):
        ferry.node.walk_ups.sell(wish, CLERK_NO, "walk-up-2")


def test_everything_is_found_again_by_folding_the_log(bench: Bench) -> None:
    sole(bench)
    own, known = bench.sell(0, 4, seat=1), told(bench)
    bench.node.manifest.leave(*WHERE, 0)
    for one in (own.ticket_id.to_bytes(), known):
        no_show(bench, one)
    walk_up(bench, 0, 4)
    bench.node.manifest.undo(*WHERE, known, CLERK_NO)
    assert differing(bench.node) == []
