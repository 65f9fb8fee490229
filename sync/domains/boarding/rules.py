"""What a gate answers to a ticket whose signature holds.

Colours: green may board, amber may board but something was not checked, red may not.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.kernel.certificate import Certificate
from sync.kernel.ticket import Claims, TicketId

GREEN = "green"
AMBER = "amber"
RED = "red"

DAMAGED = "damaged"
UNKNOWN_ISSUER = "unknown_issuer"
FORGED = "forged"
REVOKED = "revoked"
WRONG_TRIP = "wrong_trip"
WRONG_DATE = "wrong_date"
WRONG_STOP = "wrong_stop"
ALREADY_USED = "already_used"
EXPIRED = "expired"
NO_SUCH_TRIP = "no_such_trip"
REFUNDED = "refunded"
SUPERSEDED = "superseded"
TRIP_CANCELLED = "trip_cancelled"
REASONS = (
    DAMAGED, UNKNOWN_ISSUER, FORGED, REVOKED, WRONG_TRIP, WRONG_DATE, WRONG_STOP, ALREADY_USED, EXPIRED, NO_SUCH_TRIP,
    REFUNDED, SUPERSEDED, TRIP_CANCELLED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate knows: the trip that it boards, the stop where it stands (None: any), and its clock."""

    trip_no: int
    day: int
    stop_idx: int | None
    now_s: int
    clock_sure: bool


def refusal(claims: Claims, gate: Gate, revoked_after: int | None) -> str | None:
    """The reason to refuse, or None. ``revoked_after``: last good serial of the issuer if its key is revoked.

    Being used or void already is not decided here: that is the log's to say, in the transaction that boards.
    """
    if revoked_after is not None and claims.ticket_id.serial > revoked_after:
        return REVOKED
    if claims.trip_no != gate.trip_no:
        return WRONG_TRIP
    if claims.day != gate.day:
        return WRONG_DATE
    if gate.clock_sure and gate.now_s > claims.until_s:
        return EXPIRED
    if gate.stop_idx is not None and not claims.from_idx <= gate.stop_idx < claims.to_idx:
        return WRONG_STOP
    return None


def beyond_certificate(claims: Claims, issuer: Certificate) -> bool:
    """Whether the ride is on a day for which the seller's certificate does not speak. Two signed days are compared, and no
    clock: it may have been sold while the certificate was good, so it is for a person to look at, and no refusal."""
    return claims.day > issuer.until_day


def voided_by(claims: Claims, reason: str | None) -> tuple[TicketId, ...]:
    """Tickets that are void because a gate has read one with these ``claims``, which it judged with ``reason``.

    A node can take back its own tickets only, and one whose key is revoked can say nothing any more.
    """
    if reason == REVOKED:
        return ()
    own = claims.ticket_id
    return tuple(one for one in claims.superseded if one.node_no == own.node_no and one != own)
