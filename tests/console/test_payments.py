"""Payments by phone at the console: sums, money without tickets, and how a day stood beside the gateway's statement."""

from __future__ import annotations

from cloud.domains.payments import service
from cloud.domains.payments.service import Line
from sync.domains.payments.events import PaymentAsked, PaymentTaken
from tests.console.world import ConsoleWorld


def test_the_page_says_what_was_taken_what_is_lacking_and_what_differs(world: ConsoleWorld) -> None:
    person, box = world.add_admin("王敏"), world.boxes["肇庆站-1"]
    assert "还没有手机付款" in person.get("/console/payments").text
    box.append(PaymentAsked("p-1", 1, 5000, "CNY", 0))
    box.append(PaymentTaken("p-1", "G1", 5000, "CNY", box.serial + 1, 500))
    box.visit()
    with world.hub.database.write() as tx:
        lines = [Line("payment", "p-1", "", 5000, "CNY", 500), Line("payment", "p-9", "", 70, "CNY", 600)]
        service.keep(tx, service.compare(tx, 2500, 0, 1_000, lines), world.clock.now_ms)
    page = person.get("/console/payments").text
    assert "收了钱却没有车票" in page and "p-1" in page and "50.00" in page
    assert "付了钱，没有车票也没有退款" in page and "没有节点登记过" in page
    assert "2 笔付款，0 笔退款" in page and "0.70" in page
    assert "{" not in page.split("<main", 1)[1]
