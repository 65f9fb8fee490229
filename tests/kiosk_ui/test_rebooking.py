"""Exchanging a ticket at the counter."""

from __future__ import annotations

from tests.kiosk_ui.person import Form, Page, Person
from tests.kiosk_ui.test_clerk import sell
from tests.support.nodes import COACH_TRIP, TODAY, Bench


def rebook_form(page: Page) -> Form:
    """The form whose button exchanges the ticket."""
    return next(form for form in page.forms if form.method == "post" and form.action.endswith("/rebook"))


def to_the_offer(clerk: Person) -> Page:
    """From the page of a ticket to the first ride of tomorrow that may take its place, by links alone."""
    link = next(attrs for tag, attrs in clerk.page.tags if tag == "a" and attrs.get("accesskey") == "g")
    clerk.see(str(link["href"]))
    tomorrow = next(address for address in clerk.page.links if f"day={TODAY + 1}" in address)
    rides = clerk.see(tomorrow)
    assert [tag for tag, attrs in rides.tags if "autofocus" in attrs] == ["a"], "Enter chooses the first ride"
    return clerk.see(next(address for address in rides.links if "/rebook/ride" in address))


def test_a_clerk_exchanges_a_ticket_with_the_enter_key_alone(bench: Bench, clerk: Person) -> None:
    old = sell(clerk).path.rsplit("/", 1)[1]
    offer = to_the_offer(clerk)
    assert "旅客补付 ¥0.00" in offer.text and "default/1" in offer.html
    assert [tag for tag, attrs in offer.tags if "autofocus" in attrs] == ["button"], "Enter exchanges the ticket"
    receipt = clerk.post(rebook_form(offer).action, rebook_form(offer).values)
    assert receipt.path == f"/clerk/tickets/{old}/rebook/receipt" and f"原票 {old} 作废" in receipt.text
    new = bench.node.rebooking.outcome(old).new
    assert (new.ride.trip_no, new.ride.day, new.clerk_no) == (COACH_TRIP, TODAY + 1, 11)
    assert new.number in clerk.see(next(link for link in receipt.links if link.endswith("/print"))).text
    void = clerk.see(f"/clerk/tickets/{old}")
    assert "作废" in void.text and any(link.endswith("/rebook/receipt") for link in void.links)
    assert "改签" in clerk.see("/clerk/takings").text


def test_the_chosen_seat_is_taken_and_one_that_is_gone_is_said(bench: Bench, clerk: Person) -> None:
    sell(clerk)
    form = rebook_form(to_the_offer(clerk))
    bench.sell(seat=3, day=TODAY + 1)
    refused = clerk.post(form.action, {**form.values, "seat": "3"})
    assert refused.status == 409 and "另选一个座位" in refused.text
    form = rebook_form(refused)
    done = clerk.post(form.action, {**form.values, "seat": "4"})
    assert "01D" in done.text


def test_an_exchange_sent_twice_is_made_once(bench: Bench, clerk: Person) -> None:
    sell(clerk)
    form = rebook_form(to_the_offer(clerk))
    assert clerk.post(form.action, form.values).path == clerk.post(form.action, form.values).path
    assert bench.node.ticketing.takings(None, TODAY).count == 2


def test_an_amount_that_changed_is_shown_anew_and_nothing_is_exchanged(bench: Bench, clerk: Person) -> None:
    sell(clerk)
    form = rebook_form(to_the_offer(clerk))
    for due, status in (("-500", 409), ("x", 422), ("--1", 422)):
        assert clerk.post(form.action, {**form.values, "due_minor": due}).status == status
    assert bench.node.ticketing.takings(None, TODAY).refunds == 0


def test_why_nothing_is_exchanged_stands_beside_the_reason(bench: Bench, clerk: Person) -> None:
    path = sell(clerk).path
    bench.clock.pass_ms(3 * 3_600_000 - 60_000)
    late = clerk.see(f"{path}/rebook/ride?trip={COACH_TRIP}&day={TODAY + 1}&from=0&to=4&reason=passenger")
    assert 'id="reason-problem"' in late.html and "30 分钟" in late.text
    assert not [form for form in late.forms if form.method == "post" and "rebook" in form.action]
    fault = clerk.send("/rebook/ride", reason="trip_delayed")
    assert "旅客补付 ¥0.00" in fault.text and rebook_form(fault)
    assert clerk.see(f"{path}/rebook?reason=%3Cscript%3E&day=xx").status in (200, 422)
    assert clerk.see(f"{path}/rebook/receipt").status == 404


def test_a_damaged_paper_is_reissued_with_the_enter_key_alone(bench: Bench, clerk: Person) -> None:
    old = sell(clerk).path.rsplit("/", 1)[1]
    link = next(attrs for tag, attrs in clerk.page.tags if tag == "a" and attrs.get("accesskey") == "u")
    page = clerk.see(str(link["href"]))
    assert [tag for tag, attrs in page.tags if "autofocus" in attrs] == ["button"]
    form = page.form("/reissue")
    refused = clerk.post(form.action, {**form.values, "cause": "lost"})
    assert refused.status == 409 and 'id="cause-problem"' in refused.html
    receipt = clerk.post(form.action, {**form.values, "cause": "damaged"})
    assert "补办凭单" in receipt.text and f"原票 {old} 作废" in receipt.text and "旅客补付 ¥0.00" in receipt.text
    assert bench.node.rebooking.outcome(old).new.seat == bench.node.ticketing.find(old).seat
    late = clerk.see(f"/clerk/tickets/{old}/reissue")
    assert "已经退过" in late.text
