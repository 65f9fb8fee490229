"""A node hears that a trip is cancelled or comes late."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import domains
from edge.kernel.rebuild import dump
from sync.domains.boarding.operations import ManifestEntry
from sync.domains.disruption.operations import Disruption
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.domains.ticketing.test_rebooking_edge import LATER, rebook
from tests.domains.ticketing.test_refund_edge import HOUR_MS, check, refund
from tests.support.nodes import ALL_LEGS, COACH_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench

KEY = f"disruption/{COACH_TRIP}/{TODAY}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS, 3: ALL_LEGS})
    found.grant(LATE_TRIP, seats={5: ALL_LEGS, 6: ALL_LEGS})
    return found


def tell(bench: Bench, kind: str, minutes: int = 0) -> None:
    bench.operate("operator/1", KEY, Disruption(kind, minutes, "台风", 1).to_bytes())


def test_a_cancelled_trip_is_not_sold_nor_boarded_until_it_is_restored(bench: Bench) -> None:
    sold = bench.sell(0, 4)
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    tell(bench, "cancelled")
    for sell in (bench.sell, lambda: bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4),
                 lambda: bench.node.ticketing.confirm(order.order_no, 11)):  # fmt: skip
        with pytest.raises(Refusal, match="trip_cancelled"):
            sell()
    ride = next(ride for ride in bench.node.timetable.rides(5, TODAY) if ride.trip_no == COACH_TRIP)
    assert (ride.disruption, ride.price_minor) == ("cancelled", None)
    assert all(leg.trip_no != COACH_TRIP for way in bench.node.journeys.find(5, TODAY) for leg in way.rides)
    assert check(bench, sold) == ("red", "trip_cancelled")
    bench.operate("operator/1", KEY, None)
    assert bench.sell(0, 4).price_minor == 3000 and check(bench, sold) == ("green", None)


def test_money_goes_back_at_any_time_with_no_fee_and_no_second_clerk(bench: Bench) -> None:
    first, second = bench.sell(), bench.sell()
    tell(bench, "cancelled")
    bench.clock.pass_ms(50 * HOUR_MS)
    offer = bench.node.refunds.offer(first.number, "trip_cancelled")
    assert (offer.refunded_minor, offer.second) == (3000, False)
    assert refund(bench, first, "trip_cancelled").refunded is not None
    with pytest.raises(Refusal, match="refund_departed"):
        bench.node.refunds.offer(second.number, "trip_delayed")


def test_a_ticket_of_a_cancelled_trip_is_exchanged_free_also_after_its_departure(bench: Bench) -> None:
    sold = bench.sell()
    bench.clock.pass_ms(4 * HOUR_MS)
    with pytest.raises(Refusal, match="rebook_late"):
        bench.node.rebooking.offer(sold.number, LATER, "trip_cancelled")
    tell(bench, "cancelled")
    assert rebook(bench, sold, LATER, "trip_cancelled").ride.trip_no == LATE_TRIP
    assert bench.node.ticketing.takings(None, TODAY).in_hand == {"CNY": 3000}


def test_a_grant_is_sold_from_until_the_new_time_and_goes_back_only_then(bench: Bench) -> None:
    until_ms = NOON_MS + 2 * HOUR_MS
    bench.grant(COACH_TRIP, seats={9: ALL_LEGS}, sell_until_ms=until_ms)
    tell(bench, "delayed", 90)
    bench.clock.pass_ms(2 * HOUR_MS + HOUR_MS // 2)
    assert bench.node.inventory.give_back() == 0
    assert bench.sell(seat=9).seat == 9
    bench.operate("operator/1", KEY, None)  # on time after all: the next visit closes what is over
    assert bench.node.inventory.availability(COACH_TRIP, TODAY, 0, 4).places == 3
    bench.grant(COACH_TRIP, seats={10: ALL_LEGS}, sell_until_ms=until_ms)
    with pytest.raises(Refusal, match="grant_past"):
        bench.sell(seat=10)
    assert bench.node.inventory.give_back() == 1


def test_a_delayed_trip_is_sold_and_good_for_so_much_longer(bench: Bench) -> None:
    tell(bench, "delayed", 90)
    bench.clock.pass_ms(4 * HOUR_MS)  # an hour past the plan
    sold = bench.sell()
    assert (sold.ride.disruption, sold.ride.delay_minutes) == ("delayed", 90)
    assert bench.node.refunds.offer(sold.number, "passenger").rule == "default/0"
    assert any(ride.trip_no == COACH_TRIP for ride in bench.node.timetable.rides(5, TODAY))
    bench.clock.pass_ms(HOUR_MS)
    with pytest.raises(Refusal, match="departed"):
        bench.sell()
    bench.clock.pass_ms(7 * HOUR_MS)  # six hours and an hour and ten minutes past the planned arrival
    assert check(bench, sold) == ("green", None)


def test_the_counter_sees_which_tickets_are_affected_and_only_those(bench: Bench) -> None:
    assert bench.node.affected.all() == []
    boarded, given_back, waiting = bench.sell(0, 1), bench.sell(1, 2), bench.sell(2, 4)
    bench.sell(0, 4, trip_no=LATE_TRIP)
    check(bench, boarded)
    refund(bench, given_back)
    tell(bench, "delayed", 30)
    found = bench.node.affected.all()
    assert [(one.trip.trip_no, one.reason, [sold.number for sold in one.tickets]) for one in found] == [
        (COACH_TRIP, "trip_delayed", [waiting.number])
    ]
    other = TicketId(9, 1, 4)
    entry = ManifestEntry(0, 4, 9, COACH_TRIP, TODAY).to_bytes()
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", f"manifest/{other.to_bytes().hex()}", entry)
    assert bench.node.boarding.expected(COACH_TRIP, TODAY) == [(other, (0, 4, 9))]


def test_a_kind_of_the_future_and_trips_of_others_change_nothing_here(bench: Bench) -> None:
    tell(bench, "diverted", 5)
    bench.operate("operator/1", f"disruption/999/{TODAY}", Disruption("cancelled", 0, "x", 1).to_bytes())
    assert bench.sell().ride.disruption == "" and bench.node.affected.all() == []


def test_what_was_told_is_a_fold_of_the_operations(bench: Bench) -> None:
    tell(bench, "delayed", 30)
    before = dump(bench.node.database.read(), domains.REFERENCE_TABLES)
    bench.node.scribe.write(lambda unit: unit.connection.execute("DELETE FROM disruption"))
    assert dump(bench.node.database.read(), domains.REFERENCE_TABLES) != before
    bench.node.scribe.write(lambda unit: bench.node.streams.fold_again(unit.connection))
    assert bench.node.disruptions.of(COACH_TRIP, TODAY) == Disruption("delayed", 30, "台风", 1)
