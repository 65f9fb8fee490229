"""A gate that is cut off from its node: what it has been told beforehand, and what it can say of a ticket alone.

It knows the trip, the hub's key and the keys of those who sold for that trip. So it tells a ticket from a forgery, and
that it is for this trip; not whether another gate has let it in, whether it was given back, or what time it is. So
it is never green.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from sync.domains.boarding import rules
from sync.domains.boarding.rules import DEFAULT_GATE_RULES, Gate
from sync.kernel import ticket
from sync.kernel.certificate import Certificate
from sync.kernel.devices import Whole
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.ticket import Claims

MAX_KEYS: Final = 150
_KEY: Final = re.compile(r"(\d{1,8})\.(\d{1,3})\.([0-9a-f]{64})\.(\d{0,10})")
_HUB: Final = re.compile(r"[0-9a-f]{64}")


def _check_hub(value: Any) -> str:
    if type(value) is not str or not _HUB.fullmatch(value):
        raise ValueError
    return value


def _check_keys(value: Any) -> tuple[str, ...]:
    if type(value) not in (list, tuple) or len(value) > MAX_KEYS:
        raise ValueError
    if not all(type(one) is str and _KEY.fullmatch(one) for one in value):
        raise ValueError
    return tuple(value)


@dataclass(frozen=True, slots=True)
class Book:
    """What a gate keeps. ``hub``: its public key in hex; ``keys``: ``node.epoch.key.last`` of those who sold, where ``last``
    is the last good serial of a revoked key, else empty."""

    trip_no: Whole
    day: Whole
    hub: Annotated[str, _check_hub]
    keys: Annotated[tuple[str, ...], _check_keys]


@dataclass(frozen=True, slots=True)
class Judged:
    """``reason``: why not, None where the ticket is good as far as the gate can tell."""

    reason: str | None
    claims: Claims | None


def key_line(known: Certificate, revoked_after: int | None) -> str:
    """One of ``keys``."""
    last = "" if revoked_after is None else str(revoked_after)
    return f"{known.node_no}.{known.epoch}.{known.public.hex()}.{last}"


def judge(code: str, book: Book) -> Judged:
    """What can be said of a scanned code with nothing but the book."""
    known = dict(_known(line, book.day) for line in book.keys)
    try:
        opened, _ = ticket.verify(code, lambda kid: known.get(kid, (None, None))[0], VerifyKey(bytes.fromhex(book.hub)))
    except Malformed as error:
        return Judged(rules.UNREAD.get(error.code, rules.DAMAGED), None)
    gate = Gate(book.trip_no, book.day, None, 0, clock_sure=False)
    revoked_after = known.get(opened.kid, (None, None))[1]
    reason = rules.refusal(opened.claims, gate, revoked_after)
    return Judged(reason or rules.held_by(opened.claims, opened.shown, DEFAULT_GATE_RULES, 0, False), opened.claims)


def _known(line: str, day: int) -> tuple[bytes, tuple[Certificate | None, int | None]]:
    node_no, epoch, public, last = line.split(".")
    found = Certificate(int(node_no), int(epoch), bytes.fromhex(public), 0, day)
    return found.key.kid, (found, int(last) if last else None)
