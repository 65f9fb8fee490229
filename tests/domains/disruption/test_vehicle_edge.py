"""A node hears that another vehicle runs: what it sells, what its tickets say, what the gate says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.kernel.rebuild import dump
from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.domains.inventory.operations import Recall
from sync.domains.ticketing.events import GIVEN_BACK, TicketRefunded
from sync.kernel.errors import Refusal
from tests.domains.ticketing.test_rebooking_edge import LATER, rebook
from tests.domains.ticketing.test_refund_edge import HOUR_MS, refund
from tests.support.nodes import ALL_LEGS, COACH_TRIP, FERRY_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench

SEATS = tuple((n, f"N{n}", (n - 1) // 4, (n - 1) % 4) for n in range(1, 5))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys((3, 4, 40, 41), ALL_LEGS))
    found.grant(LATE_TRIP, seats={5: ALL_LEGS, 6: ALL_LEGS})
    return found


def send(bench: Bench) -> None:
    said = VehicleChange(1_000, "small", "reserved", 4, SEATS, "抛锚", NOON_MS + 1)
    bench.operate("operator/1", f"vehicle-change/{COACH_TRIP}/{TODAY}", said.to_bytes())


def seat(bench: Bench, ticket_id: bytes, seat: int, was: int, placed: bool = True, fault: bool = False) -> None:
    body = Reseated(COACH_TRIP, TODAY, was, seat, placed, fault).to_bytes()
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", f"reseat/{ticket_id.hex()}", body)


def gate(bench: Bench, text: str) -> tuple[str, str, str, tuple[str, ...]]:
    found = bench.node.boarding.check(text, COACH_TRIP, TODAY, "g", 11)
    return found.colour, found.seat_label, found.old_seat_label, found.notes


def test_only_seats_of_the_new_vehicle_are_sold_and_all_can_go_back(bench: Bench) -> None:
    send(bench)
    cells = bench.node.inventory.seat_map(COACH_TRIP, TODAY, 0, 4)
    assert {cell.label: cell.state for cell in cells} == {
        "N1": "elsewhere",
        "N2": "elsewhere",
        "N3": "open",
        "N4": "open",
    }
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=40)
    assert {bench.sell().seat, bench.sell().seat} == {3, 4}
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell()
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", Recall(9, 0).to_bytes())
    assert bench.node.inventory.give_back() == 1  # 40 and 41, which nobody sells any more


def test_a_passenger_reads_the_new_seat_on_the_ticket_and_at_the_gate(bench: Bench) -> None:
    sold = bench.sell(seat=40)
    send(bench)
    seat(bench, sold.ticket_id.to_bytes(), 2, 40)
    found = bench.node.ticketing.find(sold.number)
    assert (found.seat, found.seat_label, found.old_seat_label) == (40, "N2", sold.seat_label)
    assert gate(bench, sold.text) == ("green", "N2", sold.seat_label, ())


def test_who_has_no_seat_gets_the_money_back_free_at_any_time_or_another_ride(bench: Bench) -> None:
    first, second, kept = bench.sell(seat=40), bench.sell(seat=41), bench.sell(seat=3)
    with pytest.raises(Refusal, match="refund_untold"):
        bench.node.refunds.offer(first.number, "vehicle_changed")
    send(bench)
    for sold in (first, second):
        seat(bench, sold.ticket_id.to_bytes(), 0, sold.seat, placed=False, fault=True)
    colour, label, _, notes = gate(bench, second.text)
    assert (colour, label, notes) == ("amber", "", ("seatless",))
    bench.clock.pass_ms(50 * HOUR_MS)
    assert bench.node.refunds.offer(first.number, "vehicle_changed").second is False
    back = refund(bench, first, "vehicle_changed")
    assert back.refunded is not None and back.refunded.reason == "vehicle_changed" and back.refunded.fee_minor == 0
    with pytest.raises(Refusal, match="refund_untold"):
        bench.node.rebooking.offer(kept.number, LATER, "vehicle_changed")
    assert GIVEN_BACK[6] == "vehicle_changed" and TicketRefunded.TYPE == 11


def test_another_ride_is_free_too(bench: Bench) -> None:
    sold = bench.sell(seat=40)
    send(bench)
    seat(bench, sold.ticket_id.to_bytes(), 0, 40, placed=False, fault=True)
    assert bench.node.faults.choices(bench.node.ticketing.find(sold.number))[0] == "vehicle_changed"
    assert rebook(bench, sold, LATER, "vehicle_changed").ride.trip_no == LATE_TRIP
    assert bench.node.ticketing.takings(None, TODAY).in_hand == {"CNY": 3000}


def test_the_counter_lists_who_stands_and_who_sits_elsewhere(bench: Bench) -> None:
    stands, moved = bench.sell(seat=40), bench.sell(seat=41)
    same = bench.sell(seat=3)
    send(bench)
    seat(bench, stands.ticket_id.to_bytes(), 0, 40, placed=False, fault=True)
    seat(bench, moved.ticket_id.to_bytes(), 1, 41)
    (found,) = bench.node.affected.all()
    assert (found.reason, found.said.note) == ("vehicle_changed", "抛锚")
    assert [one.number for one in found.tickets] == [stands.number]
    told = {one.number: (one.seat_label, one.old_seat_label) for one in found.moved}
    assert told == {moved.number: ("N1", moved.seat_label), same.number: ("N3", same.seat_label)}
    assert found.seatless == {stands.ticket_id.to_bytes()}


def test_of_places_without_seats_only_those_granted_since_are_sold(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 5})
    said = VehicleChange(bench.grants, "boat", "free", 3, (), "雾", 1)
    bench.operate("operator/1", f"vehicle-change/{FERRY_TRIP}/{TODAY}", said.to_bytes())
    assert bench.node.inventory.availability(FERRY_TRIP, TODAY, 0, 1).capacity == 3
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.grant(FERRY_TRIP, counts={0: 1})
    assert bench.sell(0, 1, trip_no=FERRY_TRIP).seat == 0


def test_what_was_told_is_a_fold_of_the_operations(bench: Bench) -> None:
    sold = bench.sell(seat=40)
    send(bench)
    seat(bench, sold.ticket_id.to_bytes(), 2, 40)
    before = dump(bench.node.database.read(), domains.REFERENCE_TABLES)
    bench.node.scribe.write(lambda unit: unit.connection.execute("DELETE FROM vehicle_change"))
    bench.node.scribe.write(lambda unit: unit.connection.execute("DELETE FROM reseat"))
    assert dump(bench.node.database.read(), domains.REFERENCE_TABLES) != before
    bench.node.scribe.write(lambda unit: bench.node.streams.fold_again(unit.connection))
    assert dump(bench.node.database.read(), domains.REFERENCE_TABLES) == before
    bench.operate("operator/1", f"vehicle-change/{COACH_TRIP}/{TODAY}", None)
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", f"reseat/{sold.ticket_id.to_bytes().hex()}", None)
    assert bench.node.ticketing.find(sold.number).seat_label == sold.seat_label
