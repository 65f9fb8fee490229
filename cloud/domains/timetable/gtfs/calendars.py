"""Service days: calendar.txt, calendar_dates.txt, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.model import Service
from cloud.domains.timetable.gtfs.read import Feed, Row

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ADDED, REMOVED = 1, 2
NO_SPAN: Final = (0, -1)  # a span without days


@dataclass(slots=True)
class _Draft:
    weekdays: int = 0
    span: tuple[int, int] = NO_SPAN
    exceptions: dict[int, tuple[int, int]] = field(default_factory=dict)  # day: (type, line)


def read_services(feed: Feed) -> dict[str, Service]:
    """All services by id. A service may stand in either file or in both."""
    drafts: dict[str, _Draft] = {}
    if not feed.has("calendar.txt") and not feed.has("calendar_dates.txt"):
        feed.problems.add("missing_file", "calendar.txt", alternative=" or calendar_dates.txt")
    _read_weekly(feed, drafts)
    for row in feed.rows("calendar_dates.txt", "service_id", "date", "exception_type", optional=True):
        _add_exception(row, drafts)
    services = {feed_id: _service(feed_id, draft) for feed_id, draft in drafts.items()}
    for feed_id, service in services.items():
        if not _runs(service):
            feed.problems.note("service_without_days", "calendar.txt", 0, "service_id", feed_id)
    return services


def _read_weekly(feed: Feed, drafts: dict[str, _Draft]) -> None:
    seen: dict[str, int] = {}
    flag = fields.choice(0, 1)
    required = ("service_id", *WEEKDAYS, "start_date", "end_date")
    for row in feed.rows("calendar.txt", *required, optional=True):
        feed_id = row.unique("service_id", seen)
        days = [row.needed(name, flag, 0) for name in WEEKDAYS]
        start = row.needed("start_date", fields.optional_day, None)
        end = row.needed("end_date", fields.optional_day, None)
        if start is not None and end is not None and end < start:
            row.error("date_order", "end_date")
        if feed_id is not None:
            mask = sum(on << index for index, on in enumerate(days))
            span = NO_SPAN if start is None or end is None else (start, end)
            drafts[feed_id] = _Draft(mask, span)


def _add_exception(row: Row, drafts: dict[str, _Draft]) -> None:
    feed_id = row.needed("service_id", fields.identifier, "")
    day = row.needed("date", fields.optional_day, None)
    kind = row.needed("exception_type", fields.choice(ADDED, REMOVED), 0)
    if not feed_id or day is None or not kind:
        return
    exceptions = drafts.setdefault(feed_id, _Draft()).exceptions
    if day in exceptions:
        row.error("duplicate_id", "date", first=exceptions[day][1])
    exceptions.setdefault(day, (kind, row.line))


def _service(feed_id: str, draft: _Draft) -> Service:
    """The span of a service that has only dates reaches from the first of them to the last."""
    exceptions = sorted((day, kind) for day, (kind, _line) in draft.exceptions.items())
    added = tuple(day for day, kind in exceptions if kind == ADDED)
    removed = tuple(day for day, kind in exceptions if kind == REMOVED)
    start, end = draft.span
    if draft.span == NO_SPAN and added:
        start, end = added[0], added[-1]
    return Service(feed_id, draft.weekdays, start, end, added, removed)


def _runs(service: Service) -> bool:
    return bool(service.added) or (service.weekdays > 0 and service.end_day >= service.start_day)
