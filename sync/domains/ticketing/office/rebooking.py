"""Which ride a ticket may be exchanged for, until when, how often, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sync.domains.ticketing.events import GIVEN_BACK, PASSENGER
from sync.domains.ticketing.operations import RebookRules
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import refuse_odd

_MINUTE_MS = 60_000
# For whom the hub has published nothing: once and free, to the same line and class. No law of its own.
DEFAULT_REBOOK_RULES: Final = RebookRules(
    name="default",
    source="common practice of coach stations",
    from_day=0,
    agency_no=None,
    cutoff_minutes=30,
    most_times=1,
    free_times=1,
    fee_per_mille=0,
    same_line=True,
    same_class=True,
    refundable=True,
)


@dataclass(frozen=True, slots=True)
class Way:
    """What of a ride decides whether one may take the place of another. ``vehicle``: the name of its seat plan."""

    agency_no: int
    currency: str
    route_no: int
    vehicle: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What an exchange costs. The passenger pays ``price_minor`` for the new ticket and gets ``back_minor`` for the old
    one; ``rule`` names set and step."""

    fee_minor: int
    back_minor: int
    price_minor: int
    rule: str

    @property
    def due_minor(self) -> int:
        """What the passenger pays; below 0: what is handed back."""
        return self.price_minor - self.back_minor


def rebook_rules(published: Iterable[RebookRules], agency_no: int, sold_day: int) -> RebookRules:
    """The set for a ticket of operator ``agency_no`` that was sold on calendar day ``sold_day``: the newest that held
    then, the operator's own before one for all."""
    held = [one for one in published if one.from_day <= sold_day and one.agency_no in (None, agency_no)]
    return max(held, key=lambda one: (one.agency_no is not None, one.from_day), default=DEFAULT_REBOOK_RULES)


def fits(given: RebookRules, old: Way, new: Way) -> bool:
    """Whether a ride may take the place of another: one operator and one currency always, line and class by the rules."""
    return (
        (old.agency_no, old.currency) == (new.agency_no, new.currency)
        and (not given.same_line or old.route_no == new.route_no)
        and (not given.same_class or old.vehicle == new.vehicle)
    )


def rebook_terms(
    given: RebookRules, prices_minor: tuple[int, int], reason: int, times: int, left_ms: int, clock_sure: bool,
    told: bool = False,
) -> Terms:  # fmt: skip
    """What it costs to exchange a ticket ``left_ms`` before its departure, when it was rebooked ``times`` times before.

    ``prices_minor``: of the old ticket and of the new ride. A fault of carrier or station has no fee and is not counted,
    and the passenger never pays more than before (民法典 821); claimed at the counter it ends with the departure, ``told`` by the
    hub it does not. Raises :class:`Refusal`: ``rebook_clock_unsure``,
    ``rebook_late``, ``rebook_times``.
    """
    old_minor, new_minor = prices_minor
    if reason != PASSENGER:
        if clock_sure and left_ms <= 0 and not told:
            raise Refusal("rebook_late", field="reason", minutes=0)
        return Terms(0, old_minor, min(old_minor, new_minor), f"{given.name}/{GIVEN_BACK[reason]}")
    if times >= given.most_times:
        raise Refusal("rebook_times", field="reason", times=times)
    if not clock_sure:
        raise Refusal("rebook_clock_unsure", field="reason")
    if left_ms < given.cutoff_minutes * _MINUTE_MS:
        raise Refusal("rebook_late", field="reason", minutes=given.cutoff_minutes)
    free = times < given.free_times
    fee = 0 if free else min((old_minor * given.fee_per_mille + 500) // 1000, old_minor)
    return Terms(fee, old_minor - fee, new_minor, f"{given.name}/{times + 1}")


def check_rebook_rules(given: RebookRules) -> RebookRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``rebook_rules_odd``, naming what is odd."""
    refuse_odd(
        "rebook_rules_odd",
        given,
        (
            ("cutoff_minutes", not 0 <= given.cutoff_minutes <= 100_000),
            ("most_times", not 0 <= given.most_times <= 100),
            ("free_times", not 0 <= given.free_times <= 100),
            ("fee_per_mille", not 0 <= given.fee_per_mille <= 1000),
        ),
    )
    return given
