"""Trips of a feed beside those that the hub knows. A trip that was sold stays whole for the days on which it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.importing.writing import Changes, Outbox, Rows, content_hash
from cloud.kernel.nodes import least_number
from sync.domains.timetable.operations import Service, Trip
from sync.domains.timetable.rules import service_runs
from sync.kernel.operations import operator_stream

REMEMBERED_DAYS: Final = 30
"""For so long after its last day a replaced trip stays with the nodes: late ratings and look-ups need it."""


@dataclass(slots=True)
class _Known:
    number: int
    hash: bytes
    agency_no: int
    pattern_no: int
    service_no: int
    start_s: int
    kept: bool
    live: bool


class Trips:
    """All trips, and what becomes of them.

    ``pinned``: trip → days on which anything was granted or sold. ``services`` reads a service's current record,
    ``changed_services`` are those that this import changed.
    """

    def __init__(
        self,
        tx: Connection,
        outbox: Outbox,
        pinned: Mapping[int, Collection[int]],
        services: Callable[[int], Service],
        changed_services: Collection[int],
        today: int,
    ) -> None:
        self._tx = tx
        self._outbox = outbox
        self._pinned = pinned
        self._services = services
        self._changed_services = changed_services
        self._oldest_day = today - REMEMBERED_DAYS
        self._rows = Rows(tx, tables.trip)
        self._owners: dict[str, _Known] = {}
        self._kept_days: dict[str, set[int]] = {}
        self._kept: dict[int, tuple[_Known, frozenset[int]]] = {}
        self._seen: set[int] = set()
        self._last = 0
        self.changes = Changes()
        self.patterns: set[int] = set()
        self._load()

    def _load(self) -> None:
        columns = [column for column in tables.trip.c if column.name not in ("approximate", "headsigns", "except_days")]
        rows = self._tx.execute(select(*columns).order_by(tables.trip.c.trip_no)).mappings()
        for row in rows:
            known = _known(row)
            self._owners[row["feed_id"]] = known
            self._last = known.number
            if known.kept and known.live:
                self._note_kept(row["feed_id"], known, json.loads(row["only_days"]))
        self._last = max(self._last, least_number(self._tx, tables.trip.name))

    def _note_kept(self, feed_id: str, known: _Known, days: Iterable[int]) -> None:
        held = frozenset(days)
        self._kept[known.number] = (known, held)
        self._kept_days.setdefault(feed_id, set()).update(held)

    def put(self, trip: Trip, agency_no: int) -> None:
        """Bring in one trip of the feed."""
        body = trip.to_bytes()
        hashed = content_hash(body)
        known = self._owners.get(trip.feed_id)
        if known is not None and not self._may_become(known, trip, agency_no, hashed):
            if known.live and not known.kept:
                self._keep(trip.feed_id, known)
            known = None
        self.patterns.add(trip.pattern_no)
        if known is not None:
            self._seen.add(known.number)
            if known.live and known.hash == hashed:
                return
        self._write(trip, agency_no, known, hashed, body)

    def _may_become(self, known: _Known, trip: Trip, agency_no: int, hashed: bytes) -> bool:
        """Whether the row may simply take the new content: nobody who holds a ticket would notice."""
        if known.kept or known.agency_no != agency_no:
            return False
        days = self._pinned.get(known.number)
        if not days or not known.live:
            return not days
        if (known.pattern_no, known.start_s) != (trip.pattern_no, trip.start_s):
            return False
        if known.service_no == trip.service_no and trip.service_no not in self._changed_services:
            return True
        service = self._services(trip.service_no)
        return all(service_runs(service, day) for day in days)

    def _keep(self, feed_id: str, known: _Known) -> None:
        """Limit a live row to its sold days, or withdraw it when there are none that still matter."""
        pinned = self._pinned.get(known.number, ())
        days = sorted(day for day in pinned if day >= self._oldest_day)
        self._seen.add(known.number)
        if not days:
            self._withdraw(known, kept=bool(pinned))
            return
        self._note_kept(feed_id, known, days)
        self._rows.update(known.number, {"only_days": json.dumps(days), "kept": True})
        limited = replace(self._read(known.number), only_days=tuple(days))
        self._outbox.put(operator_stream(known.agency_no), f"trip/{known.number}", limited.to_bytes())
        self.changes.kept += 1

    def _withdraw(self, known: _Known, kept: bool) -> None:
        self._rows.update(known.number, {"live": False, "kept": kept})
        self._outbox.remove(operator_stream(known.agency_no), f"trip/{known.number}")
        self.changes.withdrawn += 1

    def _write(self, trip: Trip, agency_no: int, known: _Known | None, hashed: bytes, body: bytes) -> None:
        days = tuple(sorted(self._kept_days.get(trip.feed_id, ())))
        row = {
            "hash": hashed,
            "agency_no": agency_no,
            "pattern_no": trip.pattern_no,
            "service_no": trip.service_no,
            "start_s": trip.start_s,
            "approximate": trip.approximate,
            "headsigns": json.dumps(dict(trip.headsigns), ensure_ascii=False, sort_keys=True),
            "only_days": None,
            "except_days": json.dumps(days) if days else None,
            "kept": False,
            "live": True,
        }
        if known is None:
            self._last += 1
            number = self._last
            self._rows.insert({"trip_no": number, "feed_id": trip.feed_id, **row})
            self.changes.added += 1
        else:
            number = known.number
            self._rows.update(number, row)
            self.changes.changed += 1
        if days:
            body = replace(trip, except_days=days).to_bytes()
        self._outbox.put(operator_stream(agency_no), f"trip/{number}", body)

    def finish(self) -> list[_Known]:
        """Withdraw or keep what the feed no longer has; the trips that are published for their sold days only."""
        for feed_id, known in self._owners.items():
            if known.live and not known.kept and known.number not in self._seen:
                self._keep(feed_id, known)
        for known, days in self._kept.values():
            if max(days) < self._oldest_day:
                self._withdraw(known, kept=True)
        self._rows.flush()
        remaining = [known for known, days in self._kept.values() if max(days) >= self._oldest_day]
        self.patterns.update(known.pattern_no for known in remaining)
        return remaining

    def _read(self, number: int) -> Trip:
        row = self._tx.execute(select(tables.trip).where(tables.trip.c.trip_no == number)).mappings().one()
        return trip_record(row)


def trip_record(row: RowMapping) -> Trip:
    """The record that a row of table ``trip`` is published as."""
    return Trip(
        row["pattern_no"],
        row["service_no"],
        row["start_s"],
        row["approximate"],
        json.loads(row["headsigns"]),
        row["feed_id"],
        days_of(row["only_days"]),
        days_of(row["except_days"]) or (),
    )


def days_of(text: str | None) -> tuple[int, ...] | None:
    """Days from their column."""
    return None if text is None else tuple(json.loads(text))


def _known(row: RowMapping) -> _Known:
    values: dict[str, Any] = {name: row[name] for name in _Known.__slots__ if name not in ("number", "hash")}
    return _Known(number=row["trip_no"], hash=bytes(row["hash"]), **values)
