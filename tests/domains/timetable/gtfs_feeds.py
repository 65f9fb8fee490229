"""A small sound feed that tests bend one way each."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import CompiledFeed, FeedRejected, compile_feed

SOUND = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone,agency_lang\nA,甲客运,,Asia/Shanghai,zh\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,zone_id\n"
        "S1,起点,23.06,112.47,Z1\nS2,中间,23.10,112.60,Z2\nS3,终点,23.13,112.90,Z3\n"
    ),
    "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,起点—终点,3\n",
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "D,1,1,1,1,1,1,1,20260101,20261231\n"
    ),
    "trips.txt": "route_id,service_id,trip_id,trip_headsign,direction_id\nR,D,T1,终点,0\nR,D,T2,终点,0\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,S1,1\nT1,08:30:00,08:35:00,S2,2\nT1,09:10:00,09:10:00,S3,3\n"
        "T2,10:00:00,10:00:00,S1,1\nT2,10:30:00,10:35:00,S2,2\nT2,11:10:00,11:10:00,S3,3\n"
    ),
    "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\nF,12.50,CNY,0,0\n",
    "fare_rules.txt": "fare_id,route_id,origin_id,destination_id\nF,R,,\n",
}
Files = Mapping[str, str | bytes | None]
Place = tuple[str, int, str, str, str]
"""file, line, field, value, code"""


def feed(folder: Path, files: Files | None = None) -> Path:
    """The sound feed as a folder, with ``files`` in place of its own; None leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**SOUND, **(files or {})}.items():
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def packed(folder: Path, path: Path, prefix: str = "") -> Path:
    """The folder as a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


def compiled(folder: Path, files: Files | None = None) -> CompiledFeed:
    """The compiled feed of :func:`feed`."""
    return compile_feed(feed(folder, files))


def refused(path: Path, seat_plans: Path | None = None) -> list[Place]:
    """The places of all errors of a feed that must be rejected."""
    with pytest.raises(FeedRejected) as caught:
        compile_feed(path, seat_plans=seat_plans)
    errors = caught.value.errors
    assert all(error.message and "{" not in error.message for error in errors)
    return [(error.file, error.line, error.field, error.value, error.code) for error in errors]


def rejected(folder: Path, files: Files) -> list[Place]:
    """The places of all errors of a bent feed."""
    return refused(feed(folder, files))
