"""The counter."""

from __future__ import annotations

from flask import Flask

from kiosk_ui.app import create_app
from sync.kernel.operations import Clerk
from tests.kiosk_ui.conftest import SEATS
from tests.kiosk_ui.person import Form, Page, Person
from tests.support.nodes import COACH_TRIP, PIN, TODAY, Bench, pin_hash

RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"


def sell(clerk: Person, **filled: str) -> Page:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    return clerk.send("/clerk/sell", **filled)


def test_a_clerk_sells_by_typing_a_name_and_the_cash(clerk: Person) -> None:
    clerk.see("/clerk/sell")
    trips = clerk.send("/clerk/sell", text="Guangzhou")
    assert "15:00" in trips.text and str(SEATS) in trips.text
    autofocus = [tag for tag, attrs in trips.tags if "autofocus" in attrs]
    assert autofocus == ["a"], "the first trip that can be sold has the focus: Enter chooses it"
    clerk.see(next(address for address in trips.links if "/clerk/sell/ride" in address))
    sold = clerk.send("/clerk/sell", tendered="１００")
    assert sold.path.startswith("/clerk/tickets/") and "找零 ¥70.00" in sold.text
    assert "找零" not in clerk.see(sold.path).text


def test_a_double_click_and_a_resubmitted_form_give_the_same_ticket(bench: Bench, clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    form = clerk.page.form("/clerk/sell")
    first, second = clerk.post(form.action, form.values), clerk.post(form.action, form.values)
    assert first.path == second.path
    assert bench.node.ticketing.takings(None, TODAY).count == 1


def test_a_form_from_before_a_power_cut_still_gives_its_one_ticket(bench: Bench, clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    form = clerk.page.form("/clerk/sell")
    first = clerk.post(form.action, form.values)
    again = Person(create_app(bench.node))
    again.client._cookies = clerk.client._cookies
    assert again.post(form.action, form.values).path == first.path
    assert bench.node.ticketing.takings(None, TODAY).count == 1


def test_short_cash_stands_beside_its_field_and_sells_nothing(bench: Bench, clerk: Person) -> None:
    refused = sell(clerk, tendered="20")
    assert refused.status == 422 and 'id="tendered-problem"' in refused.html and "不够票价" in refused.text
    assert 'value="20"' in refused.html
    assert bench.node.ticketing.takings(None, TODAY).count == 0
    assert clerk.send("/clerk/sell", tendered="30").path.startswith("/clerk/tickets/")


def test_a_code_that_was_scanned_into_the_cash_sells_nothing(bench: Bench, clerk: Person) -> None:
    refused = sell(clerk, tendered="69012345")
    assert refused.status == 422 and 'id="tendered-problem"' in refused.html and "别的条码" in refused.text
    assert bench.node.ticketing.takings(None, TODAY).count == 0


def test_an_amount_that_is_none_stands_beside_its_field(clerk: Person) -> None:
    for typed in ("abc", "1e5", "--3", "5.555", "45,50", "9" * 40):
        refused = sell(clerk, tendered=typed)
        assert refused.status == 422 and 'id="tendered-problem"' in refused.html, typed


def test_the_chosen_seat_is_sold_and_gone_from_the_list(clerk: Person) -> None:
    assert "01B" in sell(clerk, seat="2").text
    assert '<option value="2"' not in clerk.see(f"/clerk/sell/ride?{RIDE}").html


def test_a_seat_sold_meanwhile_is_said_beside_the_seat(clerk: Person) -> None:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    form = clerk.page.form("/clerk/sell")
    sell(clerk, seat="2")
    refused = clerk.post(form.action, {**form.values, "seat": "2"})
    assert refused.status == 409 and "另选一个座位" in refused.text


def test_a_ticket_is_found_by_its_number_and_by_its_code(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    code = bench.node.ticketing.find(number).text
    for typed in (number, number.replace("-", ""), code, f"  {code} "):
        clerk.see("/clerk")
        found = clerk.send("/clerk/find", ticket=typed)
        assert found.path == f"/clerk/tickets/{number}"
        assert "Y1:" not in found.path


def test_what_is_no_ticket_is_said_beside_the_field(clerk: Person) -> None:
    for typed in ("", "123", "Y1:" + "A" * 2000, "<script>"):
        clerk.see("/clerk")
        refused = clerk.send("/clerk/find", ticket=typed)
        assert refused.status in (404, 422) and 'id="ticket-problem"' in refused.html
        assert "<script>" not in refused.html.replace('<script src="', "")


def test_takings_show_count_and_sum_of_mine_and_of_all(clerk: Person) -> None:
    sell(clerk)
    sell(clerk)
    mine = clerk.see("/clerk/takings")
    assert "¥60.00" in mine.text and "陈晓" in mine.text
    assert "¥60.00" in clerk.see("/clerk/takings?who=all").text
    assert "还没有售票" in clerk.see(f"/clerk/takings?day={TODAY - 1}").text


def test_confirming_an_order_twice_gives_one_ticket(bench: Bench, app: Flask, clerk: Person) -> None:
    passenger = Person(app)
    passenger.see(f"/kiosk/confirm?{RIDE}&seat=3")
    passenger.send("/kiosk/order")
    clerk.see("/clerk")
    form = clerk.page.form("/confirm")
    assert clerk.post(form.action, form.values).path == clerk.post(form.action, form.values).path
    assert bench.node.ticketing.takings(None, TODAY).count == 1


def test_too_little_cash_for_an_order_stands_at_that_order(bench: Bench, app: Flask, clerk: Person) -> None:
    passenger = Person(app)
    passenger.see(f"/kiosk/confirm?{RIDE}&seat=3")
    passenger.send("/kiosk/order")
    clerk.see("/clerk")
    refused = clerk.send("/confirm", tendered="1")
    assert refused.status == 422 and 'class="problem"' in refused.html
    assert len(bench.node.ticketing.waiting()) == 1


def test_on_board_the_clerk_only_chooses_stops(vehicle: Bench) -> None:
    driver = Person(create_app(vehicle.node))
    driver.sign_in()
    aboard = driver.see("/clerk/sell")
    assert "车上售票" in aboard.text
    shown = driver.send("/clerk/aboard", **{"from": "1"})
    assert "鼎湖" in shown.text and "¥22.00" in shown.text
    assert driver.send("/clerk/aboard/sell", to="3", rider="adult").path.startswith("/clerk/tickets/")


def refund_form(page: Page) -> Form:
    """The form whose button hands the money back."""
    return next(form for form in page.forms if form.method == "post" and form.action.endswith("/refund"))


def hand_back(clerk: Person) -> Page:
    form = refund_form(clerk.page)
    return clerk.post(form.action, form.values)


def test_a_clerk_gives_a_ticket_back_with_the_enter_key_alone(bench: Bench, clerk: Person) -> None:
    page = sell(clerk)
    link = next(attrs for tag, attrs in page.tags if tag == "a" and attrs.get("accesskey") == "r")
    offer = clerk.see(str(link["href"]))
    assert "手续费 ¥3.00" in offer.text and "退还旅客 ¥27.00" in offer.text and "default/120" in offer.html
    assert [tag for tag, attrs in offer.tags if "autofocus" in attrs] == ["button"], "Enter hands the money back"
    receipt = hand_back(clerk)
    assert receipt.path.endswith("/refund/receipt") and "退还旅客 ¥27.00" in receipt.text and "陈晓" in receipt.text
    number = receipt.path.split("/")[3]
    found = bench.node.ticketing.find(number)
    assert found.refunded is not None and found.refunded.clerk_no == 11
    void = clerk.see(f"/clerk/tickets/{number}")
    assert "作废" in void.text and "qr.svg" not in void.html
    assert clerk.see(f"/tickets/{number}/qr.svg").status == 410
    assert "qr.svg" not in clerk.see(f"/tickets/{number}/print").html
    assert clerk.see(f"/clerk/tickets/{number}/refund").path.endswith("/receipt")


def test_another_reason_has_another_fee_and_both_stand_on_the_receipt(clerk: Person) -> None:
    clerk.see(f"{sell(clerk).path}/refund")
    offer = clerk.send("/refund", reason="trip_delayed")
    assert "手续费 ¥0.00" in offer.text and "退还旅客 ¥30.00" in offer.text
    receipt = hand_back(clerk)
    assert "班次晚点" in receipt.text and "退还旅客 ¥30.00" in receipt.text


def test_a_refund_sent_twice_hands_money_back_once(bench: Bench, clerk: Person) -> None:
    clerk.see(f"{sell(clerk).path}/refund")
    form = refund_form(clerk.page)
    assert clerk.post(form.action, form.values).path == clerk.post(form.action, form.values).path
    assert bench.node.ticketing.takings(None, TODAY).refunds == 1


def test_a_fee_that_changed_is_shown_anew_and_nothing_is_handed_back(bench: Bench, clerk: Person) -> None:
    clerk.see(f"{sell(clerk).path}/refund")
    form = refund_form(clerk.page)
    bench.clock.pass_ms(2 * 3_600_000)
    changed = clerk.post(form.action, form.values)
    assert changed.status == 409 and "再确认一次" in changed.text and "手续费 ¥6.00" in changed.text
    assert bench.node.ticketing.takings(None, TODAY).refunds == 0
    assert "退还旅客 ¥24.00" in hand_back(clerk).text


def test_why_nothing_goes_back_stands_beside_the_reason(bench: Bench, clerk: Person) -> None:
    path = sell(clerk).path
    bench.clock.pass_ms(3 * 3_600_000)
    late = clerk.see(f"{path}/refund")
    assert 'id="reason-problem"' in late.html and "由管理员在中心处理" in late.text
    assert [form.action for form in late.forms if form.method == "post" and "refund" in form.action] == []
    assert clerk.see(f"{path}/refund?reason=%3Cscript%3E").status == 200


def test_takings_show_refunds_by_line_and_what_must_be_in_the_drawer(clerk: Person) -> None:
    sell(clerk)
    clerk.see(f"{sell(clerk).path}/refund")
    hand_back(clerk)
    mine = clerk.see("/clerk/takings")
    assert "退还 CNY ¥27.00" in mine.text and "应有现金 CNY ¥33.00" in mine.text and "旅客自己不走了" in mine.text
    assert any(link.endswith("/refund/receipt") for link in mine.links)


def test_where_two_have_to_agree_the_second_types_number_and_pin(bench: Bench, clerk: Person) -> None:
    bench.operate("node/7", "clerk/12", Clerk(12, "何同", ("clerk",), pin_hash()).to_bytes())
    path = sell(clerk).path
    bench.clock.pass_ms(3 * 3_600_000)
    offer = clerk.see(f"{path}/refund?reason=trip_delayed")
    form = refund_form(offer)
    for typed, said in (({}, "approver_no"), ({"approver_no": "11", "pin": PIN}, "approver_no"),
                        ({"approver_no": "12", "pin": "9999"}, "pin")):  # fmt: skip
        refused = clerk.post(form.action, {**form.values, **typed})
        assert refused.status in (401, 403) and f'id="{said}-problem"' in refused.html
        assert "9999" not in refused.html
    done = clerk.post(form.action, {**form.values, "approver_no": "12", "pin": PIN})
    assert done.path.endswith("/receipt") and "退还旅客 ¥30.00" in done.text


def test_the_rule_of_a_fee_is_told_in_words(clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    assert "按规则：开车前" in clerk.see(f"/clerk/tickets/{number}/refund?reason=passenger").text
    mistake = clerk.see(f"/clerk/tickets/{number}/refund?reason=station_error")
    assert "按规则：车站出错票（default）" in mistake.text and 'title="default/station_error"' in mistake.html
