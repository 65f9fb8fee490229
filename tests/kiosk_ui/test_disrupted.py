"""Trips that do not run as planned, as passengers, clerks and inspectors see them."""

from __future__ import annotations

from sync.domains.boarding.operations import ManifestEntry
from sync.domains.disruption.operations import Disruption
from sync.kernel.ticket import TicketId
from tests.kiosk_ui.person import Person
from tests.kiosk_ui.test_clerk import sell
from tests.support.nodes import COACH_TRIP, TODAY, Bench


def tell(bench: Bench, kind: str, minutes: int = 0) -> None:
    body = Disruption(kind, minutes, "台风停航", 1).to_bytes()
    bench.operate("operator/1", f"disruption/{COACH_TRIP}/{TODAY}", body)


def test_one_key_gives_the_money_of_a_cancelled_trip_back(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    assert "各班次照常" in clerk.see("/clerk/disruptions").text
    tell(bench, "cancelled")
    other = TicketId(9, 1, 4)
    entry = ManifestEntry(0, 4, 9, COACH_TRIP, TODAY).to_bytes()
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", f"manifest/{other.to_bytes().hex()}", entry)
    clerk.see("/clerk")
    link = next(attrs for tag, attrs in clerk.page.tags if tag == "a" and attrs.get("accesskey") == "d")
    page = clerk.see(str(link["href"]))
    assert "台风停航" in page.text and number in page.text and other.number in page.text and "已停运" in page.text
    form = page.form(f"/{number}/refund")
    receipt = clerk.post(form.action, form.values)
    assert "退还旅客 ¥30.00" in receipt.text and "班次取消" in receipt.text
    assert number not in clerk.see("/clerk/disruptions").text


def test_the_fault_is_chosen_already_where_the_hub_told_of_it(bench: Bench, clerk: Person) -> None:
    path = sell(clerk).path
    tell(bench, "delayed", 40)
    assert "手续费 ¥0.00" in clerk.see(f"{path}/refund").text
    assert any("reason=trip_delayed" in link for link in clerk.see(f"{path}/rebook?day={TODAY + 1}").links)
    assert "手续费 ¥3.00" in clerk.see(f"{path}/refund?reason=passenger").text


def test_passengers_and_inspectors_read_it(bench: Bench, clerk: Person, passenger: Person) -> None:
    tell(bench, "delayed", 40)
    assert "晚点约 40 分钟" in passenger.see(f"/kiosk/trips?to=5&day={TODAY}").text
    assert "晚点约 40 分钟" in clerk.see(f"/gate/{COACH_TRIP}/{TODAY}").text
    tell(bench, "cancelled")
    assert "已停运" in passenger.see(f"/kiosk/trips?to=5&day={TODAY}").text
