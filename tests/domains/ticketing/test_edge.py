"""Selling on one node: offers, orders, sales, tickets, takings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from edge.domains.ticketing import store
from edge.kernel import meta
from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketSold
from sync.domains.timetable.operations import Pattern, Route
from sync.kernel import ticket
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Refusal
from sync.kernel.operations import Clerk
from tests.support.nodes import (
    ALL_LEGS,
    CLERK_NO,
    COACH_TRIP,
    FERRY_TRIP,
    LATE_TRIP,
    NOON_MS,
    TODAY,
    Bench,
    make_bench,
    names,
    pin_hash,
)

HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 6), ALL_LEGS))
    return found


def sold(bench: Bench) -> list[TicketSold]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    events = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in events if isinstance(event, TicketSold)]


def change_pattern(bench: Bench, **changes: Any) -> None:
    """What the hub would send after an import that changed the coach's pattern."""
    body = bench.node.database.read().execute("SELECT body FROM pattern WHERE pattern_no = 1").fetchone()[0]
    bench.operate("operator/1", "pattern/1", dataclasses.replace(Pattern.from_bytes(body), **changes).to_bytes())


def test_a_ticket_says_what_was_sold(bench: Bench) -> None:
    found = bench.sell(1, 3, seat=3)
    claims = ticket.parse(found.text).claims
    assert (claims.trip_no, claims.day, claims.from_idx, claims.to_idx, claims.seat) == (COACH_TRIP, TODAY, 1, 3, 3)
    assert (found.price_minor, found.currency, found.seat_label) == (2200, "CNY", "01C")
    assert claims.ticket_id == found.ticket_id
    assert claims.until_s * 1000 == bench.node.timetable.ends_ms(COACH_TRIP, TODAY) + 6 * HOUR_MS


def test_a_ticket_reads_the_same_whenever_it_is_made_again(bench: Bench) -> None:
    found = bench.sell()
    bench.clock.pass_ms(40 * DAY_MS)  # its issuer is no longer young
    bench.restart()
    assert bench.node.ticketing.find(found.number).text == found.text
    assert bench.node.ticketing.find(found.text).short_code == found.short_code


def test_a_young_issuer_carries_its_certificate_and_an_old_one_does_not(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, day=TODAY + 40, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 90 * DAY_MS)
    bench.clock.pass_ms(26 * DAY_MS)
    young = bench.sell(0, 1, day=TODAY + 40)
    bench.clock.pass_ms(2 * DAY_MS)
    old = bench.sell(1, 2, day=TODAY + 40)
    assert ticket.parse(young.text).carried is not None
    assert ticket.parse(old.text).carried is None


def test_the_same_key_gives_the_same_ticket_whatever_happened_in_between(bench: Bench) -> None:
    first = bench.sell(key="key-of-this-sale")
    for _ in range(4):
        bench.sell()
    bench.restart()
    bench.clock.pass_ms(5 * HOUR_MS)  # gone, and sold out
    assert bench.sell(key="key-of-this-sale") == dataclasses.replace(first)
    assert len(sold(bench)) == 5


@pytest.mark.parametrize("key", ["short", "k" * 81, "密钥密钥密钥密钥"])
def test_a_key_of_a_wrong_form_is_refused(bench: Bench, key: str) -> None:
    with pytest.raises(Refusal, match="key_form"):
        bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, key)


def test_a_refused_sale_leaves_nothing_behind(bench: Bench) -> None:
    before = list(bench.node.database.writer.iterdump())
    wanted: dict[str, Any] = {"trip_no": COACH_TRIP, "day": TODAY, "from_idx": 0, "to_idx": 4, "seat": 1}
    tries: list[dict[str, Any]] = [
        {"seat": 9}, {"seat": None, "tendered_minor": 2999}, {"rider": "dog"}, {"from_idx": 4}, {"to_idx": 9},
        {"trip_no": 999}, {"day": TODAY + 390},
    ]  # fmt: skip
    for changes in tries:
        with pytest.raises(Refusal):
            bench.node.ticketing.sell(**(wanted | changes), clerk_no=CLERK_NO, key="refused-sale")
    assert list(bench.node.database.writer.iterdump()) == before
    assert bench.sell(key="refused-sale").ticket_id.serial == 1


def test_serials_have_no_gaps_after_refusals_in_between(bench: Bench) -> None:
    bench.sell()
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=44)
    bench.sell()
    assert [event.serial for event in sold(bench)] == [1, 2]


def test_too_little_cash_is_refused_and_more_is_taken(bench: Bench) -> None:
    sell = bench.node.ticketing.sell
    with pytest.raises(Refusal, match="cash_short"):
        sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "cash-short-sale", 2999)
    assert sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "cash-short-sale", 3000).price_minor == 3000
    assert sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "cash-more-sale", 10_000).price_minor == 3000


def test_a_departed_trip_is_not_sold_where_the_clock_is_sure(bench: Bench) -> None:
    bench.clock.pass_ms(3 * HOUR_MS)  # 15:00, the coach leaves
    with pytest.raises(Refusal, match="departed"):
        bench.sell()
    assert bench.sell(1, 4).ride.from_idx == 1  # it has not reached the next stop


def test_a_box_that_is_not_sure_of_the_time_refuses_nobody_for_it(bench: Bench) -> None:
    bench.clock.pass_ms(300 * DAY_MS)
    bench.restart()
    assert not bench.node.clock.sure()
    bench.grant(COACH_TRIP, day=TODAY + 301, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 400 * DAY_MS)
    bench.clock.pass_ms(4 * HOUR_MS)
    assert bench.sell(day=TODAY + 301).seat == 1


def test_a_trip_that_does_not_run_is_refused(bench: Bench) -> None:
    with pytest.raises(Refusal, match="not_running"):
        bench.sell(day=TODAY + 401)
    with pytest.raises(Refusal, match="no_such_trip"):
        bench.sell(trip_no=12345)


def test_days_far_ahead_and_long_gone_are_not_bookable(bench: Bench) -> None:
    for day in (TODAY + 60, TODAY - 2):
        with pytest.raises(Refusal, match="not_bookable"):
            bench.sell(day=day)


def test_last_nights_late_trip_is_still_sold_after_midnight(bench: Bench) -> None:
    bench.grant(LATE_TRIP, seats={1: ALL_LEGS})
    bench.clock.pass_ms(12 * HOUR_MS + 300_000)  # 00:05, it leaves at 24:10 of yesterday
    assert bench.node.timetable.today() == TODAY + 1
    assert bench.sell(trip_no=LATE_TRIP).ride.departs_text == "24:10"
    bench.clock.pass_ms(300_000)
    with pytest.raises(Refusal, match="departed"):
        bench.sell(trip_no=LATE_TRIP)


def test_a_ride_without_a_price_is_not_for_sale(bench: Bench) -> None:
    change_pattern(bench, fares=(500, 1500, 2500, None, 1200, 2200, 2800, 1000, 1800, 900))
    with pytest.raises(Refusal, match="not_for_sale"):
        bench.sell(0, 4)
    assert bench.sell(0, 3).price_minor == 2500


def test_a_route_that_is_not_for_sale_sells_nothing(bench: Bench) -> None:
    body = bench.node.database.read().execute("SELECT body FROM route WHERE route_no = 1").fetchone()[0]
    bench.operate("operator/1", "route/1", dataclasses.replace(Route.from_bytes(body), for_sale=False).to_bytes())
    with pytest.raises(Refusal, match="not_for_sale"):
        bench.sell()


def test_stops_without_boarding_or_alighting_are_respected(bench: Bench) -> None:
    change_pattern(bench, pickup=(True, False, True, True, False), drop_off=(False, True, False, True, True))
    with pytest.raises(Refusal, match="ride_no_boarding"):
        bench.sell(1, 3)
    with pytest.raises(Refusal, match="ride_no_alighting"):
        bench.sell(0, 2)


def test_a_sale_keeps_its_price_when_the_fare_changes(bench: Bench) -> None:
    found = bench.sell(0, 4)
    change_pattern(bench, fares=(9900,) * 10)
    assert bench.node.ticketing.find(found.number).price_minor == 3000
    assert bench.node.ticketing.takings(None, TODAY).totals == {"CNY": 3000}


def test_an_order_is_paid_at_the_price_that_the_passenger_was_shown(bench: Bench) -> None:
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    change_pattern(bench, fares=(9900,) * 10)
    assert bench.node.ticketing.order_view(order.order_no).price_minor == 3000
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO, 3000).price_minor == 3000
    assert sold(bench)[0].price_minor == 3000


def test_confirming_twice_gives_the_same_ticket_once(bench: Bench) -> None:
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 2)
    assert (order.state, order.channel) == ("waiting", "kiosk")
    first = bench.node.ticketing.confirm(order.order_no, CLERK_NO)
    bench.restart()
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO) == first
    assert len(sold(bench)) == 1
    view = bench.node.ticketing.order_view(order.order_no)
    assert (view.state, view.ticket_number, first.channel) == ("sold", first.number, "kiosk")


def test_a_cancelled_order_is_not_sold_and_a_sold_one_not_cancelled(bench: Bench) -> None:
    ticketing = bench.node.ticketing
    order = ticketing.order(COACH_TRIP, TODAY, 0, 4, 2)
    ticketing.cancel(order.order_no)
    with pytest.raises(Refusal, match="order_cancelled"):
        ticketing.confirm(order.order_no, CLERK_NO)
    other = ticketing.order(COACH_TRIP, TODAY, 0, 4, 2)
    ticketing.confirm(other.order_no, CLERK_NO)
    with pytest.raises(Refusal, match="order_sold"):
        ticketing.cancel(other.order_no)
    for act in (ticketing.cancel, ticketing.order_view, lambda number: ticketing.confirm(number, CLERK_NO)):
        with pytest.raises(Refusal, match="no_such_order"):
            act(999)


def test_an_order_whose_seat_went_meanwhile_is_refused(bench: Bench) -> None:
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, 2)
    bench.clock.pass_ms(16 * 60_000)
    bench.sell(seat=2)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.node.ticketing.confirm(order.order_no, CLERK_NO)
    assert bench.node.ticketing.order_view(order.order_no).state == "waiting"


def test_an_order_of_yesterday_is_not_sold_for_a_trip_that_has_left(bench: Bench) -> None:
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    bench.clock.pass_ms(4 * HOUR_MS)
    with pytest.raises(Refusal, match="departed"):
        bench.node.ticketing.confirm(order.order_no, CLERK_NO)


def test_new_orders_are_seen_however_many_were_left_standing(bench: Bench) -> None:
    for _ in range(105):
        left = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
        bench.clock.pass_ms(16 * 60_000)
        bench.clock.wall -= 16 * 60_000
        bench.node.clock.saw_hub(NOON_MS)
    newest = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    waiting = [order.order_no for order in bench.node.ticketing.waiting()]
    assert waiting[-2:] == [left.order_no, newest.order_no]
    assert waiting == sorted(waiting)


def test_an_order_for_a_trip_that_is_gone_hides_no_other(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 5})
    bench.node.ticketing.order(FERRY_TRIP, TODAY, 0, 1)
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    bench.operate("operator/1", f"trip/{FERRY_TRIP}", None)
    assert [one.order_no for one in bench.node.ticketing.waiting()] == [order.order_no]


def test_a_ticket_is_found_by_its_number_and_by_its_code(bench: Bench) -> None:
    found, ticketing = bench.sell(), bench.node.ticketing
    for text in (found.number, found.number.replace("-", ""), f" {found.number} ", found.text, found.text.lower()):
        assert ticketing.find(text).number == found.number


@pytest.mark.parametrize("text", ["", "Y1:", "Y1:AAAA", "1234", "Y2:ABC", "票" * 300, "\ud800"])
def test_what_is_no_ticket_is_refused_in_words(bench: Bench, text: str) -> None:
    bench.sell()
    with pytest.raises(Refusal, match="ticket_form"):
        bench.node.ticketing.find(text)


def test_a_ticket_of_another_box_or_never_sold_is_not_here(bench: Bench) -> None:
    for other in (ticket.TicketId(8, 1, 1), ticket.TicketId(7, 2, 1), ticket.TicketId(7, 1, 99)):
        with pytest.raises(Refusal, match="ticket_not_here"):
            bench.node.ticketing.find(other.number)


def test_takings_add_up_by_clerk_and_by_day(bench: Bench) -> None:
    bench.operate("node/7", "clerk/12", Clerk(12, "李", ("clerk",), pin_hash()).to_bytes())
    bench.grant(COACH_TRIP, day=TODAY + 1, seats=dict.fromkeys(range(1, 6), ALL_LEGS))
    bench.sell(0, 4)
    bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 1, None, 12, "another-clerk")
    bench.clock.pass_ms(12 * HOUR_MS - 1)  # the last ms of the day
    bench.sell(0, 2, day=TODAY + 1)
    bench.clock.pass_ms(1)
    bench.sell(0, 3, day=TODAY + 1)
    takings = bench.node.ticketing.takings
    assert (takings(None, TODAY).count, takings(None, TODAY).totals) == (3, {"CNY": 5000})
    assert (takings(CLERK_NO, TODAY).count, takings(CLERK_NO, TODAY).totals) == (2, {"CNY": 4500})
    assert (takings(12, TODAY).totals, takings(12, TODAY + 1).totals) == ({"CNY": 500}, {})
    assert takings(None, TODAY + 1).totals == {"CNY": 2500}
    assert [one.price_minor for one in takings(None, TODAY).tickets] == [1500, 500, 3000]


def test_a_clock_that_was_decades_ahead_for_an_hour_does_not_spoil_the_takings_for_ever(bench: Bench) -> None:
    """Somebody set the year 2060 while the hub was away and the box was off; then the hub came back."""
    bench.clock.wall = NOON_MS + 34 * 365 * DAY_MS
    bench.restart()
    bench.node.inventory.ask(COACH_TRIP, TODAY, 0, 4)  # something is written down
    bench.node.clock.saw_hub(NOON_MS + 3_600_000)
    found = bench.sell()
    assert found.sold_ms == NOON_MS + 3_600_000
    assert bench.node.ticketing.takings(None, TODAY).totals == {"CNY": 3000}


def test_takings_are_whole_when_a_sold_trip_is_no_longer_in_the_timetable(bench: Bench) -> None:
    bench.sell()
    bench.operate("operator/1", f"trip/{COACH_TRIP}", None)
    assert bench.node.ticketing.takings(None, TODAY).totals == {"CNY": 3000}


@pytest.mark.parametrize("status", ["log_forked", "log_rewound", "revoked"])
def test_a_barred_box_sells_nothing(bench: Bench, status: str) -> None:
    bench.node.scribe.write(lambda unit: meta.put(unit.connection, hub_status=status))
    with pytest.raises(Refusal, match="box_barred"):
        bench.sell()
    assert sold(bench) == []


def test_a_box_that_is_not_enrolled_sells_nothing(bench: Bench) -> None:
    bench.node.scribe.write(lambda unit: unit.connection.execute("DELETE FROM meta WHERE name = 'node_no'"))
    with pytest.raises(Refusal, match="not_enrolled"):
        bench.sell()


def test_an_amount_of_another_currency_is_never_added_to_the_first(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 5})
    route = Route(1, "R2", {}, names("船", "船", "Ferry"), 4, "JPY", "ferry", True)
    bench.operate("operator/1", "route/2", route.to_bytes())
    bench.sell()
    bench.sell(0, 1, trip_no=FERRY_TRIP)
    assert bench.node.ticketing.takings(None, TODAY).totals == {"CNY": 3000, "JPY": 4000}
    assert store.next_serial(bench.node.database.read()) == 3


def test_an_order_under_the_same_key_is_the_same_order(bench: Bench) -> None:
    first = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, key="order-0001")
    assert bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, key="order-0001").order_no == first.order_no
    assert bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4).order_no != first.order_no
    with pytest.raises(Refusal, match="key_form"):
        bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4, key="short")
