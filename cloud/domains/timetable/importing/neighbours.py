"""Which operators one can change between: so that a place holds the timetables that its passengers' journeys need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sync.domains.timetable.journeys.network import changes_between
from sync.domains.timetable.operations import Stop, Transfer


def neighbours(
    stops: Mapping[int, Stop], transfers: Iterable[Transfer], served: Iterable[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Pairs (operator, other operator), both ways round. ``served``: (operator, stop) wherever one calls."""
    operators: dict[int, set[int]] = defaultdict(set)
    for agency_no, stop_no in served:
        operators[stop_no].add(agency_no)
    changes = changes_between({no: stop for no, stop in stops.items() if no in operators}, transfers)
    found = {
        (one, other)
        for stop_no, reach in changes.items()
        for near, _ in reach
        for one in operators[stop_no]
        for other in operators[near]
        if one != other
    }
    return found | {(other, one) for one, other in found}
