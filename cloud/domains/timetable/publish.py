"""A compiled feed into the hub's timetable and onto the streams: all of it in one transaction, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.gtfs.model import CompiledFeed
from cloud.domains.timetable.importing import compiled
from cloud.domains.timetable.importing.merge import Numbered, Patterns, SeatPlans
from cloud.domains.timetable.importing.neighbours import neighbours
from cloud.domains.timetable.importing.report import ImportReport, make_report
from cloud.domains.timetable.importing.trips import Trips
from cloud.domains.timetable.importing.writing import Changes, Outbox
from cloud.kernel.database import Database, insert_rows
from sync.domains.timetable.operations import Agency, Route, Service, Stop, Transfer
from sync.kernel.days import day_at
from sync.kernel.operations import Record, operator_stream

Pinned = Mapping[int, Collection[int]]
PinnedDays = Callable[[Connection], Pinned]
R = TypeVar("R", bound=Record)


def nothing_pinned(_tx: Connection) -> Pinned:
    """For a hub that never granted a seat."""
    return {}


def import_feed(
    database: Database,
    feed: CompiledFeed,
    *,
    now_ms: int,
    pinned_days: PinnedDays = nothing_pinned,
    after: Callable[[Connection], None] | None = None,
    source: str = "",
) -> ImportReport:
    """Make ``feed`` the timetable, all or nothing, and publish what differs.

    ``pinned_days(tx)`` maps a trip to the days on which anything of it was granted or sold: there it stays as it was,
    under its number. ``after`` runs in the same transaction when anything changed. A feed with the content of the last
    import changes nothing. Raises :class:`sync.kernel.errors.Refusal` (``feed_record_large``).
    """
    with database.write() as tx:
        latest = tx.execute(_latest()).first()
        if latest is not None and latest.content_hash == feed.content_hash:
            return make_report(feed, latest.import_no, True, {}, 0)
        work = _Import(tx, feed, pinned_days(tx), day_at(now_ms, "UTC"))
        changes = work.run()
        operations = work.outbox.publish(tx)
        number = latest.import_no + 1 if latest else 1
        report = make_report(feed, number, False, changes, operations)
        tx.execute(insert(tables.feed_import), _row(report, feed, now_ms, source))
        if after is not None:
            after(tx)
        return report


def _latest() -> Any:
    table = tables.feed_import.c
    return select(table.import_no, table.content_hash).order_by(table.import_no.desc()).limit(1)


def _row(report: ImportReport, feed: CompiledFeed, now_ms: int, source: str) -> dict[str, Any]:
    return {
        "import_no": report.import_no,
        "imported_ms": now_ms,
        "source": source,
        "content_hash": feed.content_hash,
        "publisher": feed.publisher,
        "version": feed.version,
        "start_day": feed.start_day,
        "end_day": feed.end_day,
        "report": json.dumps(report.as_json(), ensure_ascii=False),
    }


class _Import:
    """One feed on its way into one transaction; each step needs the numbers that the steps before it gave."""

    def __init__(self, tx: Connection, feed: CompiledFeed, pinned: Pinned, today: int) -> None:
        self._tx = tx
        self._feed = feed
        self._pinned = pinned
        self._today = today
        self.outbox = Outbox()
        self._agencies = Numbered(tx, tables.agency, Agency, self.outbox)
        self._stops = Numbered(tx, tables.stop, Stop, self.outbox)
        self._services = Numbered(tx, tables.service, Service, self.outbox)
        self._transfers = Numbered(tx, tables.transfer, Transfer, self.outbox)
        self._routes = Numbered(tx, tables.route, Route, self.outbox)
        self._plans = SeatPlans(tx, self.outbox)
        self._patterns = Patterns(tx, self.outbox, lambda route_no: self._route(route_no).agency_no)
        self._sold_routes = self._routes_of(pinned)

    def run(self) -> dict[str, Changes]:
        """Merge everything; changes by kind."""
        self._put_network()
        self._put_routes()
        trips = self._put_trips()
        self._withdraw(trips)
        self._put_neighbours()
        merged: dict[str, Any] = {
            "agencies": self._agencies,
            "stops": self._stops,
            "services": self._services,
            "transfers": self._transfers,
            "seat_plans": self._plans,
            "routes": self._routes,
            "patterns": self._patterns,
            "trips": trips,
        }
        return {kind: part.changes for kind, part in merged.items()}

    def _route(self, route_no: int) -> Route:
        return _record(Route, self._routes, route_no)

    def _routes_of(self, pinned: Pinned) -> set[int]:
        """Routes with sold trips: what their tickets rest on may not change under them."""
        if not pinned:
            return set()
        columns = tables.trip.c
        rows = self._tx.execute(select(columns.trip_no, columns.pattern_no).where(columns.live))
        return {self._patterns.routes[row.pattern_no] for row in rows if row.trip_no in pinned}

    def _put_network(self) -> None:
        sold_agencies = {self._route(number).agency_no for number in self._sold_routes}
        for agency in self._feed.agencies:
            record = compiled.agency(agency)
            known = self._agencies.by_id.get(agency.feed_id)
            moved = known is not None and Agency.from_bytes(known.body).timezone != record.timezone
            fresh = moved and known is not None and known.number in sold_agencies
            self._agencies.put(agency.feed_id, record, fresh=fresh)
        for stop in self._feed.stops:
            record_of_stop = compiled.stop(stop, self._stops.number)
            self._stops.put(stop.feed_id, record_of_stop, search=compiled.stop_search(stop))
        for service in self._feed.services:
            self._services.put(service.feed_id, compiled.service(service))
        for transfer in self._feed.transfers:
            feed_id = f"{transfer.from_stop}>{transfer.to_stop}"
            self._transfers.put(feed_id, compiled.transfer(transfer, self._stops.number))

    def _put_neighbours(self) -> None:
        stops = {number: _record(Stop, self._stops, number) for number, one in self._stops.by_no.items() if one.live}
        transfers = [_record(Transfer, self._transfers, number) for number in self._transfers.by_no]
        agency_of = {route.feed_id: self._agencies.number(route.agency) for route in self._feed.routes}
        served = {
            (agency_of[pattern.route], self._stops.number(stop))
            for pattern in self._feed.patterns
            for stop in pattern.stops
        }
        self._tx.execute(delete(tables.agency_neighbour))
        pairs = sorted(neighbours(stops, transfers, served))
        insert_rows(self._tx, tables.agency_neighbour, ("agency_no", "other_no"), pairs)

    def _put_routes(self) -> None:
        plans = {plan.name: self._plans.put(plan.name, compiled.seat_plan(plan)) for plan in self._feed.seat_plans}
        for route in self._feed.routes:
            agency_no = self._agencies.number(route.agency)
            record = compiled.route(route, agency_no, plans[route.seat_plan])
            stream = operator_stream(agency_no)
            columns = {"agency_no": agency_no, "seat_plan": record.seat_plan}
            self._routes.put(route.feed_id, record, stream, self._fresh_route(record), **columns)

    def _fresh_route(self, record: Route) -> bool:
        """A number of its own for what a ticket that was sold does not fit."""
        known = self._routes.by_id.get(record.feed_id)
        if known is None:
            return False
        before = self._route(known.number)
        if before.agency_no != record.agency_no:
            return True
        same = (before.seat_plan, before.currency) == (record.seat_plan, record.currency)
        return known.number in self._sold_routes and not same

    def _put_trips(self) -> Trips:
        numbers = []
        for pattern in self._feed.patterns:
            route_no = self._routes.number(pattern.route)
            numbers.append(self._patterns.put(compiled.pattern(pattern, route_no, self._stops.number)))
        agencies = [self._route(self._patterns.routes[number]).agency_no for number in numbers]
        trips = Trips(
            self._tx,
            self.outbox,
            self._pinned,
            lambda service_no: _record(Service, self._services, service_no),
            self._services.changed,
            self._today,
        )
        for trip in self._feed.trips:
            record = compiled.trip(trip, numbers[trip.pattern], self._services.number(trip.service))
            trips.put(record, agencies[trip.pattern])
        return trips

    def _withdraw(self, trips: Trips) -> None:
        """Take back what neither the feed nor a sold trip needs, users before what they use."""
        kept = trips.finish()
        patterns = self._patterns.read(trip.pattern_no for trip in kept)
        routes = {pattern.route_no for pattern in patterns}
        self._patterns.finish(trips.patterns)
        self._routes.finish(routes)
        records = [self._route(number) for number in routes]
        self._services.finish({trip.service_no for trip in kept})
        self._transfers.finish(())
        self._plans.finish({route.seat_plan for route in records})
        self._stops.finish(self._stations({number for pattern in patterns for number in pattern.stop_nos}))
        self._agencies.finish({route.agency_no for route in records})

    def _stations(self, stop_nos: set[int]) -> set[int]:
        parents = {_record(Stop, self._stops, number).parent_no for number in stop_nos}
        return stop_nos | {number for number in parents if number is not None}


def _record(kind: type[R], known: Numbered, number: int) -> R:
    return kind.from_bytes(known.by_no[number].body)
