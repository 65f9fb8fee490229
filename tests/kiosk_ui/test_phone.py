"""Paying by phone on the pages: at the kiosk and at the counter, without a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk_ui.app import create_app
from sync.catalogue import LANGUAGES
from sync.domains.ticketing.events import MOBILE, TicketSold
from tests.kiosk_ui.person import Page, Person
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY
from tests.support.paying import PayBench

RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"


@pytest.fixture
def pay(tmp_path: Path) -> PayBench:
    return PayBench(tmp_path)


@pytest.fixture
def passenger(pay: PayBench) -> Person:
    return Person(create_app(pay.node))


@pytest.fixture
def clerk(pay: PayBench) -> Person:
    person = Person(create_app(pay.node))
    person.sign_in()
    return person


def ordered(person: Person, seat: int = 1) -> Page:
    person.see(f"/kiosk/confirm?{RIDE}&seat={seat}")
    return person.send("/kiosk/order")


def newest(pay: PayBench) -> str:
    return str(pay.desk.books.rows("SELECT order_no FROM payment ORDER BY rowid DESC LIMIT 1")[0][0])


def refreshes(page: Page) -> bool:
    return '<noscript><meta http-equiv="refresh" content="3"' in page.html


def test_a_passenger_scans_pays_and_has_the_ticket_on_the_next_refresh(pay: PayBench, passenger: Person) -> None:
    waiting = ordered(passenger)
    assert "手机付款" in waiting.text and refreshes(waiting)
    scanning = passenger.send("/phone")
    assert scanning.path == waiting.path and "请用手机扫码付款" in scanning.text and refreshes(scanning)
    picture = passenger.client.get(f"{waiting.path}/code.svg")
    assert picture.mimetype == "image/svg+xml" and picture.data.startswith(b"<svg")
    assert "http://pay.test" not in scanning.html, "no link leads out of the kiosk"
    pay.desk.pay(newest(pay))
    pay.go_on()
    ticket = passenger.see(waiting.path)
    assert ticket.path.startswith("/kiosk/ticket/") and "购票成功" in ticket.text
    pay.check()


def test_nobody_else_sees_the_code_of_an_order(pay: PayBench, passenger: Person) -> None:
    page = ordered(passenger)
    passenger.send("/phone")
    other = Person(create_app(pay.node))
    assert other.see(f"{page.path}/code.svg").status == 404
    other.see("/kiosk/to")
    token = other.token()
    assert other.client.post(f"{page.path}/phone", data={"csrf_token": token}).status_code == 404


def test_the_button_is_absent_with_its_reason_while_the_gateway_is_away(pay: PayBench, passenger: Person) -> None:
    pay.faults("down", times=999)
    pay.go_on(70_000)
    page = ordered(passenger)
    assert not [form for form in page.forms if form.action.endswith("/phone")]
    assert "现在连不上付款服务" in page.text and page.form("/cancel")
    pay.honest()
    pay.go_on(61_000)
    assert passenger.see(page.path).form("/phone")


def test_a_gateway_that_goes_away_just_now_leaves_the_order_and_says_what_to_do(
    pay: PayBench, passenger: Person
) -> None:
    page = ordered(passenger)
    pay.faults("down")
    refused = passenger.send("/phone")
    assert refused.status == 424 and "请到窗口付现金" in refused.text
    assert "现在连不上付款服务" in passenger.see(page.path).text
    assert pay.node.ticketing.waiting()


def test_when_the_time_is_over_the_page_says_so_and_offers_both_ways_again(pay: PayBench, passenger: Person) -> None:
    page = ordered(passenger)
    passenger.send("/phone")
    pay.go_on(4 * 60_000, 2)
    over = passenger.see(page.path)
    assert "手机付款超时，没有扣钱" in over.text and over.form("/phone") and "窗口" in over.text


def test_who_gives_up_after_paying_is_told_that_the_money_comes_back(pay: PayBench, passenger: Person) -> None:
    page = ordered(passenger)
    passenger.send("/phone")
    pay.node.ticketing.cancel(int(page.path.rsplit("/", 1)[1]))
    assert "钱会自动原路退回" in passenger.see(page.path).text
    pay.desk.pay(newest(pay))
    pay.go_on(turns=3)
    assert "没有出票，钱会自动原路退回" in passenger.see(page.path).text
    pay.check()


def test_a_clerk_shows_the_code_and_gets_the_ticket(pay: PayBench, clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    page = clerk.send("/clerk/sell", pay="phone")
    assert page.path.endswith("/phone") and "正在等待付款结果" in page.text and refreshes(page)
    assert clerk.client.get(f"{page.path}/code.svg").mimetype == "image/svg+xml"
    pay.desk.pay(newest(pay))
    pay.go_on()
    sold = clerk.see(page.path)
    assert sold.path.startswith("/clerk/tickets/") and "手机付款" in sold.text
    event = pay.events()[-1]
    assert isinstance(event, TicketSold) and (event.payment, event.clerk_no, event.channel) == (MOBILE, CLERK_NO, 0)


def test_a_kiosk_order_can_be_paid_by_phone_at_the_counter(pay: PayBench, passenger: Person, clerk: Person) -> None:
    page = ordered(passenger)
    clerk.see("/clerk")
    assert clerk.send("/phone").path.endswith("/phone")
    assert "请用手机扫码付款" in passenger.see(page.path).text
    pay.desk.pay(newest(pay))
    pay.go_on()
    assert passenger.see(page.path).path.startswith("/kiosk/ticket/")


def test_a_clerk_whose_gateway_goes_away_holds_an_order_to_take_cash_for(pay: PayBench, clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    pay.faults("down")
    page = clerk.send("/clerk/sell", pay="phone")
    assert page.path.endswith("/phone") and "现在连不上付款服务" in page.text
    assert "¥30.00" in clerk.see("/clerk").text


def test_the_paper_of_a_refund_says_when_the_money_comes(pay: PayBench, clerk: Person) -> None:
    payment = pay.asked()
    pay.desk.pay(payment.order_no)
    pay.go_on()
    number = pay.node.ticketing.order_view(payment.sale_no).ticket_number
    asked = clerk.see(f"/clerk/tickets/{number}/refund")
    form = next(form for form in asked.forms if form.method == "post" and form.action.endswith("/refund"))
    clerk.client.post(form.action, data=form.values)
    paper = clerk.see(f"/clerk/tickets/{number}/refund")
    assert "已向付款服务申请" in paper.text and f"{payment.order_no}-r1" in paper.text
    pay.settle()
    assert "确认退款" in clerk.see(paper.path).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_speaks_each_language(pay: PayBench, language: str) -> None:
    person = Person(create_app(pay.node))
    person.see(f"/kiosk?lang={language}")
    page = ordered(person)
    for step in ("phone", "over"):
        shown = person.send("/phone") if step == "phone" else person.see(page.path)
        assert "phone_" not in shown.text and "payment_" not in shown.text and f'<html lang="{language}"' in shown.html
        pay.go_on(4 * 60_000, 2)
