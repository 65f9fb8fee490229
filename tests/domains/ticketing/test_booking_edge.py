"""Bookings on one node: several riders and legs, all or nothing, one payment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.domains.ticketing.office.bookings import Rider, Wish
from edge.domains.ticketing.office.paying import Paying
from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.inventory import rules
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import MOBILE, BookingSold, TicketSold
from sync.domains.timetable.operations import Transfer
from sync.kernel.errors import Refusal
from tests.edge.folding import differing
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench, make_bench

WHOLE = (COACH_TRIP, TODAY, 0, 4)
CHILD = Rider("child_with_seat", proof="height")
LAP_CHILD = Rider("child_free", proof="birth_date")
FAMILY = (Rider(), CHILD, LAP_CHILD)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 13), ALL_LEGS))
    return found


def sell(bench: Bench, *riders: Rider, legs: tuple[Any, ...] = (WHOLE,), key: str = "", **more: Any) -> Any:
    bench.sales += 1
    wish = Wish(legs, riders or FAMILY, more.pop("extras", ()))
    return bench.node.bookings.sell(wish, CLERK_NO, key or f"booking-{bench.sales}", **more)


def events(bench: Bench) -> list[Any]:
    connection = bench.node.database.read()
    return [EVENTS.decode(data).event for _, data in log.events_after(connection)]


def test_a_family_rides_by_one_booking_with_a_ticket_each(bench: Bench) -> None:
    found = sell(bench, extras=(("luggage", 2),))
    assert [(one.rider, one.price_minor, one.seat) for one in found.tickets] == [
        ("adult", 3000, 1), ("child_with_seat", 1500, 2), ("child_free", 0, LAP),
    ]  # fmt: skip
    assert (found.total_minor, [(extra.code, extra.count, extra.price_minor) for extra in found.extras]) == (
        5500, [("luggage", 2, 1000)],
    )  # fmt: skip
    assert events(bench)[-1] == BookingSold(1, 3, 5500, "CNY", 0, CLERK_NO, 0, (("luggage", 2, 1000),))
    for one in found.tickets:
        assert bench.node.bookings.find(one.number) == found
    takings = bench.node.ticketing.takings(CLERK_NO, TODAY)
    assert (takings.totals, takings.extras, takings.count) == ({"CNY": 5500}, {"CNY": 1000}, 3)
    assert bench.node.inventory.availability(*WHOLE).places == 10
    assert differing(bench.node) == []


def test_one_plain_ticket_is_no_booking_on_the_wire(bench: Bench) -> None:
    found = sell(bench, Rider())
    assert (len(found.tickets), found.total_minor, found.number) == (1, 3000, found.tickets[0].number)
    assert not any(isinstance(event, BookingSold) for event in events(bench))
    assert bench.node.bookings.find(bench.sell().number).total_minor == 3000


def test_all_are_sold_or_none(bench: Bench) -> None:
    before = list(bench.node.database.writer.iterdump())
    for riders, more in (
        ([Rider()] * 13, {}), ([Rider(seats=(3,)), Rider(seats=(3,))], {}), ([Rider(), Rider(seats=(40,))], {}),
        ([Rider(), CHILD], {"tendered_minor": 4499}), ([Rider(), Rider("child_with_seat")], {}),
        ([Rider(), Rider(), LAP_CHILD, LAP_CHILD], {}), ([CHILD, LAP_CHILD], {}), ([], {}), ([Rider()] * 21, {}),
        ([Rider()], {"extras": (("piano", 1),)}),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            bench.node.bookings.sell(
                Wish((WHOLE,), tuple(riders), more.get("extras", ())),  # type: ignore[arg-type]
                CLERK_NO, "refused-booking", more.get("tendered_minor"),  # type: ignore[arg-type]
            )  # fmt: skip
    assert list(bench.node.database.writer.iterdump()) == before
    assert sell(bench, key="refused-booking").tickets[0].ticket_id.serial == 1


def test_the_same_key_gives_the_same_booking_whatever_happened_in_between(bench: Bench) -> None:
    first = sell(bench, key="booking-of-three")
    bench.sell()
    bench.restart()
    assert sell(bench, Rider(), key="booking-of-three") == first
    assert sum(isinstance(event, TicketSold) for event in events(bench)) == 4


def test_a_held_family_keeps_its_seats_and_prices_until_it_pays(bench: Bench) -> None:
    riders = (Rider(seats=(5,)), Rider("child_with_seat", (6,), "height"), LAP_CHILD)
    order = bench.node.bookings.hold(Wish((WHOLE,), riders, (("insurance", 3),)), "counter")
    assert (order.price_minor, [one.seat for one in order.riders]) == (5100, [5, 6, LAP])
    assert [extra.count for extra in order.extras] == [3]
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=6)
    with pytest.raises(Refusal, match="free_children_full"):
        sell(bench, Rider(), LAP_CHILD)
    with pytest.raises(Refusal, match="order_of_several"):
        bench.node.ticketing.confirm(order.order_no, CLERK_NO)
    with pytest.raises(Refusal, match="cash_short"):
        bench.node.bookings.pay(order.order_no, CLERK_NO, 5099)
    found = bench.node.bookings.pay(order.order_no, CLERK_NO, 6000)
    assert ([one.seat for one in found.tickets], found.total_minor) == ([5, 6, LAP], 5100)
    assert bench.node.bookings.pay(order.order_no, CLERK_NO) == found
    assert bench.node.ticketing.order_view(order.order_no).ticket_number == found.number


def test_an_order_of_several_is_paid_by_phone_as_well(bench: Bench) -> None:
    node = bench.node
    paying = Paying(node.ticketing, node.inventory, node.bookings, node.travellers)
    family = node.bookings.hold(Wish((WHOLE,), (Rider(), Rider("child_with_seat"))), "kiosk")
    with pytest.raises(Refusal, match="document_at_counter"):  # nobody has looked at the child yet
        node.scribe.write(lambda unit: paying.begin(unit, family.order_no))
    order = node.bookings.hold(Wish((WHOLE,), (Rider(), Rider())), "kiosk")
    assert node.scribe.write(lambda unit: paying.begin(unit, order.order_no)) == (6000, "CNY")
    bench.clock.pass_ms(10 * 60_000)  # held anew when the payment began
    node.scribe.write(lambda unit: paying.sell(unit, order.order_no, 0, 6000))
    assert {one.payment for one in events(bench)[1:]} == {MOBILE}
    assert node.ticketing.order_view(order.order_no).state == "sold"


def test_a_cancelled_order_of_several_frees_every_seat(bench: Bench) -> None:
    order = bench.node.bookings.hold(Wish((WHOLE,), FAMILY), "counter")
    assert bench.node.inventory.availability(*WHOLE).places == 10
    bench.node.ticketing.cancel(order.order_no)
    assert bench.node.inventory.availability(*WHOLE).places == 12
    with pytest.raises(Refusal, match="order_cancelled"):
        bench.node.bookings.pay(order.order_no, CLERK_NO)


def test_an_order_of_one_is_paid_the_same_way(bench: Bench) -> None:
    order = bench.node.ticketing.order(*WHOLE)
    assert bench.node.bookings.pay(order.order_no, CLERK_NO).total_minor == 3000


def test_a_free_child_takes_no_place_of_a_ferry_and_its_refund_frees_none(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(FERRY_TRIP, counts={0: 10})
    ferry = (FERRY_TRIP, TODAY, 0, 1)
    found = sell(bench, Rider(), LAP_CHILD, legs=(ferry,))
    assert bench.node.inventory.availability(*ferry).places == 9
    child = found.tickets[1]
    bench.node.refunds.refund(child.number, "passenger", 0, CLERK_NO, "refund-of-a-child")
    assert bench.node.inventory.availability(*ferry).places == 9
    sell(bench, Rider(), LAP_CHILD, legs=(ferry,))
    assert bench.node.inventory.availability(*ferry).places == 8


def test_a_lap_that_the_hub_has_promised_is_not_the_boxs_to_sell(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(FERRY_TRIP, counts={0: 12})
    bench.grant(FERRY_TRIP, counts={0: 12}, fewer_laps=((0, 1),))
    ferry = (FERRY_TRIP, TODAY, 0, 1)
    sell(bench, Rider(), LAP_CHILD, legs=(ferry,))
    with pytest.raises(Refusal, match="free_children_full"):
        sell(bench, Rider(), LAP_CHILD, legs=(ferry,))


def test_a_journey_is_sold_over_all_its_legs_or_not_at_all(bench: Bench) -> None:
    """Coach to Dinghu, and from there on another coach; the change is at one stop."""
    legs = ((COACH_TRIP, TODAY, 0, 1), (LATE := 103, TODAY, 1, 4))
    with pytest.raises(Refusal, match="leg_not_here") as refused:
        sell(bench, legs=legs)
    assert refused.value.details == {"leg": 2}
    assert events(bench)[1:] == [] and bench.node.inventory.availability(COACH_TRIP, TODAY, 0, 1).places == 12
    bench.grant(LATE, seats=dict.fromkeys(range(1, 13), ALL_LEGS))
    found = sell(bench, legs=legs, extras=(("luggage", 1),))
    assert [(one.ride.trip_no, one.rider, one.price_minor) for one in found.tickets] == [
        (COACH_TRIP, "adult", 500), (COACH_TRIP, "child_with_seat", 250), (COACH_TRIP, "child_free", 0),
        (LATE, "adult", 2800), (LATE, "child_with_seat", 1400), (LATE, "child_free", 0),
    ]  # fmt: skip
    assert found.total_minor == 500 + 250 + 2800 + 1400 + 500
    assert sum(isinstance(event, BookingSold) for event in events(bench)) == 1


def test_rides_that_do_not_connect_are_no_journey(bench: Bench) -> None:
    bench.grant(103, seats={1: ALL_LEGS})
    onward = (103, TODAY, 1, 4)
    for legs in (((COACH_TRIP, TODAY, 0, 2), onward), (onward, (COACH_TRIP, TODAY, 0, 1))):
        with pytest.raises(Refusal, match="legs_apart"):
            sell(bench, Rider(), legs=legs)
    with pytest.raises(Refusal, match="booking_legs"):
        sell(bench, Rider(), legs=(onward,) * 4)
    bench.operate("net", "transfer/1", Transfer(2, 2, None).to_bytes())  # nobody changes at Dinghu any more
    with pytest.raises(Refusal, match="legs_apart"):
        sell(bench, Rider(), legs=((COACH_TRIP, TODAY, 0, 1), onward))


def test_a_childs_ticket_is_rebooked_at_its_own_price_with_its_proof(bench: Bench) -> None:
    bench.grant(103, seats=dict.fromkeys(range(1, 13), ALL_LEGS))
    found = sell(bench)
    onward = (103, TODAY, 0, 4)
    for old in found.tickets[1:]:
        offer = bench.node.rebooking.offer(old.number, onward, "passenger")
        assert offer.due_minor == 0
        new = bench.node.rebooking.rebook(old.number, onward, None, "passenger", 0, CLERK_NO, f"rebook-{old.number}")
        assert (new.rider, new.proof, new.price_minor, new.seat == LAP) == (
            old.rider, old.proof, old.price_minor, old.seat == LAP,
        )  # fmt: skip


WISHES = st.lists(
    st.tuples(
        st.lists(st.sampled_from([Rider(), CHILD, LAP_CHILD, Rider("disabled_soldier", proof="soldier_card")]), min_size=1,
                 max_size=4),
        st.integers(0, 3), st.integers(1, 4), st.integers(0, 2),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WISHES)
def test_whatever_is_booked_adds_up_and_nothing_is_sold_twice(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[Any]
) -> None:
    bench = make_bench(tmp_path_factory.mktemp("node"))
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 13), ALL_LEGS))
    taken = 0
    for riders, first, length, luggage in wishes:
        ride = (COACH_TRIP, TODAY, first, min(first + length, 4))
        extras = (("luggage", luggage),) if luggage else ()
        try:
            found = sell(bench, *riders, legs=(ride,), extras=extras)
        except Refusal:
            continue
        assert found.total_minor == sum(one.price_minor for one in found.tickets) + 500 * luggage
        taken += found.total_minor
    sold = [event for event in events(bench) if isinstance(event, TicketSold)]
    assert [event.serial for event in sold] == list(range(1, len(sold) + 1))
    cells = [(event.seat, leg) for event in sold if event.seat != LAP for leg in range(event.from_idx, event.to_idx)]
    assert len(cells) == len(set(cells))
    for leg in range(4):
        laps = sum(event.seat == LAP and event.from_idx <= leg < event.to_idx for event in sold)
        assert laps <= 12 // 10
    assert bench.node.ticketing.takings(None, TODAY).totals == ({"CNY": taken} if sold else {})


def test_the_limit_on_laps_matters(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: without it the same sales go through."""
    sell(bench)
    with pytest.raises(Refusal, match="free_children_full"):
        sell(bench)
    monkeypatch.setattr(rules, "free_children", lambda _seats: 99)
    assert sell(bench).tickets[2].seat == LAP
