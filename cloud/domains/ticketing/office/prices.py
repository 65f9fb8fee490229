"""Whether a sale cost what it had to: by the published fare and the rules of its day.

A box that was away could not know of a set published meanwhile, so any set is good that held between the day before it
last heard of the hub and the day of its sale. A hub that was restored from a backup may have forgotten what it had told a
box: what was sold before the box heard of the restored hub is not judged. Only sales of seats that the log held are looked
at: what was granted never changes its fare, so a rebuild of the books says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.tables import fare_rules, replacement
from cloud.kernel.fold import Quarantine, Received
from cloud.kernel.recovery import Restored
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import PASSENGER, PROOFS, REBOOKED, REISSUED, TicketSold
from sync.domains.ticketing.office import fares
from sync.domains.ticketing.operations import FareRules
from sync.kernel import hlc
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS, TicketId

_SETS: Final = sa.select(fare_rules.c.pos, fare_rules.c.body).order_by(fare_rules.c.pos)
_EXCHANGE: Final = sa.select(replacement.c.kind, replacement.c.reason, replacement.c.old_minor).where(
    replacement.c.new_id == sa.bindparam("new_id"), replacement.c.state == "ok"
)


class Line(Protocol):
    """What the timetable says of a trip; ``service`` is one of :data:`sync.domains.timetable.rules.SERVICES`."""

    @property
    def agency_no(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def service(self) -> str: ...

    def fare_minor(self, from_idx: int, to_idx: int) -> int | None:
        """The full fare of a ride; None where it is not for sale."""


# Trip → its line, of those trips that there are.
Lines = Callable[[Connection, Sequence[int]], Mapping[int, Line]]


@dataclass(frozen=True, slots=True)
class _Set:
    pos: int
    rules: FareRules


class Prices:
    """What sales of one batch ought to have cost."""

    def __init__(self, tx: Connection, lines: Lines) -> None:
        self._tx, self._read = tx, lines
        self._lines: Mapping[int, Line] = {}
        self._sets: list[_Set] = []
        self._restored = Restored(tx)
        # Ride → full fare and currency: a batch has many sales of each.
        self._full: dict[tuple[int, int, int], tuple[int | None, str]] = {}

    def prepare(self, trip_nos: Collection[int]) -> None:
        """Read the fares of the trips, and the sets of rules."""
        self._lines = self._read(self._tx, sorted(trip_nos))
        self._sets = [_Set(row.pos, FareRules.from_bytes(row.body)) for row in self._tx.execute(_SETS)]

    def wrong(self, received: Received, event: TicketSold) -> Quarantine | None:
        """What is wrong with rider, seat or price of a sale, if anything: ``rider_seat``, ``price_differs``,
        ``proof_missing``."""
        if (event.rider == fares.CHILD_FREE) != (event.seat == LAP):
            return Quarantine("rider_seat", f"rider {event.rider} on seat {event.seat}")
        ride = (event.trip_no, event.from_idx, event.to_idx)
        full, currency = self._full.get(ride) or self._fare(*ride)
        if event.price_minor == full and event.currency == currency and event.rider == fares.ADULT:
            return None
        line = self._lines.get(event.trip_no)
        if line is None or received.held is not None or self._restored.forgot(received):
            return None
        return self._judged(received, event, line, full)

    def wrong_extras(
        self, received: Received, trip_no: int, extras: Sequence[tuple[str, int, int]], currency: str
    ) -> Quarantine | None:
        """What is wrong with the extras of a booking whose first ticket is for ``trip_no``: ``price_differs``."""
        line = self._lines.get(trip_no)
        if line is None or not extras or self._restored.forgot(received):
            return None
        for given in self._known(received, line):
            try:
                if all(fares.extra_minor(given, code, n, currency) == minor for code, n, minor in extras):
                    return None
            except Refusal:
                continue
        return Quarantine("price_differs", ", ".join(f"{n} {code} for {minor}" for code, n, minor in extras)[:200])

    def _fare(self, trip_no: int, from_idx: int, to_idx: int) -> tuple[int | None, str]:
        """Full fare and currency of a ride; None and nothing where it is not known, or not for sale."""
        line = self._lines.get(trip_no)
        found = (None, "") if line is None else (line.fare_minor(from_idx, to_idx), line.currency)
        self._full[trip_no, from_idx, to_idx] = found
        return found

    def _judged(self, received: Received, event: TicketSold, line: Line, full: int | None) -> Quarantine | None:
        """A price that is right by no set, or right by one of which the proof was not seen."""
        if full is None or event.rider >= len(RIDERS) or event.currency != line.currency:
            return Quarantine("price_differs", f"{event.price_minor} {event.currency} of {full} {line.currency}")
        unproved: Quarantine | None = None
        kind, reason, old_minor = self._exchange(received, event)
        if kind == REISSUED and event.price_minor == old_minor:
            return None  # a new paper costs what the old one did, by whichever rules of its day
        lower = kind == REBOOKED and reason != PASSENGER
        for given in self._known(received, line):
            try:
                price = fares.price_of(given, RIDERS[event.rider], line.service, full, event.currency)
            except Refusal:
                continue
            if price.minor == event.price_minor or (lower and event.price_minor < price.minor):
                seen = PROOFS[event.proof] if event.proof < len(PROOFS) else ""
                if not price.proofs or seen in price.proofs:
                    return None
                unproved = Quarantine("proof_missing", price.rule)
        return unproved or Quarantine("price_differs", f"{event.price_minor} of {full} for {RIDERS[event.rider]}")

    def _exchange(self, received: Received, event: TicketSold) -> tuple[int, int, int]:
        """(kind, reason, price of the old ticket) where the ticket took the place of another: by a fault of carrier or
        station the passenger then never pays more than before."""
        new_id = TicketId(*received.log, event.serial).to_bytes() if 0 < event.serial < 1 << 32 else b""
        row = self._tx.execute(_EXCHANGE, {"new_id": new_id}).first()
        return tuple(row) if row else (0, 0, 0)

    def _known(self, received: Received, line: Line) -> Sequence[FareRules]:
        """The sets that the seller may have gone by."""
        there = [one.rules for one in self._sets if one.pos < received.pos]
        if not there or received.envelope is None:
            return (fares.DEFAULT_FARE_RULES,)
        stamp = received.envelope.stamp
        sold = day_at(hlc.wall_ms_of(stamp.hlc), line.zone)
        heard = min(day_at(stamp.hub_ms, line.zone) - 1, sold)
        days = {heard, sold, *(one.from_day for one in there if heard <= one.from_day <= sold)}
        return [fares.fare_rules(there, line.agency_no, day) for day in sorted(days, reverse=True)]
