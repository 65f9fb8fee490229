"""What is given back, exchanged or reissued after it was paid by phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.domains.ticketing.office.bookings import Rider, Wish
from sync.domains.payments.events import CAUSES, RepaymentAsked
from sync.domains.ticketing.events import CASH, MOBILE, RefundPaid, TicketRefunded
from sync.domains.ticketing.office.reissue import DAMAGED
from sync.domains.ticketing.operations import FareRules, RefundWord
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, LATE_TRIP, TODAY
from tests.support.paying import PayBench


@pytest.fixture
def pay(tmp_path: Path) -> PayBench:
    return PayBench(tmp_path)


def of(pay: PayBench, *kinds: type) -> list[object]:
    return [event for event in pay.events() if isinstance(event, kinds)]


def cause(pay: PayBench) -> str:
    asked = of(pay, RepaymentAsked)
    assert len(asked) == 1
    return CAUSES[asked[0].cause]  # type: ignore[attr-defined]


def test_several_riders_and_their_luggage_are_one_payment_and_go_back_one_by_one(pay: PayBench) -> None:
    rules = FareRules("d", "a default", TODAY, None, (), (("luggage", 500, {}),), "CNY", 1)
    pay.bench.operate("net", rules.key, rules.to_bytes())
    wish = Wish(((COACH_TRIP, TODAY, 0, 4),), (Rider(), Rider()), (("luggage", 1),))
    sale_no = pay.node.bookings.hold(wish, "kiosk").order_no
    payment = pay.node.payments.ask(sale_no)
    assert payment.amount_minor == 2 * 3000 + 500
    pay.desk.pay(payment.order_no)
    pay.go_on()
    assert pay.state(sale_no) == "taken"
    pay.check()
    assert pay.node.ticketing.takings(None, TODAY).in_hand == {"CNY": 0}, "nothing of it is in the drawer"
    for ticket in pay.node.ticketing.takings(None, TODAY).tickets:
        fee = pay.node.refunds.offer(ticket.number, "passenger").fee_minor
        pay.node.refunds.refund(ticket.number, "passenger", fee, CLERK_NO, f"refund-{ticket.number}")
    pay.settle()
    assert [event.amount_minor for event in of(pay, RepaymentAsked)] == [2700, 2700]  # type: ignore[attr-defined]
    assert pay.money_at_gateway() == 2 * 300 + 500
    pay.check()


def test_a_refund_goes_back_by_the_way_it_came(pay: PayBench) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.go_on()
    number = pay.node.ticketing.order_view(payment.sale_no).ticket_number or ""
    cash = pay.bench.sell()
    for one in (number, cash.number):
        fee = pay.node.refunds.offer(one, "passenger").fee_minor
        pay.node.refunds.refund(one, "passenger", fee, CLERK_NO, f"refund-{one}")
    assert [event.payment for event in of(pay, TicketRefunded)] == [MOBILE, CASH]  # type: ignore[attr-defined]
    assert pay.node.ticketing.takings(None, TODAY).in_hand == {"CNY": 300}
    back = pay.node.payments.back_of(pay.node.ticketing.find(number).ticket_id)
    assert back is not None and (back.amount_minor, back.made_ms) == (2700, None)
    assert pay.node.payments.back_of(cash.ticket_id) is None
    pay.faults("refund_slow", "answer_lost")
    pay.settle()
    assert cause(pay) == "given_back"
    assert pay.money_at_gateway() == 300
    assert pay.desk.books.rows("SELECT amount_minor, state FROM refund") == [(2700, "done")]
    back = pay.node.payments.back_of(pay.node.ticketing.find(number).ticket_id)
    assert back is not None and back.made_ms is not None
    pay.check()


def test_what_was_paid_by_phone_goes_back_by_phone_on_the_hubs_word_too(pay: PayBench) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.go_on()
    sold = pay.node.ticketing.find(pay.node.ticketing.order_view(payment.sale_no).ticket_number or "")
    pay.clock.pass_ms(sold.ride.departs_ms + 60_000 - pay.clock.wall_ms())
    made = pay.node.requests.ask(sold.number, "passenger", CLERK_NO, "request-of-the-late")
    word = RefundWord(
        True, sold.ticket_id.to_bytes(), COACH_TRIP, sold.ride.day, 600, 2400, "CNY", "told by the driver", 1
    )
    pay.bench.operate("node/7", f"refund/1/{int(made.number[-5:])}", word.to_bytes())
    pay.node.requests.pay(made.number, CLERK_NO)
    assert pay.node.requests.find(made.number).payment == "mobile"
    assert [event.payment for event in of(pay, RefundPaid)] == [MOBILE]  # type: ignore[attr-defined]
    pay.settle()
    assert pay.money_at_gateway() == 600
    pay.check()


def test_an_exchange_gives_back_by_phone_and_takes_the_new_price_in_cash(pay: PayBench) -> None:
    pay.bench.grant(LATE_TRIP, seats={1: ALL_LEGS})
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.go_on()
    number = pay.node.ticketing.order_view(payment.sale_no).ticket_number or ""
    where = (LATE_TRIP, TODAY, 0, 4)
    offer = pay.node.rebooking.offer(number, where, "passenger")
    assert offer.due_minor == offer.price_minor, "not the difference: the old money goes another way"
    new = pay.node.rebooking.rebook(number, where, None, "passenger", offer.due_minor, CLERK_NO, "exchange-key")
    assert pay.node.rebooking.outcome(number).due_minor == new.price_minor
    assert (pay.node.ticketing.find(number).payment, new.payment) == ("mobile", "cash")
    pay.settle()
    assert pay.money_at_gateway() == offer.fee_minor
    pay.check()


def test_a_new_paper_is_paid_for_as_the_old_one_and_goes_back_by_phone_too(pay: PayBench) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.go_on()
    number = pay.node.ticketing.order_view(payment.sale_no).ticket_number or ""
    new = pay.node.reissuing.reissue(number, DAMAGED, CLERK_NO, "reissue-key")
    assert new.payment == "mobile" and not of(pay, RepaymentAsked)
    fee = pay.node.refunds.offer(new.number, "station_error").fee_minor
    pay.node.refunds.refund(new.number, "station_error", fee, CLERK_NO, "refund-of-it")
    pay.settle()
    assert pay.money_at_gateway() == 0 and cause(pay) == "given_back"
    pay.check()
