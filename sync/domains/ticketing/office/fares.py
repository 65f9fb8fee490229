"""Who pays what: concessions and extras as published sets say, on top of the published fare; and which rule said so.

A set is one operator's or everybody's and holds from a day on, so a past sale is judged by the set of its day. The adult
pays the published fare and needs no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.domains.ticketing.events import PROOFS
from sync.domains.ticketing.operations import FareRules
from sync.domains.timetable.rules import SERVICES
from sync.kernel import money
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import refuse_odd
from sync.kernel.ticket import RIDERS

ADULT, CHILD_WITH_SEAT, CHILD_FREE, DISABLED_SOLDIER, BLIND = range(len(RIDERS))
MOST_OF_ONE_EXTRA: Final = 20
_MOST_EXTRAS: Final = 20

# For whom the hub has published nothing. Half fares, the free child and the soldier's and the blind person's concession
# are what the law and the operators' own conditions print; the extras and their prices are examples to be changed.
DEFAULT_FARE_RULES: Final = FareRules(
    name="default",
    source="common practice of operators: half fare for children with a seat, free child on a lap, concessions by card",
    from_day=0,
    agency_no=None,
    concessions=(
        ("child_with_seat", 500, (), ("height", "birth_date")),
        ("child_free", 0, (), ("height", "birth_date")),
        ("disabled_soldier", 0, ("city_bus",), ("soldier_card",)),
        ("disabled_soldier", 500, (), ("soldier_card",)),
        ("blind", 0, ("city_bus", "ferry"), ("disability_card",)),
    ),
    extras=(
        ("luggage", 500, {"zh-Hans": "行李", "zh-Hant": "行李", "en": "Luggage"}),
        ("insurance", 200, {"zh-Hans": "乘意险", "zh-Hant": "乘意險", "en": "Travel insurance"}),
    ),
    currency="CNY",
    rounding_minor=1,
)


@dataclass(frozen=True, slots=True)
class Price:
    """What one rider pays. ``rule`` is ``set/rider`` (or ``fare``, the published one); ``proofs``: one of these is needed."""

    minor: int
    rule: str
    proofs: tuple[str, ...] = ()


def fare_rules(published: Iterable[FareRules], agency_no: int, sold_day: int) -> FareRules:
    """The set for a ticket of operator ``agency_no`` sold on calendar day ``sold_day``: the newest that held then, the
    operator's own before one for all."""
    held = [one for one in published if one.from_day <= sold_day and one.agency_no in (None, agency_no)]
    return max(held, key=lambda one: (one.agency_no is not None, one.from_day), default=DEFAULT_FARE_RULES)


def price_of(given: FareRules, rider: str, service: str, full_minor: int, currency: str) -> Price:
    """What ``rider`` pays where the published fare is ``full_minor``.

    Raises :class:`Refusal`: ``rider_unknown``, ``rider_not_here`` (the set has no such concession on this kind of line).
    """
    if rider not in RIDERS:
        raise Refusal("rider_unknown", status=422, field="rider", rider=rider)
    if rider == RIDERS[ADULT]:
        return Price(full_minor, "fare")
    for kind, per_mille, services, proofs in given.concessions:
        if kind == rider and (not services or service in services):
            unit = given.rounding_minor if currency == given.currency else 1
            return Price(rounded(full_minor, per_mille, unit), f"{given.name}/{rider}", proofs)
    raise Refusal("rider_not_here", status=422, field="rider")


def rounded(full_minor: int, per_mille: int, unit: int) -> int:
    """A share of a fare, half a ``unit`` and more rounded up; never more than the fare."""
    return min((2 * full_minor * per_mille + 1000 * unit) // (2000 * unit) * unit, full_minor)


def proof_index(price: Price, proof: str) -> int:
    """Index in PROOFS of the proof that was seen. Raises :class:`Refusal` ``proof_needed`` where the rule asks for one of
    others; one that no rule asks for is noted as none."""
    if not price.proofs:
        return 0
    if proof not in price.proofs:
        raise Refusal("proof_needed", status=422, field="proof")
    return PROOFS.index(proof)


def extra_minor(given: FareRules, code: str, count: int, currency: str) -> int:
    """What ``count`` of an extra cost. Raises :class:`Refusal`: ``extra_unknown``, ``extra_count``."""
    price = next((minor for name, minor, _ in given.extras if name == code and currency == given.currency), None)
    if price is None:
        raise Refusal("extra_unknown", status=422, field="extras")
    if not 1 <= count <= MOST_OF_ONE_EXTRA:
        raise Refusal("extra_count", status=422, field="extras", most=MOST_OF_ONE_EXTRA)
    return price * count


def check_children(riders: Sequence[str]) -> None:
    """Each grown-up brings one child without a seat at most. Raises :class:`Refusal` ``child_needs_adult``."""
    children = sum(rider == RIDERS[CHILD_FREE] for rider in riders)
    grown = sum(rider not in (RIDERS[CHILD_FREE], RIDERS[CHILD_WITH_SEAT]) for rider in riders)
    if children > grown:
        raise Refusal("child_needs_adult", status=422, field="rider")


def shares(extras_minor: int, fares_minor: Sequence[int]) -> list[int]:
    """Extras of a booking divided among its legs by their fares (evenly where all are free); they sum to the whole."""
    weights = list(fares_minor) if any(fares_minor) else [1] * len(fares_minor)
    return money.split(extras_minor, weights)


def check_fare_rules(given: FareRules) -> FareRules:
    """``given`` if it makes sense. Raises :class:`Refusal` ``fare_rules_odd``, naming what is odd."""
    lines = given.concessions
    codes = [code for code, _, _ in given.extras]
    refuse_odd(
        "fare_rules_odd",
        given,
        (
            ("concession", any(rider not in RIDERS[1:] for rider, _, _, _ in lines)),
            ("concession", any(not 0 <= share <= 1000 for _, share, _, _ in lines)),
            ("concession", any(share for rider, share, _, _ in lines if rider == RIDERS[CHILD_FREE])),
            ("concession", any(set(services) - set(SERVICES) for _, _, services, _ in lines)),
            ("concession", any(set(proofs) - set(PROOFS[1:]) for _, _, _, proofs in lines)),
            ("extra", len(codes) != len(set(codes)) or len(codes) > _MOST_EXTRAS),
            ("extra", any(not 1 <= len(code) <= 20 or not code.isascii() for code in codes)),
            ("extra", any(price < 0 or not names for _, price, names in given.extras)),
            ("rounding_minor", given.rounding_minor < 1),
        ),
    )
    return given
