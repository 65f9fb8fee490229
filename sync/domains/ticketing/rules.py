"""What a sale is worth, what its ticket says, and what of it goes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.domains.ticketing.events import GIVEN_BACK, PASSENGER, REASONS, TicketSold
from sync.domains.ticketing.operations import RefundRules
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import refuse_odd
from sync.kernel.ticket import Claims, TicketId

VALID_AFTER_ARRIVAL_S = 6 * 3600
# Ten thousand yuan: no clerk gives back more on one sale.
MOST_CHANGE_MINOR = 1_000_000
# Kinds of refunds that a node may have to leave to the hub.
ASKED = ("other_box", "past_log", "departed", "clock_unsure")
# Why a refund is put aside whose seller could not know that the ticket was paid out elsewhere: its seat is free all the same.
REFUND_PAID_OUT: Final = "refund_paid_out"
_MINUTE_MS = 60_000
_DAY_MINUTES = 1_440
# For whom the hub has published nothing: the bands that most coach stations print. No law of its own.
DEFAULT_REFUND_RULES: Final = RefundRules(
    name="default",
    source="common practice of coach stations",
    from_day=0,
    agency_no=None,
    bands=((120, 100, 50), (0, 200, 100)),
    currency="CNY",
    rounding_minor=1,
    limit_minor=50_000,
)


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What the passenger pays for giving a ticket back, and what goes back. ``rule`` names set and band; ``second``: whether
    a second clerk has to agree."""

    fee_minor: int
    refunded_minor: int
    rule: str
    second: bool = False


def claims_of(
    sold: TicketSold, node_no: int, epoch: int, superseded: Sequence[int] = (), document_check: bytes = b""
) -> Claims:
    """The signed claims of the ticket that ``sold`` records, when node ``node_no`` sold it in log epoch ``epoch``.

    ``superseded``: serials of earlier tickets of this log for the same seat or place, refunded before this sale.
    ``document_check``: the check value of the traveller's document, where one was named.
    """
    return Claims(
        ticket_id=TicketId(node_no, epoch, sold.serial),
        trip_no=sold.trip_no,
        day=sold.day,
        from_idx=sold.from_idx,
        to_idx=sold.to_idx,
        seat=sold.seat,
        rider=sold.rider,
        until_s=sold.until_s,
        document_check=document_check,
        supersedes=b"".join(TicketId(node_no, epoch, serial).to_bytes() for serial in superseded),
    )


def valid_until_s(arrival_ms: int) -> int:
    """Until when a ticket is good: six hours past the planned arrival, so that a late bus refuses nobody."""
    return arrival_ms // 1000 + VALID_AFTER_ARRIVAL_S


def change_minor(price_minor: int, tendered_minor: int) -> int:
    """Change to give back. Raises :class:`Refusal`: ``cash_short``, and ``cash_much`` for what nobody hands over: a code that a
    scanner typed into the field of the cash."""
    if tendered_minor < price_minor:
        raise Refusal("cash_short", status=422, field="tendered")
    if tendered_minor - price_minor > MOST_CHANGE_MINOR:
        raise Refusal("cash_much", status=422, field="tendered")
    return tendered_minor - price_minor


def shown_change_minor(price_minor: int, tendered_minor: int | None) -> int | None:
    """The same for an amount that an address says; None where it says none, or one that no sale took."""
    try:
        return None if tendered_minor is None else change_minor(price_minor, tendered_minor)
    except Refusal:
        return None


def reason_index(name: str) -> int:
    """Index of a reason to refund. Raises :class:`Refusal` ``refund_reason``."""
    if name not in REASONS:
        raise Refusal("refund_reason", status=422, field="reason")
    return GIVEN_BACK.index(name)


def refund_rules(published: Iterable[RefundRules], agency_no: int, sold_day: int) -> RefundRules:
    """The set for a ticket of operator ``agency_no`` that was sold on calendar day ``sold_day``: the newest that held
    then, the operator's own before one for all."""
    held = [one for one in published if one.from_day <= sold_day and one.agency_no in (None, agency_no)]
    return max(held, key=lambda one: (one.agency_no is not None, one.from_day), default=DEFAULT_REFUND_RULES)


def refund_offer(
    given: RefundRules, price_minor: int, currency: str, reason: int, left_ms: int, clock_sure: bool, told: bool = False
) -> RefundOffer:
    """What a refund costs ``left_ms`` before departure. Carrier's and station's faults cost nothing.

    ``told``: the hub itself said that the trip was cancelled or came late. Then nobody has to agree, at any time. Raises
    :class:`Refusal`: ``refund_departed``, ``refund_clock_unsure`` (a fee rests on the time).
    """
    large = price_minor > given.limit_minor
    if reason != PASSENGER:
        departed = clock_sure and left_ms <= 0 and not told
        if departed and left_ms <= -given.fault_minutes_after * _MINUTE_MS:
            raise Refusal("refund_departed", field="reason")
        return RefundOffer(0, price_minor, f"{given.name}/{GIVEN_BACK[reason]}", (large or departed) and not told)
    if not clock_sure:
        raise Refusal("refund_clock_unsure", field="reason")
    open_bands = [band for band in given.bands if left_ms > 0 or band[0] < 0]
    band = next((band for band in open_bands if left_ms >= band[0] * _MINUTE_MS), None)
    if band is None:
        raise Refusal("refund_departed", field="reason")
    fee = _fee_minor(given, band, price_minor, currency)
    return RefundOffer(fee, price_minor - fee, f"{given.name}/{band[0]}", large)


def _fee_minor(given: RefundRules, band: tuple[int, int, int], price_minor: int, currency: str) -> int:
    """Half a unit and more is rounded up; never more than was paid."""
    _, per_mille, least_minor = band
    unit, least_minor = (given.rounding_minor, least_minor) if currency == given.currency else (1, 0)
    fee = (2 * price_minor * per_mille + 1000 * unit) // (2000 * unit) * unit
    return min(max(fee, least_minor), price_minor)


def check_refund_rules(given: RefundRules) -> RefundRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``refund_rules_odd``, naming what is odd."""
    minutes = [band[0] for band in given.bands]
    refuse_odd(
        "refund_rules_odd",
        given,
        (
            ("bands", not minutes or minutes != sorted(set(minutes), reverse=True) or min(minutes) < -_DAY_MINUTES),
            ("bands", any(not 0 <= per_mille <= 1000 or least < 0 for _, per_mille, least in given.bands)),
            ("rounding_minor", given.rounding_minor < 1),
            ("limit_minor", given.limit_minor < 0),
            ("fault_minutes_after", not 0 <= given.fault_minutes_after <= 100 * _DAY_MINUTES),
            ("hub_decides", bool(set(given.hub_decides) - set(ASKED))),
        ),
    )
    return given
