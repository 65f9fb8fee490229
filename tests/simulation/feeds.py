"""A small timetable in three versions: a coach of four legs, a minibus, a ferry where heads are counted.

Vehicles are small, so that people compete for seats, and each version comes with other vehicles: a smaller coach, a minibus
with its seats in other places under the same name, a ferry that takes fewer.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from cloud.domains.timetable.gtfs import CompiledFeed, compile_feed

VERSIONS = 3
COACH_STOPS = ("S1", "S2", "S3", "S4", "S5")
FERRY_STOPS = ("P1", "P2", "P3")

_AGENCY = "agency_id,agency_name,agency_url,agency_timezone,agency_lang\nA,岭西客运,,Asia/Shanghai,zh\n"
_STOPS = "stop_id,stop_name,stop_lat,stop_lon\n" + "".join(
    f"{name},站{name},23.{number:02d},112.{number:02d}\n" for number, name in enumerate((*COACH_STOPS, *FERRY_STOPS))
)
_ROUTES = (
    "route_id,agency_id,route_short_name,route_long_name,route_type\n"
    "R1,A,1,长途,3\nR2,A,2,村巴,3\nR3,A,3,渡轮,4\n"
)  # fmt: skip
_CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "D,1,1,1,1,1,1,1,20260101,20261231\n"
)
_PLANS = """
[plans.coach-8]
kind = "reserved"
capacity = 8
layout = '''
AB.CD
AB.CD
'''
[plans.coach-6]
kind = "reserved"
capacity = 6
layout = '''
AB.C
AB.C
'''
[plans.mini-4]
kind = "reserved"
capacity = 4
layout = '''
{mini}
'''
[plans.ferry]
kind = "free"
capacity = {ferry}
[by_route]
R1 = "{coach}"
R2 = "mini-4"
R3 = "ferry"
"""

# route → its calls: (stop, minutes after the first departure)
_CALLS = {
    "R1": [(name, 40 * number) for number, name in enumerate(COACH_STOPS)],
    "R2": [("S3", 0), ("S4", 25), ("S5", 50)],
    "R3": [("P1", 0), ("P2", 45), ("P3", 100)],
}
# version → trips (route, trip id, hour and minute of departure)
_TRIPS = {
    1: [("R1", "C1", 8, 0), ("R1", "C2", 13, 0), ("R1", "C3", 18, 0), ("R2", "B1", 10, 0), ("R2", "B2", 16, 30),
        ("R3", "F1", 9, 0), ("R3", "F2", 15, 0)],
    2: [("R1", "C1", 8, 0), ("R1", "C2", 13, 20), ("R1", "C3", 18, 0), ("R1", "C4", 23, 30), ("R2", "B1", 10, 0),
        ("R2", "B2", 16, 30), ("R3", "F1", 9, 0), ("R3", "F2", 15, 30)],
    3: [("R1", "C1", 8, 0), ("R1", "C2", 13, 20), ("R1", "C4", 23, 30), ("R2", "B2", 16, 30), ("R3", "F1", 9, 0),
        ("R3", "F2", 15, 30), ("R3", "F3", 19, 0)],
}  # fmt: skip
_FARES = {1: ("32.00", "8.00", "45.00"), 2: ("35.00", "8.00", "45.00"), 3: ("35.00", "9.00", "48.00")}
VEHICLES = {
    1: {"coach": "coach-8", "mini": "AB\nAB", "ferry": 24},
    2: {"coach": "coach-8", "mini": "ABCD", "ferry": 24},
    3: {"coach": "coach-6", "mini": "AB\nAB", "ferry": 18},
}


@cache
def compiled(version: int) -> CompiledFeed:
    """Version 1, 2 or 3 of the timetable."""
    with tempfile.TemporaryDirectory() as name:
        for file, text in _files(version).items():
            Path(name, file).write_text(text, encoding="utf-8")
        return compile_feed(Path(name))


def _files(version: int) -> dict[str, str]:
    fares = list(zip(("R1", "R2", "R3"), _FARES[version], ("CNY", "CNY", "HKD"), strict=True))
    trips = _TRIPS[version]
    return {
        "agency.txt": _AGENCY,
        "stops.txt": _STOPS,
        "routes.txt": _ROUTES,
        "calendar.txt": _CALENDAR,
        "seat_plans.toml": _PLANS.format(**VEHICLES[version]),
        "trips.txt": "route_id,service_id,trip_id\n" + "".join(f"{route},D,{trip}\n" for route, trip, _, _ in trips),
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "".join(map(_calls, trips)),
        "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers\n"
        + "".join(f"F{route},{price},{currency},0,0\n" for route, price, currency in fares),
        "fare_rules.txt": "fare_id,route_id\n" + "".join(f"F{route},{route}\n" for route, _, _ in fares),
    }


def _calls(trip: tuple[str, str, int, int]) -> str:
    route, name, hour, minute = trip
    lines = []
    for number, (stop, after) in enumerate(_CALLS[route], start=1):
        at = hour * 60 + minute + after
        text = f"{at // 60:02d}:{at % 60:02d}:00"
        lines.append(f"{name},{text},{text},{stop},{number}\n")
    return "".join(lines)
