"""Seats × legs on one node: what may be sold, what is held, what goes back."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edge.domains.inventory import store
from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import Grant, Recall, sign_grant
from sync.domains.ticketing.events import TicketSold
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from tests.support.nodes import (
    ALL_LEGS,
    CLERK_NO,
    COACH_TRIP,
    FERRY_TRIP,
    NOON_MS,
    TODAY,
    Bench,
    make_bench,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def places(bench: Bench, from_idx: int = 0, to_idx: int = 4, trip_no: int = COACH_TRIP) -> int:
    return bench.node.inventory.availability(trip_no, TODAY, from_idx, to_idx).places


def logged(bench: Bench, kind: type) -> list:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    found = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in found if type(event) is kind]


def test_one_seat_is_sold_to_several_people_on_legs_that_do_not_meet(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    assert [bench.sell(*ride, seat=1).seat for ride in ((0, 1), (1, 3), (3, 4))] == [1, 1, 1]
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(2, 3)


@pytest.mark.parametrize("ride", [(0, 4), (0, 2), (1, 2), (1, 4), (2, 3), (0, 3)])
def test_a_ride_that_meets_a_sold_one_on_any_leg_is_refused(bench: Bench, ride: tuple[int, int]) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    bench.sell(1, 3, seat=1)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(*ride, seat=1)


def test_legs_that_are_not_granted_are_not_sold(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: 0b0011})
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(1, 3, seat=1)
    assert bench.sell(0, 2, seat=1).seat == 1


def test_two_grants_of_one_seat_add_up(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: 0b0011})
    bench.grant(COACH_TRIP, seats={1: 0b1100})
    assert bench.sell(0, 4, seat=1).seat == 1


def test_a_seat_is_never_sold_twice_by_eight_threads(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 13), ALL_LEGS))
    gate, sold, refused = threading.Barrier(8), [], []

    def clerk(number: int) -> None:
        gate.wait(10)
        for turn in range(6):
            try:
                sold.append(
                    bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, f"t{number}-sale-{turn}")
                )
            except Refusal as error:
                refused.append(error.code)

    _all([threading.Thread(target=clerk, args=(number,)) for number in range(8)])
    assert sorted(ticket.seat for ticket in sold) == list(range(1, 13))
    assert refused == ["no_seat"] * 36
    assert sorted(event.serial for event in logged(bench, TicketSold)) == list(range(1, 13))


def test_without_a_look_inside_the_transaction_a_seat_would_be_sold_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above: what a look before the transaction would have let through."""
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    monkeypatch.setattr(type(bench.node.inventory), "take", lambda *_, **__: 1)
    assert [bench.sell().seat, bench.sell().seat] == [1, 1]


def test_the_same_key_in_eight_threads_sells_one_ticket(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 9), ALL_LEGS))
    gate, numbers = threading.Barrier(8), []

    def clerk() -> None:
        gate.wait(10)
        numbers.append(bench.sell(key="one-and-the-same").number)

    _all([threading.Thread(target=clerk) for _ in range(8)])
    assert len(numbers) == 8
    assert len(set(numbers)) == len(logged(bench, TicketSold)) == 1


def test_free_seating_counts_the_places_of_each_leg(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 2})
    assert [bench.sell(0, 1, trip_no=FERRY_TRIP).seat for _ in range(2)] == [0, 0]
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(0, 1, trip_no=FERRY_TRIP)


def test_after_sell_until_the_node_stops_and_frees_nothing_by_itself(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 60_000)
    assert places(bench) == 1
    bench.clock.pass_ms(60_000)
    with pytest.raises(Refusal, match="grant_past"):
        bench.sell()
    assert places(bench) == 0
    assert logged(bench, GrantReturned) == []
    assert bench.node.inventory.give_back() == 1
    (event,) = logged(bench, GrantReturned)
    assert (event.grant_id, event.seats) == (1, ((1, ALL_LEGS),))


def test_a_box_without_a_clock_still_stops_at_sell_until(tmp_path: Path) -> None:
    """Its wall clock says 1970 after a power cut, but the last hub time and the counting since are enough."""
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 3_600_000)
    bench.clock.wall = 0
    bench.restart()
    assert places(bench) == 1
    bench.clock.pass_ms(3_600_001)
    assert places(bench) == 0


def test_a_grant_is_for_sale_as_soon_as_it_is_here(bench: Bench) -> None:
    for seat in (1, 2, 3):
        bench.grant(COACH_TRIP, seats={seat: ALL_LEGS})
        assert places(bench) == 1
        assert bench.sell().seat == seat
        assert places(bench) == 0


def test_a_closed_grant_is_returned_once(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.sell(seat=2)
    bench.clock.pass_ms(2_000)
    assert [bench.node.inventory.give_back() for _ in range(3)] == [1, 0, 0]
    (event,) = logged(bench, GrantReturned)
    assert event.seats == ((1, ALL_LEGS),)


def test_only_the_unsold_legs_of_a_seat_go_back(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.sell(1, 3, seat=1)
    bench.clock.pass_ms(2_000)
    bench.node.inventory.give_back()
    assert logged(bench, GrantReturned)[0].seats == ((1, 0b1001),)


def test_a_returned_seat_is_blocked_here_for_ever(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.clock.pass_ms(2_000)
    bench.node.inventory.give_back()
    bench.clock.pass_ms(-2_000)
    bench.restart()
    assert places(bench) == 0
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=1)


def test_a_returned_seat_may_be_granted_anew(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.clock.pass_ms(2_000)
    bench.node.inventory.give_back()
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    assert bench.sell(seat=1).seat == 1


def test_a_crash_after_the_block_strands_the_seat_and_never_doubles_it(bench: Bench) -> None:
    """The return is in the log before anything is sent; a box that dies then sells it no more, and sends it later."""
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.clock.pass_ms(2_000)
    bench.node.exchange.visit()  # the hub is away
    bench.restart()
    assert places(bench) == 0
    assert len(logged(bench, GrantReturned)) == 1
    bench.node.exchange.visit()
    assert len(logged(bench, GrantReturned)) == 1


def test_a_sale_that_comes_before_the_return_keeps_its_seat(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes back is looked at in the transaction that blocks it, not when the list of returns was made."""
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", Recall(1, 0).to_bytes())
    listed = store.open_recalls

    def sold_meanwhile(connection: object) -> list[tuple[int, int, int, int]]:
        found = listed(connection)  # type: ignore[arg-type]
        bench.sell(seat=2)
        return found

    monkeypatch.setattr(store, "open_recalls", sold_meanwhile)
    bench.node.inventory.give_back()
    assert logged(bench, GrantReturned)[0].seats == ((1, ALL_LEGS),)


def test_a_recall_gives_back_as_many_as_were_asked_for_from_the_back(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats=dict.fromkeys((1, 2, 3, 4, 5), ALL_LEGS))
    bench.sell(seat=5)
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", Recall(1, 2).to_bytes())
    assert [bench.node.inventory.give_back() for _ in range(2)] == [1, 0]
    assert [seat for seat, _ in logged(bench, GrantReturned)[0].seats] == [3, 4]
    assert places(bench) == 2
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", Recall(2, 0).to_bytes())
    bench.node.inventory.give_back()
    assert places(bench) == 0


def test_a_recall_of_free_places_counts_places(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 5})
    bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.operate("node/7", f"recall/{FERRY_TRIP}/{TODAY}", Recall(1, 3).to_bytes())
    bench.node.inventory.give_back()
    assert logged(bench, GrantReturned)[0].counts == ((0, 3),)
    assert places(bench, 0, 1, FERRY_TRIP) == 1


def test_a_grant_past_its_time_takes_no_place_from_a_living_one(bench: Bench) -> None:
    """Six sold of five and five: the five of the old grant and one of the new. So nothing of the old one goes back."""
    bench.grant(FERRY_TRIP, counts={0: 5}, sell_until_ms=NOON_MS + 1_000)
    bench.grant(FERRY_TRIP, counts={0: 5})
    for _ in range(6):
        bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.clock.pass_ms(2_000)
    assert places(bench, 0, 1, FERRY_TRIP) == 4
    bench.node.inventory.give_back()
    assert places(bench, 0, 1, FERRY_TRIP) == 4


def test_what_is_returned_of_free_places_and_what_is_sold_never_exceed_the_grants(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 3}, sell_until_ms=NOON_MS + 1_000)
    bench.grant(FERRY_TRIP, counts={0: 3}, sell_until_ms=NOON_MS + 9_000)
    bench.sell(0, 1, trip_no=FERRY_TRIP)
    for _ in range(3):
        bench.clock.pass_ms(5_000)
        bench.node.inventory.give_back()
    returned = sum(count for event in logged(bench, GrantReturned) for _, count in event.counts)
    assert returned + len(logged(bench, TicketSold)) == 6


def test_what_goes_back_of_one_grant_is_not_given_back_of_another_too(bench: Bench) -> None:
    """Two grants of one place each, one sold: only one place is left to go back when all does."""
    bench.grant(FERRY_TRIP, counts={0: 1})
    bench.grant(FERRY_TRIP, counts={0: 1})
    bench.sell(0, 1, trip_no=FERRY_TRIP)
    assert bench.node.inventory.give_all_back() == 1
    assert [event.counts for event in logged(bench, GrantReturned)] == [((0, 1),)]


def test_a_held_seat_makes_others_wait_and_not_its_own_order(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 1)
    assert places(bench) == 0
    assert bench.node.inventory.seat_map(COACH_TRIP, TODAY, 0, 4)[0].state == "held"
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=1)
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO).seat == 1
    assert bench.node.inventory.seat_map(COACH_TRIP, TODAY, 0, 4)[0].state == "sold"


def test_a_held_seat_is_free_on_the_legs_that_the_order_does_not_need(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 2, 1)
    assert bench.sell(2, 4, seat=1).seat == 1


def test_a_hold_ends_after_a_quarter_of_an_hour_whatever_the_wall_clock_says(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 1)
    bench.clock.wall += 86_400_000
    assert places(bench) == 0
    bench.clock.wall -= 30 * 86_400_000
    bench.clock.mono += 15 * 60_000
    assert places(bench) == 0
    bench.clock.mono += 1
    assert places(bench) == 1


def test_a_hold_does_not_outlive_the_process(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 1)
    bench.restart()
    assert places(bench) == 1
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO).seat == 1


def test_holds_of_free_places_are_counted(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 1})
    order = bench.node.ticketing.order(FERRY_TRIP, TODAY, 0, 1)
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(0, 1, trip_no=FERRY_TRIP)
    bench.node.ticketing.cancel(order.order_no)
    bench.sell(0, 1, trip_no=FERRY_TRIP)


def test_a_recall_waits_for_nobody_and_leaves_held_seats_alone(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 2)
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", Recall(1, 0).to_bytes())
    bench.node.inventory.give_back()
    assert logged(bench, GrantReturned)[0].seats == ((1, ALL_LEGS),)
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO).seat == 2


def test_a_grant_of_another_node_or_of_a_false_hub_is_not_believed(bench: Bench) -> None:
    shape = (COACH_TRIP, TODAY, 1, ((1, ALL_LEGS),), (), NOON_MS + 1_000_000)
    false_hub = Ed25519Signer(b"not the hub, but it says it is!!")
    bench.operate("node/7", "grant/91", sign_grant(Grant(91, 8, *shape), bench.hub))
    bench.operate("node/7", "grant/92", sign_grant(Grant(92, 7, *shape), false_hub))
    bench.operate("node/7", "grant/93", sign_grant(Grant(90, 7, *shape), bench.hub))
    bench.operate("node/7", "grant/94", b"\x80")
    assert places(bench) == 0
    bench.operate("node/7", "grant/95", sign_grant(Grant(95, 7, *shape), bench.hub))
    assert places(bench) == 1


def test_a_trip_of_more_legs_than_an_integer_has_bits_is_sold_leg_by_leg(bench: Bench) -> None:
    connection = bench.node.database.writer
    event = TicketSold(1, 900, TODAY, 65, 70, 3, 0, 100, "CNY", 0, CLERK_NO, 0, 1)
    for seats in ({3: 1 << 70}, {3: (1 << 80) - 1}):
        bench.grant(900, seats=seats)
    store.apply_sold(connection, 1, None, event)  # type: ignore[arg-type]
    store.apply_returned(connection, 1, None, GrantReturned(2, 900, TODAY, ((3, 1 << 75),), ()))  # type: ignore[arg-type]
    assert store.sold_seats(connection, 900, TODAY) == {3: (1 << 70) - (1 << 65)}
    left = store.left_of(connection, store.granted(connection, 900, TODAY))
    assert [grant.seats[3] for grant in left] == [1 << 70, (1 << 80) - 1 - (1 << 75)]


def test_a_grant_that_comes_while_others_are_read_breaks_nothing(bench: Bench) -> None:
    """A reader's statements see what was committed before each: a grant may come between two of them."""
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    reader = bench.node.database.read()
    statements: list[object] = []

    class Reader:
        def execute(self, *statement: object) -> object:
            if statements:
                bench.grant(COACH_TRIP, seats={2: ALL_LEGS})
            statements.append(statement)
            return reader.execute(*statement)  # type: ignore[arg-type]

    found = store.granted(Reader(), COACH_TRIP, TODAY)  # type: ignore[arg-type]
    assert found[0].seats == {1: ALL_LEGS}
    assert places(bench) == 2


def test_availability_of_a_ride_that_is_none_is_refused(bench: Bench) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    for ride in ((2, 2), (3, 1)):
        for ask in (bench.node.inventory.availability, bench.node.inventory.seat_map):
            with pytest.raises(Refusal, match="ride_order"):
                ask(COACH_TRIP, TODAY, *ride)
    assert places(bench, 0, 900) == 0


def _all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
