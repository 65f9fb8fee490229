"""Refunds that a box may not make by itself: taken down, answered by the hub, paid out once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge import domains
from edge.domains.ticketing.office.requests import Request
from edge.domains.ticketing.service import Ticket
from edge.kernel.rebuild import dump, rebuild
from sync.domains.boarding.operations import VoidTicket
from sync.domains.ticketing.events import RefundAsked, RefundPaid, SeatTakenBack
from sync.domains.ticketing.operations import RefundWord
from sync.domains.ticketing.rules import DEFAULT_REFUND_RULES
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId
from tests.domains.ticketing.test_refund_edge import HOUR_MS, bench, logged, refund
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY, Bench, make_bench

__all__ = ["bench"]
OTHER = TicketId(9, 1, 4)
FIRST = "R00007-01-00001"


def ask(
    bench: Bench, number: str = OTHER.number, reason: str = "passenger", key: str = "key-of-this-request"
) -> Request:
    return bench.node.requests.ask(number, reason, CLERK_NO, key)


def answer(bench: Bench, made: Request, approved: bool = True, ticket_id: TicketId = OTHER) -> None:
    word = RefundWord(approved, ticket_id.to_bytes(), COACH_TRIP, TODAY, 300, 2700 if approved else 0, "CNY", "查实", 1)
    bench.operate("node/7", f"refund/1/{int(made.number[-5:])}", word.to_bytes())


def test_a_ticket_of_another_box_is_taken_down_once_and_waits(bench: Bench) -> None:
    made = ask(bench)
    assert (made.number, made.ticket_number, made.kind, made.state) == (
        "R00007-01-00001",
        OTHER.number,
        "other_box",
        "waiting",
    )
    assert ask(bench) == made == ask(bench, key="another-key-for-it")
    assert logged(bench, RefundAsked) == [RefundAsked(1, OTHER.to_bytes(), 0, 0, CLERK_NO)]
    with pytest.raises(Refusal, match="request_waiting"):
        bench.node.requests.pay(FIRST, CLERK_NO)
    with pytest.raises(Refusal, match="key_form"):
        ask(bench, TicketId(9, 1, 5).number)
    assert [one.number for one in bench.node.requests.newest()] == [made.number]


def test_what_was_approved_is_paid_here_once_and_counts_in_the_takings(bench: Bench) -> None:
    bench.sell()
    made = ask(bench)
    answer(bench, made)
    assert bench.node.requests.find(FIRST).state == "approved"
    paid = bench.node.requests.pay(FIRST, CLERK_NO)
    bench.restart()
    assert bench.node.requests.pay(FIRST, CLERK_NO) == paid and paid.state == "paid"
    assert logged(bench, RefundPaid) == [
        RefundPaid(0, 1, OTHER.to_bytes(), COACH_TRIP, TODAY, 300, 2700, "CNY", 0, CLERK_NO)
    ]
    takings = bench.node.ticketing.takings(None, TODAY)
    assert (takings.handed_back, takings.in_hand, takings.refunds) == ({"CNY": 2700}, {"CNY": 300}, 1)


def test_what_was_denied_or_meant_for_another_ticket_is_not_paid(bench: Bench) -> None:
    for key, approved, meant in (("first-request", False, OTHER), ("second-request", True, OTHER)):
        ticket_id = OTHER if not approved else TicketId(9, 1, 5)
        made = ask(bench, ticket_id.number, key=key)
        answer(bench, made, approved, meant)
        with pytest.raises(Refusal, match="request_denied"):
            bench.node.requests.pay(made.number, CLERK_NO)
    assert bench.node.requests.find(FIRST).state == "denied"
    for number in ("R00007-01-00009", "R00007-02-00001", "R00008-01-00001", "1", ""):
        with pytest.raises(Refusal, match="no_such_request"):
            bench.node.requests.pay(number, CLERK_NO)


def test_an_own_ticket_is_asked_for_only_where_this_box_may_not_take_it_back(bench: Bench) -> None:
    now, gone, back = bench.sell(0, 1), bench.sell(1, 2), bench.sell(2, 4)
    refund(bench, back)
    for one, code in ((now, "request_needless"), (back, "refund_done")):
        with pytest.raises(Refusal, match=code):
            ask(bench, one.number)
    bench.clock.pass_ms(4 * HOUR_MS)
    assert ask(bench, gone.number).kind == "departed"
    strict = dataclasses.replace(DEFAULT_REFUND_RULES, from_day=TODAY, hub_decides=("other_box",))
    bench.operate("net", strict.key, strict.to_bytes())
    with pytest.raises(Refusal, match="request_not_taken"):
        ask(bench, now.number, key="another-request")
    for text in ("", "123", "Y1:ABC"):
        with pytest.raises(Refusal, match="ticket_form"):
            ask(bench, text, key="another-request")


def test_the_box_that_sold_a_ticket_hears_that_it_is_void_and_takes_it_back_no_more(bench: Bench) -> None:
    sold = bench.sell()
    body = VoidTicket(COACH_TRIP, TODAY, 1).to_bytes()
    bench.operate("node/7", f"void/{sold.ticket_id.to_bytes().hex()}", body)
    for act in (lambda: bench.node.refunds.offer(sold.number, "passenger"),
                lambda: bench.node.reissuing.check(sold.number, "damaged")):  # fmt: skip
        with pytest.raises(Refusal, match="refund_decided"):
            act()


def tell_void(bench: Bench, sold: Ticket) -> None:
    """The hub's word that the money for a ticket goes back elsewhere."""
    body = VoidTicket(COACH_TRIP, TODAY, 1).to_bytes()
    bench.operate("node/7", f"void/{sold.ticket_id.to_bytes().hex()}", body)


def test_the_seat_of_a_ticket_that_is_paid_out_elsewhere_is_on_sale_again_once_its_seller_has_heard(
    bench: Bench,
) -> None:
    sold = bench.sell(0, 4, seat=1)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(0, 4, seat=1)
    assert bench.node.taking.run() == 0
    tell_void(bench, sold)
    assert (bench.node.taking.run(), bench.node.taking.run()) == (1, 0)
    assert logged(bench, SeatTakenBack) == [SeatTakenBack(sold.ticket_id.to_bytes(), COACH_TRIP, TODAY, 0, 4, 1)]
    again = bench.sell(0, 4, seat=1)
    assert ticket.parse(again.text).claims.superseded == (sold.ticket_id,), "a gate learns it from the next ticket"
    bench.restart()
    assert bench.node.taking.run() == 0, "once for ever"


def test_the_next_ticket_names_what_was_refunded_and_what_was_taken_back(bench: Bench) -> None:
    first = bench.sell(0, 4, seat=1)
    refund(bench, first)
    second = bench.sell(0, 4, seat=1)
    tell_void(bench, second)
    bench.node.taking.run()
    third = bench.sell(0, 4, seat=1)
    assert ticket.parse(third.text).claims.superseded == (second.ticket_id, first.ticket_id)


def test_a_seat_that_was_taken_back_goes_to_nobody_who_boards_behind_the_old_passenger(bench: Bench) -> None:
    sold = bench.sell(0, 4, seat=1)
    tell_void(bench, sold)
    bench.node.taking.run()
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(1, 4, seat=1)
    bench.sell(0, 1, seat=1)


def test_what_was_refunded_or_let_in_here_and_what_others_sold_is_not_taken_back(bench: Bench) -> None:
    back, aboard = bench.sell(0, 4, seat=1), bench.sell(0, 4, seat=2)
    refund(bench, back)
    assert bench.node.boarding.check(aboard.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    for one in (back, aboard):
        tell_void(bench, one)
    for ticket_id in (OTHER, TicketId(7, 1, 99), TicketId(7, 2, aboard.ticket_id.serial)):
        body = VoidTicket(COACH_TRIP, TODAY, 1).to_bytes()
        bench.operate("node/7", f"void/{ticket_id.to_bytes().hex()}", body)
    assert bench.node.taking.run() == 0 and logged(bench, SeatTakenBack) == []
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(0, 4, seat=2)  # somebody sits there


def test_a_word_that_the_hub_has_forgotten_still_holds_where_the_seat_was_taken_back(bench: Bench) -> None:
    sold = bench.sell(0, 4, seat=1)
    tell_void(bench, sold)
    bench.node.taking.run()
    bench.operate("node/7", f"void/{sold.ticket_id.to_bytes().hex()}", None)
    with pytest.raises(Refusal, match="refund_decided"):
        bench.node.refunds.offer(sold.number, "passenger")
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO).reason == "refunded"


def test_a_visit_takes_back_first_also_while_the_hub_is_away(bench: Bench) -> None:
    before = bench.node.inventory.availability(COACH_TRIP, TODAY, 0, 4).places
    tell_void(bench, bench.sell(0, 4))
    assert bench.node.exchange.visit().error is not None
    assert bench.node.inventory.availability(COACH_TRIP, TODAY, 0, 4).places == before


def test_folding_the_log_again_gives_the_same_requests(bench: Bench, tmp_path: Path) -> None:
    answer(bench, ask(bench))
    ask(bench, TicketId(9, 1, 5).number, key="second-request")
    bench.node.requests.pay(FIRST, CLERK_NO)
    tell_void(bench, bench.sell(0, 4, seat=1))
    assert bench.node.taking.run() == 1
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    parts = (node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, domains.STATE_TABLES)
    node.scribe.write(lambda unit: rebuild(unit.connection, *parts))
    assert dump(node.database.read(), tables) == before
    fresh = make_bench(tmp_path / "fresh")
    assert fresh.node.requests.newest() == []
