"""Exchanging tickets on one node: offer, exchange, takings, seats, and what a gate says of the old ticket."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge import domains
from edge.domains.ticketing.service import Ticket
from edge.kernel.rebuild import dump, rebuild
from sync.domains.ticketing.events import REBOOKED, TicketRebooked, TicketRefunded, TicketSold
from sync.domains.ticketing.office.rebooking import DEFAULT_REBOOK_RULES
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.domains.ticketing.test_refund_edge import HOUR_MS, check, gate_of, logged, refund
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, LATE_TRIP, TODAY, Bench, make_bench

LATER = (LATE_TRIP, TODAY, 0, 4)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    found.grant(LATE_TRIP, seats={5: ALL_LEGS, 6: ALL_LEGS})
    return found


def rebook(
    bench: Bench, sold: Ticket, where: tuple[int, int, int, int] = LATER, reason: str = "passenger", key: str = "",
    seat: int | None = None,
) -> Ticket:  # fmt: skip
    due = bench.node.rebooking.offer(sold.number, where, reason).due_minor
    return bench.node.rebooking.rebook(sold.number, where, seat, reason, due, CLERK_NO, key or f"rebook-{sold.number}")


def publish(bench: Bench, **changes: object) -> None:
    made = dataclasses.replace(DEFAULT_REBOOK_RULES, name="new", **changes)  # type: ignore[arg-type]
    bench.operate("net", made.key, made.to_bytes())


def test_only_rides_of_the_same_line_between_the_same_stops_are_offered(bench: Bench) -> None:
    sold = bench.sell(0, 4)
    found = bench.node.rebooking.rides(sold.number, TODAY)
    assert [(ride.trip_no, ride.from_idx, ride.to_idx) for ride in found] == [(LATE_TRIP, 0, 4)]
    assert {ride.trip_no for ride in bench.node.rebooking.rides(sold.number, TODAY + 1)} == {COACH_TRIP, LATE_TRIP}


def test_an_offer_changes_nothing_and_says_what_will_happen(bench: Bench) -> None:
    sold = bench.sell(0, 2)
    before = list(bench.node.database.writer.iterdump())
    offer = bench.node.rebooking.offer(sold.number, LATER, "passenger")
    assert (offer.fee_minor, offer.price_minor, offer.due_minor, offer.rule) == (0, 3000, 1500, "default/1")
    assert list(bench.node.database.writer.iterdump()) == before
    new = rebook(bench, sold)
    assert (new.price_minor, new.ride.trip_no, new.seat) == (3000, LATE_TRIP, 5)
    outcome = bench.node.rebooking.outcome(sold.number)
    assert (outcome.old.number, outcome.new.number, outcome.due_minor) == (sold.number, new.number, 1500)


def test_old_out_new_in_and_the_difference_in_one_commit(bench: Bench) -> None:
    sold = bench.sell(0, 4, seat=1)
    commits = bench.node.scribe.log.head.seq
    new = rebook(bench, sold, (LATE_TRIP, TODAY, 0, 2), seat=6)
    assert bench.node.scribe.log.head.seq == commits + 3
    said, back, sale = (logged(bench, kind)[-1] for kind in (TicketRebooked, TicketRefunded, TicketSold))
    assert isinstance(said, TicketRebooked) and isinstance(back, TicketRefunded) and isinstance(sale, TicketSold)
    assert (said.ticket_id, said.serial, said.times) == (sold.ticket_id.to_bytes(), new.ticket_id.serial, 1)
    assert (back.ticket_id, back.reason, back.fee_minor, back.refunded_minor) == (said.ticket_id, REBOOKED, 0, 3000)
    assert (sale.serial, sale.seat, sale.price_minor) == (said.serial, 6, 1500)
    takings = bench.node.ticketing.takings(None, TODAY)
    assert (takings.totals, takings.handed_back, takings.in_hand) == ({"CNY": 4500}, {"CNY": 3000}, {"CNY": 1500})
    assert bench.sell(0, 4, seat=1).seat == 1, "the old seat is on sale again"
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(0, 1, seat=6, trip_no=LATE_TRIP)


def test_when_the_new_seat_is_gone_nothing_happened(bench: Bench) -> None:
    sold = bench.sell(0, 4, seat=1)
    due = bench.node.rebooking.offer(sold.number, LATER, "passenger").due_minor
    bench.sell(0, 1, seat=5, trip_no=LATE_TRIP)
    for seat, code in ((5, "seat_taken"), (40, "seat_taken")):
        with pytest.raises(Refusal, match=code):
            bench.node.rebooking.rebook(sold.number, LATER, seat, "passenger", due, CLERK_NO, "rebook-0001")
    bench.sell(3, 4, seat=6, trip_no=LATE_TRIP)
    with pytest.raises(Refusal, match="no_seat"):
        bench.node.rebooking.rebook(sold.number, LATER, None, "passenger", due, CLERK_NO, "rebook-0001")
    assert bench.node.ticketing.find(sold.number).refunded is None
    assert logged(bench, TicketRebooked) == [] == logged(bench, TicketRefunded)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(0, 4, seat=1)


def test_the_same_key_gives_the_same_new_ticket_whatever_happened_in_between(bench: Bench) -> None:
    sold = bench.sell()
    first = rebook(bench, sold, key="key-of-this-exchange")
    bench.restart()
    bench.clock.pass_ms(30 * HOUR_MS)
    again = bench.node.rebooking.rebook(sold.number, LATER, None, "passenger", 0, CLERK_NO, "key-of-this-exchange")
    assert again == first and len(logged(bench, TicketRebooked)) == 1


def test_a_key_of_another_sale_or_exchange_is_refused(bench: Bench) -> None:
    sold, other = bench.sell(key="key-of-a-sale-0001"), bench.sell()
    rebook(bench, other, key="key-of-an-exchange")
    for key in ("key-of-a-sale-0001", "key-of-an-exchange", "short"):
        with pytest.raises(Refusal, match="key_form"):
            bench.node.rebooking.rebook(sold.number, LATER, None, "passenger", 0, CLERK_NO, key)
    assert bench.node.ticketing.find(sold.number).refunded is None


def test_what_was_shown_is_taken_or_nothing(bench: Bench) -> None:
    sold = bench.sell(0, 2)
    with pytest.raises(Refusal, match="rebook_due_changed"):
        bench.node.rebooking.rebook(sold.number, LATER, None, "passenger", 0, CLERK_NO, "rebook-0001")
    assert bench.node.ticketing.find(sold.number).refunded is None


def test_a_journey_is_rebooked_once_and_only_by_the_carriers_fault_again(bench: Bench) -> None:
    bench.grant(COACH_TRIP, day=TODAY + 1, seats={1: ALL_LEGS})
    first = rebook(bench, bench.sell())
    tomorrow = (COACH_TRIP, TODAY + 1, 0, 4)
    with pytest.raises(Refusal, match="rebook_times"):
        bench.node.rebooking.offer(first.number, tomorrow, "passenger")
    second = rebook(bench, first, tomorrow, "trip_delayed")
    assert logged(bench, TicketRebooked)[-1].times == 1  # type: ignore[attr-defined]
    with pytest.raises(Refusal, match="rebook_times"):
        bench.node.rebooking.offer(second.number, LATER, "passenger")


def test_what_may_not_be_exchanged_is_refused_with_a_reason(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 2})
    boarded, given_back, late = bench.sell(0, 1), bench.sell(1, 2), bench.sell(2, 4)
    offer = bench.node.rebooking.offer
    for where, code in (((COACH_TRIP, TODAY, 2, 4), "rebook_same"), ((FERRY_TRIP, TODAY, 0, 1), "rebook_line"),
                        ((LATE_TRIP, TODAY, 3, 1), "ride_order"), ((999, TODAY, 0, 1), "no_such_trip")):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            offer(late.number, where, "passenger")
    assert bench.node.boarding.check(boarded.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    refund(bench, given_back)
    for one, code in ((boarded, "refund_boarded"), (given_back, "refund_done")):
        with pytest.raises(Refusal, match=code):
            offer(one.number, LATER, "station_error")
    bench.clock.pass_ms(4 * HOUR_MS)
    with pytest.raises(Refusal, match="rebook_late"):
        offer(late.number, LATER, "passenger")
    with pytest.raises(Refusal, match="rebook_none"):
        bench.node.rebooking.outcome(late.number)


def test_rules_of_the_day_of_the_sale_hold_and_some_take_no_rebooked_ticket_back(bench: Bench) -> None:
    publish(bench, from_day=TODAY, refundable=False, most_times=2, fee_per_mille=100)
    publish(bench, from_day=TODAY + 1, most_times=0)
    bench.grant(COACH_TRIP, day=TODAY + 1, seats={1: ALL_LEGS})
    new = rebook(bench, bench.sell())
    with pytest.raises(Refusal, match="refund_rebooked"):
        bench.node.refunds.offer(new.number, "passenger")
    assert bench.node.refunds.offer(new.number, "trip_cancelled").fee_minor == 0
    offer = bench.node.rebooking.offer(new.number, (COACH_TRIP, TODAY + 1, 0, 4), "passenger")
    assert (offer.fee_minor, offer.due_minor, offer.rule) == (300, 300, "new/2")
    bench.operate("net", f"ruleset/rebook/all/{TODAY}", None)
    assert bench.node.refunds.offer(new.number, "passenger").fee_minor == 300


def test_more_legs_of_the_same_trip_may_take_the_own_seat_again(bench: Bench) -> None:
    sold = bench.sell(0, 2, seat=1)
    new = rebook(bench, sold, (COACH_TRIP, TODAY, 0, 4), seat=1)
    assert (new.seat, new.ride.to_idx) == (1, 4)
    assert ticket.parse(new.text).claims.superseded == (sold.ticket_id,)


def test_a_gate_that_heard_of_nothing_learns_of_the_old_ticket_from_the_new_one(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 4, seat=1)
    new = rebook(bench, old)
    assert ticket.parse(new.text).claims.superseded == (old.ticket_id,)
    assert check(gate, new, trip_no=LATE_TRIP) == ("green", None)
    assert check(gate, old) == ("red", "superseded")
    assert check(bench, old) == ("red", "refunded")
    bench.restart()
    assert bench.node.ticketing.find(new.number).text == new.text


def test_the_state_is_a_fold_of_the_log_with_exchanges_in_it(bench: Bench) -> None:
    publish(bench, from_day=TODAY, most_times=5)
    bench.grant(COACH_TRIP, day=TODAY + 1, seats={1: ALL_LEGS})
    rebook(bench, rebook(bench, bench.sell()), (COACH_TRIP, TODAY + 1, 0, 4))
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    parts = (node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, domains.STATE_TABLES)
    node.scribe.write(lambda unit: rebuild(unit.connection, *parts))
    assert dump(node.database.read(), tables) == before
