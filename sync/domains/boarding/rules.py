"""What a gate answers to a ticket whose signature holds.

Colours: green may board, amber may board but something was not checked, red may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sync.domains.boarding.operations import GateRules
from sync.domains.inventory.rules import free_children
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Refusal
from sync.kernel.holder import Shown
from sync.kernel.rulesets import newest
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
# A picture of a phone's code, or a phone whose clock is wrong; and a phone's ticket without the phone.
CODE_STALE = "code_stale"
CODE_UNSIGNED = "code_unsigned"
# Ticket = person = document: another document was shown than the ticket was sold to.
DOCUMENT_DIFFERS = "document_differs"
SEAT_SOLD_ON = "seat_sold_on"
REASONS = (
    DAMAGED, UNKNOWN_ISSUER, FORGED, REVOKED, WRONG_TRIP, WRONG_DATE, WRONG_STOP, ALREADY_USED, EXPIRED, NO_SUCH_TRIP,
    REFUNDED, SUPERSEDED, TRIP_CANCELLED, CODE_STALE, CODE_UNSIGNED, DOCUMENT_DIFFERS,
    SEAT_SOLD_ON,
)  # fmt: skip
# What became of a code that could not be taken for a ticket, by the codes of :func:`sync.kernel.ticket.verify`.
UNREAD: Final = {"ticket_damaged": DAMAGED, "ticket_unknown_issuer": UNKNOWN_ISSUER, "ticket_forged": FORGED}
# Let in by a gate that was cut off from its node: not checked against the others.
APART: Final = "apart"
# What was not checked, or is to be looked at: the screen says it, and green becomes amber.
CLOCK_UNSURE = "clock_unsure"
DOCUMENT_UNSEEN = "document_unseen"

UNSIGNED: Final = ("refused", "amber")
MAX_TOLERANCE_S: Final = 600
# For whom the hub has published nothing.
DEFAULT_GATE_RULES: Final = GateRules("default", "thirty seconds, as the transit codes", 0, 30, 30, "refused")


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


def gate_rules(published: Iterable[GateRules], today: int) -> GateRules:
    """The newest set that holds on ``today``."""
    return newest(published, today, DEFAULT_GATE_RULES)


def check_gate_rules(given: GateRules) -> None:
    """Refuse (``gate_rules_odd``) a set that no gate could keep, beside its field."""
    tolerances = {"code_age_s": given.code_age_s, "code_ahead_s": given.code_ahead_s}
    wrong = [name for name, seconds in tolerances.items() if not 5 <= seconds <= MAX_TOLERANCE_S]
    wrong += ["unsigned"] if given.unsigned not in UNSIGNED else []
    wrong += [name for name in ("name", "source") if not 1 <= len(getattr(given, name)) <= 200]
    if wrong:
        raise Refusal("gate_rules_odd", status=422, field=wrong[0])


def held_by(claims: Claims, shown: Shown | None, given: GateRules, now_s: int, clock_sure: bool) -> str | None:
    """:data:`CODE_STALE` or :data:`CODE_UNSIGNED` where a ticket that is bound to a phone does not come from it just now.

    With a clock in doubt the signature alone counts; the gate says that the time was not checked.
    """
    if not claims.holder:
        return None
    if shown is None:
        return CODE_UNSIGNED
    fresh = -given.code_ahead_s <= now_s - shown.at_s <= given.code_age_s
    return None if fresh or not clock_sure else CODE_STALE


EXPECTED = "expected"
MISSING = "missing"
ABOARD = "aboard"
NO_SHOW = "no_show"
ALIGHTED = "alighted"
ARRIVED = "arrived"
STATES = (EXPECTED, MISSING, ABOARD, NO_SHOW, ALIGHTED, ARRIVED)


def state_of(from_idx: int, to_idx: int, boarded: bool, mark: str, left_idx: int) -> str:
    """Where a passenger is when the vehicle has left stop ``left_idx`` (-1: none yet). ``mark``: NO_SHOW, ALIGHTED or empty.

    MISSING: should be aboard, was not seen, and nobody has said so yet.
    """
    if mark:
        return mark
    if boarded:
        return ARRIVED if left_idx >= to_idx else ABOARD
    return MISSING if left_idx >= from_idx else EXPECTED


def freed_from(from_idx: int, to_idx: int, left_idx: int, absent: bool) -> int:
    """The stop from which on a passenger's seat is empty: who did not come is missing on the leg that is being ridden, who
    gets off does so at the next stop at the earliest."""
    at_idx = left_idx if absent else left_idx + 1
    return min(max(at_idx, from_idx), to_idx)


@dataclass(frozen=True)
class Room:
    """How many passengers a dated trip may carry in seats. ``plate``: of the vehicle for which the register says so; empty where
    the seat plan allows no more."""

    seats: int
    plate: str = ""

    @property
    def laps(self) -> int:
        """Children on laps beside them."""
        return free_children(self.seats)

    def over_idx(self, taken: Taken) -> int | None:
        """The first leg with more passengers than may be carried, None for none."""
        return min((leg for leg, count in taken.seats.items() if count > self.seats), default=None)


@dataclass(frozen=True)
class Taken:
    """Leg → known passengers in seats or places, and children on laps."""

    seats: Counter[int]
    laps: Counter[int]
