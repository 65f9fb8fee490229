"""The first page of a phone on board: this trip, its next stops, what the operator has to say, and what to do in an emergency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import render_template, request

from kiosk_ui.kernel.context import the_node
from sync.domains.timetable.rules import service_kind

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.timetable.service import Call, TripView
    from sync.domains.notices.operations import Notice

SOON: Final = 12
NUMBERS: Final = ("110", "119", "120", "122", "12395", "12328")
STEPS: Final = {
    "road": ("calm", "belt", "door", "window", "smoke", "away"),
    "water": ("crew", "jacket", "meet", "stay", "children"),
}
_FERRY: Final = "ferry"


@dataclass(frozen=True)
class Aboard:
    """The trip of this box as a passenger sees it. ``next_idx``: the stop that comes; the number of stops where it has ended."""

    trip: TripView
    delay_minutes: int
    next_idx: int
    notices: tuple[Notice, ...]
    rated: tuple[int, int]

    @property
    def next_call(self) -> Call | None:
        """The stop that comes."""
        return self.trip.calls[self.next_idx] if self.next_idx < len(self.trip.calls) else None

    @property
    def late_ms(self) -> int:
        """By how much every time of the timetable is off."""
        return self.delay_minutes * 60_000


def trip() -> str:
    """The page that every phone is led to."""
    node = the_node()
    seen = aboard(node)
    if seen is None:
        rides = node.timetable.departures(node.timetable.today(), SOON)
        return render_template("portal/no_trip.html", rides=rides, wifi=_wifi())
    return render_template("portal/trip.html", seen=seen, trip=seen.trip, wifi=_wifi())


def emergency() -> str:
    """Whom to call, what to say, what to do."""
    node = the_node()
    seen = aboard(node)
    kind = "water" if seen is not None and _service(node, seen.trip) == _FERRY else "road"
    return render_template("portal/emergency.html", seen=seen, kind=kind, steps=STEPS[kind], numbers=NUMBERS)


def aboard(node: Node) -> Aboard | None:
    """What there is to say of the trip that this box runs; None when it runs none."""
    current = node.boarding.current()
    if current is None:
        return None
    trip = node.timetable.trip(*current)
    route_no, route = node.timetable.route(trip.trip_no)
    now, late_ms = node.clock.wall_ms(), trip.delay_minutes * 60_000
    ahead = (call.idx for call in trip.calls if call.departs_ms + late_ms >= now)
    notices = node.notices.on(route.agency_no, node.timetable.today(), route_no)
    return Aboard(
        trip, trip.delay_minutes, next(ahead, len(trip.calls)), tuple(notices), node.ratings.public_summary(*current)
    )


def _service(node: Node, trip: TripView) -> str:
    return service_kind(trip.route_type, node.timetable.seat_plan(trip.trip_no).kind)


def _wifi() -> str:
    """How it is with this phone's way to the internet: ``open``, ``online`` (it went on already) or ``no_line``."""
    wifi = the_node().wifi
    if not wifi.has_line() and not wifi.gateway:
        return "no_line"
    return "online" if wifi.left_s(request.remote_addr or "") else "open"
