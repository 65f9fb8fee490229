"""Passengers who pay by phone, at a gateway that misbehaves in every way it knows."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from cloud.domains.payments import service
from firmware_bridges.gateway.desk import FAULTS
from tests.demo.client import Client, Refused
from tests.demo.setup import Demo

SETTLE_S: Final = 60.0
RideKey = tuple[int, str, int, int]
# In the way of which step each fault is put; "cancel" lets the passenger pay for an order that was given up.
BEFORE_PAYING: Final = ("callback_doubled", "callback_lost", "callback_late", "callback_forged", "callback_amount")
AFTER_PAYING: Final = ("answer_lost", "answer_forged", "down")


class Phone:
    """A passenger with a phone at one node; ``sold`` gets every ticket that came of a payment."""

    def __init__(
        self, demo: Demo, client: Client, rides: list[RideKey], sold: Callable[[dict[str, Any]], None]
    ) -> None:
        self._demo, self._client, self._rides, self._sold = demo, client, rides, sold
        self.url = f"http://127.0.0.1:{demo.plan.ports['gateway']}"
        self.paid = self.came_back = 0

    def run(self) -> None:
        """A ticket for each fault, money back where none can come; a gateway that is killed in between loses nothing."""
        for fault in BEFORE_PAYING:
            self._buy(before=(fault,))
        for fault in AFTER_PAYING:
            self._buy(before=("callback_lost",), after=(fault,))
        self._buy(before=("callback_lost",), killed=True)
        self._lose(("paid_other", "callback_lost"))
        self._lose(("callback_lost", "refund_slow"), cancel=True)

    def _buy(self, before: tuple[str, ...], after: tuple[str, ...] = (), killed: bool = False) -> None:
        order_no, payment = self._ask()
        self._pay(payment, before)
        self.tell(after)
        if killed:
            self._demo.processes["gateway"].kill()
            self._demo.processes["gateway"].start()
            self._demo.processes["gateway"].wait_ready()
        self._until(lambda: self._order(order_no)["state"] == "sold", f"the ticket of order {order_no}")
        number = self._order(order_no)["ticket_number"]
        self._sold(self._client.call("GET", f"/api/v1/tickets?ticket={number}"))
        self.paid += 1

    def _lose(self, before: tuple[str, ...], cancel: bool = False) -> None:
        order_no, payment = self._ask()
        if cancel:
            # The passenger has the code on the phone already.
            self._client.call("DELETE", f"/api/v1/orders/{order_no}")
        state = self._pay(payment, before)
        if not state:
            return  # the box was quicker: the gateway had closed it, and took nothing
        self._until(lambda: self._payment(order_no)["state"] == "back" and self._payment(order_no)["returned"],
                    f"the money of order {order_no}")  # fmt: skip
        self.came_back += 1

    def _ask(self) -> tuple[int, dict[str, Any]]:
        for trip_no, day, from_idx, to_idx in self._rides:
            body = {"trip_no": trip_no, "day": day, "from_idx": from_idx, "to_idx": to_idx}
            try:
                order_no = int(self._client.call("POST", "/api/v1/orders", body)["order_no"])
            except Refused as refused:
                if refused.code not in ("no_seat", "departed"):
                    raise
                continue
            self._until(partial(self._begun, order_no), f"a code for order {order_no}")
            return order_no, self._payment(order_no)
        raise AssertionError("no seat is left to pay for by phone")

    def _begun(self, order_no: int) -> bool:
        """Ask for the code; a passenger to whom the gateway gives no answer tries again."""
        try:
            return bool(self._client.call("POST", f"/api/v1/orders/{order_no}/payment")["code_url"])
        except Refused as refused:
            if refused.code != "payment_away":
                raise
            return False

    def _pay(self, payment: dict[str, Any], faults: tuple[str, ...]) -> bool:
        """What the phone does with the code; whether money was taken."""
        self.tell(faults)
        with urllib.request.urlopen(urllib.request.Request(payment["code_url"], b""), timeout=30) as answer:
            answer.read()
        return any(line.order_no == payment["order_no"] for line in statement(self._demo))

    def tell(self, faults: tuple[str, ...]) -> None:
        """Let the gateway misbehave once in each of these ways."""
        body = json.dumps(dict.fromkeys(faults, 1)).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/sandbox/faults", body), timeout=30) as answer:
            answer.read()
        self._demo.told_faults.update(faults)

    def _order(self, order_no: int) -> dict[str, Any]:
        found: dict[str, Any] = self._client.call("GET", f"/api/v1/orders/{order_no}")
        return found

    def _payment(self, order_no: int) -> dict[str, Any]:
        found: dict[str, Any] = self._client.call("GET", f"/api/v1/orders/{order_no}/payment")
        return found

    def _until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + SETTLE_S
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"waited {SETTLE_S} s for {what}")
            time.sleep(0.1)


def statement(demo: Demo) -> list[service.Line]:
    """The gateway's own statement of everything."""
    url = f"http://127.0.0.1:{demo.plan.ports['gateway']}/statement.csv"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return service.read_statement(answer.read().decode())


def facts(demo: Demo, phone: Phone) -> dict[str, int]:
    """What the gateway has beside what the hub knows; ``gateway_faults`` counts those that struck."""
    with sqlite3.connect(f"file:{demo.folder / 'gateway' / 'gateway.sqlite'}?mode=ro", uri=True) as books:
        left = dict(books.execute("SELECT name, times FROM fault"))
    with demo.hub_database.read() as tx:
        compared = service.compare(tx, 0, 0, 1 << 46, statement(demo))
        lacking = len(service.without_ticket(tx))
    return {
        "paid_by_phone": phone.paid,
        "phone_money_back": phone.came_back,
        "gateway_faults": sum(demo.told_faults[name] - left.get(name, 0) for name in FAULTS),
        "paid_without_ticket": sum(one.code == "paid_without_ticket" for one in compared.differences) + lacking,
        "phone_fen_difference": compared.fen_difference,
    }
