"""Bookings at the hub: they add up with their tickets, and what a box can't have booked is put aside and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.domains.ticketing import service
from cloud.domains.ticketing.office.bookings import _by_trip, _Sold
from cloud.domains.ticketing.tables import booking_sold
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.ticketing.events import BookingSold
from tests.cloud.world import DAY, Trip, World, new_world


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path, [Trip(7), Trip(8)]) as made:
        yield made


def book(box: Any, first: int, count: int, total: int, extras: Any = (), currency: str = "CNY") -> int:
    seq: int = box.append(BookingSold(first, count, total, currency, 0, 1, 0, tuple(extras)))
    return seq


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


@pytest.mark.parametrize("most", [2, 1_000])
def test_the_money_of_a_journey_with_extras_goes_to_its_trips(world: World, most: int) -> None:
    box = world.box("a")
    world.grant(box, 7, 5)
    world.grant(box, 8, 5)
    for seat in (1, 2):
        box.sell(7, seat, price_minor=1000)
    box.sell(8, 1, price_minor=1000)
    book(box, 1, 3, 3501, [("luggage", 1, 501)])
    box.visit(most=most)
    assert codes(world) == []
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (3, 3501)}
        assert {line.trip_no: (line.tickets, line.amount_minor) for line in service.sales(tx, day=DAY)} == {
            7: (2, 2334), 8: (1, 1167),
        }  # fmt: skip
    assert [(row["total_minor"], row["extras_minor"], row["state"]) for row in world.rows(booking_sold)] == [
        (3501, 501, "ok")
    ]
    before = world.rows(booking_sold)
    rebuild(world.hub.database, world.hub.fold, keep=False)
    assert world.rows(booking_sold) == before and codes(world) == []


def test_a_booking_that_cannot_be_is_put_aside_and_its_money_counted(world: World) -> None:
    box = world.box("a")
    world.grant(box, 7, 8)
    book(box, 1, 2, 10_100, [("luggage", 1, 100)])  # its tickets come behind it
    for seat in range(1, 5):
        box.sell(7, seat)
    book(box, 1, 2, 10_000)
    book(box, 2, 2, 10_000)  # the second ticket again
    book(box, 3, 2, 9_999)
    book(box, 3, 3, 15_000)  # one more than there are
    book(box, 3, 2, 10_000, currency="HKD")
    book(box, 3, 0, 0)
    book(box, 3, 61, 0)
    book(box, 3, 2, 10_000 + (1 << 50), [("luggage", 1, 1 << 50)])
    box.visit()
    assert codes(world) == [
        "booking_tickets", "booking_twice", "booking_total", "booking_tickets", "booking_tickets", "booking_tickets",
        "booking_tickets",
    ]  # fmt: skip
    with world.hub.database.read() as tx:
        assert service.totals(tx) == {"CNY": (4, 20_100)}


sold = st.builds(_Sold, st.just(1), st.integers(1, 3), st.just(DAY), st.integers(0, 10**6), st.just("CNY"))


@given(st.integers(0, 10**6), st.lists(sold, max_size=9))
def test_what_the_trips_get_sums_to_what_was_paid_for_extras(extras: int, tickets: list[_Sold]) -> None:
    found = _by_trip(extras, tickets)
    assert sum(minor for _, minor in found) == extras
    assert {where for where, _ in found} == ({(one.trip_no, one.day) for one in tickets} or {(0, 0)})
