"""The first page of a phone on board: this trip, its next stops, what the operator has to say, and what to do in an emergency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Response, render_template, request
from flask_wtf.csrf import generate_csrf

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.kept import kept
from kiosk_ui.kernel.language import big_print, language
from kiosk_ui.screens.portal.who import who_runs
from sync.domains.duties.rules import ENDED, RUNNING
from sync.domains.timetable.rules import service_kind

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.duties.service import TripNow
    from edge.domains.timetable.service import Call, TripView
    from sync.domains.notices.operations import Notice

SOON: Final = 12
NUMBERS: Final = ("110", "119", "120", "122", "12395", "12328")
STEPS: Final = {
    "road": ("calm", "belt", "door", "window", "smoke", "away"),
    "water": ("crew", "jacket", "meet", "stay", "children"),
}
_FERRY: Final = "ferry"
_TOKEN: Final = "token-of-this-phone"  # noqa: S105 (the place of one)


@dataclass(frozen=True)
class Aboard:
    """The trip of this box as a passenger sees it. ``next_idx``: the stop that comes; the number of stops where it has ended.

    ``told``: whether that is the driver's word rather than the timetable's.
    """

    now: TripNow
    next_idx: int
    told: bool
    notices: tuple[Notice, ...]
    rated: tuple[int, int]
    operator_no: int

    @property
    def trip(self) -> TripView:
        """The dated trip."""
        return self.now.trip

    @property
    def next_call(self) -> Call | None:
        """The stop that comes."""
        return self.now.calls[self.next_idx] if self.next_idx < len(self.now.calls) else None

    @property
    def late_ms(self) -> int:
        """By how much every time of the timetable is off."""
        return self.now.delay_minutes * 60_000


def trip() -> Response:
    """The page that every phone is led to. It is the same for all who read one language, but for the token of its one form."""
    state = _wifi()
    if request.args:
        return Response(_page(state))
    shown = kept(("trip", language(), big_print(), state), lambda: _page(state))
    return Response(shown.replace(_TOKEN.encode(), generate_csrf().encode()) if state == "open" else shown)


def _page(state: str) -> str:
    node = the_node()
    seen = aboard(node)
    token = generate_csrf() if request.args else _TOKEN
    if seen is None:
        rides = node.timetable.departures(node.timetable.today(), SOON)
        return render_template("portal/no_trip.html", rides=rides, wifi=state, token=token)
    who = who_runs(node, seen.now, seen.operator_no)
    return render_template("portal/trip.html", seen=seen, trip=seen.trip, who=who, wifi=state, token=token)


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
    now = node.duties.of(*current)
    route_no, route = node.timetable.route(now.trip.trip_no)
    notices = node.notices.on(route.agency_no, node.timetable.today(), route_no)
    next_idx, told = _next(now, node.clock.wall_ms())
    return Aboard(now, next_idx, told, tuple(notices), node.ratings.public_summary(*current), route.agency_no)


def _next(now: TripNow, wall_ms: int) -> tuple[int, bool]:
    """(stop that comes, whether the driver says so). A driver who calls no stops leaves it to the timetable and the delay."""
    run, calls = now.run, now.calls
    if run.phase == ENDED:
        return len(calls), True
    if run.phase == RUNNING and (run.idx or not run.standing):
        return run.idx if run.standing else run.idx + 1, True
    late_ms = now.delay_minutes * 60_000
    return next((call.idx for call in calls if call.departs_ms + late_ms >= wall_ms), len(calls)), False


def _service(node: Node, trip: TripView) -> str:
    return service_kind(trip.route_type, node.timetable.seat_plan(trip.trip_no).kind)


def _wifi() -> str:
    """How it is with this phone's way to the internet: ``open``, ``online`` (it went on already) or ``no_line``."""
    wifi = the_node().wifi
    if not wifi.has_line() and not wifi.gateway:
        return "no_line"
    return "online" if wifi.left_s(request.remote_addr or "") else "open"
