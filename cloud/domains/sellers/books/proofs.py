"""Proofs of concessions that were booked where nobody could look: seen where the money is taken, or no ticket is issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.engine import Connection

from cloud.domains.sellers.books.bookings import HELD, Booking, Item
from cloud.kernel.ports import Office, Ride, Timetable
from sync.kernel import days
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock
from sync.kernel.ticket import RIDERS


class Proofs:
    """What is still to be seen, and what was."""

    def __init__(self, office: Office, timetable: Timetable, clock: Clock) -> None:
        self._office, self._timetable, self._clock = office, timetable, clock

    def lacking(self, tx: Connection, found: Booking) -> dict[int, tuple[str, ...]]:
        """Place of a held booking → the proofs of which one has to be seen before its ticket is issued; none of rides that are
        not for sale any more."""
        wanted: dict[int, tuple[str, ...]] = {}
        for item in found.items if found.state == HELD else ():
            try:
                wanted[item.idx] = self._wanted(tx, item)[1]
            except Refusal:
                continue
        return {idx: proofs for idx, proofs in wanted.items() if proofs}

    def seen(self, tx: Connection, found: Booking, proofs: Mapping[int, str]) -> Booking:
        """The booking with what a person says to have seen for its places. Raises :class:`Refusal`: ``proof_needed``."""
        items = []
        for item in found.items:
            ride, wanted = self._wanted(tx, item)
            if ride is not None and wanted:
                proof = proofs.get(item.idx, "")
                try:
                    fare = self._office.fare_for(tx, ride, RIDERS[item.rider], proof, self._today(ride))
                except Refusal as refusal:
                    raise Refusal(refusal.code, status=422, field="proofs", item=item.idx) from None
                item = replace(item, proof=fare.proof)
            items.append(item)
        return replace(found, items=tuple(items))

    def _wanted(self, tx: Connection, item: Item) -> tuple[Ride | None, tuple[str, ...]]:
        """The ride of a place, and the proofs of which one is still to be seen; who needs none is not looked up."""
        if item.rider == 0 or item.proof:
            return None, ()
        ride = self._timetable.ride(tx, *item.ride)
        return ride, self._office.proofs(tx, ride, RIDERS[item.rider], self._today(ride))

    def _today(self, ride: Ride) -> int:
        return days.day_at(self._clock.wall_ms(), ride.zone)
