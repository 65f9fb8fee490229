"""The gateway as a node asks it: every answer is verified, and is the answer to the question that was asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sync.domains.payments import rules
from sync.domains.payments.rules import Said
from sync.kernel.errors import Fault, Malformed
from sync.kernel.ports import Clock, Ids, Transport

_OK: Final = "ok"


def read_key(file: Path) -> bytes:
    """The key that this merchant and the gateway share. Raises :class:`Fault` ``settings`` without one, or one too short."""
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise Fault("settings", f"gateway_key_file: {file.name}: {error.strerror}", retry=False) from None
    if len(key) < rules.LEAST_KEY:
        raise Fault("settings", f"gateway_key_file: {file.name}: at least {rules.LEAST_KEY} characters", retry=False)
    return key


@dataclass(frozen=True, slots=True)
class Returned:
    """A verified word on money that goes back. ``done`` False: not yet."""

    refund_no: str
    gateway_no: str
    done: bool


class Gateway:
    """One gateway, for one merchant. Everything raises :class:`Fault` where there is no answer, or none to believe.

    ``reached_ms``: monotonic time of the last answer that was verified; None since the last question without one.
    """

    def __init__(self, line: Transport, clock: Clock, ids: Ids, merchant_no: str, key: bytes, notify_url: str) -> None:
        self._line, self._clock, self._ids = line, clock, ids
        self._merchant_no, self._key, self._notify_url = merchant_no, key, notify_url
        self.reached_ms: int | None = None

    def create(self, order_no: str, amount_minor: int, currency: str, subject: str) -> tuple[Said, str]:
        """Ask for a payment, or for the same again; with it the address that its QR holds (empty: closed)."""
        answer = self._ask(
            rules.CREATE, "create", order_no=order_no, amount_minor=amount_minor, currency=currency, subject=subject,
            notify_url=self._notify_url,
        )  # fmt: skip
        return self._said(answer, order_no), rules.text_of(answer, "code_url")

    def query(self, order_no: str) -> Said:
        """What became of a payment."""
        return self._said(self._ask(rules.QUERY, "query", order_no=order_no), order_no)

    def close(self, order_no: str) -> Said:
        """Take no money for it any more; what became of it, which may be that it was paid before."""
        return self._said(self._ask(rules.CLOSE, "close", order_no=order_no), order_no)

    def refund(self, order_no: str, refund_no: str, amount_minor: int) -> Returned:
        """Give money back, or ask again whether it went."""
        answer = self._ask(rules.REFUND, "refund", order_no=order_no, refund_no=refund_no, amount_minor=amount_minor)
        if (answer.get("refund_no"), answer.get("amount_minor")) != (refund_no, amount_minor):
            raise Malformed("gateway_answer")
        done = rules.text_of(answer, "state") == rules.DONE
        return Returned(refund_no, rules.text_of(answer, "gateway_no"), done)

    def ping(self) -> None:
        """Whether it is there."""
        self._ask(rules.PING, "ping")

    def heard(self, data: bytes) -> Said:
        """What a callback says, if it is the gateway's own word."""
        return rules.said_of(rules.unseal(data, self._key, rules.CALLBACK))

    def _said(self, answer: dict[str, Any], order_no: str) -> Said:
        said = rules.said_of(answer)
        if said.order_no != order_no:
            raise Malformed("gateway_answer")
        return said

    def _ask(self, path: str, kind: str, **fields: Any) -> dict[str, Any]:
        nonce = self._ids.token(16).hex()
        asked = {"kind": kind, "merchant_no": self._merchant_no, "nonce": nonce, **fields}
        try:
            data = self._line.post(path, rules.seal(asked, self._key))
            answer = rules.unseal(data, self._key, f"{kind}_answer", nonce)
        except Fault:
            self.reached_ms = None
            raise
        self.reached_ms = self._clock.mono_ms()
        if answer.get("code") != _OK:
            raise Fault(str(answer.get("code"))[:60], retry=False)
        return answer
