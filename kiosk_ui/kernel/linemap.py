"""The line of a ride drawn where its stops are: no tiles, no network, the same on paper and on a screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.timetable.service import Names, Ride, StopView

WIDTH: Final = 640
HEIGHT: Final = 240
MARGIN: Final = 40
LINE_PX: Final = 18
# How wide a letter is on the drawing, about: a Chinese character is as wide as high.
_WIDE_PX: Final = 15
_NARROW_PX: Final = 8
_GAP_PX: Final = 12

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """A stop on the drawing. ``kind``: from, to, between (on the ride) or beyond; ``label`` empty: there is no room for it.

    ``anchor`` is SVG's (start, middle, end) for the label at (``label_x``, ``label_y``).
    """

    x: float
    y: float
    kind: str
    label: str = ""
    anchor: str = "start"
    label_x: float = 0
    label_y: float = 0


@dataclass(frozen=True)
class LineMap:
    """``line``: the whole way of the trip; ``part``: that of the ride, as an SVG polyline's points."""

    marks: tuple[Mark, ...]
    line: str
    part: str


def line_map(node: Node, ride: Ride, name: str) -> LineMap | None:
    """The drawing of a ride with names in language ``name``; None where a stop has no position, or all have the same."""
    stops = [call.stop for call in node.timetable.trip(ride.trip_no, ride.day).calls]
    places = [node.timetable.position(stop.stop_no) for stop in stops]
    if None in places:
        return None
    points = _points([place for place in places if place is not None])
    if points is None:
        return None
    drawn = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    part = " ".join(f"{x:.0f},{y:.0f}" for x, y in points[ride.from_idx : ride.to_idx + 1])
    return LineMap(tuple(_marks(ride, stops, points, name)), drawn, part)


def _points(places: list[tuple[int, int]]) -> list[tuple[float, float]] | None:
    """On the drawing, north up, both ways to the same scale."""
    lats, lons = [place[0] for place in places], [place[1] for place in places]
    narrow = math.cos(math.radians((min(lats) + max(lats)) / 2 / 1e6))
    wide, high = (max(lons) - min(lons)) * narrow, max(lats) - min(lats)
    if not wide and not high:
        return None
    room_x, room_y = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    scale = min(room_x / wide if wide else math.inf, room_y / high if high else math.inf)
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2
    return [(left + (lon - min(lons)) * narrow * scale, top + (max(lats) - lat) * scale) for lat, lon in places]


def _marks(ride: Ride, stops: list[StopView], points: list[tuple[float, float]], language: str) -> list[Mark]:
    """Both ends of the ride are named first, then whatever has room."""
    kinds = [_kind(idx, ride) for idx in range(len(stops))]
    order = sorted(range(len(stops)), key=lambda idx: ("from", "to", "between", "beyond").index(kinds[idx]))
    taken: list[Box] = [(x - 8, y - 8, x + 8, y + 8) for x, y in points]
    taken += [_around(x, y) for pair in pairwise(points) for x, y in _between(*pair)]
    found: dict[int, Mark] = {}
    for idx in order:
        (x, y), text = points[idx], _name(stops[idx].names, language)
        places = _places(x, y, _width(text))
        fit = next((one for one in places if not _meets(one[1], taken)), None)
        if fit is None and kinds[idx] in ("from", "to"):
            fit = places[0]
        found[idx] = Mark(round(x), round(y), kinds[idx])
        if fit is not None:
            anchor, box = fit
            taken.append(box)
            at = {"start": box[0], "end": box[2], "middle": (box[0] + box[2]) / 2}[anchor]
            found[idx] = replace(found[idx], label=text, anchor=anchor, label_x=round(at), label_y=round(box[3] - 4))
    return [found[idx] for idx in sorted(found)]


def _between(one: tuple[float, float], other: tuple[float, float]) -> list[tuple[float, float]]:
    """Points of the way from stop to stop, close enough that no letter fits between two of them."""
    steps = max(int(math.dist(one, other) / 6), 1)
    return [
        (one[0] + (other[0] - one[0]) * step / steps, one[1] + (other[1] - one[1]) * step / steps)
        for step in range(steps + 1)
    ]


def _around(x: float, y: float) -> Box:
    return x - 2, y - 2, x + 2, y + 2


def _kind(idx: int, ride: Ride) -> str:
    if idx in (ride.from_idx, ride.to_idx):
        return "from" if idx == ride.from_idx else "to"
    return "between" if ride.from_idx < idx < ride.to_idx else "beyond"


def _places(x: float, y: float, width: float) -> list[tuple[str, Box]]:
    """Where a label may stand: right or left of its stop, above or below it, as far as that is on the drawing."""
    half, gap = LINE_PX / 2, _GAP_PX
    found = [
        ("start", (x + gap, y - half, x + gap + width, y + half)),
        ("end", (x - gap - width, y - half, x - gap, y + half)),
    ]
    for top in (y - gap - LINE_PX, y + gap):
        found.append(("middle", (x - width / 2, top, x + width / 2, top + LINE_PX)))
        found.append(("start", (x - 4, top, x - 4 + width, top + LINE_PX)))
        found.append(("end", (x + 4 - width, top, x + 4, top + LINE_PX)))
    inside = [one for one in found if one[1][0] >= 0 and one[1][2] <= WIDTH and one[1][1] >= 0 and one[1][3] <= HEIGHT]
    return inside or found[:1]


def _meets(box: Box, taken: list[Box]) -> bool:
    """Whether a label would cover another one, a stop or the line."""
    return any(box[0] < one[2] and one[0] < box[2] and box[1] < one[3] and one[1] < box[3] for one in taken)


def _width(text: str) -> float:
    return sum(_WIDE_PX if ord(letter) > 0x2E7F else _NARROW_PX for letter in text)


def _name(names: Names, language: str) -> str:
    return names.get(language) or next(iter(names.values()), "")
