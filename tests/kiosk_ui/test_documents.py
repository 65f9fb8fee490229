"""Documents at the counter: asked for where the line wants them, beside their fields, and never on a page again."""

from __future__ import annotations

import pytest

from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.kernel import seal, ticket
from tests.kiosk_ui.person import Page, Person
from tests.support.documents import full_name, resident_id
from tests.support.nodes import COACH_TRIP, TODAY, Bench

RIDE = f"trip={COACH_TRIP}&day={TODAY}&from=0&to=4"
NUMBER, NAME = resident_id(7), full_name(7)


@pytest.fixture
def named(bench: Bench) -> Bench:
    want_names(bench)
    return bench


def want_names(bench: Bench) -> None:
    """From yesterday on nobody rides without a name."""
    rules = RealNameRules("gd", "a notice", TODAY - 1, None, True, (), (), 365)
    bench.operate("net", rules.key, rules.to_bytes())
    for period in (202611, 202612):
        public = seal.public_of(seal.DEFAULT, bytes(32))
        key = SealingKey(period, seal.DEFAULT.number, public, bytes(32))
        bench.operate("net", key.key, key.to_bytes())


def typed(number: str = NUMBER, name: str = NAME, kind: str = "resident_id") -> dict[str, str]:
    return {"document_type": kind, "document_number": number, "document_name": name}


def sell(clerk: Person, **filled: str) -> Page:
    clerk.see(f"/clerk/sell/ride?{RIDE}")
    return clerk.send("/clerk/sell", **filled)


def test_the_form_asks_for_no_document_where_nobody_wants_one(bench: Bench, clerk: Person) -> None:
    assert "document_number" not in clerk.see(f"/clerk/sell/ride?{RIDE}").html
    assert sell(clerk).path.startswith("/clerk/tickets/")


def test_a_sale_with_a_document_shows_the_mask_on_ticket_and_paper(named: Bench, clerk: Person) -> None:
    sold = sell(clerk, **typed())
    assert sold.path.startswith("/clerk/tickets/")
    for page in (sold, clerk.see(sold.path.replace("/clerk/tickets/", "/tickets/") + "/print")):
        assert NUMBER[:4] + "*" * 10 + NUMBER[-4:] in page.text and NAME[0] + "**" in page.text
        assert NUMBER not in page.html and NAME not in page.html
    number = sold.path.rsplit("/", 1)[1]
    assert len(ticket.parse(named.node.ticketing.find(number).text).claims.document_check) == 8


@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({}, "document_number"),
        (typed(number=NUMBER[:17]), "document_number"),
        (typed(number=NUMBER[:16] + ("0" if NUMBER[16] != "0" else "1") + NUMBER[17]), "document_number"),
        (typed(name=""), "document_name"),
        (typed(kind="driving_licence"), "document_type"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_comes_back(
    named: Bench, clerk: Person, filled: dict[str, str], field: str
) -> None:
    page = sell(clerk, **filled)
    assert page.status == 422
    assert f'id="{field}-problem"' in page.html
    for secret in (NUMBER, NUMBER[:16], NAME):
        assert secret not in page.html
    assert named.node.ticketing.takings(None, TODAY).count == 0


def test_short_cash_keeps_the_kind_of_document_and_forgets_the_rest(named: Bench, clerk: Person) -> None:
    page = sell(clerk, tendered="1", **typed(number="E12345678", kind="passport"))
    assert page.status == 422 and 'id="tendered-problem"' in page.html
    assert '<option value="passport" selected>' in page.html
    assert "E12345678" not in page.html and NAME not in page.html


def test_a_second_ticket_for_the_same_document_names_the_first(named: Bench, clerk: Person) -> None:
    first = sell(clerk, **typed())
    second = sell(clerk, **typed())
    assert second.status == 409 and 'id="document_number-problem"' in second.html
    assert first.path.rsplit("/", 1)[1] in second.text


def test_an_order_of_the_kiosk_is_paid_with_a_document(named: Bench, clerk: Person) -> None:
    order = named.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    clerk.see("/clerk")
    assert "document_number" in clerk.page.html
    refused = clerk.send(f"/clerk/orders/{order.order_no}/confirm")
    assert refused.status == 422
    clerk.see("/clerk")
    sold = clerk.send(f"/clerk/orders/{order.order_no}/confirm", **typed())
    assert sold.path.startswith("/clerk/tickets/") and NAME[0] + "**" in sold.text


def test_a_passenger_is_told_to_bring_the_document(named: Bench, passenger: Person) -> None:
    passenger.see(f"/kiosk/confirm?{RIDE}&seat=1")
    page = passenger.send("/kiosk/order")
    assert "付款时请出示证件原件" in page.text


def test_rebooking_asks_for_the_same_document(named: Bench, clerk: Person) -> None:
    number = sell(clerk, **typed()).path.rsplit("/", 1)[1]
    where = f"trip={COACH_TRIP}&day={TODAY + 1}&from=0&to=4"
    for which, status in ((8, 409), (7, 200)):
        clerk.see(f"/clerk/tickets/{number}/rebook/ride?{where}")
        form = next(form for form in clerk.page.forms if form.method == "post" and form.action.endswith("/rebook"))
        assert set(typed()) <= form.names
        page = clerk.post(form.action, {**form.values, **typed(number=resident_id(which))})
        assert page.status == status
        assert page.path.endswith("/receipt") or 'id="document_number-problem"' in page.html
    assert named.node.ticketing.find(number).refunded is not None


def test_a_lost_ticket_is_reissued_where_the_document_fits(named: Bench, clerk: Person) -> None:
    number = sell(clerk, **typed()).path.rsplit("/", 1)[1]
    for which, status in ((8, 409), (7, 200)):
        clerk.see(f"/clerk/tickets/{number}/reissue")
        page = clerk.send("/reissue", cause="lost", **typed(number=resident_id(which)))
        assert page.status == status
        assert page.path.endswith("/receipt") or 'id="document_number-problem"' in page.html
        assert NUMBER not in page.html and NAME not in page.html


def shown(which: int = 7) -> dict[str, str]:
    return {"document_type": "resident_id", "document_number": resident_id(which)}


def test_the_gate_compares_ticket_and_document_keeps_neither_and_records_a_refusal(named: Bench, clerk: Person) -> None:
    assert "/gate/document" in clerk.see(f"/gate/{COACH_TRIP}/{TODAY}").html
    code = named.node.ticketing.find(sell(clerk, **typed()).path.rsplit("/", 1)[1]).text
    for which, word in ((7, "一致：这张票是用"), (8, "不一致")):
        clerk.see("/gate/document")
        page = clerk.send("/gate/document", code=code, **shown(which))
        assert page.status == 200 and word in page.text
        assert resident_id(which) not in page.html and NAME not in page.html and code not in page.html
        assert named.node.boarding.refusals(COACH_TRIP, TODAY) == ({} if which == 7 else {"document_differs": 1})
    forged = code[:-1] + ("A" if code[-1] != "A" else "B")
    for sent, field in (({"code": forged, **shown()}, "code"), ({"code": code}, "document_number"), (shown(), "code")):
        clerk.see("/gate/document")
        page = clerk.send("/gate/document", **sent)
        assert page.status == 422 and f'id="{field}-problem"' in page.html


def test_document_and_ticket_at_the_gate_are_green_together_and_red_apart(named: Bench, clerk: Person) -> None:
    code = named.node.ticketing.find(sell(clerk, **typed()).path.rsplit("/", 1)[1]).text
    for sent, colour in ((shown(8), "red"), (shown(7), "green")):
        clerk.see(f"/gate/{COACH_TRIP}/{TODAY}")
        page = clerk.send(f"/gate/{COACH_TRIP}/{TODAY}", code=code, **sent)
        assert f'data-colour="{colour}"' in page.html
        assert sent["document_number"] not in page.html
    assert named.node.boarding.counts(COACH_TRIP, TODAY)[0] == 1


def test_a_ticket_by_name_without_its_document_is_amber_and_says_why(named: Bench, clerk: Person) -> None:
    code = named.node.ticketing.find(sell(clerk, **typed()).path.rsplit("/", 1)[1]).text
    clerk.see(f"/gate/{COACH_TRIP}/{TODAY}")
    page = clerk.send(f"/gate/{COACH_TRIP}/{TODAY}", code=code)
    assert 'data-colour="amber"' in page.html and "证件还没有核对" in page.text


def test_a_ticket_without_a_name_has_no_document_to_compare(bench: Bench, clerk: Person) -> None:
    code = bench.node.ticketing.find(sell(clerk).path.rsplit("/", 1)[1]).text
    clerk.see("/gate/document")
    page = clerk.send("/gate/document", code=code, **shown())
    assert page.status == 409 and 'id="code-problem"' in page.html
