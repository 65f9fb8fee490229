"""Clearances and counts folded into tables; what a box cleared against its own figures is kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.clearance.tables import departure_said, passenger_count
from cloud.kernel.database import insert_rows, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.clearance import rules
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.kernel.events import Event

CLEARED, REFUSED, UNDONE = "cleared", "refused", "undone"
MAX_VEHICLE: Final = 40
_SAID: Final = (
    "pos", "node_no", "trip_no", "day", "state", "vehicle", "drivers", "aboard", "capacity", "lacks", "clerk_no",
    "said_hlc",
)  # fmt: skip
_COUNT: Final = ("trip_no", "day", "on_board", "pos", "node_no", "counted", "known")


class ClearanceApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {DepartureRefused, DepartureCleared, ClearanceUndone, PassengersCounted}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._said: list[tuple[object, ...]] = []
        self._counts: dict[tuple[int, int, bool], tuple[object, ...]] = {}

    def prepare(self, batch: Sequence[Received]) -> None:
        """Nothing is read."""

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if isinstance(event, DepartureRefused):
            self._say(received, event, REFUSED, " ".join(code for code in event.lacks if code in rules.CHECKS))
            if not event.lacks or not set(event.lacks) <= set(rules.CHECKS):
                raise Quarantine("clearance_lacks", ", ".join(event.lacks)[:200])
        elif isinstance(event, DepartureCleared):
            self._say(received, event, CLEARED, "")
            if event.aboard > event.capacity or not event.drivers or event.good_until_day < event.day:
                figures = f"{event.aboard} of {event.capacity}, {event.drivers} drivers, until {event.good_until_day}"
                raise Quarantine("clearance_against_figures", figures)
        elif isinstance(event, ClearanceUndone):
            where, hlc = (event.trip_no, event.day), received.envelope.stamp.hlc if received.envelope else 0
            self._said.append((received.pos, received.node_no, *where, UNDONE, "", 0, 0, 0, "", event.clerk_no, hlc))
        elif isinstance(event, PassengersCounted):
            key = (event.trip_no, event.day, event.on_board)
            self._counts[key] = (*key, received.pos, received.node_no, event.counted, event.known)

    def flush(self) -> None:
        insert_rows(self._tx, departure_said, _SAID, self._said)
        upsert_rows(self._tx, passenger_count, _COUNT[:3], _COUNT, list(self._counts.values()))

    def _say(self, received: Received, event: DepartureRefused | DepartureCleared, state: str, lacks: str) -> None:
        hlc = received.envelope.stamp.hlc if received.envelope else 0
        figures = (event.vehicle[:MAX_VEHICLE], event.drivers, event.aboard, event.capacity)
        where = (received.pos, received.node_no, event.trip_no, event.day)
        self._said.append((*where, state, *figures, lacks, event.clerk_no, hlc))
