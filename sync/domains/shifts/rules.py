"""What must be in a drawer: the same sums on the node that closes a shift and on the hub that checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.domains.shifts.events import CASH_REASONS, CashMoved, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.events import CASH, BookingSold, RefundPaid, TicketRefunded, TicketSold
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from sync.kernel.money import exponent
from sync.kernel.rulesets import refuse_odd

MAX_AMOUNT_MINOR: Final = 1 << 40
MAX_PIECES: Final = 100_000
# For whom the hub has published nothing: small places go on without shifts.
DEFAULT_OFFICE_RULES: Final = OfficeRules("default", "no shift asked for", 0, None, False, "CNY", 0)
# Notes and coins in use, in minor units, the largest first. Where there are none, a sum is counted.
DENOMINATIONS: Final[Mapping[str, tuple[int, ...]]] = {
    "CNY": (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10),
    "HKD": (100_000, 50_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10),
    "MOP": (100_000, 50_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10),
}
Kind = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Movement:
    """What one event does to the money of a clerk: ``amount_minor`` taken (``back`` False) or handed back, for ``tickets``.

    ``rider`` is None where the event does not say whose ticket it is about, ``trip_no`` for what goes along with several.
    """

    clerk_no: int
    currency: str
    payment: int
    amount_minor: int
    back: bool
    tickets: int
    trip_no: int | None
    rider: int | None


def movement(event: Event) -> Movement | None:
    """The money of an event at the counter; None for one that moves none. New kinds of sale have their line here."""
    if isinstance(event, TicketSold):
        paid = (event.clerk_no, event.currency, event.payment, event.price_minor)
        return Movement(*paid, back=False, tickets=1, trip_no=event.trip_no, rider=event.rider)
    if isinstance(event, BookingSold):
        extras = sum(price for _, _, price in event.extras)
        paid = (event.clerk_no, event.currency, event.payment, extras)
        return Movement(*paid, back=False, tickets=0, trip_no=None, rider=None) if extras else None
    if isinstance(event, RefundPaid):
        given = (event.clerk_no, event.currency, event.payment, event.paid_minor)
        return Movement(*given, back=True, tickets=1, trip_no=event.trip_no, rider=None)
    if isinstance(event, TicketRefunded):
        given = (event.clerk_no, event.currency, event.payment, event.refunded_minor)
        return Movement(*given, back=True, tickets=1, trip_no=event.trip_no, rider=None)
    return None


@dataclass(slots=True)
class Sum:
    """Of one currency and kind of payment (or line, or rider): how often and how much, in minor units."""

    sold: int = 0
    sold_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0

    def add(self, moved: Movement) -> None:
        """Count one sale or refund in."""
        if moved.back:
            self.refunds, self.refunded_minor = self.refunds + moved.tickets, self.refunded_minor + moved.amount_minor
        else:
            self.sold, self.sold_minor = self.sold + moved.tickets, self.sold_minor + moved.amount_minor

    def merge(self, other: Sum) -> None:
        """Count another sum in."""
        self.sold, self.sold_minor = self.sold + other.sold, self.sold_minor + other.sold_minor
        self.refunds, self.refunded_minor = self.refunds + other.refunds, self.refunded_minor + other.refunded_minor


@dataclass(slots=True)
class Drawer:
    """A fold of one shift's events, in the order of the log: what came in and what must be there."""

    shift_no: int
    clerk_no: int
    begun: bool = False
    float_minor: dict[str, int] = field(default_factory=dict)
    paid_in: dict[str, int] = field(default_factory=dict)
    paid_out: dict[str, int] = field(default_factory=dict)
    kinds: dict[Kind, Sum] = field(default_factory=dict)
    # (trip, currency) and (rider, currency); a refund names no rider.
    trips: dict[tuple[int, str], Sum] = field(default_factory=dict)
    riders: dict[tuple[int, str], Sum] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Count an event in; those of other clerks and shifts change nothing."""
        if isinstance(event, ShiftOpened):
            # A shift begins once: another opening under its number says nothing.
            if event.shift_no == self.shift_no and not self.begun:
                self.begun, self.float_minor = True, _summed(event.float_minor)
        elif isinstance(event, CashMoved) and (event.shift_no, event.clerk_no) == (self.shift_no, self.clerk_no):
            side = self.paid_in if event.into else self.paid_out
            side[event.currency] = side.get(event.currency, 0) + event.amount_minor
        else:
            moved = movement(event)
            if moved is not None and moved.clerk_no == self.clerk_no:
                self._count(moved)

    def expected(self) -> dict[Kind, int]:
        """(currency, payment) → minor units that must be there, by currency; cash for every currency that was touched."""
        found = {
            (currency, CASH): self.float_minor.get(currency, 0)
            + self.paid_in.get(currency, 0)
            - self.paid_out.get(currency, 0)
            for currency in {*self.float_minor, *self.paid_in, *self.paid_out}
        }
        for kind, one in self.kinds.items():
            found[kind] = found.get(kind, 0) + one.sold_minor - one.refunded_minor
        return dict(sorted(found.items()))

    def sum_of(self, kind: Kind) -> Sum:
        """Sales and refunds of one currency and kind of payment."""
        return self.kinds.get(kind, Sum())

    def _count(self, moved: Movement) -> None:
        sums = [self.kinds.setdefault((moved.currency, moved.payment), Sum())]
        if moved.trip_no is not None:
            sums.append(self.trips.setdefault((moved.trip_no, moved.currency), Sum()))
        if moved.rider is not None:
            sums.append(self.riders.setdefault((moved.rider, moved.currency), Sum()))
        for one in sums:
            one.add(moved)


def office_rules(published: Iterable[OfficeRules], place_no: int, day: int) -> OfficeRules:
    """The set that holds at a place on a calendar day: the newest, the place's own before one for all."""
    held = [one for one in published if one.from_day <= day and one.place_no in (None, place_no)]
    return max(held, key=lambda one: (one.place_no is not None, one.from_day), default=DEFAULT_OFFICE_RULES)


def check_office_rules(given: OfficeRules) -> OfficeRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``office_rules_odd``, naming what is odd."""
    refuse_odd(
        "office_rules_odd",
        given,
        (
            ("currency", not is_currency(given.currency)),
            ("difference_limit_minor", not 0 <= given.difference_limit_minor <= MAX_AMOUNT_MINOR),
        ),
    )
    return given


def above_limit(given: OfficeRules, currency: str, difference_minor: int) -> bool:
    """Whether a difference of a count is to be told."""
    limit = given.difference_limit_minor if currency == given.currency else 0
    return abs(difference_minor) > limit


def many_refunds(sold: int, refunds: int, others_sold: int, others_refunds: int) -> bool:
    """Whether a clerk gave back far more of what was sold in a shift than all others do: five at least, and more than
    three times their share, once there is enough to measure by."""
    enough = refunds >= 5 and others_sold >= 20
    return enough and refunds * others_sold > 3 * max(others_refunds, 1) * max(sold, 1)


def check_amounts(amounts: Mapping[str, int], field_name: str) -> tuple[tuple[str, int], ...]:
    """Amounts of cash by currency, those of nothing left out. Raises :class:`Refusal` ``cash_amount``."""
    for currency, minor in amounts.items():
        if not is_currency(currency) or not 0 <= minor <= MAX_AMOUNT_MINOR:
            raise Refusal("cash_amount", status=422, field=field_name)
    return tuple(sorted((currency, minor) for currency, minor in amounts.items() if minor))


def check_pieces(pieces: Iterable[tuple[str, int, int]]) -> tuple[tuple[str, int, int], ...]:
    """Notes and coins that there are, none twice. Raises :class:`Refusal` ``cash_pieces``."""
    found = {}
    for currency, worth_minor, count in pieces:
        known = worth_minor in DENOMINATIONS.get(currency, ())
        if not known or not 0 <= count <= MAX_PIECES or (currency, worth_minor) in found:
            raise Refusal("cash_pieces", status=422, field="pieces")
        found[currency, worth_minor] = count
    return tuple((*key, count) for key, count in sorted(found.items()) if count)


def worth(pieces: Iterable[tuple[str, int, int]]) -> dict[str, int]:
    """Currency → minor units that notes and coins are worth."""
    found: dict[str, int] = {}
    for currency, worth_minor, count in pieces:
        found[currency] = found.get(currency, 0) + worth_minor * count
    return found


def reason_index(name: str) -> int:
    """Index of a reason why cash moves. Raises :class:`Refusal` ``cash_reason``."""
    if name not in CASH_REASONS:
        raise Refusal("cash_reason", status=422, field="reason")
    return CASH_REASONS.index(name)


def _summed(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for currency, minor in amounts:
        found[currency] = found.get(currency, 0) + minor
    return found


def is_currency(text: str) -> bool:
    """Whether ``text`` has the form of a code of ISO 4217."""
    return len(text) == 3 and text.isascii() and text.isupper() and exponent(text) >= 0
