"""Tickets of a dated trip that were sold here: the log tells them by number only, so they are sorted by trip in memory."""

from __future__ import annotations

import threading

from edge.domains.ticketing import store
from edge.domains.timetable.service import Timetable
from edge.kernel import meta
from edge.kernel.database import Database
from sync.kernel import days
from sync.kernel.ticket import TicketId

_KEPT_DAYS = 2
# Nothing is sold earlier than that before it runs.
_PRESALE_DAYS = 62

# (ticket id, from_idx, to_idx, seat, rider)
Sold = tuple[bytes, int, int, int, int]


class OwnSales:
    """Read once in a process's life, then as far as the log has grown. Trips of the past are let go."""

    def __init__(self, database: Database, timetable: Timetable) -> None:
        self._database, self._timetable = database, timetable
        self._lock = threading.Lock()
        self._log, self._last = (0, 0), 0
        self._trips: dict[tuple[int, int], list[Sold]] = {}

    def of_trip(self, trip_no: int, day: int) -> list[Sold]:
        """What was sold of a dated trip here, refunded tickets included; of trips of two days ago and earlier, nothing."""
        with self._lock:
            self._read_on()
            return list(self._trips.get((trip_no, day), ()))

    def _read_on(self) -> None:
        identity = meta.known_identity(self._database)
        if identity is None:
            return
        oldest = self._timetable.today() - _KEPT_DAYS
        if self._log != (identity.node_no, identity.epoch):
            self._log, self._last = (identity.node_no, identity.epoch), 0
            self._trips.clear()
        connection = self._database.read()
        if not self._last:
            self._last = store.serial_before(
                connection, days.instant_ms(oldest - _PRESALE_DAYS, 0, self._timetable.zone())
            )
        for sold in store.sold_after(connection, self._last):
            event = sold.event
            self._last = event.serial
            if event.day >= oldest:
                ticket_id = TicketId(*self._log, event.serial).to_bytes()
                ride = (event.from_idx, event.to_idx, event.seat, event.rider)
                self._trips.setdefault((event.trip_no, event.day), []).append((ticket_id, *ride))
        for where in [where for where in self._trips if where[1] < oldest]:
            del self._trips[where]
