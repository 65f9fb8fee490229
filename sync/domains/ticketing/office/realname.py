"""On which lines a traveller must be named, and how long that is kept: rules as data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from sync.domains.ticketing.operations import RealNameRules
from sync.kernel.days import date_of, day_of
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import refuse_odd

# Shantou's notice of 2017 on real names in passenger transport: identity and journeys for a year at least.
LEAST_KEEP_DAYS: Final = 365
# A month's keys are there so long before its first ride: longer ahead than anything is sold.
MONTHS_AHEAD: Final = 3
_MAX_DAY: Final = 1 << 20


def rules_on(published: Iterable[RealNameRules], agency_no: int, day: int) -> RealNameRules | None:
    """The set for lines of operator ``agency_no`` on calendar day ``day``: the newest, the operator's own before one for
    all. None: nobody has to be named."""
    held = [one for one in published if one.from_day <= day and one.agency_no in (None, agency_no)]
    return max(held, key=lambda one: (one.agency_no is not None, one.from_day), default=None)


def demands_name(given: RealNameRules | None, route_no: int, route_type: int) -> bool:
    """Whether ``given`` wants a name on this line."""
    if given is None or not given.demanded:
        return False
    some = given.route_nos or given.route_types
    return not some or route_no in given.route_nos or route_type in given.route_types


def period_of(day: int) -> int:
    """The month of a service day: 202611. Raises :class:`Refusal` ``not_bookable`` for what no calendar has."""
    if not 0 <= day < _MAX_DAY:
        raise Refusal("not_bookable", field="day")
    found = date_of(day)
    return found.year * 100 + found.month


def following(period: int, months: int = 1) -> int:
    """The month so many months later."""
    count = period // 100 * 12 + period % 100 - 1 + months
    return count // 12 * 100 + count % 12 + 1


def over(period: int, keep_days: int, today: int) -> bool:
    """Whether what was sealed for rides of a month need not be kept on ``today`` any more."""
    after = following(period)
    return day_of(date(after // 100, after % 100, 1)) + keep_days <= today


def check_real_name_rules(given: RealNameRules) -> RealNameRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``realname_rules_odd``, naming what is odd."""
    refuse_odd(
        "realname_rules_odd",
        given,
        (
            ("route_nos", any(number < 1 for number in given.route_nos)),
            ("route_types", any(number < 0 for number in given.route_types)),
            ("keep_days", not LEAST_KEEP_DAYS <= given.keep_days <= 10 * LEAST_KEEP_DAYS),
        ),
    )
    return given
