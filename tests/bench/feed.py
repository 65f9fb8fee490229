"""A feed for the exchange: a coach line and a ferry with seats enough for the sales, and so many other departures that a
node which holds the operator's timetable holds ten thousand operations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

COACHES, FERRIES, OTHERS = 30, 6, 9_950
_STOPS = ("端州", "鼎湖", "三水", "南海", "广州", "桂山岛", "水坑", "龙塘")
_CALENDAR = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date"


def write(folder: Path, headsign: str, ferries: int = FERRIES) -> Path:
    """The feed in ``folder``; another ``headsign`` is a feed in which every trip has changed."""
    folder.mkdir(exist_ok=True)
    files = {
        "agency.txt": [
            "agency_id,agency_name,agency_url,agency_timezone,agency_lang",
            "A,岭西客运,https://example.org/,Asia/Shanghai,zh-Hans",
        ],
        "calendar.txt": [_CALENDAR, "DAILY,1,1,1,1,1,1,1,20260101,20991231"],
        "routes.txt": [
            "route_id,agency_id,route_short_name,route_long_name,route_type",
            "C,A,端广线,端州至广州,3",
            "F,A,,端州至桂山岛,4",
            "L,A,水龙线,水坑至龙塘,3",
        ],
        "fare_attributes.txt": [
            "fare_id,price,currency_type,payment_method,transfers",
            "COACH,15.00,CNY,0,0",
            "FERRY,40.00,CNY,0,0",
        ],
        "fare_rules.txt": ["fare_id,route_id", "COACH,C", "FERRY,F"],
        "stops.txt": [
            "stop_id,stop_name,stop_lat,stop_lon",
            *(f"S{number},{name},23.{number},113.{number}" for number, name in enumerate(_STOPS, start=1)),
        ],
        "trips.txt": [
            "route_id,service_id,trip_id,trip_headsign",
            *(f"{trip[0]},DAILY,{trip},{headsign}" for trip, _, _ in _trips(ferries)),
        ],
        "stop_times.txt": ["trip_id,arrival_time,departure_time,stop_id,stop_sequence", *_stop_times(ferries)],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _trips(ferries: int) -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """(trip id, first departure in seconds, stops)."""
    for number in range(COACHES):
        yield f"C{number}", 6 * 3600 + number * 1_800, (1, 2, 3, 4, 5)
    for number in range(ferries):
        yield f"F{number}", 7 * 3600 + number * 43_200 // ferries, (1, 6)
    for number in range(OTHERS):
        yield f"L{number}", 4 * 3600 + number * 7, (7, 8)


def _stop_times(ferries: int) -> Iterator[str]:
    for trip, start_s, stops in _trips(ferries):
        for place, stop in enumerate(stops):
            time = _clock(start_s + place * 1_500)
            yield f"{trip},{time},{time},S{stop},{place + 1}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
