"""Tickets, bookings and slips as PDF: the words of the paper page, counted as it is, for whoever may see that."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from edge.kernel import log
from kiosk_ui.app import create_app
from papers import press as module
from papers.press import Press
from sync.catalogue import LANGUAGES
from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketPrinted
from sync.kernel import ticket
from tests.kiosk_ui.conftest import GATE_NO, GATE_PIN
from tests.kiosk_ui.person import Person
from tests.kiosk_ui.test_documents import NAME, NUMBER, sell, typed, want_names
from tests.papers.test_press import HANGS
from tests.support.nodes import CLERK_NO, COACH_TRIP, TODAY, Bench
from tests.support.pdf import Pdf, font

WORDS = {
    "zh-Hans": ("¥30.00", "补打第 2 份"),
    "zh-Hant": ("CN¥30.00", "補印第 2 份"),
    "en": ("CN¥30.00", "Copy 2"),
}


@pytest.fixture(autouse=True)
def fonts() -> None:
    font()


def fetch(person: Person, address: str) -> Pdf:
    """The PDF at an address, as a browser keeps it."""
    answer = person.client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    return Pdf(answer.data)


def copies(bench: Bench) -> list[tuple[bytes, int, int]]:
    """What the log says of papers."""
    rows = log.events_after(bench.node.database.read())
    events = [EVENTS.decode(data).event for _, data in rows]
    return [(one.ticket_id, one.copy, one.clerk_no) for one in events if isinstance(one, TicketPrinted)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ticket_says_what_its_page_says_and_from_the_second_on_which_copy_it_is(
    bench: Bench, clerk: Person, language: str
) -> None:
    sold, (price, copy) = bench.sell(), WORDS[language]
    way = " → ".join(stop.names[language] for stop in (sold.ride.from_stop, sold.ride.to_stop))
    address = f"/tickets/{sold.number}/print.pdf?lang={language}"
    first, second = fetch(clerk, address), fetch(clerk, f"{address}&roll=1")
    for made in (first, second):
        words = (way, price, sold.seat_label, sold.paper_number, sold.short_code)
        assert [said for said in words if said not in made.text] == []
        assert made.codes == [[sold.text]]
        ticket.parse(made.codes[0][0])
    assert first.sizes_mm == [(105, 148)] and second.sizes_mm[0][0] == 80
    assert copy not in first.text and copy in second.text
    assert copies(bench) == [(sold.ticket_id.to_bytes(), n, CLERK_NO) for n in (1, 2)]


def test_page_and_pdf_are_counted_together_and_after_nine_there_are_no_more(bench: Bench, clerk: Person) -> None:
    sold = bench.sell()
    for _ in range(8):
        clerk.see(f"/tickets/{sold.number}/print")
    assert "补打第 9 份" in fetch(clerk, f"/tickets/{sold.number}/print.pdf").text
    refused = clerk.see(f"/tickets/{sold.number}/print.pdf")
    assert refused.status == 409 and "已打印 9 次" in refused.text


def test_a_booking_is_a_page_a_ticket_and_the_receipt(bench: Bench, clerk: Person) -> None:
    clerk.see(f"/clerk/party?leg={COACH_TRIP}-{TODAY}-0-4")
    paying = clerk.send(
        "/clerk/party", n_adult="1", n_child_with_seat="1", proof_child_with_seat="height", x_luggage="1"
    )
    form = paying.form("/clerk/party/")
    done = clerk.post(form.action, {**form.values, "tendered": "100"})
    address = next(link for link in done.links if link.endswith("/print.pdf"))
    made = fetch(clerk, address)
    assert len(made.pages) == 3 and [len(found) for found in made.codes] == [1, 1, 0]
    assert len({text for found in made.codes for text in found}) == 2
    assert "成人" in made.pages[0] and "儿童（有座）" in made.pages[1]
    assert all(said in made.pages[2] for said in ("行李 × 1", "合计", "¥50.00")), made.pages[2]
    assert [copy for _, copy, _ in copies(bench)] == [1, 1]


def test_the_slip_of_a_shift_adds_up_on_either_size(bench: Bench, clerk: Person) -> None:
    clerk.see("/clerk/shift")
    clerk.send("/clerk/shift/open", float_CNY="200")
    bench.sell()
    clerk.see("/clerk/shift")
    slip = clerk.send("/clerk/shift/1/close", sum_CNY="229")
    links = [link for link in slip.links if "slip.pdf" in link]
    assert len(links) == 2
    for made in (fetch(clerk, link) for link in links):
        for said in ("交班缴款单 1", "陈晓", "¥200.00", "¥230.00", "¥229.00", "-¥1.00", "端广线", "成人"):
            assert said in made.text, said


def test_who_may_see_the_page_may_have_the_pdf_and_nobody_else(bench: Bench, app: Flask, clerk: Person) -> None:
    sold = bench.sell()
    inspector = Person(app)
    inspector.sign_in(GATE_NO, GATE_PIN)
    for stranger in (Person(app), inspector):
        for address in (f"/tickets/{sold.number}/print.pdf", f"/bookings/{sold.number}/print.pdf"):
            assert stranger.client.get(address).status_code == 404
    assert copies(bench) == []


def test_a_named_ticket_shows_its_mask_and_no_more(bench: Bench, clerk: Person) -> None:
    want_names(bench)
    sold = sell(clerk, **typed())
    made = fetch(clerk, sold.path.replace("/clerk/tickets/", "/tickets/") + "/print.pdf")
    assert NUMBER[:4] + "*" * 10 + NUMBER[-4:] in made.text and NAME[0] + "**" in made.text
    assert NUMBER not in made.text and NAME not in made.text


def test_a_ticket_that_was_given_back_has_no_code_and_is_not_counted(bench: Bench, clerk: Person) -> None:
    sold = bench.sell()
    offer = bench.node.refunds.offer(sold.number, "station_error")
    bench.node.refunds.refund(sold.number, "station_error", offer.fee_minor, CLERK_NO, "give-it-back")
    made = fetch(clerk, f"/tickets/{sold.number}/print.pdf")
    assert made.codes == [[]] and "作废" in made.text
    assert copies(bench) == []


def test_without_a_font_nothing_leads_there_and_the_status_page_says_what_to_install(
    bench: Bench, clerk: Person, tmp_path: Path
) -> None:
    sold = bench.sell()
    pages = (f"/clerk/tickets/{sold.number}", f"/tickets/{sold.number}/print")
    for page in pages:
        assert len([link for link in clerk.see(page).links if "print.pdf" in link]) == 2
    assert "可以生成" in clerk.see("/status").text
    bench.node.press = Press(str(tmp_path / "none.ttc"), 8)
    for page in pages:
        assert not [link for link in clerk.see(page).links if ".pdf" in link]
    assert "fonts-noto-cjk" in clerk.see("/status").text
    before = copies(bench)
    refused = clerk.see(f"/tickets/{sold.number}/print.pdf")
    assert refused.status == 503 and "请直接打印网页" in refused.text and copies(bench) == before


def test_the_kiosk_leads_nobody_to_a_file(bench: Bench, passenger: Person) -> None:
    sold = bench.sell()
    with passenger.client.session_transaction() as session:
        session["tickets"] = [sold.number]
    assert not [link for link in passenger.see(f"/tickets/{sold.number}/print").links if ".pdf" in link]
    assert sold.paper_number in fetch(passenger, f"/tickets/{sold.number}/print.pdf").text


def test_a_press_that_is_busy_says_so_before_anything_is_counted(bench: Bench, clerk: Person) -> None:
    sold = bench.sell()
    bench.node.press = Press("", threads=4)
    with bench.node.press.turn():
        busy = clerk.see(f"/tickets/{sold.number}/print.pdf")
    assert busy.status == 503 and "请过几秒再点一次" in busy.text and copies(bench) == []


def test_a_press_that_hangs_keeps_nobody_from_selling(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawing hangs, and is ended by this test once two tickets were sold beside it."""
    hanging: list[subprocess.Popen[bytes]] = []
    begun = threading.Event()

    class Seen(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            hanging.append(self)
            begun.set()

    monkeypatch.setattr(module.subprocess, "Popen", Seen)
    bench.node.press = Press("", threads=4, drawer=HANGS)
    sold, clerk, seller = bench.sell(), Person(create_app(bench.node)), Person(create_app(bench.node))
    clerk.sign_in()
    seller.sign_in()
    pages: list[Any] = []
    asking = threading.Thread(target=lambda: pages.append(clerk.see(f"/tickets/{sold.number}/print.pdf")))
    asking.start()
    try:
        assert begun.wait(60)
        for _ in range(2):
            assert sell(seller).path.startswith("/clerk/tickets/")
        assert pages == []
    finally:
        for process in hanging:
            process.kill()
        asking.join(60)
    assert pages[0].status == 503 and "车票不受影响" in pages[0].text
    assert bench.node.ticketing.find(sold.number) == sold
