"""Who sits where when another vehicle comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.domains.disruption.rules import Passenger, at_fault, reseat
from sync.domains.inventory.rules import LAP, legs_mask
from sync.domains.timetable.operations import SeatPlan
from tests.cloud.plans import plan_of
from tests.golden.strategies import of

LEGS = 3
WHOLE = legs_mask(0, LEGS)
BIG, SMALL = plan_of("reserved", 12), plan_of("reserved", 8)


def rider(
    number: int, seat: int, party: int = 0, child: bool = False, now: int = 0, ride: tuple[int, int] = (0, LEGS)
) -> Passenger:
    return Passenger(bytes([number]), (party or 100 + number,), *ride, seat, child, now)


def places(
    passengers: list[Passenger], free: dict[int, int], new: SeatPlan = SMALL, old: SeatPlan = BIG
) -> list[int | None]:
    found = reseat(passengers, free, old, new)
    return [found[one.ticket_id] for one in passengers]


def test_the_seat_of_the_same_number_is_kept_and_the_others_get_the_nearest_in_the_order_of_their_sale() -> None:
    free = {2: WHOLE, 5: WHOLE, 8: WHOLE}
    # 12 sat in row 2, column 3: seat 8 (row 1, column 3) is nearest, then 5, then 2.
    assert places([rider(1, 1), rider(2, 12), rider(3, 12), rider(4, 9), rider(5, 10)], free) == [1, 8, 5, 2, None]


def test_a_seat_is_given_leg_by_leg() -> None:
    short, long = rider(1, 11, ride=(0, 1)), rider(2, 12, ride=(1, 3))
    assert places([short, long, rider(3, 9)], {4: WHOLE}) == [4, 4, None]
    assert places([long], {4: legs_mask(0, 2)}) == [None]


def test_a_child_sits_by_its_adult_and_a_party_with_a_child_is_seated_together_or_not_at_all() -> None:
    adult, child = rider(1, 3, party=7), rider(2, 12, party=7, child=True)
    assert places([adult, child], {1: WHOLE, 4: WHOLE, 8: WHOLE}) == [3, 4]
    lost = [rider(1, 11, party=7), rider(2, 12, party=7, child=True)]
    assert places([*lost, rider(3, 10)], {5: WHOLE}) == [None, None, 5]
    assert places([rider(1, 11, party=7), rider(2, 12, party=7), rider(3, 10)], {5: WHOLE}) == [5, None, None]


def test_who_was_told_of_a_seat_keeps_it_and_goes_back_to_the_own_one_when_that_exists_again() -> None:
    told = rider(1, 12, now=2)
    assert places([rider(2, 11), told], {2: WHOLE, 8: WHOLE}) == [8, 2]
    assert places([told], {8: WHOLE}) == [8]  # somebody else has sold it since
    assert places([told], {2: WHOLE}, new=BIG, old=SMALL) == [12]


def test_without_numbered_seats_the_places_go_to_whole_parties_in_the_order_of_the_sale() -> None:
    new = plan_of("free", 3)
    people = [
        rider(1, 0, party=1),
        rider(2, 0, party=1),
        rider(3, 0, party=2),
        rider(4, 0, party=2),
        rider(5, 0, ride=(0, 1)),
    ]
    assert places(people, {}, new=new, old=plan_of("free", 9)) == [0, 0, None, None, 0]


def test_all_who_paid_together_with_one_who_stands_may_give_back_free() -> None:
    people = [rider(1, 1, party=7), rider(2, 12, party=7), rider(3, LAP, party=7, child=True), rider(4, 2)]
    found = reseat(people, {}, BIG, SMALL)
    assert found[bytes([3])] == LAP and at_fault(people, found) == {bytes([1]), bytes([2]), bytes([3])}


riders = st.lists(
    st.builds(
        lambda seat, party, child, now, ride: (seat, party, child, now, ride),
        st.integers(1, 12), st.integers(1, 4), st.booleans(), st.integers(0, 8), st.sampled_from([(0, 1), (0, 3), (1, 3)]),
    ),
    max_size=14,
)  # fmt: skip


@given(riders, st.dictionaries(st.integers(1, 12), st.integers(0, WHOLE)))
def test_no_cell_is_given_twice_and_nobody_without_need_is_moved(drawn: list[tuple], free: dict[int, int]) -> None:
    people = [rider(number, *one) for number, one in enumerate(drawn)]
    found = reseat(people, free, BIG, SMALL)
    assert found == reseat(people, dict(reversed(free.items())), BIG, SMALL)
    left = {seat: mask for seat, mask in free.items() if seat <= SMALL.capacity}
    for one in people:
        seat = found[one.ticket_id]
        if one.seat <= SMALL.capacity:
            assert seat == one.seat
        elif seat is not None:
            assert left[seat] & one.legs == one.legs
            left[seat] &= ~one.legs
    for one in people:
        family = [other for other in people if other.party == one.party]
        gone = [found[other.ticket_id] for other in family if other.seat > SMALL.capacity and not other.now]
        if any(other.child for other in family) and None in gone:
            assert set(gone) == {None}


@given(of(VehicleChange), of(Reseated))
def test_what_is_said_comes_down_and_reads_the_same(vehicle: VehicleChange, told: Reseated) -> None:
    assert VehicleChange.from_bytes(vehicle.to_bytes()) == vehicle
    assert Reseated.from_bytes(told.to_bytes()) == told
