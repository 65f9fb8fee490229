"""What the rest of the hub asks of the timetable. All of it reads; feeds come in by :mod:`.publish`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.importing.report import ImportReport, read_report
from cloud.domains.timetable.reading.departures import DatedTrip, dated_trips_at
from cloud.domains.timetable.reading.facts import TripFacts, trip_facts
from cloud.domains.timetable.reading.plans import plan_names, planned_seats, seat_plan
from cloud.domains.timetable.reading.rides import ends_of, operator, ride, rides, way
from cloud.domains.timetable.tables import NUMBERED
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Agency, Stop
from sync.kernel.days import clock_text, date_of, day_at, instant_ms
from sync.kernel.errors import Refusal

__all__ = [
    "NUMBERED",
    "DatedTrip",
    "FoundStop",
    "ImportReport",
    "TripFacts",
    "TripLabel",
    "agencies_around",
    "agencies_at",
    "agency_numbers",
    "agency_of",
    "bookable_days",
    "dated_trips_at",
    "ends_of",
    "get_import",
    "horizon_ms",
    "lines_of",
    "list_imports",
    "main_zone",
    "operator",
    "operator_name",
    "operators",
    "plan_names",
    "planned_seats",
    "ride",
    "rides",
    "search_stops",
    "seat_plan",
    "stop_names",
    "trip_facts",
    "trip_label",
    "way",
]
NAME_DAYS = 20_000
_AGENCIES_AT = (
    select(tables.trip.c.agency_no)
    .join(tables.pattern_stop, tables.pattern_stop.c.pattern_no == tables.trip.c.pattern_no)
    .where(tables.pattern_stop.c.stop_no.in_(bindparam("stop_nos", expanding=True)), tables.trip.c.live)
    .distinct()
)
_NEIGHBOURS = (
    select(tables.agency_neighbour.c.other_no)
    .where(tables.agency_neighbour.c.agency_no.in_(bindparam("front", expanding=True)))
    .distinct()
)


class TripLabel(NamedTuple):
    """How a person names a dated trip: line, first and last stop, service date (ISO), time of departure."""

    line: str
    origin: str
    destination: str
    date: str
    time: str

    @property
    def text(self) -> str:
        """In one line."""
        return f"{self.line} {self.origin} → {self.destination} {self.date} {self.time}".strip()


class FoundStop(NamedTuple):
    """One stop of a search, and its station's name where it has one."""

    stop_no: int
    feed_id: str
    name: str
    station: str


def bookable_days(now_ms: int, zone: str) -> range:
    """Service dates whose trips may be sold at ``now_ms``."""
    today = day_at(now_ms, zone)
    return range(today, today + rules.HORIZON_DAYS)


def horizon_ms(now_ms: int, zone: str) -> int:
    """The end of the last bookable service date."""
    return instant_ms(bookable_days(now_ms, zone).stop, 0, zone)


def agencies_at(tx: Connection, stop_nos: Collection[int]) -> list[int]:
    """Operators with a published trip that calls at one of the stops."""
    return sorted(tx.execute(_AGENCIES_AT, {"stop_nos": list(stop_nos)}).scalars())


def agencies_around(tx: Connection, stop_nos: Collection[int], changes: int, most: int) -> list[int]:
    """Operators at the stops, and up to ``most`` more that ``changes`` changes reach, the nearest first."""
    found = dict.fromkeys(agencies_at(tx, stop_nos))
    front, allowed = list(found), len(found) + most
    for _ in range(changes):
        rows = tx.execute(_NEIGHBOURS, {"front": front}).scalars()
        front = sorted(set(rows) - set(found))[: allowed - len(found)]
        found.update(dict.fromkeys(front))
    return list(found)


def main_zone(tx: Connection) -> str:
    """The time zone that most operators keep; UTC while there is none."""
    rows = tx.execute(select(tables.agency.c.body).where(tables.agency.c.live)).scalars()
    zones = Counter(Agency.from_bytes(body).timezone for body in rows)
    return max(zones, key=lambda zone: (zones[zone], zone)) if zones else "UTC"


def agency_numbers(tx: Connection) -> dict[str, int]:
    """Number of each operator of today's timetable, by the id that its feed gives it."""
    columns = tables.agency.c
    rows = tx.execute(select(columns.feed_id, columns.agency_no).where(columns.live).order_by(columns.agency_no))
    return {row.feed_id: row.agency_no for row in rows}


def operators(tx: Connection) -> dict[int, dict[str, str]]:
    """Operators of the timetable that is published: number → names by language."""
    query = select(tables.agency.c.agency_no, tables.agency.c.body).where(tables.agency.c.live)
    return {
        row.agency_no: Agency.from_bytes(row.body).names
        for row in tx.execute(query.order_by(tables.agency.c.agency_no))
    }


def agency_of(tx: Connection, trip_no: int) -> int | None:
    """Operator of a trip; None when there never was one of that number."""
    facts = trip_facts(tx, trip_no)
    return None if facts is None else facts.agency_no


def operator_name(tx: Connection, trip_no: int, language: str) -> str:
    """The operator of a trip; '' where the hub does not know it."""
    columns, agency_no = tables.agency.c, agency_of(tx, trip_no)
    body = tx.execute(select(columns.body).where(columns.agency_no == agency_no)).scalar()
    return rules.name_in(Agency.from_bytes(body).names, language) if body else ""


def lines_of(tx: Connection, trip_nos: Collection[int]) -> dict[int, tuple[int, int]]:
    """Operator and line (route) of trips, published or not, by number."""
    joined = tables.trip.join(tables.pattern, tables.pattern.c.pattern_no == tables.trip.c.pattern_no)
    query = select(tables.trip.c.trip_no, tables.trip.c.agency_no, tables.pattern.c.route_no).select_from(joined)
    rows = tx.execute(query.where(tables.trip.c.trip_no.in_(list(trip_nos))))
    return {row.trip_no: (row.agency_no, row.route_no) for row in rows}


def trip_label(tx: Connection, trip_no: int, day: int, language: str) -> TripLabel:
    """How to name trip ``trip_no`` on ``day``; a trip that the hub does not know is named by its number."""
    date = date_of(day).isoformat() if abs(day) < NAME_DAYS else str(day)
    facts = trip_facts(tx, trip_no)
    if facts is None:
        return TripLabel(f"#{trip_no}", "", "", date, "")
    names = stop_names(tx, (facts.stop_nos[0], facts.stop_nos[-1]), language)
    line = rules.name_in(facts.route.short_names, language) or rules.name_in(facts.route.long_names, language)
    first, last = names.get(facts.stop_nos[0], ""), names.get(facts.stop_nos[-1], "")
    return TripLabel(line, first, last, date, clock_text(facts.start_s))


def stop_names(tx: Connection, stop_nos: Iterable[int], language: str) -> dict[int, str]:
    """Names of stops by number."""
    columns = tables.stop.c
    rows = tx.execute(select(columns.stop_no, columns.body).where(columns.stop_no.in_(set(stop_nos))))
    return {row.stop_no: rules.name_in(Stop.from_bytes(row.body).names, language) for row in rows}


def search_stops(tx: Connection, text: str, language: str, limit: int, offset: int = 0) -> list[FoundStop]:
    """Published stops with ``text`` in a name of any language or in the feed id; all for an empty text."""
    columns = tables.stop.c
    query = select(columns.stop_no, columns.feed_id, columns.body).where(columns.live)
    for word in text.replace("\0", " ").casefold().split():
        query = query.where(columns.search.contains(word, autoescape=True))
    rows = tx.execute(query.order_by(func.length(columns.search), columns.stop_no).limit(limit).offset(offset)).all()
    records = {row.stop_no: Stop.from_bytes(row.body) for row in rows}
    stations = stop_names(tx, {stop.parent_no for stop in records.values() if stop.parent_no is not None}, language)
    return [
        FoundStop(
            row.stop_no,
            row.feed_id,
            rules.name_in(records[row.stop_no].names, language),
            stations.get(records[row.stop_no].parent_no or 0, ""),
        )
        for row in rows
    ]


def list_imports(tx: Connection, limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Imports, newest first, each with its row's columns (``report`` read)."""
    table = tables.feed_import
    rows = tx.execute(select(table).order_by(table.c.import_no.desc()).limit(limit).offset(offset)).mappings()
    return [{**row, "report": read_report(row["report"])} for row in rows]


def get_import(tx: Connection, import_no: int) -> tuple[int, str, ImportReport]:
    """(milliseconds, source, report) of one import. Refusal ``import_unknown``."""
    columns = tables.feed_import.c
    query = select(columns.imported_ms, columns.source, columns.report).where(columns.import_no == import_no)
    row = tx.execute(query).first()
    if row is None:
        raise Refusal("import_unknown", status=404, import_no=import_no)
    return row.imported_ms, row.source, read_report(row.report)
