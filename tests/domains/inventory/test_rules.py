"""The arithmetic of seats × legs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.inventory import rules
from sync.kernel.errors import Refusal

rides = st.tuples(st.integers(0, 90), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))
masks = st.integers(0, (1 << 12) - 1)
seats = st.dictionaries(st.integers(1, 20), masks, max_size=8)


@given(rides)
def test_a_ride_takes_each_leg_between_its_stops_and_no_other(ride: tuple[int, int]) -> None:
    mask = rules.legs_mask(*ride)
    assert [leg for leg in range(110) if mask >> leg & 1] == list(range(*ride))


@given(rides, rides)
def test_two_rides_meet_exactly_when_they_share_a_leg(one: tuple[int, int], other: tuple[int, int]) -> None:
    meet = bool(rules.legs_mask(*one) & rules.legs_mask(*other))
    assert meet == (max(one[0], other[0]) < min(one[1], other[1]))


@given(seats, seats)
def test_open_is_held_and_not_sold(held: dict[int, int], sold: dict[int, int]) -> None:
    found = rules.open_masks(held, sold)
    assert all(found.values())
    for seat in set(held) | set(sold):
        assert found.get(seat, 0) == held.get(seat, 0) & ~sold.get(seat, 0)


@given(seats, rides.filter(lambda ride: ride[1] <= 12))
def test_the_best_seat_fits_and_wastes_the_least(free: dict[int, int], ride: tuple[int, int]) -> None:
    wanted = rules.legs_mask(*ride)
    fitting = rules.seats_for(free, wanted)
    assert fitting == sorted(seat for seat, mask in free.items() if mask & wanted == wanted)
    if not fitting:
        with pytest.raises(Refusal, match="no_seat"):
            rules.best_seat(free, wanted)
        return
    best = rules.best_seat(free, wanted)
    assert best in fitting
    assert free[best].bit_count() == min(free[seat].bit_count() for seat in fitting)
    assert best == min(seat for seat in fitting if free[seat].bit_count() == free[best].bit_count())
    rules.take_seat(free, best, wanted)


def test_a_seat_that_is_open_on_some_legs_only_is_taken() -> None:
    rules.take_seat({3: 0b0111}, 3, 0b0011)
    for free in ({3: 0b0101}, {4: 0b1111}, {}):
        with pytest.raises(Refusal, match="seat_taken") as raised:
            rules.take_seat(free, 3, 0b0011)
        assert raised.value.details == {"seat": 3}


@given(st.dictionaries(st.integers(0, 8), st.integers(0, 9), max_size=8), rides)
def test_free_places_are_those_of_the_fullest_leg(free: dict[int, int], ride: tuple[int, int]) -> None:
    assert rules.places_for(free, *ride) == min(free.get(leg, 0) for leg in range(*ride))


def test_a_ride_of_no_leg_has_no_place() -> None:
    assert rules.places_for({0: 5}, 1, 1) == 0


wishes = st.lists(st.one_of(st.none(), st.integers(1, 20), st.just(rules.LAP)), min_size=1, max_size=6)


@given(seats, rides.filter(lambda ride: ride[1] <= 12), wishes)
def test_some_who_ride_together_never_share_a_seat_and_get_the_one_they_chose(
    free: dict[int, int], ride: tuple[int, int], party: list[int | None]
) -> None:
    wanted, left = rules.legs_mask(*ride), dict(free)
    chosen = [wish for wish in party if wish not in (None, rules.LAP)]
    try:
        found = rules.take_all(left, {}, ride, rules.RESERVED, party)
    except Refusal:
        fitting = set(rules.seats_for(free, wanted))
        there = len(set(chosen)) == len(chosen) and set(chosen) <= fitting
        assert not there or len(fitting) < len(party) - party.count(rules.LAP)
        return
    seated = [seat for seat in found if seat != rules.LAP]
    assert len(set(seated)) == len(seated)
    assert all(free[seat] & wanted == wanted and not left[seat] & wanted for seat in seated)
    assert all(seat == wish for seat, wish in zip(found, party, strict=True) if wish is not None)


@given(st.integers(0, 5), st.integers(1, 4), st.integers(0, 2))
def test_those_who_ride_together_take_a_place_each_on_every_leg_and_laps_take_none(
    free: int, count: int, laps: int
) -> None:
    places = {0: 9, 1: free, 2: 9}
    party = [None] * count + [rules.LAP] * laps
    if free < count:
        with pytest.raises(Refusal, match="no_seat"):
            rules.take_all({}, places, (0, 2), rules.FREE, party)
        return
    assert rules.take_all({}, places, (0, 2), rules.FREE, party) == [0] * count + [rules.LAP] * laps
    assert places == {0: 9 - count, 1: free - count, 2: 9}
