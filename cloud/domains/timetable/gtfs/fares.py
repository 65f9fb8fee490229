"""Fares v1: fare_attributes.txt and fare_rules.txt, and which price a ride has.

The rule of choice. A ride on a route from one stop to a later one may match several rules. The most
specific kind of rule decides (``ORDER``: route with both zones first, a fare without any rule last; among
rules alike, those whose ``contains_id`` zones match before those without). Within that kind the lowest
price is sold, then the first fare_id. Rules with equal conditions but different prices are reported as
ambiguous pairs: one pair is one (route, origin zone, destination zone), with its contains_id zones where
there are any.

What the fields mean here: an empty field matches anything; a stop without zone_id matches no zone;
``contains_id`` matches when the zones of all stops from boarding to alighting, both included, are exactly
those listed for the fare under the same route and zones; a fare's agency_id limits the rules that name no
route. ``transfers``, ``transfer_duration`` and ``payment_method`` are accepted and not used: one ticket is
one ride.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.model import AmbiguousPair
from cloud.domains.timetable.gtfs.network import Network
from cloud.domains.timetable.gtfs.read import Feed, Row
from sync.kernel.errors import Malformed
from sync.kernel.money import exponent, parse_minor

ORDER: Final = (  # (route, origin, destination) given or not, most specific first
    (True, True, True),
    (True, True, False),
    (True, False, True),
    (False, True, True),
    (True, False, False),
    (False, True, False),
    (False, False, True),
    (False, False, False),
)
Condition = tuple[str, str, str]
"""(route, origin zone, destination zone); '' matches anything."""


@dataclass(frozen=True, slots=True, order=True)
class Fare:
    """One price. Ordered as chosen: lowest price first, then fare_id."""

    price_minor: int
    currency: str
    feed_id: str
    agency: str


@dataclass(frozen=True, slots=True)
class Rule:
    """All rows of one fare with the same conditions; ``contains`` is empty where any way will do."""

    fare: Fare
    contains: frozenset[str]


class Tariff:
    """All fares and rules of a feed."""

    def __init__(self) -> None:
        self.fares: dict[str, Fare] = {}
        self.rules: dict[Condition, list[Rule]] = {}
        self._kinds_used: set[tuple[bool, bool, bool]] = set()

    def prices(self, route: str, agency: str, zones: Sequence[str]) -> list[Fare | None]:
        """The fare of every ride i → j of a trip past stops of these zones: (0,1) (0,2) … (1,2) …"""
        kinds = [kind for kind in ORDER if kind in self._kinds()]
        rides = ((i, j) for i in range(len(zones)) for j in range(i + 1, len(zones)))
        return [self._price(kinds, route, agency, zones[i : j + 1]) for i, j in rides]

    def _kinds(self) -> set[tuple[bool, bool, bool]]:
        if not self._kinds_used:
            self._kinds_used = {(bool(r), bool(o), bool(d)) for r, o, d in self.rules}
        return self._kinds_used

    def _price(
        self, kinds: Sequence[tuple[bool, bool, bool]], route: str, agency: str, zones: Sequence[str]
    ) -> Fare | None:
        """The fare of one ride; ``zones`` are those of all its stops, both ends included."""
        origin, destination = zones[0], zones[-1]
        for by_route, by_origin, by_destination in kinds:
            if (by_origin and not origin) or (by_destination and not destination):
                continue
            condition = (route * by_route, origin * by_origin, destination * by_destination)
            rules = self.rules.get(condition)
            fare = _cheapest(rules, None if by_route else agency, zones) if rules else None
            if fare is not None:
                return fare
        return None

    def ambiguous_pairs(self) -> list[AmbiguousPair]:
        """Conditions for which the rules give more than one price."""
        pairs = []
        for condition, rules in sorted(self.rules.items()):
            groups: dict[tuple[frozenset[str], str], list[Fare]] = defaultdict(list)
            for rule in rules:
                groups[rule.contains, "" if condition[0] else rule.fare.agency].append(rule.fare)
            for (contains, _agency), fares in groups.items():
                if len({(fare.price_minor, fare.currency) for fare in fares}) > 1:
                    prices = tuple((fare.price_minor, fare.currency, fare.feed_id) for fare in sorted(fares))
                    pairs.append(AmbiguousPair(*condition, tuple(sorted(contains)), prices))
        return pairs


def _cheapest(rules: Sequence[Rule], agency: str | None, zones: Sequence[str]) -> Fare | None:
    best: tuple[bool, Fare] | None = None
    passed: frozenset[str] | None = None
    for rule in rules:
        if agency is not None and rule.fare.agency not in ("", agency):
            continue
        if rule.contains:
            passed = passed or frozenset(zones)
            if rule.contains != passed:
                continue
        ranked = (not rule.contains, rule.fare)
        if best is None or ranked < best:
            best = ranked
    return None if best is None else best[1]


def read_tariff(feed: Feed, network: Network) -> tuple[Tariff, int]:
    """The tariff and the number of rows of fare_rules.txt."""
    tariff = Tariff()
    seen: dict[str, int] = {}
    required = ("fare_id", "price", "currency_type")
    for row in feed.rows("fare_attributes.txt", *required, optional=True):
        feed_id = row.unique("fare_id", seen)
        fare = _fare(row, feed_id or "", network)
        if feed_id is not None:
            tariff.fares[feed_id] = fare
    rule_rows = _read_rules(feed, network, tariff)
    return tariff, rule_rows


def _fare(row: Row, feed_id: str, network: Network) -> Fare:
    row.reference("agency_id", network.agencies, "agency.txt")
    before = row.table.problems.total
    currency = row.needed("currency_type", fields.currency, "XXX")
    sound = row.table.problems.total == before
    return Fare(_price_minor(row, currency) if sound else 0, currency, feed_id, row.text("agency_id"))


def _price_minor(row: Row, currency: str) -> int:
    text = row.required("price")
    if text.startswith("-"):
        row.error("negative_price", "price")
        return 0
    if not text:
        return 0
    try:
        if text.isascii():
            return parse_minor(text, currency)
    except Malformed as malformed:
        if malformed.code == "money_decimals":
            row.error("price_decimals", "price", currency=currency, places=exponent(currency))
            return 0
    row.error("bad_price", "price")
    return 0


def _read_rules(feed: Feed, network: Network, tariff: Tariff) -> int:
    zones = {stop.zone_id for stop in network.stops.values()}
    contains: dict[tuple[Condition, str], set[str]] = {}
    count = 0
    for row in feed.rows("fare_rules.txt", "fare_id", optional=True):
        count += 1
        fare_id = row.required("fare_id")
        condition = (row.text("route_id"), row.text("origin_id"), row.text("destination_id"))
        row.reference("fare_id", tariff.fares, "fare_attributes.txt")
        row.reference("route_id", network.routes, "routes.txt")
        for field in ("origin_id", "destination_id", "contains_id"):
            row.reference(field, zones, "stops.txt")
        passed = contains.setdefault((condition, fare_id), set())
        if row.text("contains_id"):
            passed.add(row.text("contains_id"))
    for (condition, fare_id), passed in contains.items():
        if fare_id in tariff.fares:
            tariff.rules.setdefault(condition, []).append(Rule(tariff.fares[fare_id], frozenset(passed)))
    _apply_everywhere(tariff, {fare_id for _condition, fare_id in contains})
    return count


def _apply_everywhere(tariff: Tariff, ruled: Collection[str]) -> None:
    """A fare without any rule is valid for every ride (of its agency)."""
    free = [Rule(fare, frozenset()) for fare in tariff.fares.values() if fare.feed_id not in ruled]
    if free:
        tariff.rules.setdefault(("", "", ""), []).extend(free)
