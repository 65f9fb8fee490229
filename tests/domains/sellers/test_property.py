"""Whatever sellers and boxes do, in any order: no seat has two owners, the money adds up, the hub breaks no rule."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.ledger import Book
from cloud.domains.sellers.books.bookings import Booking
from cloud.domains.ticketing.tables import refund, ticket
from cloud.kernel import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.inventory.rules import legs_mask
from sync.kernel.errors import Refusal, YipiaoError
from tests.cloud.selling import Shopper
from tests.cloud.world import DAY, Box, Trip, World, adds_up, new_world

RESERVED, FREE = 7, 8
CAPACITY = 3
TRIPS = [Trip(RESERVED, capacity=CAPACITY), Trip(FREE, seat_plan_kind="free", capacity=CAPACITY)]
Step = tuple[str, int, int, int]
number = st.integers(0, 7)
steps = st.tuples(
    st.sampled_from(["book", "buy", "ticket", "cancel", "refund", "lapse", "grant", "sell", "return"]),
    number,
    number,
    number,
)


class Players:
    """Two sellers, one at each of two hub processes, and two boxes."""

    def __init__(self, world: World, other: World) -> None:
        self.world = world
        self.shops = [Shopper(world, "Bamboo"), Shopper(other, "Heron", limit_minor=12_000)]
        self.boxes = [world.box(name, low_water=0) for name in ("a", "b")]
        self.made: list[tuple[Shopper, Booking]] = []

    def play(self, what: str, who: int, first: int, second: int) -> None:
        trip_no = RESERVED if second % 2 else FREE
        ride = (first % 3, first % 3 + 1 + second % (3 - first % 3))
        shop, box = self.shops[who % 2], self.boxes[who % 2]
        if what in ("book", "buy"):
            seat = None if trip_no == FREE or second > 4 else 1 + first % CAPACITY
            made = shop.book((*ride, seat), (*ride, None), trip_no=trip_no)
            self.made.append((shop, made))
            if what == "buy":
                shop.ticket(made)
        elif what in ("ticket", "cancel", "refund") and self.made:
            shop, made = self.made[first % len(self.made)]
            act: Callable[[Booking], Booking] = getattr(shop, what)
            act(made)
        elif what == "lapse":
            self.world.clock.now_ms += 6 * 60_000
            self.world.hub.lapse()
        elif what == "grant":
            self.world.grant(box, trip_no, 1 + second % 2, ride[0])
            box.visit()
        elif what == "sell":
            sell(box, trip_no, ride)
        elif what == "return":
            give_back(box, trip_no)


def sell(box: Box, trip_no: int, ride: tuple[int, int]) -> None:
    """The box sells what it holds and has not sold or returned: it asks the hub's books, which know all that it said."""
    book = books(box, trip_no)
    chosen = c.exact(book.open((box.node_no, box.epoch)), *ride, 1, book.reserved)
    if chosen:
        box.sell(trip_no, next(iter(chosen)) if book.reserved else 0, *ride)
        box.visit()


def give_back(box: Box, trip_no: int) -> None:
    """The box returns what is left of each of its grants, where it can spare that: what it returned before counts."""
    for grant in box.grants(trip_no):
        book = books(box, trip_no)
        line = next(one for one in book.grants if one.grant_id == grant.grant_id)
        cells = c.minus(line.cells, line.returned, book.reserved)
        if cells and c.covers(book.open(line.holder), cells, book.reserved):
            pairs = tuple(sorted(cells.items()))
            box.give_back(grant, *((pairs, ()) if book.reserved else ((), pairs)))
            box.visit()


def books(box: Box, trip_no: int) -> Book:
    with box.hub.database.read() as tx:
        return ledger.load(tx, [(trip_no, DAY)])[trip_no, DAY]


def run(played: list[Step]) -> None:
    """Play, and look at everything afterwards."""
    with tempfile.TemporaryDirectory() as name, new_world(f"sqlite:///{name}/hub.sqlite", Path(name), TRIPS) as world:
        other = world.again()
        players = Players(world, other)
        for step in played:
            try:
                players.play(*step)
            except Refusal:
                continue
        look(world, players)
        other.hub.close()


def look(world: World, players: Players) -> None:
    assert world.rows(quarantine) == []
    back = {bytes(row["ticket_id"]): row["refunded_minor"] for row in world.rows(refund)}
    owned: dict[tuple[int, int], int] = {}
    places: dict[tuple[int, int], int] = {}
    for row in world.rows(ticket):
        if bytes(row["ticket_id"]) in back:
            continue
        if row["seat"]:
            mask, key = legs_mask(row["from_idx"], row["to_idx"]), (row["trip_no"], row["seat"])
            assert owned.get(key, 0) & mask == 0, "a seat with two owners"
            owned[key] = owned.get(key, 0) | mask
        else:
            for leg in range(row["from_idx"], row["to_idx"]):
                places[row["trip_no"], leg] = places.get((row["trip_no"], leg), 0) + 1
    assert max(places.values(), default=0) <= CAPACITY
    for trip in TRIPS:
        try:
            adds_up(world.trip(trip.trip_no))
        except Refusal:  # nobody ever asked for it
            continue
    own = [row for row in world.rows(ticket) if row["payment"] == 1]
    owed = sum(row["price_minor"] for row in own) - sum(back.values())
    assert sum(shop.owed() for shop in players.shops) == owed
    assert all(shop.owed() <= shop.seller.limit_minor for shop in players.shops)
    assert rebuild.rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=20))
def test_no_seat_has_two_owners_and_the_money_adds_up(played: list[Step]) -> None:
    run(played)


EVERYBODY = [
    ("grant", 0, 0, 1),
    ("sell", 0, 0, 1),
    ("buy", 0, 0, 5),
    ("buy", 1, 0, 5),
    ("grant", 1, 0, 1),
    ("sell", 1, 0, 1),
]


def test_these_steps_are_fine_as_they_are() -> None:
    run(list(EVERYBODY))


def test_a_box_that_sold_from_two_grants_returns_one_of_them() -> None:
    run([("grant", 0, 0, 0), ("grant", 0, 0, 0), ("sell", 0, 0, 0), ("return", 0, 0, 0)])


def test_a_hub_that_forgets_what_is_taken_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: all cells are free, whoever holds them."""
    monkeypatch.setattr(Book, "free", lambda self: c.whole(self.reserved, self.capacity, self.legs))
    with pytest.raises((AssertionError, YipiaoError)):
        run(list(EVERYBODY))
