"""The fingerprint by which a feed that was imported before is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple

from cloud.domains.timetable.gtfs.model import CompiledFeed, Pattern, Trip


def content_hash(feed: CompiledFeed) -> str:
    """SHA-256 (hex) over all that would be stored.

    The order of rows in the files, columns that are not used, notes and counts have no part in it.
    """
    sha = hashlib.sha256()
    _add(sha, "feed", [[feed.publisher, feed.version, feed.start_day, feed.end_day]])
    for name in ("agencies", "stops", "transfers", "routes", "services", "seat_plans"):
        _add(sha, name, (astuple(item) for item in getattr(feed, name)))
    patterns = [_pattern_hash(pattern) for pattern in feed.patterns]
    _add(sha, "trips", (_trip(trip, patterns[trip.pattern]) for trip in feed.trips))
    return sha.hexdigest()


def _add(sha: hashlib._Hash, name: str, items: Iterable[object]) -> None:
    sha.update(f"{name}\n".encode())
    for item in items:
        sha.update(_bytes(item))


def _pattern_hash(pattern: Pattern) -> str:
    return hashlib.sha256(_bytes(astuple(pattern))).hexdigest()


def _trip(trip: Trip, pattern: str) -> object:
    return [trip.feed_id, pattern, trip.service, trip.start_s, trip.approximate, trip.headsigns]


def _bytes(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
