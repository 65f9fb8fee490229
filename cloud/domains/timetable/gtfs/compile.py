"""A GTFS feed, checked as a whole and brought into the form that the hub stores. Touches no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cloud.domains.timetable.gtfs.calendars import read_services
from cloud.domains.timetable.gtfs.digest import content_hash
from cloud.domains.timetable.gtfs.errors import Problems
from cloud.domains.timetable.gtfs.fares import read_tariff
from cloud.domains.timetable.gtfs.languages import read_translations
from cloud.domains.timetable.gtfs.model import (
    AmbiguousPair,
    CompiledFeed,
    Counts,
    Pattern,
    Route,
    SeatPlan,
    Trip,
)
from cloud.domains.timetable.gtfs.network import RouteRow, read_network
from cloud.domains.timetable.gtfs.patterns import PatternBuilder
from cloud.domains.timetable.gtfs.plans import read_plans
from cloud.domains.timetable.gtfs.read import Feed, Progress
from cloud.domains.timetable.gtfs.source import KNOWN_FILES, open_source
from cloud.domains.timetable.gtfs.stop_times import read_stop_times
from cloud.domains.timetable.gtfs.transfers import read_transfers
from cloud.domains.timetable.gtfs.trips import read_trips


def compile_feed(path: Path, progress: Progress | None = None, seat_plans: Path | None = None) -> CompiledFeed:
    """Read the feed at ``path`` (zip or folder).

    ``progress`` is called with (stage, done, total). ``seat_plans`` is the operator's file; without it,
    ``seat_plans.toml`` inside the feed is used where there is one. Raises :class:`FeedRejected`, with every
    error found, when anything is wrong: a feed is taken whole or not at all.
    """
    problems = Problems()
    with open_source(path, problems) as source:
        _note_unknown_files(source.sizes, problems)
        draft = _Draft(Feed(source, problems, progress or _silent), seat_plans)
    problems.raise_if_any()
    return draft.finish(problems)


def _silent(_stage: str, _done: int, _total: int) -> None:
    """For callers who do not watch."""


def _note_unknown_files(names: Mapping[str, int], problems: Problems) -> None:
    for name in names:
        if name.endswith(".txt") and name not in KNOWN_FILES:
            problems.note("file_unknown", name)


class _Draft:
    """Everything that was read, in the order in which the files depend on each other."""

    def __init__(self, feed: Feed, seat_plans: Path | None) -> None:
        translations = read_translations(feed)
        self.network = read_network(feed, translations)
        self.plans = read_plans(feed, seat_plans, self.network)
        self.services = read_services(feed)
        self.transfers = read_transfers(feed, self.network)
        self.tariff, self.fare_rules = read_tariff(feed, self.network)
        self.trips = read_trips(feed, self.network, self.services, translations)
        for name, known in (
            ("agency", self.network.agencies),
            ("stops", self.network.places),
            ("routes", self.network.routes),
            ("trips", self.trips.index),
        ):
            translations.check(feed, name, known)
        stop_times = read_stop_times(feed, self.network, self.trips)
        self.stop_times = stop_times.count
        builder = PatternBuilder(self.network, self.trips, stop_times, self.tariff, feed.problems)
        self.compiled = builder.build(feed.progress)

    def finish(self, problems: Problems) -> CompiledFeed:
        """The compiled feed, in an order that does not depend on that of the rows."""
        routes = self._routes()
        patterns, trips = _in_order(self._priced(routes), self.compiled.trips)
        unsold = tuple(route for route in routes if not route.for_sale)
        ambiguous = tuple(self.tariff.ambiguous_pairs())
        info = self.network.info
        feed = CompiledFeed(
            publisher=info.publisher,
            version=info.version,
            start_day=info.start_day,
            end_day=info.end_day,
            agencies=tuple(agency for _, agency in sorted(self.network.agencies.items())),
            stops=tuple(stop for _, stop in sorted(self.network.stops.items())),
            routes=routes,
            services=tuple(service for _, service in sorted(self.services.items())),
            transfers=tuple(transfer for _, transfer in sorted(self.transfers.items())),
            patterns=patterns,
            trips=trips,
            seat_plans=self._used_plans(routes),
            routes_not_for_sale=unsold,
            ambiguous_pairs=ambiguous,
            notes=tuple(problems.notes),
            counts=self._counts(unsold, ambiguous, len(patterns), len(trips)),
            content_hash="",
        )
        return replace(feed, content_hash=content_hash(feed))

    def _routes(self) -> tuple[Route, ...]:
        with_trips = {pattern.route for pattern in self.compiled.patterns}
        rows = sorted(self.network.routes.items())
        return tuple(self._route(row, feed_id in with_trips) for feed_id, row in rows)

    def _route(self, row: RouteRow, has_trips: bool) -> Route:
        currencies = sorted(self.compiled.currencies.get(row.feed_id, ()))
        reason = "" if currencies else "no_fare" if has_trips else "no_trips"
        if len(currencies) > 1:
            reason = "several_currencies"
        return Route(
            feed_id=row.feed_id,
            agency=row.agency,
            short_names=row.short_names,
            long_names=row.long_names,
            route_type=row.route_type,
            currency="" if reason else currencies[0],
            seat_plan=self.plans.of(row),
            for_sale=not reason,
            not_for_sale=reason,
        )

    def _priced(self, routes: tuple[Route, ...]) -> list[Pattern]:
        """No prices where two currencies meet: a number without its currency must not get anywhere."""
        mixed = {route.feed_id for route in routes if route.not_for_sale == "several_currencies"}
        return [_unpriced(each) if each.route in mixed else each for each in self.compiled.patterns]

    def _used_plans(self, routes: tuple[Route, ...]) -> tuple[SeatPlan, ...]:
        return tuple(self.plans.plans[name] for name in sorted({route.seat_plan for route in routes}))

    def _counts(
        self, unsold: tuple[Route, ...], ambiguous: tuple[AmbiguousPair, ...], patterns: int, departures: int
    ) -> Counts:
        return Counts(
            agencies=len(self.network.agencies),
            routes=len(self.network.routes),
            stops=len(self.network.places),
            trips=self.trips.count,
            stop_times=self.stop_times,
            fares=len(self.tariff.fares),
            fare_rules=self.fare_rules,
            frequencies=self.trips.window_count,
            routes_not_for_sale=len(unsold),
            ambiguous_pairs=len(ambiguous),
            patterns=patterns,
            departures=departures,
        )


def _unpriced(pattern: Pattern) -> Pattern:
    return replace(pattern, fares_minor=(None,) * len(pattern.fares_minor))


def _in_order(patterns: list[Pattern], trips: list[Trip]) -> tuple[tuple[Pattern, ...], tuple[Trip, ...]]:
    order = sorted(range(len(patterns)), key=lambda index: _sort_key(patterns[index]))
    place = {old: new for new, old in enumerate(order)}
    renumbered = [replace(trip, pattern=place[trip.pattern]) for trip in trips]
    renumbered.sort(key=lambda trip: trip.feed_id)
    return tuple(patterns[index] for index in order), tuple(renumbered)


def _sort_key(pattern: Pattern) -> tuple[object, ...]:
    direction = -1 if pattern.direction is None else pattern.direction
    times = (pattern.departures_s, pattern.arrivals_s)
    return (pattern.route, direction, pattern.stops, *times, pattern.pickups, pattern.drop_offs)
