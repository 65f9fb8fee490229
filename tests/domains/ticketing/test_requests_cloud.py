"""Requests for refunds at the hub: the word, where it goes, and what a lying box could write."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.ticketing import service
from cloud.domains.ticketing.tables import refund_request
from cloud.kernel.rebuild import rebuild
from sync.domains.boarding.operations import VoidTicket
from sync.domains.payments.events import PaymentAsked, PaymentTaken
from sync.domains.ticketing.events import MOBILE, RefundAsked, RefundPaid
from sync.domains.ticketing.operations import RefundWord
from sync.kernel.errors import Refusal
from tests.cloud.world import DAY, Box, World, new_world
from tests.domains.ticketing.test_refund_cloud import board, codes, give_back, id_of

PAID = RefundPaid(0, 1, b"", 7, DAY, 500, 4500, "CNY", 0, 1)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


def two(world: World) -> tuple[Box, Box]:
    """A box that sold a ticket, and another where its passenger asks."""
    seller, desk = world.box("a"), world.box("b")
    world.grant(seller, 7, 2)
    seller.sell(7, 1)
    seller.visit()
    return seller, desk


def ask(world: World, desk: Box, ticket_id: bytes, number: int = 1) -> int:
    """The position of the request at the hub."""
    desk.append(RefundAsked(number, ticket_id, 0, 0, 1))
    desk.visit()
    return int(world.rows(refund_request)[-1]["pos"])


def decide(world: World, pos: int, approved: bool = True, fee: int = 500, note: str = "查实") -> None:
    with world.hub.database.write() as tx:
        world.hub.deciding.decide(tx, pos, approved, fee, note, "somebody")


def word(desk: Box) -> RefundWord:
    (body,) = desk.keys("refund", f"node/{desk.node_no}").values()
    assert body is not None
    return RefundWord.from_bytes(body)


def test_a_yes_goes_to_where_it_was_asked_for_and_the_seller_hears_that_the_ticket_is_void(world: World) -> None:
    seller, desk = two(world)
    ticket_id = id_of(seller, 1)
    pos = ask(world, desk, ticket_id)
    with world.hub.database.read() as tx:
        (line,) = world.hub.deciding.waiting(tx, 10)
    assert (line.price_minor, line.problem, line.kind) == (5000, "", "other_box")
    decide(world, pos)
    desk.visit()
    seller.visit()
    said = word(desk)
    assert (said.approved, said.fee_minor, said.refunded_minor, said.ticket_id) == (True, 500, 4500, ticket_id)
    (void,) = seller.keys("void", f"node/{seller.node_no}").values()
    assert void is not None and VoidTicket.from_bytes(void).trip_no == 7
    desk.append(dataclasses.replace(PAID, ticket_id=ticket_id))
    desk.visit()
    assert codes(world) == []
    with world.hub.database.read() as tx:
        assert service.refund_totals(tx) == {"CNY": (1, 4500)}
        assert [(line.refunded_minor, line.refunds) for line in service.sales(tx, node_no=desk.node_no)] == [(4500, 1)]
        assert service.good_tickets(tx, 7, DAY) == {} and world.hub.deciding.waiting(tx, 10) == []
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_the_money_goes_out_once_whoever_pays_first(world: World) -> None:
    seller, desk = two(world)
    ticket_id = id_of(seller, 1)
    decide(world, ask(world, desk, ticket_id))
    for _ in range(2):
        desk.append(dataclasses.replace(PAID, ticket_id=ticket_id))
    desk.visit()
    give_back(seller, 1)
    seller.visit()
    assert sorted(codes(world)) == ["payout_twice", "refund_paid_out"]


def test_a_seat_is_its_sellers_again_who_gave_back_what_was_paid_out_elsewhere(world: World) -> None:
    seller, desk = two(world)
    ticket_id = id_of(seller, 1)
    pos = ask(world, desk, ticket_id)
    decide(world, pos)
    desk.append(dataclasses.replace(PAID, ticket_id=ticket_id))
    desk.visit()
    give_back(seller, 1)
    seller.sell(7, 1)
    seller.visit()
    assert codes(world) == ["refund_paid_out"]
    give_back(seller, 1)
    seller.visit()
    assert codes(world) == ["refund_paid_out", "refund_twice"]
    with world.hub.database.read() as tx:
        assert len(service.good_tickets(tx, 7, DAY)) == 1
        assert service.refund_totals(tx) == {"CNY": (3, 13500)}  # it left the drawers
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"request_no": 2}, "payout_unknown"), ({"epoch": 9}, "payout_unknown"), ({"request_no": 1 << 40}, "payout_unknown"),
     ({"paid_minor": 5000}, "payout_differs"), ({"fee_minor": 0}, "payout_differs"), ({"currency": "HKD"}, "payout_differs"),
     ({"ticket_id": bytes(8)}, "payout_differs"), ({"day": DAY + 1}, "payout_differs")],
)  # fmt: skip
def test_cash_that_nobody_approved_is_put_aside_and_counted(world: World, changes: dict[str, Any], code: str) -> None:
    seller, desk = two(world)
    decide(world, ask(world, desk, id_of(seller, 1)))
    desk.append(dataclasses.replace(PAID, **{"ticket_id": id_of(seller, 1), **changes}))
    desk.visit()
    assert codes(world) == [code]
    with world.hub.database.read() as tx:
        assert sum(count for count, _ in service.refund_totals(tx).values()) == 1
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_who_pays_before_the_word_has_no_word_also_when_the_books_are_folded_again(world: World) -> None:
    seller, desk = two(world)
    pos = ask(world, desk, id_of(seller, 1))
    desk.append(dataclasses.replace(PAID, ticket_id=id_of(seller, 1)))
    desk.visit()
    decide(world, pos)
    assert codes(world) == ["payout_unknown"]
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []


def test_the_books_answer_by_themselves_where_they_leave_no_doubt(world: World) -> None:
    seller, desk = world.box("a"), world.box("b")
    world.grant(seller, 7, 4)
    sales = [seller.sell(7, seat) for seat in (1, 2, 3)]
    give_back(seller, sales[0])
    board(seller, id_of(seller, 2))
    seller.visit()
    with world.hub.database.write() as tx:
        world.hub.disruptions.disrupt(tx, (7, DAY), "cancelled", 0, "台风", "somebody")
    for number in (1, 2, 3):
        ask(world, desk, id_of(seller, number), number)
    desk.visit()
    said = {
        key: RefundWord.from_bytes(body)
        for key, body in desk.keys("refund", f"node/{desk.node_no}").items()
        if body is not None
    }
    assert [(said[f"refund/1/{no}"].approved, said[f"refund/1/{no}"].note) for no in (1, 2, 3)] == [
        (False, "word_refunded"), (False, "word_boarded"), (True, "word_cancelled"),
    ]  # fmt: skip
    assert said["refund/1/3"].refunded_minor == 5000


def test_what_a_person_may_not_say(world: World) -> None:
    seller, desk = two(world)
    pos = ask(world, desk, id_of(seller, 1))
    unknown = ask(world, desk, id_of(seller, 9), 2)
    for which, more, code in ((pos, {"fee": 5001}, "request_fee"), (pos, {"fee": -1}, "request_fee"),
                              (pos, {"note": " "}, "request_note"), (unknown, {"fee": 0}, "request_ticket_unknown"),
                              (1 << 40, {}, "request_unknown")):  # fmt: skip
        with pytest.raises(Refusal, match=code):
            decide(world, which, **more)
    decide(world, unknown, approved=False, fee=0)
    decide(world, pos)
    with pytest.raises(Refusal, match="request_decided"):
        decide(world, pos, approved=False)
    third = ask(world, seller, id_of(seller, 1))
    with world.hub.database.read() as tx:
        assert world.hub.deciding.waiting(tx, 10) == [], "promised already: the second asking was denied at once"
    with pytest.raises(Refusal, match="request_decided"):
        decide(world, third)


def test_requests_that_make_no_sense_are_put_aside(world: World) -> None:
    desk = world.box("b")
    sound = RefundAsked(3, bytes(8), 0, 0, 1)
    odd: tuple[dict[str, Any], ...] = ({"ticket_id": b"x"}, {"request_no": 0}, {"reason": 9}, {"kind": 9})
    for event in (*(dataclasses.replace(sound, **changes) for changes in odd), dataclasses.replace(sound, request_no=4),
                  dataclasses.replace(sound, request_no=4)):  # fmt: skip
        desk.append(event)
    desk.visit()
    assert codes(world) == ["request_ticket", "request_range", "request_range", "request_range", "request_twice"]


def test_what_was_paid_by_phone_is_never_paid_out_in_cash_elsewhere(world: World) -> None:
    seller, desk = world.box("a"), world.box("b")
    world.grant(seller, 7, 2)
    seller.append(PaymentAsked("p-1", 1, 5000, "CNY", 0))
    seller.append(PaymentTaken("p-1", "G1", 5000, "CNY", 1, 500))
    seller.sell(7, 1, payment=MOBILE)
    seller.visit()
    pos = ask(world, desk, id_of(seller, 1))
    desk.visit()
    assert (word(desk).approved, word(desk).note) == (False, "word_other_way")
    with pytest.raises(Refusal, match="request_decided"):
        decide(world, pos)
    assert codes(world) == []
