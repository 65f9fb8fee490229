"""What merchant and gateway say to each other, and what of it counts.

A message is a JSON object with ``kind`` (what it is) and ``sign``: HMAC-SHA256 (RFC 2104) with the key that merchant and
gateway share, over the object without ``sign`` in canonical form (names sorted, no blanks, UTF-8). An answer carries the
``nonce`` of its question, so that an old one can't pass for a new one, nor one kind of message for another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync.kernel.errors import Malformed

# Where questions are put, below the gateway's address. The last gives the payments and refunds of a day.
CREATE, QUERY, CLOSE = "/v1/payments", "/v1/payments/query", "/v1/payments/close"
REFUND, STATEMENT, PING = "/v1/refunds", "/v1/statement", "/v1/ping"
CALLBACK: Final = "callback"

# States of a payment at the gateway. CLOSED is final: no money was taken, and none will be.
CREATED, PAID, CLOSED, UNKNOWN = "created", "paid", "closed", "unknown"
# States of a refund at the gateway.
PROCESSING, DONE = "processing", "done"

MAX_MESSAGE: Final = 64 * 1024
MAX_STATEMENT: Final = 16 * 1024 * 1024
LEAST_KEY: Final = 32

# What a verified word of the gateway means for a payment that was asked for.
OPEN, GOOD, ODD, OVER = "open", "good", "odd", "over"


@dataclass(frozen=True, slots=True)
class Said:
    """A verified word of the gateway on one payment. ``paid_minor`` counts only while ``state`` is PAID."""

    order_no: str
    state: str
    gateway_no: str
    paid_minor: int
    currency: str
    paid_ms: int


def seal(message: Mapping[str, Any], key: bytes) -> bytes:
    """``message`` with its ``sign``, as JSON."""
    return _canonical({**message, "sign": signature(message, key)})


def signature(message: Mapping[str, Any], key: bytes) -> str:
    """HMAC-SHA256 of ``message`` without its ``sign``, in hex."""
    plain = {name: value for name, value in message.items() if name != "sign"}
    return hmac.new(key, _canonical(plain), hashlib.sha256).hexdigest()


def unseal(data: bytes, key: bytes, kind: str, nonce: str | None = None, most: int = MAX_MESSAGE) -> dict[str, Any]:
    """The message in ``data``, when it is one of ``kind`` that the holder of ``key`` signed, in answer to ``nonce``.

    Raises :class:`Malformed`: ``gateway_shape``, ``gateway_signature``, ``gateway_answer`` (of another question).
    """
    try:
        message = json.loads(data) if len(data) <= most else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("sign"), str):
        raise Malformed("gateway_shape")
    if not hmac.compare_digest(message["sign"].encode(), signature(message, key).encode()):
        raise Malformed("gateway_signature")
    if message.get("kind") != kind or (nonce is not None and message.get("nonce") != nonce):
        raise Malformed("gateway_answer")
    return message


def said_of(message: Mapping[str, Any]) -> Said:
    """The payment that a verified message speaks of. Raises :class:`Malformed` ``gateway_shape``."""
    paid = message.get("state") == PAID
    if paid and not whole_of(message, "paid_minor"):
        raise Malformed("gateway_shape", "paid_minor")
    return Said(
        order_no=text_of(message, "order_no"),
        state=text_of(message, "state"),
        gateway_no=text_of(message, "gateway_no") if paid else "",
        paid_minor=whole_of(message, "paid_minor") if paid else 0,
        currency=text_of(message, "currency") if paid else "",
        paid_ms=whole_of(message, "paid_ms") if paid else 0,
    )


def text_of(message: Mapping[str, Any], name: str) -> str:
    """A field of 1 to 200 printable characters. Raises :class:`Malformed` ``gateway_shape``."""
    value = message.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable():
        raise Malformed("gateway_shape", name)
    return value


def whole_of(message: Mapping[str, Any], name: str) -> int:
    """A field that is a whole number from 0 to 2^53. Raises :class:`Malformed` ``gateway_shape``."""
    value = message.get(name)
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise Malformed("gateway_shape", name)
    return value


def meaning(said: Said, amount_minor: int, currency: str) -> str:
    """OPEN: nothing is decided; GOOD: paid as asked; ODD: other money than was asked for; OVER: closed, no money."""
    if said.state == PAID:
        return GOOD if (said.paid_minor, said.currency) == (amount_minor, currency) else ODD
    return OVER if said.state == CLOSED else OPEN


def _canonical(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
