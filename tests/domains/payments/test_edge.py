"""Paying by phone on one node, with the real sandbox at the other end."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge import domains
from edge.bootstrap import build
from edge.domains.payments.gateway.rounds import PAY_WITHIN_MS
from edge.domains.payments.service import HANGS_AFTER_MS, REACHED_FOR_MS
from edge.kernel.rebuild import dump, rebuild
from edge.kernel.settings import Settings
from sync.domains.payments import rules
from sync.domains.payments.events import (
    CAUSES,
    PaymentAsked,
    PaymentEnded,
    PaymentTaken,
    RepaymentAsked,
    RepaymentMade,
)
from sync.domains.ticketing.events import CASH, MOBILE, TicketSold
from sync.kernel.errors import Fault, Malformed, Refusal
from tests.support.nodes import CLERK_NO, FakeClock, NoLine
from tests.support.paying import KEY, PayBench


@pytest.fixture
def pay(tmp_path: Path) -> PayBench:
    return PayBench(tmp_path)


def of(pay: PayBench, *kinds: type) -> list[object]:
    return [event for event in pay.events() if isinstance(event, kinds)]


def cause(pay: PayBench) -> str:
    asked = of(pay, RepaymentAsked)
    assert len(asked) == 1
    return CAUSES[asked[0].cause]  # type: ignore[attr-defined]


def test_a_ticket_comes_of_a_verified_question_without_any_callback(pay: PayBench) -> None:
    pay.faults("callback_lost")
    payment = pay.asked()
    assert (payment.state, payment.amount_minor, payment.currency) == ("asked", 3000, "CNY")
    assert payment.code_url.startswith("http://pay.test/pay/")
    pay.go_on()
    assert pay.state(payment.sale_no) == "asked" and not of(pay, TicketSold)
    pay.desk.pay(payment.order_no)
    pay.go_on()
    order = pay.node.ticketing.order_view(payment.sale_no)
    assert (order.state, pay.state(payment.sale_no)) == ("sold", "taken")
    assert [type(event) for event in pay.events()[-3:]] == [PaymentAsked, PaymentTaken, TicketSold]
    sold = pay.events()[-1]
    assert (sold.payment, sold.clerk_no, sold.price_minor) == (MOBILE, 0, 3000)
    pay.check()


def test_the_intent_is_in_the_log_before_the_gateway_hears_of_it(pay: PayBench) -> None:
    seen: list[int] = []
    post = pay.line.post

    def look(path: str, body: bytes) -> bytes:
        seen.append(len(of(pay, PaymentAsked)))
        return post(path, body)

    pay.line.post = look  # type: ignore[method-assign]
    pay.asked()
    assert seen == [1]


def test_a_callback_sells_at_once_and_its_double_changes_nothing(pay: PayBench) -> None:
    pay.faults("callback_doubled")
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    before = len(pay.line.asked)
    pay.callbacks()
    assert pay.state(payment.sale_no) == "taken" and len(pay.line.asked) == before
    assert len(of(pay, TicketSold)) == 1
    pay.check()


@pytest.mark.parametrize(
    "fault", ["callback_forged", "callback_late", "callback_lost", "callback_amount", "answer_forged"]
)
def test_bad_callbacks_and_answers_sell_nothing_and_lose_nothing(pay: PayBench, fault: str) -> None:
    payment = pay.asked()
    pay.faults(fault)
    pay.callbacks()
    assert not of(pay, TicketSold)
    pay.desk.pay(payment.order_no)
    pay.callbacks()
    pay.go_on(5_000, 3)
    pay.callbacks()
    assert len(of(pay, TicketSold)) == 1
    pay.check()


def test_a_forged_word_that_it_was_paid_is_refused(pay: PayBench) -> None:
    payment = pay.asked()
    lie = {"kind": rules.CALLBACK, "nonce": "n", "order_no": payment.order_no, "state": "paid", "gateway_no": "G1",
           "paid_minor": 3000, "currency": "CNY", "paid_ms": 1}  # fmt: skip
    for data in (rules.seal(lie, b"x" * 32), b"{}", rules.seal({**lie, "kind": "query_answer"}, KEY)):
        with pytest.raises(Malformed):
            pay.node.payments.heard(data)
    assert pay.state(payment.sale_no) == "asked"
    pay.node.payments.heard(rules.seal({**lie, "order_no": "somebody-elses"}, KEY))
    assert pay.state(payment.sale_no) == "asked" and not of(pay, TicketSold)


@pytest.mark.parametrize("wrong", [{"currency": "HKD"}, {"paid_minor": 2999}, {"paid_minor": 3001}])
def test_a_callback_of_other_money_is_believed_only_when_the_gateway_says_it_again(
    pay: PayBench, wrong: dict[str, object]
) -> None:
    payment = pay.asked()
    said = {"kind": rules.CALLBACK, "nonce": "n", "order_no": payment.order_no, "state": "paid", "gateway_no": "G1",
            "paid_minor": 3000, "currency": "CNY", "paid_ms": 1, **wrong}  # fmt: skip
    pay.node.payments.heard(rules.seal(said, KEY))
    assert pay.state(payment.sale_no) == "asked", "the question gave another answer"


def test_other_money_than_was_asked_for_goes_back(pay: PayBench) -> None:
    payment = pay.asked()
    pay.faults("paid_other")
    pay.desk.pay(payment.order_no)
    pay.go_on(turns=3)
    assert not of(pay, TicketSold) and cause(pay) == "other_amount"
    assert pay.node.ticketing.order_view(payment.sale_no).state == "waiting", "cash is as good as before"
    assert pay.money_at_gateway() == 0
    pay.check()


def test_an_answer_to_another_question_is_not_believed(pay: PayBench) -> None:
    one, other = pay.asked(), pay.asked()
    pay.desk.pay(one.order_no)
    gateway, post = pay.node.payments.gateway, pay.line.post
    assert gateway is not None
    answers: list[bytes] = []

    def keep(path: str, body: bytes) -> bytes:
        answers.append(post(path, body))
        return answers[0]

    pay.line.post = keep  # type: ignore[method-assign]
    assert gateway.query(one.order_no).state == "paid"
    for order_no in (one.order_no, other.order_no):
        with pytest.raises(Malformed, match="gateway_answer"):
            gateway.query(order_no)
    assert gateway.reached_ms is None


def test_an_answer_on_another_payment_is_not_believed(pay: PayBench) -> None:
    one, other = pay.asked(), pay.asked()
    pay.desk.pay(one.order_no)
    gateway, query = pay.node.payments.gateway, pay.desk._query
    assert gateway is not None
    pay.desk._work["query"] = lambda asked: query({**asked, "order_no": one.order_no})
    with pytest.raises(Malformed, match="gateway_answer"):
        gateway.query(other.order_no)


def test_an_order_that_was_given_up_gives_the_money_back(pay: PayBench) -> None:
    payment = pay.asked()
    pay.node.ticketing.cancel(payment.sale_no)
    pay.desk.pay(payment.order_no)
    pay.go_on(turns=3)
    assert cause(pay) == "not_sold" and pay.money_at_gateway() == 0
    assert of(pay, RepaymentMade)
    pay.check()


def test_an_order_that_was_paid_in_cash_meanwhile_gives_the_money_back(pay: PayBench) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.node.ticketing.confirm(payment.sale_no, CLERK_NO, 3000)
    pay.settle()
    assert cause(pay) == "not_sold" and [event.payment for event in of(pay, TicketSold)] == [CASH]  # type: ignore[attr-defined]
    pay.check()


def test_a_seat_that_was_sold_to_somebody_else_gives_the_money_back(pay: PayBench) -> None:
    payment = pay.asked(seat=1)
    pay.faults("down", times=99)
    pay.desk.books.pay(payment.order_no, 3000, pay.clock.wall, False, [])
    pay.clock.pass_ms(16 * 60_000)  # the hold is over, and so is the order for others
    assert pay.bench.sell(seat=1).seat == 1
    pay.settle()
    assert cause(pay) == "not_sold"
    pay.check()


def test_a_trip_that_has_left_gives_the_money_back(pay: PayBench) -> None:
    payment = pay.asked()
    pay.faults("down", times=999)
    pay.desk.books.pay(payment.order_no, 3000, pay.clock.wall, False, [])
    pay.clock.pass_ms(4 * 3_600_000)
    pay.settle()
    assert cause(pay) == "not_sold"
    pay.check()


def test_nobody_waits_for_ever_and_what_is_closed_takes_no_money(pay: PayBench) -> None:
    payment = pay.asked()
    pay.go_on(PAY_WITHIN_MS, 2)
    assert pay.state(payment.sale_no) == "ended" and of(pay, PaymentEnded)
    assert pay.desk.pay(payment.order_no) == "closed"
    assert pay.node.ticketing.order_view(payment.sale_no).state == "waiting"
    again = pay.node.payments.ask(payment.sale_no)
    assert again.order_no != payment.order_no and again.state == "asked"
    pay.desk.pay(again.order_no)
    pay.go_on()
    assert pay.state(payment.sale_no) == "taken"
    pay.settle()
    pay.check()


@pytest.mark.parametrize("heard", [True, False])
def test_money_that_is_taken_after_the_close_goes_back(pay: PayBench, heard: bool) -> None:
    payment = pay.asked()
    pay.faults("paid_closed", *([] if heard else ["callback_lost"]))
    pay.go_on(PAY_WITHIN_MS, 2)
    assert pay.desk.pay(payment.order_no) == "paid"
    if heard:
        pay.callbacks()
        assert cause(pay) == "late"
    pay.settle()
    assert cause(pay) == "late" and pay.money_at_gateway() == 0
    pay.check()


def test_a_payment_that_is_paid_while_it_is_being_closed_still_gives_the_ticket(pay: PayBench) -> None:
    payment = pay.asked()
    pay.faults("callback_lost")
    pay.clock.pass_ms(PAY_WITHIN_MS)
    pay.desk.pay(payment.order_no)
    pay.node.rounds.turn()
    assert pay.state(payment.sale_no) == "taken"
    pay.check()


def test_asking_again_gives_the_same_payment_and_a_lost_answer_costs_nothing(pay: PayBench) -> None:
    sale_no = pay.order()
    pay.faults("answer_lost")
    with pytest.raises(Refusal, match="payment_away"):
        pay.node.payments.ask(sale_no)
    assert pay.node.payments.refused() == "payment_away", "not offered to the next passenger"
    with pytest.raises(Refusal, match="payment_away"):
        pay.node.payments.ask(sale_no)
    pay.go_on()
    first = pay.node.payments.ask(sale_no)
    assert pay.node.payments.ask(sale_no) == first
    assert len(of(pay, PaymentAsked)) == 1
    assert len(pay.desk.books.rows("SELECT 1 FROM payment")) == 1


def test_it_is_not_offered_while_the_gateway_is_away_nor_without_one(pay: PayBench, tmp_path: Path) -> None:
    assert pay.node.payments.refused() is None
    pay.faults("down", times=999)
    pay.go_on(70_000)
    assert pay.node.payments.refused() == "payment_away"
    pay.honest()
    pay.go_on(5_000)
    assert pay.node.payments.refused() is None
    pay.clock.pass_ms(REACHED_FOR_MS + 1)
    assert pay.node.payments.refused() == "payment_away", "nobody has asked it for too long"
    bare = build(Settings(data=tmp_path / "bare"), FakeClock(), transport=NoLine())
    assert bare.payments.refused() == "payment_off" and not bare.rounds.turn()
    with pytest.raises(Refusal, match="payment_off"):
        bare.payments.ask(1)
    with pytest.raises(Refusal, match="payment_off"):
        bare.payments.heard(b"{}")


def test_an_order_that_is_sold_or_gone_is_not_paid_for(pay: PayBench) -> None:
    sold, gone = pay.order(), pay.order()
    pay.node.ticketing.confirm(sold, CLERK_NO)
    pay.node.ticketing.cancel(gone)
    for number, code in ((sold, "order_sold"), (gone, "order_cancelled"), (99, "no_such_order")):
        with pytest.raises(Refusal, match=code):
            pay.node.payments.ask(number)
    assert not of(pay, PaymentAsked)


def test_the_hold_begins_anew_with_the_payment(pay: PayBench) -> None:
    sale_no = pay.order(seat=1)
    pay.clock.pass_ms(14 * 60_000)
    pay.node.rounds.turn()
    pay.node.payments.ask(sale_no)
    pay.clock.pass_ms(2 * 60_000)
    with pytest.raises(Refusal, match="seat_taken"):
        pay.bench.sell(seat=1)


def test_what_hangs_is_said_on_the_status_page(pay: PayBench) -> None:
    pay.asked()
    pay.faults("down", times=9_999)
    pay.go_on(HANGS_AFTER_MS + 1)
    codes = {issue.code: dict(issue.details) for issue in pay.node.fleet.status().issues}
    assert codes["payment_hangs"] == {"count": 1}
    pay.settle()
    assert "payment_hangs" not in {issue.code for issue in pay.node.fleet.status().issues}


def test_a_restarted_box_asks_at_once_about_all_that_is_open(pay: PayBench) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.start()
    assert pay.state(payment.sale_no) == "taken", "the hold is gone, but nobody took the seat"
    pay.check()


def test_two_payments_for_two_orders_never_mix(pay: PayBench) -> None:
    one, other = pay.asked(seat=1), pay.asked(seat=2)
    pay.faults("callback_late")
    pay.desk.pay(one.order_no)
    pay.desk.pay(other.order_no)
    pay.callbacks()
    assert (pay.state(one.sale_no), pay.state(other.sale_no)) == ("asked", "taken")
    pay.clock.pass_ms(5_000)
    pay.callbacks()
    assert pay.state(one.sale_no) == "taken"
    assert [event.seat for event in of(pay, TicketSold)] == [2, 1]  # type: ignore[attr-defined]
    pay.check()


def test_the_state_is_a_fold_of_the_log(pay: PayBench) -> None:
    first, second = pay.asked(), pay.asked()
    pay.desk.pay(first.order_no)
    pay.go_on()
    number = pay.node.ticketing.order_view(first.sale_no).ticket_number or ""
    pay.node.refunds.refund(number, "station_error", 0, CLERK_NO, f"refund-{number}")
    pay.node.ticketing.cancel(second.sale_no)
    pay.settle()
    connection, tables = pay.node.database.writer, domains.STATE_TABLES
    before = dump(connection, tables)
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection, pay.node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, tables)
    assert dump(connection, tables) == before
    connection.execute("ROLLBACK")


def test_a_key_that_is_missing_or_short_refuses_to_start(pay: PayBench, tmp_path: Path) -> None:
    settings = dataclasses.replace(pay.settings, data=tmp_path / "other")
    with pytest.raises(Fault, match="gateway_key_file"):
        build(settings, FakeClock(), transport=NoLine())
    (tmp_path / "other" / "gateway.key").write_bytes(b"secret\n")
    with pytest.raises(Fault, match="at least 32"):
        build(settings, FakeClock(), transport=NoLine())


def test_an_order_for_a_trip_that_left_can_not_begin_to_be_paid(pay: PayBench) -> None:
    sale_no = pay.order()
    pay.clock.pass_ms(4 * 3_600_000)
    pay.node.rounds.turn()
    with pytest.raises(Refusal, match="departed"):
        pay.node.payments.ask(sale_no)
