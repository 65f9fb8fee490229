"""Payments at the hub: folded, judged, and compared with the gateway's statement."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.domains.payments import service
from cloud.domains.payments.service import Line, compare, read_statement
from cloud.domains.payments.tables import payment
from cloud.domains.ticketing.tables import ticket
from cloud.kernel.rebuild import rebuild
from cloud.kernel.tables import quarantine
from sync.domains.payments.events import PaymentAsked, PaymentEnded, PaymentTaken, RepaymentAsked, RepaymentMade
from sync.domains.ticketing.events import (
    CASH,
    MOBILE,
    REISSUED,
    BookingSold,
    RefundAsked,
    RefundPaid,
    TicketRefunded,
    TicketReissued,
)
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, Box, World, new_world

PRICE = 5000
SPAN = (0, 1_000_000)


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        yield made


@pytest.fixture
def box(world: World) -> Box:
    found = world.box("a")
    world.grant(found, 7, 9)
    return found


def asked(box: Box, order_no: str = "p-1", amount_minor: int = PRICE) -> None:
    box.append(PaymentAsked(order_no, 1, amount_minor, "CNY", 0))


def taken(box: Box, order_no: str = "p-1", amount_minor: int = PRICE, paid_ms: int = 500, **more: Any) -> None:
    made = PaymentTaken(order_no, f"G-{order_no}", amount_minor, "CNY", box.serial + 1, paid_ms)
    box.append(dataclasses.replace(made, **more))


def paid(box: Box, order_no: str = "p-1", seat: int = 1, paid_ms: int = 500) -> int:
    asked(box, order_no)
    taken(box, order_no, paid_ms=paid_ms)
    return box.sell(7, seat, payment=MOBILE)


def give_back(box: Box, order_no: str = "p-1", serial: int = 1, minor: int = 4500, payment: int = MOBILE) -> None:
    ticket_id = TicketId(box.node_no, box.epoch, serial).to_bytes()
    if payment == MOBILE:
        box.append(RepaymentAsked(order_no, f"{order_no}-r1", minor, "CNY", 3, ticket_id, ""))
    box.append(
        TicketRefunded(ticket_id, 7, DAY, 0, 3, 1, PRICE - minor, minor, "CNY", payment, 0, "default/120", 1, True)
    )


def codes(world: World) -> list[str]:
    return [row["code"] for row in world.rows(quarantine)]


def found_in(world: World, lines: list[Line]) -> dict[str, Any]:
    with world.hub.database.read() as tx:
        return compare(tx, DAY, *SPAN, lines).as_found()


def differences(world: World, lines: list[Line]) -> list[tuple[str, int]]:
    return [(one["code"], one["amount_minor"]) for one in found_in(world, lines)["differences"]]


def of_payment(order_no: str = "p-1", amount_minor: int = PRICE, at_ms: int = 500) -> Line:
    return Line("payment", order_no, "", amount_minor, "CNY", at_ms)


@pytest.mark.parametrize("most", [1, 2, 100])
def test_money_and_its_ticket_balance_however_the_log_is_cut(world: World, box: Box, most: int) -> None:
    paid(box)
    give_back(box)
    box.append(RepaymentMade("p-1", "p-1-r1", "R1", 4500))
    paid(box, "p-2", seat=2)
    box.visit(most)
    assert codes(world) == []
    rows = {row["order_no"]: row for row in world.rows(payment)}
    assert {number: (row["state"], row["left_minor"], row["back_minor"]) for number, row in rows.items()} == {
        "p-1": ("taken", 0, 4500), "p-2": ("taken", 0, 0),
    }  # fmt: skip
    with world.hub.database.read() as tx:
        (one,) = service.sums(tx)
        assert (one.taken, one.taken_minor, one.back_minor, one.open, one.not_returned) == (2, 10_000, 4500, 0, 0)
        assert service.without_ticket(tx) == []


def test_a_ticket_without_payment_is_put_aside_and_counts_as_sold(world: World, box: Box) -> None:
    box.sell(7, 1, payment=MOBILE)
    asked(box)
    box.sell(7, 2, payment=MOBILE)
    taken(box)
    box.sell(7, 3, payment=MOBILE)
    box.sell(7, 4, payment=MOBILE)
    box.visit()
    assert codes(world) == ["ticket_without_payment"] * 3
    assert [row["state"] for row in world.rows(ticket)] == ["quarantined", "quarantined", "ok", "quarantined"]


def test_money_whose_ticket_never_comes_is_shown(world: World, box: Box) -> None:
    asked(box)
    taken(box)
    box.sell(7, 1, payment=CASH)
    box.visit()
    with world.hub.database.read() as tx:
        assert [(row.order_no, row.left_minor) for row in service.without_ticket(tx)] == [("p-1", PRICE)]
    assert differences(world, [of_payment()]) == [("paid_without_ticket", PRICE)]


def test_several_tickets_and_extras_use_up_one_payment(world: World, box: Box) -> None:
    asked(box, amount_minor=2 * PRICE + 300)
    taken(box, amount_minor=2 * PRICE + 300)
    for seat in (1, 2):
        box.sell(7, seat, payment=MOBILE)
    box.append(BookingSold(1, 2, 2 * PRICE + 300, "CNY", MOBILE, 1, 0, (("luggage", 1, 300),)))
    box.visit(2)
    assert "ticket_without_payment" not in codes(world)
    assert [row["left_minor"] for row in world.rows(payment)] == [0]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (PaymentTaken("p-9", "G", PRICE, "CNY", 1, 1), "payment_unknown"),
        (PaymentTaken("p-1", "G", PRICE - 1, "CNY", 1, 1), "payment_differs"),
        (PaymentTaken("p-1", "G", PRICE, "HKD", 1, 1), "payment_differs"),
        (PaymentAsked("p-1", 2, PRICE, "CNY", 0), "payment_twice"),
        (PaymentAsked("p-3", 2, 0, "CNY", 0), "price_range"),
        (PaymentAsked("p-3", 2, 1 << 62, "CNY", 0), "price_range"),
        (PaymentEnded("p-9"), "payment_unknown"),
        (PaymentEnded("p-2"), "payment_twice"),
        (PaymentTaken("p-2", "G", PRICE, "CNY", 1, 1), "payment_twice"),
        (RepaymentAsked("p-9", "r", 1, "CNY", 0, b"", ""), "payment_unknown"),
        (RepaymentAsked("p-2", "r", PRICE, "CNY", 0, b"", ""), "repayment_above"),
        (RepaymentAsked("p-1", "r", 0, "CNY", 0, b"", ""), "price_range"),
        (RepaymentAsked("p-1", "r", 1, "CNY", 9, b"", ""), "price_range"),
        (RepaymentAsked("p-1", "r", 1, "CNY", 3, b"", ""), "repayment_above"),
        (RepaymentMade("p-1", "r", "G", 1), "payment_unknown"),
    ],
)
def test_what_a_lying_box_could_write_is_put_aside_and_blocks_nothing(
    world: World, box: Box, event: Any, code: str
) -> None:
    asked(box)
    paid(box, "p-2")
    box.append(event)
    box.sell(7, 2)
    box.visit()
    assert codes(world) == [code]
    assert len(world.rows(ticket)) == 2


def test_more_never_goes_back_than_was_paid(world: World, box: Box) -> None:
    paid(box)
    give_back(box, minor=3000)
    ticket_id = TicketId(box.node_no, box.epoch, 1).to_bytes()
    box.append(RepaymentAsked("p-1", "p-1-r2", 2001, "CNY", 3, ticket_id, ""))
    box.append(RepaymentMade("p-1", "p-1-r1", "R", 2999))
    box.visit()
    assert codes(world) == ["repayment_above", "payment_differs"]


def test_a_refund_goes_back_by_the_way_it_came(world: World, box: Box) -> None:
    paid(box)
    give_back(box, payment=CASH)
    box.sell(7, 2)
    ticket_id = TicketId(box.node_no, box.epoch, 2).to_bytes()
    box.append(TicketRefunded(ticket_id, 7, DAY, 0, 3, 2, 500, 4500, "CNY", MOBILE, 0, "default/120", 1, True))
    paid(box, "p-2", seat=3)
    third = TicketId(box.node_no, box.epoch, 3).to_bytes()
    box.append(TicketRefunded(third, 7, DAY, 0, 3, 3, 500, 4500, "CNY", MOBILE, 0, "default/120", 1, True))
    box.visit()
    assert codes(world) == ["refund_other_way"] * 3


@pytest.mark.parametrize(("payment", "asked", "found"), [(MOBILE, 4500, []), (MOBILE, 4000, ["refund_other_way"]),
                                                         (CASH, 0, ["refund_other_way"])])  # fmt: skip
def test_what_the_hub_decided_goes_back_by_the_way_it_came(
    world: World, box: Box, payment: int, asked: int, found: list[str]
) -> None:
    paid(box)
    ticket_id = TicketId(box.node_no, box.epoch, 1).to_bytes()
    box.append(RefundAsked(1, ticket_id, 0, 2, 1))
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.deciding.decide(tx, world.hub.deciding.waiting(tx, 1)[0].pos, True, 500, "too late", "admin")
    if asked:
        box.append(RepaymentAsked("p-1", "p-1-r1", asked, "CNY", 3, ticket_id, ""))
    box.append(RefundPaid(0, 1, ticket_id, 7, DAY, 500, 4500, "CNY", 0, 1, payment))
    box.visit()
    assert codes(world) == found


def test_a_reissued_ticket_keeps_its_payment(world: World, box: Box) -> None:
    paid(box)
    old, new = (TicketId(box.node_no, box.epoch, serial).to_bytes() for serial in (1, 2))
    box.append(TicketReissued(old, 2, 0, 1))
    box.append(TicketRefunded(old, 7, DAY, 0, 3, 1, 0, PRICE, "CNY", MOBILE, REISSUED, "reissue/damaged", 1, True))
    box.sell(7, 1, payment=MOBILE)
    box.append(RepaymentAsked("p-1", "p-1-r1", 4500, "CNY", 3, new, ""))
    box.append(TicketRefunded(new, 7, DAY, 0, 3, 1, 500, 4500, "CNY", MOBILE, 0, "default/120", 1, True))
    box.visit(2)
    assert codes(world) == []


def test_the_fold_gives_the_same_again(world: World, box: Box) -> None:
    paid(box)
    give_back(box)
    box.sell(7, 5, payment=MOBILE)
    asked(box, "p-2")
    box.append(PaymentEnded("p-2"))
    asked(box, "p-3")
    box.append(RepaymentAsked("p-3", "p-3-r1", 4999, "CNY", 1, b"", "G"))
    box.visit(2)
    assert rebuild(world.hub.database, world.hub.fold, keep=False).differing == []
    assert {row["order_no"]: row["state"] for row in world.rows(payment)} == {
        "p-1": "taken",
        "p-2": "ended",
        "p-3": "back",
    }


def test_a_day_that_agrees_has_no_difference(world: World, box: Box) -> None:
    paid(box)
    give_back(box)
    asked(box, "p-2")
    box.append(RepaymentAsked("p-2", "p-2-r1", 4999, "CNY", 1, b"", "G"))
    box.append(RepaymentMade("p-2", "p-2-r1", "R", 4999))
    box.visit()
    lines = [
        of_payment(), of_payment("p-2", 4999), Line("refund", "p-1", "p-1-r1", 4500, "CNY", 900),
        Line("refund", "p-2", "p-2-r1", 4999, "CNY", 900), of_payment("another day", 1, SPAN[1]),
    ]  # fmt: skip
    found = found_in(world, lines)
    assert (found["payments"], found["refunds"], found["fen_difference"], found["differences"]) == (2, 2, 0, [])
    assert found["paid_minor"] == {"CNY": 9999} and found["refunded_minor"] == {"CNY": 9499}


def test_every_difference_has_its_name_and_its_amount(world: World, box: Box) -> None:
    paid(box)
    asked(box, "p-2")
    paid(box, "p-3", seat=2)
    paid(box, "p-4", seat=3, paid_ms=SPAN[1])
    asked(box, "p-5")
    box.append(RepaymentAsked("p-5", "p-5-r1", PRICE, "CNY", 0, b"", "G"))
    box.append(RepaymentMade("p-5", "p-5-r1", "R", PRICE))
    box.visit()
    lines = [
        of_payment(), of_payment("p-2"), of_payment("p-9", 700), of_payment("p-5", PRICE - 1),
        Line("refund", "p-1", "p-1-r9", 50, "CNY", 900),
    ]  # fmt: skip
    assert differences(world, lines) == [
        ("paid_without_ticket", PRICE), ("not_asked", 700), ("amount_differs", 1), ("refund_unknown", 50),
        ("not_at_gateway", PRICE), ("refund_not_made", PRICE),
    ]  # fmt: skip
    assert found_in(world, lines)["fen_difference"] == 3 * PRICE + 751


@pytest.mark.parametrize(
    "text", ["payment,p-1,,x,CNY,5", "gift,p-1,,5,CNY,5", "payment,p-1", "payment,,,5,CNY,5", "payment,p-1,,-5,CNY,5"]
)
def test_a_statement_that_makes_no_sense_is_refused_with_its_line(text: str) -> None:
    head = ",".join(service.HEAD)
    with pytest.raises(Refusal) as refused:
        read_statement(f"{head}\npayment,p-0,,5,CNY,5\n{text}\n")
    assert (refused.value.code, refused.value.details) == ("statement_form", {"line": 3})
    assert read_statement(f"\ufeff{head}\npayment,p-0,,5,CNY,5\n") == [Line("payment", "p-0", "", 5, "CNY", 5)]
