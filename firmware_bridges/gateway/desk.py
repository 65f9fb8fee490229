"""What the gateway answers a merchant, and how it takes a passenger's money; all of its misbehaviour is here.

``FAULTS`` are told by name and number of times, and strike in turn:

* ``down``: it does not answer, and does nothing; ``answer_lost``: it does what was asked, and nobody hears of it;
  ``answer_forged``: its answer bears a signature that is none;
* ``callback_late``: the callback comes after those of later payments; ``callback_doubled``, ``callback_lost``;
  ``callback_forged``: an unsigned lie comes before it; ``callback_amount``: the callback speaks of other money;
* ``paid_other``: a smaller amount than was asked for is taken; ``paid_closed``: money is taken after the payment was closed;
* ``refund_slow``: a refund takes until it is asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from firmware_bridges.gateway.books import Books, Payment, Refund
from sync.domains.payments import rules
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ports import Clock, Ids

FAULTS: Final = (
    "down", "answer_lost", "answer_forged", "callback_late", "callback_doubled", "callback_lost", "callback_forged",
    "callback_amount", "paid_other", "paid_closed", "refund_slow",
)  # fmt: skip
LATE_MS: Final = 4_000
_KINDS: Final = {
    rules.CREATE: "create", rules.QUERY: "query", rules.CLOSE: "close", rules.REFUND: "refund",
    rules.STATEMENT: "statement", rules.PING: "ping",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` None: the line is cut without a word."""

    status: int
    body: bytes | None


class Desk:
    """One merchant, ``merchant_no``, whose ``key`` the gateway shares. ``base_url``: where passengers reach it."""

    def __init__(self, books: Books, clock: Clock, ids: Ids, merchant_no: str, key: bytes, base_url: str) -> None:
        self.books, self._clock, self._ids = books, clock, ids
        self.merchant_no, self._key, self._base_url = merchant_no, key, base_url
        self._work: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "create": self._create, "query": self._query, "close": self._close, "refund": self._refund,
            "statement": self._statement, "ping": lambda asked: {},
        }  # fmt: skip

    def answer(self, path: str, body: bytes) -> Answer:
        """One question of the merchant."""
        kind = _KINDS.get(path)
        if kind is None:
            return Answer(404, b"{}")
        if self.books.strikes("down"):
            return Answer(503, None)
        try:
            asked = rules.unseal(body, self._key, kind)
            if asked.get("merchant_no") != self.merchant_no:
                raise Malformed("gateway_signature")
            nonce = rules.text_of(asked, "nonce")
            said = {"code": "ok", **self._work[kind](asked)}
        except Malformed as error:
            return Answer(400, json.dumps({"code": error.code}).encode())
        except Refusal as refusal:
            said = {"code": refusal.code}
        sealed = rules.seal({"kind": f"{kind}_answer", "nonce": nonce, **said}, self._key)
        if self.books.strikes("answer_lost"):
            return Answer(200, None)
        if self.books.strikes("answer_forged"):
            sealed = rules.seal({"kind": f"{kind}_answer", "nonce": nonce, **said}, b"somebody else's key")
        return Answer(200, sealed)

    def pay(self, order_no: str) -> str:
        """The passenger pays; the state of the payment afterwards."""
        found = self.books.payment(order_no)
        if found is None:
            return rules.UNKNOWN
        even_closed = found.state == rules.CLOSED and found.amount_minor > 0 and self.books.strikes("paid_closed")
        if found.state == rules.CREATED or even_closed:
            other = found.amount_minor > 1 and self.books.strikes("paid_other")
            now, amount = self._clock.wall_ms(), found.amount_minor - 1 if other else found.amount_minor
            calls = self._calls(now) if found.notify_url else []
            self.books.pay(order_no, amount, now, even_closed, calls)
        after = self.books.payment(order_no)
        return after.state if after else rules.UNKNOWN

    def callback(self, order_no: str, way: str) -> bytes | None:
        """The bytes that tell the merchant of a payment."""
        found = self.books.payment(order_no)
        if found is None:
            return None
        message = {"kind": rules.CALLBACK, "nonce": self._ids.token(8).hex(), **_spoken(found)}
        if way == "amount":
            message["paid_minor"] = found.paid_minor + 100
        return rules.seal(message, b"somebody else's key" if way == "forged" else self._key)

    def _calls(self, now: int) -> list[tuple[int, str]]:
        """When which callback of a payment made ``now`` is due."""
        calls = [(now, "forged")] if self.books.strikes("callback_forged") else []
        if self.books.strikes("callback_lost"):
            return calls
        due = now + LATE_MS if self.books.strikes("callback_late") else now
        way = "amount" if self.books.strikes("callback_amount") else "good"
        return [*calls, (due, way), *([(due, way)] if self.books.strikes("callback_doubled") else [])]

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = Payment(
            order_no=rules.text_of(asked, "order_no"),
            gateway_no=f"G{self._ids.token(8).hex()}",
            token=self._ids.token(12).hex(),
            amount_minor=rules.whole_of(asked, "amount_minor"),
            currency=rules.text_of(asked, "currency"),
            subject=str(asked.get("subject", ""))[:100],
            notify_url=str(asked.get("notify_url", ""))[:300],
            state=rules.CREATED,
            paid_minor=0,
            paid_ms=0,
        )
        if wanted.amount_minor < 1:
            raise Refusal("gateway_above")
        found = self.books.create(wanted)
        return {**_spoken(found), "code_url": f"{self._base_url}/pay/{found.token}"}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        order_no = rules.text_of(asked, "order_no")
        found = self.books.payment(order_no)
        return _spoken(found) if found else {"order_no": order_no, "state": rules.UNKNOWN}

    def _close(self, asked: dict[str, Any]) -> dict[str, Any]:
        order_no = rules.text_of(asked, "order_no")
        number, token = f"G{self._ids.token(8).hex()}", self._ids.token(12).hex()
        empty = Payment(order_no, number, token, 0, "", "", "", rules.CLOSED, 0, 0)
        return _spoken(self.books.close(order_no, empty))

    def _refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.books.settle_refunds()
        slow = self.books.strikes("refund_slow")
        found = self.books.refund(
            Refund(
                refund_no=rules.text_of(asked, "refund_no"),
                order_no=rules.text_of(asked, "order_no"),
                gateway_no=f"R{self._ids.token(8).hex()}",
                amount_minor=rules.whole_of(asked, "amount_minor"),
                state=rules.PROCESSING if slow else rules.DONE,
                made_ms=self._clock.wall_ms(),
            )
        )
        return {
            "refund_no": found.refund_no, "order_no": found.order_no, "gateway_no": found.gateway_no,
            "amount_minor": found.amount_minor, "state": found.state,
        }  # fmt: skip

    def _statement(self, asked: dict[str, Any]) -> dict[str, Any]:
        span = (rules.whole_of(asked, "from_ms"), rules.whole_of(asked, "until_ms"))
        return {"lines": self.statement(*span)}

    def statement(self, from_ms: int, until_ms: int) -> list[list[Any]]:
        """``[kind, merchant's payment number, merchant's refund number, minor units, currency, when]`` of a span of time."""
        paid = self.books.rows(
            "SELECT 'payment', order_no, '', paid_minor, currency, paid_ms FROM payment "
            "WHERE state = 'paid' AND paid_ms >= ? AND paid_ms < ?", (from_ms, until_ms),
        )  # fmt: skip
        back = self.books.rows(
            "SELECT 'refund', refund.order_no, refund_no, refund.amount_minor, payment.currency, made_ms FROM refund "
            "JOIN payment USING (order_no) WHERE made_ms >= ? AND made_ms < ?", (from_ms, until_ms),
        )  # fmt: skip
        return [list(row) for row in sorted(paid + back, key=lambda row: (row[5], row[1], row[2]))]


def _spoken(payment: Payment) -> dict[str, Any]:
    """What is said of a payment: of money only where it was taken."""
    said: dict[str, Any] = {"order_no": payment.order_no, "state": payment.state}
    if payment.state == rules.PAID:
        said |= {
            "gateway_no": payment.gateway_no, "paid_minor": payment.paid_minor, "currency": payment.currency,
            "paid_ms": payment.paid_ms,
        }  # fmt: skip
    return said
