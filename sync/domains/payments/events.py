"""What a node asked a payment gateway for, and what the gateway said. Card and account numbers stand nowhere.

A payment is known everywhere by ``order_no``, which this node drew for it: letters that no other payment ever had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

# Why money goes back by the gateway.
NOT_SOLD, OTHER_AMOUNT, LATE, GIVEN_BACK = 0, 1, 2, 3
CAUSES = ("not_sold", "other_amount", "late", "given_back")


@dataclass(frozen=True, slots=True)
class PaymentAsked(Event):
    """Somebody is about to pay for this node's order ``sale_no``; recorded before the gateway hears of it.

    ``clerk_no`` 0: nobody but the passenger.
    """

    TYPE: ClassVar[int] = 50
    order_no: str
    sale_no: int
    amount_minor: int
    currency: str
    clerk_no: int


@dataclass(frozen=True, slots=True)
class PaymentTaken(Event):
    """The gateway has the money, and here are its tickets: those of this log from serial ``first_serial`` on, in the same
    commit, that add up to ``amount_minor``. ``gateway_no`` is the gateway's number, ``paid_ms`` its claim of when."""

    TYPE: ClassVar[int] = 51
    order_no: str
    gateway_no: str
    amount_minor: int
    currency: str
    first_serial: int
    paid_ms: int


@dataclass(frozen=True, slots=True)
class PaymentEnded(Event):
    """The gateway has closed the payment: no money was taken."""

    TYPE: ClassVar[int] = 52
    order_no: str


@dataclass(frozen=True, slots=True)
class RepaymentAsked(Event):
    """Money goes back by the gateway, which is asked until it says that it did so: ``refund_no`` is this node's number for it.

    ``cause`` indexes CAUSES. GIVEN_BACK: ticket ``ticket_id`` is refunded in the same commit. Else no ticket came of the
    payment, and ``amount_minor`` is all that was taken, under the gateway's ``gateway_no``.
    """

    TYPE: ClassVar[int] = 53
    order_no: str
    refund_no: str
    amount_minor: int
    currency: str
    cause: int
    ticket_id: bytes
    gateway_no: str


@dataclass(frozen=True, slots=True)
class RepaymentMade(Event):
    """The gateway says that the money of ``refund_no`` is on its way to where it came from."""

    TYPE: ClassVar[int] = 54
    order_no: str
    refund_no: str
    gateway_no: str
    amount_minor: int
