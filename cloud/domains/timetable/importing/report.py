"""What an import did, for the person who ran it and for the console."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from cloud.domains.timetable.gtfs.model import CompiledFeed, Route
from cloud.domains.timetable.importing.compiled import names
from cloud.domains.timetable.importing.writing import Changes


@dataclass(frozen=True, slots=True)
class ImportReport:
    """``import_no`` is that of the import which brought this content; ``unchanged``: it was there before.

    ``counts`` are rows of the feed's files, ``changes`` records by kind; ``operations`` were published.
    """

    import_no: int
    unchanged: bool
    publisher: str
    version: str
    start_day: int | None
    end_day: int | None
    counts: dict[str, int]
    changes: dict[str, dict[str, int]]
    operations: int
    not_for_sale: list[dict[str, Any]]
    ambiguous: list[dict[str, Any]]
    notes: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        return asdict(self)


def make_report(
    feed: CompiledFeed, import_no: int, unchanged: bool, changes: dict[str, Changes], operations: int
) -> ImportReport:
    """The report on ``feed``."""
    return ImportReport(
        import_no=import_no,
        unchanged=unchanged,
        publisher=feed.publisher,
        version=feed.version,
        start_day=feed.start_day,
        end_day=feed.end_day,
        counts=feed.counts.as_json(),
        changes={kind: asdict(count) for kind, count in changes.items()},
        operations=operations,
        not_for_sale=[_unsold(route) for route in feed.routes_not_for_sale],
        ambiguous=[_pair(pair) for pair in map(asdict, feed.ambiguous_pairs)],
        notes=[note.as_json() for note in feed.notes],
    )


def _unsold(route: Route) -> dict[str, Any]:
    texts = {"short_names": names(route.short_names), "long_names": names(route.long_names)}
    return {"route": route.feed_id, "agency": route.agency, "reason": route.not_for_sale, **texts}


def _pair(pair: dict[str, Any]) -> dict[str, Any]:
    prices = [dict(zip(("price_minor", "currency", "fare"), price, strict=True)) for price in pair["prices"]]
    return {**pair, "contains": list(pair["contains"]), "prices": prices}


def read_report(text: str) -> ImportReport:
    """A report from its column."""
    return ImportReport(**json.loads(text))
