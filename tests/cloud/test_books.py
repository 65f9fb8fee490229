"""Whatever happens, the books add up: random days at three nodes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.domains.inventory.books.cells import block, decode, encode, exact, minus
from cloud.domains.inventory.tables import seat_grant
from cloud.domains.ticketing.service import good_tickets
from cloud.kernel import rebuild
from sync.domains.inventory.events import SeatsAsked
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_blocks_come_out_of_what_is_free(data: st.DataObject) -> None:
    legs = data.draw(st.integers(1, 70))
    reserved = data.draw(st.booleans())
    values = st.integers(0, (1 << legs) - 1) if reserved else st.integers(0, 9)
    keys = st.integers(1, 12) if reserved else st.integers(0, legs - 1)
    free = data.draw(st.dictionaries(keys, values, max_size=12))
    from_idx, count = data.draw(st.integers(0, legs - 1)), data.draw(st.integers(0, 15))
    to_idx = data.draw(st.integers(from_idx + 1, legs))
    assert decode(encode(free)) == {key: value for key, value in free.items() if value}
    for chosen in (block(free, from_idx, legs, count, reserved), exact(free, from_idx, to_idx, count, reserved)):
        assert minus(chosen, free, reserved) == {}
        assert (len(chosen) if reserved else max(chosen.values(), default=0)) <= count


STEP = st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(1, 10), st.integers(0, 2), st.integers(1, 3))


@given(steps=st.lists(STEP, max_size=25), free_seating=st.booleans())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_the_books_add_up_and_no_good_seat_is_sold_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, ...]], free_seating: bool
) -> None:
    folder = tmp_path_factory.mktemp("books")
    trip_no = 8 if free_seating else 7
    with new_world(f"sqlite:///{folder / 'hub.sqlite'}", folder, [Trip(7), Trip(8, seat_plan_kind="free")]) as world:
        boxes = [world.box("a"), world.box("b"), world.box("c")]
        for what, who, seat, from_idx, length in steps:
            _step(world, boxes, trip_no, (what, who, seat, from_idx, min(from_idx + length, 3)))
        for box in boxes:
            box.visit()
        if world.rows(seat_grant):
            adds_up(world.trip(trip_no))
        _no_double(world, trip_no)
        assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def _step(world: World, boxes: list[Box], trip_no: int, step: tuple[int, ...]) -> None:
    what, who, seat, from_idx, to_idx = step
    box = boxes[who]
    if what == 0:
        try:
            world.grant(box, trip_no, seat, from_idx)
        except Refusal:
            return
    elif what in (1, 2):
        box.sell(trip_no, seat if trip_no == 7 else 0, from_idx, to_idx)
    elif what == 3 and box.grants(trip_no):
        grant = box.grants(trip_no)[seat % len(box.grants(trip_no))]
        box.give_back(grant, grant.seats[:seat], grant.counts[from_idx:])
    elif what == 4:
        box.visit()
    else:
        box.append(SeatsAsked(trip_no, DAY, from_idx, to_idx, seat))


def _no_double(world: World, trip_no: int) -> None:
    """Tickets that were not quarantined never overlap, and never exceed the vehicle."""
    with world.hub.database.read() as tx:
        rides = list(good_tickets(tx, trip_no, DAY).values())
    taken: dict[tuple[int, int], int] = {}
    for from_idx, to_idx, seat, _ in rides:
        for leg in range(from_idx, to_idx):
            taken[seat, leg] = taken.get((seat, leg), 0) + 1
    assert max(taken.values(), default=0) <= (1 if trip_no == 7 else 10)
