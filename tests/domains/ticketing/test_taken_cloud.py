"""Seats of tickets that were paid out elsewhere, at the hub: whose they are, and what a lying box could write."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.domains.ticketing import service
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import event_log, quarantine
from sync.domains import EVENTS
from sync.domains.ticketing.events import RefundPaid, SeatTakenBack, TicketRefunded, TicketSold
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, adds_up, new_world
from tests.domains.ticketing.test_refund_cloud import board, codes, give_back, id_of
from tests.domains.ticketing.test_requests_cloud import PAID, ask, decide

WHOLE = 0b111
TAKEN = SeatTakenBack(b"", 7, DAY, 0, 3, 1)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def asked(world: World) -> tuple[Box, Box, int]:
    """A box that sold seat 1, another where its passenger asks for the money, and the position of the request."""
    seller, desk = world.box("a"), world.box("b")
    world.grant(seller, 7, 2)
    seller.sell(7, 1)
    seller.visit()
    return seller, desk, ask(world, desk, id_of(seller, 1))


def take_back(seller: Box, **changes: Any) -> None:
    seller.append(dataclasses.replace(TAKEN, **{"ticket_id": id_of(seller, 1), **changes}))
    seller.visit()


def folds_the_same(world: World) -> bool:
    return rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_a_seat_that_its_seller_takes_back_on_the_hubs_word_is_sold_or_returned_again(world: World) -> None:
    seller, desk, pos = asked(world)
    decide(world, pos)
    with world.hub.database.read() as tx:
        assert service.good_tickets(tx, 7, DAY) == {}, "void from the word on"
    take_back(seller)
    seller.sell(7, 1)
    seller.visit()
    desk.append(dataclasses.replace(PAID, ticket_id=id_of(seller, 1)))
    desk.visit()
    assert codes(world) == []
    with world.hub.database.read() as tx:
        assert list(service.good_tickets(tx, 7, DAY)) == [id_of(seller, 2)]
    adds_up(world.trip(7))
    assert folds_the_same(world)


def test_without_it_the_seat_stays_sold_whatever_was_decided_and_paid(world: World) -> None:
    seller, desk, pos = asked(world)
    decide(world, pos)
    desk.append(dataclasses.replace(PAID, ticket_id=id_of(seller, 1)))
    desk.visit()
    seller.sell(7, 1)
    seller.visit()
    assert codes(world) == ["seat_sold_twice"]


def test_a_seat_taken_back_can_be_returned_and_goes_to_somebody_else(world: World) -> None:
    seller, _, pos = asked(world)
    decide(world, pos)
    take_back(seller)
    seller.give_back(seller.grants(7)[0], [(1, WHOLE)])
    seller.visit()
    assert codes(world) == []
    adds_up(world.trip(7))
    assert world.trip(7).free_cells[1] == WHOLE
    assert folds_the_same(world)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"ticket_id": bytes(8)}, "taken_unknown_ticket"), ({"ticket_id": b"x"}, "taken_unknown_ticket"),
     ({"seat": 2}, "taken_differs"), ({"day": DAY + 1}, "taken_differs"), ({"to_idx": 2}, "taken_differs"),
     ({"trip_no": 8}, "taken_differs")],
)  # fmt: skip
def test_what_a_lying_box_takes_back_frees_nothing(world: World, changes: dict[str, Any], code: str) -> None:
    seller, _, pos = asked(world)
    decide(world, pos)
    take_back(seller, **changes)
    seller.sell(7, 1)
    seller.visit()
    assert codes(world) == [code, "seat_sold_twice"] and folds_the_same(world)


def test_who_takes_back_before_the_word_has_no_word_also_when_the_books_are_folded_again(world: World) -> None:
    seller, _, pos = asked(world)
    take_back(seller)
    decide(world, pos)
    assert codes(world) == ["taken_undecided"] and folds_the_same(world)
    take_back(seller)
    assert codes(world) == ["taken_undecided"], "now there is one"


def test_a_denied_request_frees_no_seat(world: World) -> None:
    seller, _, pos = asked(world)
    decide(world, pos, approved=False, fee=0)
    take_back(seller)
    assert codes(world) == ["taken_undecided"]


def test_no_box_takes_back_what_another_sold(world: World) -> None:
    seller, desk, pos = asked(world)
    decide(world, pos)
    desk.append(dataclasses.replace(TAKEN, ticket_id=id_of(seller, 1)))
    desk.visit()
    assert codes(world) == ["taken_unknown_ticket"]


def test_one_seat_comes_back_once_by_whichever_way(world: World) -> None:
    seller, _, pos = asked(world)
    decide(world, pos)
    take_back(seller)
    take_back(seller)
    give_back(seller, 1)
    seller.visit()
    assert codes(world) == ["taken_twice", "refund_twice"]
    other = world.box("c")
    world.grant(other, 7, 2)
    other.visit()
    seat = next(iter(other.seats(7)))
    other.sell(7, seat)
    other.visit()
    decide(world, ask(world, seller, id_of(other, 1), 2))
    give_back(other, 1)
    other.append(dataclasses.replace(TAKEN, ticket_id=id_of(other, 1), seat=seat))
    other.visit()
    assert codes(world)[2:] == ["taken_twice"] and folds_the_same(world)


def test_a_ticket_that_boarded_all_the_same_is_a_conflict_in_either_order(world: World) -> None:
    seller, desk, pos = asked(world)
    decide(world, pos)
    take_back(seller)
    board(desk, id_of(seller, 1))
    desk.visit()
    assert codes(world) == ["boarded_refunded"] and folds_the_same(world)


STEPS = ("sell", "lie", "ask", "decide", "take", "refund", "pay", "give_up")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=16))
def test_in_whatever_order_a_seat_has_one_owner_and_a_lie_frees_none(what: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name, new_world(f"sqlite:///{name}/hub.sqlite", Path(name)) as world:
        counter = Counter(world)
        for step in what:
            getattr(counter, step)()
        counter.seller.visit()
        counter.desk.visit()
        assert set(codes(world)) <= {"taken_undecided", "taken_twice"}
        adds_up(world.trip(7))
        assert folds_the_same(world)
        _one_owner(world)


class Counter:
    """An honest seller of one seat, but for what it says of seats taken back; and a desk where its passengers ask."""

    def __init__(self, world: World) -> None:
        self.world, self.seller, self.desk = world, world.box("a"), world.box("b")
        world.grant(self.seller, 7, 1)
        self.seller.visit()
        self.granted = self.seller.grants(7)[0]
        self.open, self.returned, self.last, self.sold_seq = True, False, 0, 0
        self.asked: dict[int, int] = {}
        self.decided: set[int] = set()
        self.paid: set[int] = set()

    def sell(self) -> None:
        if self.open and not self.returned:
            self.sold_seq, self.last, self.open = self.seller.sell(7, 1), self.seller.serial, False

    def lie(self) -> None:
        if self.last and (self.open or self.last not in self.decided):
            take_back(self.seller, ticket_id=id_of(self.seller, self.last))

    def take(self) -> None:
        if not self.open and self.last in self.decided:
            take_back(self.seller, ticket_id=id_of(self.seller, self.last))
            self.open = True

    def refund(self) -> None:
        if not self.open and self.last not in self.decided:
            give_back(self.seller, self.sold_seq)
            self.open = True

    def ask(self) -> None:
        self.seller.visit()
        if self.last and self.last not in self.asked:
            self.asked[self.last] = len(self.asked) + 1
            ask(self.world, self.desk, id_of(self.seller, self.last), self.asked[self.last])

    def decide(self) -> None:
        self.seller.visit()
        with self.world.hub.database.write() as tx:
            for line in self.world.hub.deciding.waiting(tx, 10):
                self.world.hub.deciding.decide(tx, line.pos, not line.problem, 0, "查实", "somebody")
                found = TicketId.from_number(line.ticket_number)
                if not line.problem and found is not None:
                    self.decided.add(found.serial)

    def pay(self) -> None:
        for serial in sorted(self.decided - self.paid):
            self.paid.add(serial)
            self.desk.append(
                RefundPaid(0, self.asked[serial], id_of(self.seller, serial), 7, DAY, 0, 5000, "CNY", 0, 1)
            )

    def give_up(self) -> None:
        if self.open and not self.returned:
            self.seller.give_back(self.granted)
            self.returned = True


def _one_owner(world: World) -> None:
    """The hub's log told again: nobody gets the seat while somebody has it."""
    aside, owner = {row["pos"] for row in world.rows(quarantine)}, None
    for row in world.rows(event_log):
        event = EVENTS.decode(bytes(row["bytes"])).event
        if isinstance(event, TicketSold):
            assert owner is None, f"ticket {event.serial} has the seat of {owner}"
            owner = event.serial
        elif isinstance(event, TicketRefunded | SeatTakenBack) and row["pos"] not in aside:
            assert owner == TicketId.from_bytes(event.ticket_id).serial
            owner = None
