"""Agencies, stops, services, routes, seat plans and patterns of a feed beside those that the hub knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.importing.writing import Changes, Outbox, Rows, content_hash
from cloud.kernel.nodes import least_number
from sync.domains.timetable.operations import Pattern, SeatPlan
from sync.domains.timetable.rules import fare_minor
from sync.kernel.operations import MAX_KEY, NET, Record, operator_stream


@dataclass(slots=True)
class Known:
    """A row as it stands; ``stream`` is where it is published."""

    number: int
    hash: bytes
    body: bytes
    live: bool
    stream: str


class Numbered:
    """One table of numbered records. A feed id keeps its number unless :meth:`put` is told to give a fresh one."""

    def __init__(self, tx: Connection, table: Table, kind: type[Record], outbox: Outbox) -> None:
        self._kind = kind
        self._outbox = outbox
        self._rows = Rows(tx, table)
        self._number = next(iter(table.primary_key.columns)).name
        self._seen: set[int] = set()
        self.changes = Changes()
        self.changed: set[int] = set()
        self.by_id: dict[str, Known] = {}
        self.by_no: dict[int, Known] = {}
        operated = "agency_no" in table.c and self._number != "agency_no"
        for row in tx.execute(select(table).order_by(self._number)).mappings():
            stream = operator_stream(row["agency_no"]) if operated else NET
            known = Known(row[self._number], row["hash"], row["body"], row["live"], stream)
            self.by_id[row["feed_id"]] = self.by_no[known.number] = known
        self._last = max(max(self.by_no, default=0), least_number(tx, table.name))
        self._given: dict[str, int] = {}

    def number(self, feed_id: str) -> int:
        """The number of ``feed_id``, given now if it has none."""
        if feed_id in self._given:
            return self._given[feed_id]
        known = self.by_id.get(feed_id)
        if known is None:
            self._last += 1
        self._given[feed_id] = known.number if known else self._last
        return self._given[feed_id]

    def put(self, feed_id: str, record: Record, stream: str = NET, fresh: bool = False, **columns: Any) -> int:
        """Bring in ``record`` and return its number; nothing is written when it is known and the same."""
        known = None if fresh else self.by_id.get(feed_id)
        if fresh:
            self._last += 1
            self._given[feed_id] = self._last
        number = self.number(feed_id)
        self._seen.add(number)
        body = record.to_bytes()
        hashed = content_hash(body)
        if known is not None and known.live and known.hash == hashed:
            return number
        values: dict[str, Any] = {"hash": hashed, "body": body, "live": True, **columns}
        if known is None:
            self._rows.insert({self._number: number, "feed_id": feed_id, **values})
            self.changes.added += 1
        else:
            self._rows.update(number, values)
            self.changes.changed += 1
            self.changed.add(number)
        self.by_no[number] = Known(number, hashed, body, True, stream)
        self._outbox.put(stream, f"{self._kind.PREFIX}/{number}", body)
        return number

    def finish(self, needed: Collection[int]) -> None:
        """Withdraw what the feed no longer has, except what sold trips still refer to."""
        for known in self.by_no.values():
            if known.live and known.number not in self._seen:
                if known.number in needed:
                    self.changes.kept += 1
                    continue
                self._rows.update(known.number, {"live": False})
                self._outbox.remove(known.stream, f"{self._kind.PREFIX}/{known.number}")
                self.changes.withdrawn += 1
        self._rows.flush()


class SeatPlans:
    """Seat plans under the names by which routes call for them.

    A published plan never changes: tickets name its seats. The next version of a plan has the next name.
    """

    def __init__(self, tx: Connection, outbox: Outbox) -> None:
        self._outbox = outbox
        self._rows = Rows(tx, tables.seat_plan)
        known = tx.execute(select(tables.seat_plan)).mappings().all()
        self._names = {(row["feed_id"], bytes(row["hash"])): row["name"] for row in known}
        self._live = {row["name"] for row in known if row["live"]}
        self._taken = {row["name"] for row in known}
        self._seen: set[str] = set()
        self.changes = Changes()

    def put(self, feed_id: str, plan: SeatPlan) -> str:
        """The name under which this plan is published."""
        body = plan.to_bytes()
        hashed = content_hash(body)
        name = self._names.get((feed_id, hashed)) or self._new(feed_id, hashed, body)
        if name not in self._live:
            self._rows.update(name, {"live": True})
            self._outbox.put(NET, f"{SeatPlan.PREFIX}/{name}", body)
        self._seen.add(name)
        return name

    def _new(self, feed_id: str, hashed: bytes, body: bytes) -> str:
        usable = feed_id.isascii() and feed_id.isprintable() and "/" not in feed_id and len(feed_id) < MAX_KEY // 2
        base = feed_id if usable else f"plan-{hashed.hex()[:8]}"
        tries = (base if count == 1 else f"{base}.{count}" for count in range(1, len(self._taken) + 2))
        name = next(name for name in tries if name not in self._taken)
        self._taken.add(name)
        self._rows.insert({"name": name, "feed_id": feed_id, "hash": hashed, "body": body, "live": True})
        self.changes.added += 1
        return name

    def finish(self, needed: Collection[str]) -> None:
        """Withdraw plans that neither the feed nor a sold trip uses."""
        for name in sorted(self._live - self._seen - set(needed)):
            self._rows.update(name, {"live": False})
            self._outbox.remove(NET, f"{SeatPlan.PREFIX}/{name}")
            self.changes.withdrawn += 1
        self._rows.flush()


class Patterns:
    """Patterns by content: equal ones are one, a changed one is another."""

    def __init__(self, tx: Connection, outbox: Outbox, agency_of: Callable[[int], int]) -> None:
        self._tx = tx
        self._outbox = outbox
        self._agency_of = agency_of
        self._rows = Rows(tx, tables.pattern)
        self._stops = Rows(tx, tables.pattern_stop)
        columns = tables.pattern.c
        rows = tx.execute(select(columns.pattern_no, columns.route_no, columns.hash, columns.live)).all()
        self._by_hash: dict[bytes, int] = {bytes(row.hash): row.pattern_no for row in rows}
        self._live: set[int] = {row.pattern_no for row in rows if row.live}
        self.routes: dict[int, int] = {row.pattern_no: row.route_no for row in rows}
        self._last = max(max(self.routes, default=0), least_number(tx, tables.pattern.name))
        self.changes = Changes()

    def put(self, pattern: Pattern) -> int:
        """The number of ``pattern``, published if it was not."""
        body = pattern.to_bytes()
        hashed = content_hash(body)
        number = self._by_hash.get(hashed)
        if number is not None and number in self._live:
            return number
        if number is None:
            number = self._new(pattern, hashed, body)
        else:
            self._rows.update(number, {"live": True})
        self._live.add(number)
        self.changes.added += 1
        self._outbox.put(self._stream(number), f"{Pattern.PREFIX}/{number}", body)
        return number

    def _new(self, pattern: Pattern, hashed: bytes, body: bytes) -> int:
        self._last += 1
        number = self._by_hash[hashed] = self._last
        self.routes[number] = pattern.route_no
        row = {"pattern_no": number, "route_no": pattern.route_no, "hash": hashed, "body": body, "live": True}
        self._rows.insert(row)
        for idx, stop_no in enumerate(pattern.stop_nos):
            boards = can_board(pattern, idx)
            departure_s = pattern.departures[idx]
            stop = {"pattern_no": number, "idx": idx, "stop_no": stop_no, "departure_s": departure_s, "boards": boards}
            self._stops.insert(stop)
        return number

    def _stream(self, number: int) -> str:
        return operator_stream(self._agency_of(self.routes[number]))

    def read(self, numbers: Iterable[int]) -> list[Pattern]:
        """Patterns with these numbers, as they were published."""
        self.flush()
        bodies = (tables.pattern.c.body, tables.pattern.c.pattern_no)
        wanted = set(numbers)
        if not wanted:
            return []
        rows = self._tx.execute(select(*bodies)).yield_per(500)
        return [Pattern.from_bytes(row.body) for row in rows if row.pattern_no in wanted]

    def flush(self) -> None:
        """Send rows that wait."""
        self._rows.flush()
        self._stops.flush()

    def finish(self, used: Collection[int]) -> None:
        """Withdraw patterns that no published trip has."""
        for number in sorted(self._live - set(used)):
            self._rows.update(number, {"live": False})
            self._outbox.remove(self._stream(number), f"{Pattern.PREFIX}/{number}")
            self.changes.withdrawn += 1
        self.flush()


def can_board(pattern: Pattern, idx: int) -> bool:
    """Whether any ride that starts at ``idx`` is for sale."""
    if not pattern.pickup[idx]:
        return False
    later = range(idx + 1, len(pattern.stop_nos))
    return any(pattern.drop_off[to] and fare_minor(pattern, idx, to) is not None for to in later)
