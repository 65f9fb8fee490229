"""Timetable rows of a node: projections of operations, and look-ups with a small memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import TypeVar

from edge.kernel.database import Database
from sync.domains.timetable import rules
from sync.domains.timetable.journeys.network import Network, Records
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Transfer, Trip
from sync.kernel.errors import Refusal
from sync.kernel.operations import Record

REFERENCE_TABLES = ("agency", "stop", "route", "service", "transfer", "seat_plan", "pattern", "pattern_stop", "trip")
STATE_TABLES: tuple[str, ...] = ()
_SIMPLE: dict[str, tuple[str, type[Record]]] = {
    "agency": ("agency_no", Agency), "route": ("route_no", Route), "service": ("service_no", Service),
    "transfer": ("transfer_no", Transfer),
}  # fmt: skip

_NETWORK = tuple(f"{name}/*" for name in ("agency", "stop", "route", "service", "transfer", "pattern", "trip"))

R = TypeVar("R", bound=Record)


def keep_simple(prefix: str) -> Callable[[sqlite3.Connection, tuple[str, ...], bytes | None], None]:
    """Projection of a record that is only looked up by its number."""
    column, kind = _SIMPLE[prefix]

    def keep(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
        connection.execute(f"DELETE FROM {prefix} WHERE {column} = ?", (int(rest[0]),))
        if body is not None:
            kind.from_bytes(body)
            connection.execute(f"INSERT INTO {prefix} ({column}, body) VALUES (?, ?)", (int(rest[0]), body))

    return keep


def keep_stop(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``stop/N``."""
    number = int(rest[0])
    connection.execute("DELETE FROM stop WHERE stop_no = ?", (number,))
    if body is not None:
        stop = Stop.from_bytes(body)
        connection.execute(
            "INSERT INTO stop (stop_no, parent_no, body) VALUES (?, ?, ?)", (number, stop.parent_no, body)
        )


def keep_seat_plan(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``seatplan/NAME``."""
    name = "/".join(rest)
    connection.execute("DELETE FROM seat_plan WHERE name = ?", (name,))
    if body is not None:
        SeatPlan.from_bytes(body)
        connection.execute("INSERT INTO seat_plan (name, body) VALUES (?, ?)", (name, body))


def keep_pattern(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``pattern/N``."""
    number = int(rest[0])
    old = connection.execute("SELECT body FROM pattern WHERE pattern_no = ?", (number,)).fetchone()
    if old is not None:
        stops = [(stop_no, number) for stop_no in set(Pattern.from_bytes(old[0]).stop_nos)]
        connection.executemany("DELETE FROM pattern_stop WHERE stop_no = ? AND pattern_no = ?", stops)
        connection.execute("DELETE FROM pattern WHERE pattern_no = ?", (number,))
    if body is not None:
        pattern = Pattern.from_bytes(body)
        connection.execute(
            "INSERT INTO pattern (pattern_no, route_no, body) VALUES (?, ?, ?)", (number, pattern.route_no, body)
        )
        connection.executemany(
            "INSERT INTO pattern_stop (stop_no, pattern_no, idx) VALUES (?, ?, ?)",
            [(stop_no, number, idx) for idx, stop_no in enumerate(pattern.stop_nos)],
        )


def keep_trip(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``trip/N``."""
    number = int(rest[0])
    if body is None:
        connection.execute("DELETE FROM trip WHERE trip_no = ?", (number,))
        return
    trip = Trip.from_bytes(body)
    connection.execute(
        "INSERT OR REPLACE INTO trip (trip_no, pattern_no, start_s, body) VALUES (?, ?, ?, ?)",
        (number, trip.pattern_no, trip.start_s, body),
    )


PROJECTIONS = {
    **{prefix: keep_simple(prefix) for prefix in _SIMPLE},
    "stop": keep_stop,
    "seatplan": keep_seat_plan,
    "pattern": keep_pattern,
    "trip": keep_trip,
}


class TimetableStore:
    """Reads. A record is looked up and parsed once, then remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trip(self, trip_no: int) -> Trip:
        """Raises :class:`Refusal` ``no_such_trip``."""
        return self._one(Trip, "SELECT body FROM trip WHERE trip_no = ?", trip_no, "no_such_trip")

    def pattern(self, pattern_no: int) -> Pattern:
        """Raises :class:`Refusal` ``no_such_trip``."""
        return self._one(Pattern, "SELECT body FROM pattern WHERE pattern_no = ?", pattern_no, "no_such_trip")

    def route(self, route_no: int) -> Route:
        """Raises :class:`Refusal` ``no_such_trip``."""
        return self._one(Route, "SELECT body FROM route WHERE route_no = ?", route_no, "no_such_trip")

    def service(self, service_no: int) -> Service:
        """Raises :class:`Refusal` ``no_such_trip``."""
        return self._one(Service, "SELECT body FROM service WHERE service_no = ?", service_no, "no_such_trip")

    def agency(self, agency_no: int) -> Agency:
        """Raises :class:`Refusal` ``no_such_trip``."""
        return self._one(Agency, "SELECT body FROM agency WHERE agency_no = ?", agency_no, "no_such_trip")

    def seat_plan(self, name: str) -> SeatPlan:
        """Raises :class:`Refusal` ``no_seat_plan``."""
        return self._one(SeatPlan, "SELECT body FROM seat_plan WHERE name = ?", name, "no_seat_plan")

    def stop(self, stop_no: int) -> Stop:
        """Raises :class:`Refusal` ``no_such_stop``."""
        return self._one(Stop, "SELECT body FROM stop WHERE stop_no = ?", stop_no, "no_such_stop")

    def is_for_sale(self, route_no: int) -> bool:
        """Whether a route is here and sold."""
        try:
            return self.route(route_no).for_sale
        except Refusal:
            return False

    def known_stops(self, stop_nos: Iterable[int]) -> list[int]:
        """Those of ``stop_nos`` that are here."""
        wanted = list(stop_nos)
        marks = ",".join("?" * len(wanted))
        rows = self._database.read().execute(f"SELECT stop_no FROM stop WHERE stop_no IN ({marks})", wanted)
        here = {row[0] for row in rows}
        return [number for number in wanted if number in here]

    def with_children(self, stop_nos: tuple[int, ...]) -> tuple[int, ...]:
        """The stops and those whose parent station they are."""
        marks = ",".join("?" * len(stop_nos))
        rows = self._database.read().execute(f"SELECT stop_no FROM stop WHERE parent_no IN ({marks})", stop_nos)
        return tuple(dict.fromkeys([*stop_nos, *(row[0] for row in rows)]))

    def patterns_from(self, stop_nos: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """``(pattern_no, idx, stop_no)`` wherever a pattern calls at one of the stops."""
        marks = ",".join("?" * len(stop_nos))
        rows = self._database.read().execute(
            f"SELECT pattern_no, idx, stop_no FROM pattern_stop WHERE stop_no IN ({marks}) ORDER BY pattern_no, idx",
            stop_nos,
        )
        return rows.fetchall()

    def trips_of(self, pattern_no: int) -> list[int]:
        """Trip numbers of a pattern by departure."""
        rows = self._database.read().execute(
            "SELECT trip_no FROM trip WHERE pattern_no = ? ORDER BY start_s, trip_no", (pattern_no,)
        )
        return [row[0] for row in rows]

    def all_stops(self) -> list[int]:
        """Every stop at which a pattern calls."""
        return [row[0] for row in self._database.read().execute("SELECT DISTINCT stop_no FROM pattern_stop")]

    def matching(self, stop_nos: list[int], text: str) -> list[int]:
        """Those of ``stop_nos`` that ``text`` may mean (:func:`rules.name_rank`), the nearest to it first."""
        ranked = [(rules.name_rank(self.stop(number).names, text), number) for number in stop_nos]
        return [number for rank, number in sorted((rank, number) for rank, number in ranked if rank is not None)]

    def revision(self) -> tuple[int, int]:
        """Another pair of numbers whenever a record of the timetable came or went."""
        kinds = " OR ".join("key GLOB ?" for _ in _NETWORK)
        row = self._database.read().execute(
            f"SELECT count(*), coalesce(max(pos), 0) FROM stream_operation WHERE {kinds}", _NETWORK
        )
        return tuple(row.fetchone())

    def network(self) -> Network:
        """The timetable of all operators that are here, laid out for searching."""
        read = self._database.read()

        def every(kind: type[R], table: str, number: str) -> dict[int, R]:
            return {row[0]: kind.from_bytes(row[1]) for row in read.execute(f"SELECT {number}, body FROM {table}")}

        routes, agencies = every(Route, "route", "route_no"), every(Agency, "agency", "agency_no")
        routes = {number: route for number, route in routes.items() if route.agency_no in agencies}
        patterns = every(Pattern, "pattern", "pattern_no")
        return Network(
            Records(
                stops=every(Stop, "stop", "stop_no"),
                routes=routes,
                services=every(Service, "service", "service_no"),
                patterns={number: one for number, one in patterns.items() if one.route_no in routes},
                trips=((row[0], Trip.from_bytes(row[1])) for row in read.execute("SELECT trip_no, body FROM trip")),
                transfers=every(Transfer, "transfer", "transfer_no").values(),
                zone_of=lambda route: agencies[route.agency_no].timezone,
            )
        )

    def _one(self, kind: type[R], query: str, number: int | str, missing: str) -> R:
        def read() -> R:
            row = self._database.read().execute(query, (number,)).fetchone()
            if row is None:
                raise Refusal(missing, status=404)
            return kind.from_bytes(row[0])

        return self._database.memory.get((kind, number), read)
