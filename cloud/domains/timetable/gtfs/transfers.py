"""transfers.txt: how long changing from one stop to another takes."""

from __future__ import annotations

from typing import Final

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.model import Transfer
from cloud.domains.timetable.gtfs.network import Network
from cloud.domains.timetable.gtfs.read import Feed

TIMED, WITH_TIME, IMPOSSIBLE = 1, 2, 3
_LONGEST_S: Final = 86_400
# Rules for one route or trip alone say nothing of the others that call there.
_NARROW: Final = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")


def read_transfers(feed: Feed, network: Network) -> dict[tuple[str, str], Transfer]:
    """Transfers between stops by their two ids. Those without a time of their own leave it to the default."""
    found: dict[tuple[str, str], Transfer] = {}
    for row in feed.rows("transfers.txt", "from_stop_id", "to_stop_id", optional=True):
        kind = row.value("transfer_type", fields.choice(0, 1, 2, 3, 4, 5), 0)
        if any(row.text(name) for name in _NARROW) or kind > IMPOSSIBLE:
            continue
        for name in ("from_stop_id", "to_stop_id"):
            row.required(name)
            row.reference(name, network.places, "stops.txt")
        pair = row.text("from_stop_id"), row.text("to_stop_id")
        seconds = row.value("min_transfer_time", fields.whole(0, _LONGEST_S), None)
        if kind == TIMED:
            seconds = seconds or 0
        if not set(pair) <= set(network.stops) or (seconds is None and kind != IMPOSSIBLE):
            continue
        found[pair] = Transfer(*pair, None if kind == IMPOSSIBLE else seconds)
    return found
