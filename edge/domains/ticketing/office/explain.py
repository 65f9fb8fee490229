"""Why a ticket costs what it does: which rule, of which set, from which source, gave a price, a fee or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edge.domains.ticketing import store
from edge.domains.ticketing.office import store as office
from edge.domains.ticketing.office.fares import Fares
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel.database import Database
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import PASSENGER
from sync.domains.ticketing.office import rebooking
from sync.domains.ticketing.operations import FareRules, RebookRules, RefundRules
from sync.kernel import days
from sync.kernel.errors import Refusal

PUBLISHED_FARE = "the fare in the timetable"


@dataclass(frozen=True)
class Reason:
    """``gives``: what the rule gives, by name, or ``refusal`` and its details. ``rule`` names set and line; ``rule_set``,
    ``source``, ``from_day`` and ``scope`` (all, or an operator's number) say where it comes from."""

    rule: str
    rule_set: str
    source: str
    from_day: int
    scope: str
    gives: dict[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Explanation:
    """Of a ticket sold at one moment and given back or exchanged at the same moment. ``refund`` and ``rebooking`` are None
    where there is no price."""

    ride: Ride
    rider: str
    price: Reason
    refund: Reason | None
    rebooking: Reason | None


class Explaining:
    """Rules of a node, explained."""

    def __init__(self, database: Database, timetable: Timetable, fares: Fares) -> None:
        self._database, self._timetable, self._fares = database, timetable, fares

    def explain(self, ride: Ride, rider: str, at_ms: int) -> Explanation:
        """``rider`` (of RIDERS) for ``ride`` as of ``at_ms``."""
        day = days.day_at(at_ms, ride.zone)
        price = self._price(ride, rider, day)
        if price.refusal is not None:
            return Explanation(ride, rider, price, None, None)
        minor, left_ms = price.gives["price_minor"], ride.departs_ms - at_ms
        return Explanation(
            ride, rider, price, self._refund(ride, minor, day, left_ms), self._rebooking(ride, minor, day, left_ms)
        )

    def _price(self, ride: Ride, rider: str, day: int) -> Reason:
        given = self._fares.rules(ride.trip_no, day)
        try:
            if ride.price_minor is None:
                raise Refusal("not_for_sale")
            found = self._fares.price(ride, rider, day)
        except Refusal as refusal:
            return _reason(given, "", refusal=refusal)
        gives = {"price_minor": found.minor, "full_minor": ride.price_minor, "proofs": list(found.proofs)}
        if found.rule == "fare":
            return Reason("fare", "", PUBLISHED_FARE, 0, "all", gives)
        return _reason(given, found.rule, gives)

    def _refund(self, ride: Ride, price_minor: int, day: int, left_ms: int) -> Reason:
        published, agency_no = store.published_rules(self._database.read()), self._timetable.agency_no(ride.trip_no)
        given = rules.refund_rules(published, agency_no, day)
        try:
            found = rules.refund_offer(given, price_minor, ride.currency, PASSENGER, left_ms, clock_sure=True)
        except Refusal as refusal:
            return _reason(given, "", refusal=refusal)
        return _reason(given, found.rule, {"fee_minor": found.fee_minor, "refunded_minor": found.refunded_minor})

    def _rebooking(self, ride: Ride, price_minor: int, day: int, left_ms: int) -> Reason:
        published, agency_no = office.rebook_rules(self._database.read()), self._timetable.agency_no(ride.trip_no)
        given = rebooking.rebook_rules(published, agency_no, day)
        try:
            found = rebooking.rebook_terms(given, (price_minor, price_minor), PASSENGER, 0, left_ms, clock_sure=True)
        except Refusal as refusal:
            return _reason(given, "", refusal=refusal)
        return _reason(given, found.rule, {"fee_minor": found.fee_minor})


def _reason(
    given: FareRules | RefundRules | RebookRules, rule: str, gives: dict[str, Any] | None = None,
    refusal: Refusal | None = None,
) -> Reason:  # fmt: skip
    scope = "all" if given.agency_no is None else str(given.agency_no)
    return Reason(rule, given.name, given.source, given.from_day, scope, gives or {}, refusal)
