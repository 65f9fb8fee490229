"""Requests for refunds at the counter."""

from __future__ import annotations

from sync.domains.ticketing.operations import RefundWord
from sync.kernel.ticket import TicketId
from tests.kiosk_ui.person import Person
from tests.kiosk_ui.test_clerk import sell
from tests.support.nodes import COACH_TRIP, TODAY, Bench

OTHER = TicketId(9, 1, 4)
PAPER = "/clerk/requests/R00007-01-00001"


def test_the_passenger_leaves_with_a_paper_and_is_paid_once_the_hub_has_said_yes(bench: Bench, clerk: Person) -> None:
    clerk.see("/clerk")
    link = next(attrs for tag, attrs in clerk.page.tags if tag == "a" and attrs.get("accesskey") == "q")
    clerk.see(str(link["href"]))
    paper = clerk.send("/clerk/requests", ticket=OTHER.number, reason="passenger")
    assert paper.path == PAPER and "R00007-01-00001" in paper.text
    assert "端州汽车站" in paper.text and "回到这里" in paper.text and "等中心答复" in paper.text
    assert clerk.post(PAPER, {"csrf_token": clerk.token()}).status == 409
    word = RefundWord(True, OTHER.to_bytes(), COACH_TRIP, TODAY, 0, 3000, "CNY", "word_cancelled", 1)
    bench.operate("node/7", "refund/1/1", word.to_bytes())
    said = clerk.see(PAPER)
    assert "班次停运，免费退票" in said.text and "¥30.00" in said.text
    form = said.form(PAPER)
    for _ in range(2):
        assert "已付款" in clerk.post(form.action, form.values).text
    assert bench.node.ticketing.takings(None, TODAY).handed_back == {"CNY": 3000}
    assert "已付款" in clerk.see("/clerk/requests").text


def test_why_no_request_is_taken_stands_beside_the_number(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    clerk.see("/clerk/requests")
    for typed in (number, "123", ""):
        refused = clerk.send("/clerk/requests", ticket=typed, reason="passenger")
        assert refused.status in (409, 422) and 'id="ticket-problem"' in refused.html
    bench.clock.pass_ms(3 * 3_600_000)
    late = clerk.see(f"/clerk/tickets/{number}/refund")
    clerk.see(next(address for address in late.links if "/clerk/requests" in address))
    assert clerk.send("/clerk/requests", reason="passenger").path == PAPER
    assert clerk.see("/clerk/requests/77").status == 404
