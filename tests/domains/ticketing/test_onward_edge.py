"""A journey that the carrier broke: the rest of it is exchanged free, for all who ride, in one act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.disruption.operations import Disruption
from sync.domains.ticketing.events import TicketRebooked
from sync.kernel.errors import Refusal
from tests.domains.ticketing.test_booking_edge import Rider, sell
from tests.domains.ticketing.test_refund_edge import refund
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, TODAY, Bench, make_bench

FIRST, SECOND = (COACH_TRIP, TODAY, 0, 1), (LATE_TRIP, TODAY, 1, 4)
NEXT = (COACH_TRIP, TODAY + 1, 1, 4)
KEY = "onward-0001"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    for trip_no, day in ((COACH_TRIP, TODAY), (LATE_TRIP, TODAY), (COACH_TRIP, TODAY + 1)):
        found.grant(trip_no, day, seats=dict.fromkeys((1, 2, 3), ALL_LEGS))
    return found


def tell(bench: Bench, kind: str, minutes: int = 0, trip_no: int = COACH_TRIP) -> None:
    bench.operate("operator/1", f"disruption/{trip_no}/{TODAY}", Disruption(kind, minutes, "雾", 1).to_bytes())


def journey(bench: Bench, people: int = 2) -> Any:
    return sell(bench, *[Rider()] * people, legs=(FIRST, SECOND)).tickets


def events(bench: Bench, kind: type) -> list[Any]:
    found = [EVENTS.decode(data).event for _, data in log.events_after(bench.node.database.read())]
    return [one for one in found if isinstance(one, kind)]


def faults(bench: Bench, number: str) -> tuple[str, ...]:
    return bench.node.faults.of(bench.node.ticketing.find(number))


def test_a_late_first_ride_gives_everybody_the_next_connection_free_by_one_key(bench: Bench) -> None:
    tickets = journey(bench)
    assert faults(bench, tickets[2].number) == () and bench.node.onward.broken() == []
    tell(bench, "delayed", 30)
    assert faults(bench, tickets[0].number) == ("trip_delayed",) and faults(bench, tickets[2].number) == ()
    with pytest.raises(Refusal, match="onward_none"):
        bench.node.onward.offer(tickets[2].number)
    tell(bench, "delayed", 600)  # it arrives after the second one has left
    assert faults(bench, tickets[2].number) == ("connection_missed",)
    assert [one.number for one in bench.node.onward.broken()] == [tickets[2].number]
    rest = bench.node.onward.offer(tickets[2].number)
    assert (rest.rides, rest.due_minor) == ((NEXT,), 0)
    new = bench.node.onward.take(tickets[2].number, rest.rides, 0, CLERK_NO, KEY)
    assert new == bench.node.onward.take(tickets[2].number, rest.rides, 0, CLERK_NO, KEY)
    said = events(bench, TicketRebooked)
    assert [(one.reason, one.fee_minor, one.times) for one in said] == [(7, 0, 0)] * 2
    outcomes = [bench.node.rebooking.outcome(one.number) for one in tickets[2:]]
    assert all((one.new.ride.trip_no, one.new.ride.day, one.due_minor) == (*NEXT[:2], 0) for one in outcomes)
    assert faults(bench, new.number) == () and bench.node.onward.broken() == []


def test_a_cancelled_first_ride_is_exchanged_with_what_can_not_be_reached_any_more(bench: Bench) -> None:
    tickets = journey(bench, 1)
    tell(bench, "cancelled")
    assert faults(bench, tickets[1].number) == ("connection_missed",)
    bench.grant(COACH_TRIP, TODAY + 2, seats={1: ALL_LEGS})
    rest = bench.node.onward.offer(tickets[0].number)
    assert rest.rides == ((LATE_TRIP, TODAY, 0, 1), NEXT), (
        "the late coach reaches the stop when its own onward ride has left"
    )
    bench.node.onward.take(tickets[0].number, rest.rides, rest.due_minor, CLERK_NO, KEY)
    assert {one.reason for one in events(bench, TicketRebooked)} == {1, 7}


def test_all_of_it_or_nothing(bench: Bench) -> None:
    tickets = journey(bench, 2)
    tell(bench, "delayed", 600)
    rest = bench.node.onward.offer(tickets[2].number)
    bench.sell(1, 4, trip_no=COACH_TRIP, day=TODAY + 1)
    bench.sell(1, 4, trip_no=COACH_TRIP, day=TODAY + 1)
    with pytest.raises(Refusal, match="onward_no_ride"):
        bench.node.onward.take(tickets[2].number, rest.rides, 0, CLERK_NO, KEY)
    assert events(bench, TicketRebooked) == []
    assert all(bench.node.ticketing.find(one.number).refunded is None for one in tickets)


def test_who_shows_another_offer_gets_nothing(bench: Bench) -> None:
    tickets = journey(bench, 1)
    tell(bench, "delayed", 600)
    for rides, due in (((NEXT,), 100), ((SECOND,), 0)):
        with pytest.raises(Refusal, match="rebook_due_changed"):
            bench.node.onward.take(tickets[1].number, rides, due, CLERK_NO, KEY)


def test_who_gave_the_first_ride_back_by_choice_has_missed_nothing(bench: Bench) -> None:
    mine, other = journey(bench, 1), journey(bench, 1)
    refund(bench, mine[0])
    tell(bench, "delayed", 600)
    assert faults(bench, mine[1].number) == () and faults(bench, other[1].number) == ("connection_missed",)
    refund(bench, other[0], "trip_delayed")
    assert faults(bench, other[1].number) == ("connection_missed",)


def test_a_missed_connection_is_given_back_free_too(bench: Bench) -> None:
    tickets = journey(bench, 1)
    tell(bench, "delayed", 600)
    back = refund(bench, tickets[1], "connection_missed")
    assert back.refunded is not None and back.refunded.fee_minor == 0
    with pytest.raises(Refusal, match="onward_none"):
        bench.node.onward.offer(tickets[1].number)
