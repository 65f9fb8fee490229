"""A verdict in words: what the inspector reads out, and what the passenger should do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.formats import calendar_day, chosen_name, clock_text, moment_text, short_date
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import known, t
from sync.domains.boarding import rules

if TYPE_CHECKING:
    from edge.domains.boarding.service import Verdict
    from edge.domains.timetable.service import Ride


def said(verdict: Verdict) -> dict[str, str | list[str]]:
    """Everything that the screen shows, as plain texts: small enough to travel through the redirect after a scan."""
    return {
        "colour": verdict.colour,
        "word": t(f"verdict_{verdict.colour}"),
        "seat": verdict.seat_label,
        "from": chosen_name(verdict.from_names or {}, language())[0],
        "to": chosen_name(verdict.to_names or {}, language())[0],
        "number": verdict.number or "",
        "lines": _lines(verdict),
    }


def _lines(verdict: Verdict) -> list[str]:
    lines = [t(f"reason_{verdict.reason}")] if verdict.reason else []
    if verdict.old_seat_label:
        lines.append(t("gate_seat_moved", seat=verdict.seat_label, old=verdict.old_seat_label))
    if verdict.first_ms is not None:
        when = moment_text(verdict.first_ms, the_node().timetable.zone(), language())
        if verdict.reason == rules.REFUNDED:
            lines.append(t("gate_void_since", when=when))
        elif verdict.newer is not None:
            lines.append(t("gate_newer", number=verdict.newer, when=when))
        else:
            lines.append(t("gate_first_use", when=when, gate=_gate_name(verdict.first_gate)))
    if verdict.right is not None:
        lines.append(t("gate_right_trip", **_trip_words(verdict.right)))
    return lines + [t(f"note_{note}") for note in verdict.notes if known(f"note_{note}")]


def _gate_name(gate: str | None) -> str:
    """Gate devices go by their own names; the pages of this node count as one gate."""
    key = f"gate_name_{gate}"
    return t(key) if known(key) else (gate or t("gate_name_page"))


def _trip_words(ride: Ride) -> dict[str, str]:
    route = chosen_name(ride.route_short_names, language())[0] or chosen_name(ride.route_long_names, language())[0]
    return {
        "route": route,
        "date": short_date(calendar_day(ride.departs_ms, ride.zone), language()),
        "time": clock_text(ride.departs_ms, ride.zone),
        "from": chosen_name(ride.from_stop.names, language())[0],
        "to": chosen_name(ride.to_stop.names, language())[0],
    }
