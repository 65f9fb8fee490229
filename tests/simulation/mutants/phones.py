"""Payments by phone that are believed too much, too little, or halfway."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.payments import store
from edge.domains.payments.service import Payments
from sync.domains.payments import rules
from sync.domains.payments.rules import Said
from sync.domains.ticketing.events import CASH


@contextlib.contextmanager
def late_money_kept() -> Iterator[None]:
    """A payment that was closed is over: money that comes all the same is nobody's."""
    settle = Payments._settle

    def once(self: Payments, unit: Any, said: Said, sell: bool) -> None:
        row = store.payment(unit.connection, said.order_no)
        if row is not None and row.state != store.ENDED:
            settle(self, unit, said, sell)

    with mock.patch.object(Payments, "_settle", once):
        yield


@contextlib.contextmanager
def any_amount_will_do() -> Iterator[None]:
    """Paid is paid: nobody looks how much."""

    def generous(said: Said, _amount_minor: int, _currency: str) -> str:
        return {rules.PAID: rules.GOOD, rules.CLOSED: rules.OVER}.get(said.state, rules.OPEN)

    with mock.patch.object(rules, "meaning", generous):
        yield


@contextlib.contextmanager
def callback_believed() -> Iterator[None]:
    """What a callback says of odd money is acted on without asking the gateway."""

    def heard(self: Payments, data: bytes) -> None:
        if self.gateway is not None:
            self.settle(self.gateway.heard(data))

    with mock.patch.object(Payments, "heard", heard):
        yield


@contextlib.contextmanager
def phone_refunded_in_cash() -> Iterator[None]:
    """A clerk gives cash back for what was paid by phone."""
    with mock.patch.object(Payments, "give_back", lambda *_: CASH):
        yield


@contextlib.contextmanager
def repaid_twice() -> Iterator[None]:
    """Each refund of a ticket is asked of the gateway twice, under two numbers."""
    give_back = Payments.give_back

    def eager(self: Payments, unit: Any, ticket_id: Any, amount_minor: int) -> int:
        give_back(self, unit, ticket_id, amount_minor // 2)
        return give_back(self, unit, ticket_id, amount_minor)

    with mock.patch.object(Payments, "give_back", eager):
        yield


MUTANTS: Final = {
    "late_money_kept": late_money_kept,
    "any_amount_will_do": any_amount_will_do,
    "callback_believed": callback_believed,
    "phone_refunded_in_cash": phone_refunded_in_cash,
    "repaid_twice": repaid_twice,
}
