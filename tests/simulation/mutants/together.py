"""Bookings, exchanges and requests of which one half is forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from unittest import mock

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store as tickets
from edge.domains.ticketing.office import asked
from edge.domains.ticketing.office.bookings import Bookings
from edge.domains.ticketing.office.reissue import Reissuing
from edge.kernel.scribe import UnitOfWork
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing.events import BookingSold, TicketRefunded, TicketSold
from sync.kernel.errors import Refusal


@contextlib.contextmanager
def booking_in_part() -> Iterator[None]:
    """When a seat is lacking for one of several, the others are sold all the same."""
    record = Bookings._record

    def lenient(self: Bookings, unit: Any, quote: Any, names: Any, *more: Any, **named: Any) -> Any:
        lines = []
        for line in quote.lines:
            try:
                self._inventory.take(unit.connection, line.ride.where, line.ride.seat_kind, line.seat)
            except Refusal:
                continue
            lines.append(line)
        kept = lines or list(quote.lines)
        event = mock.patch.object(UnitOfWork, "append", _counting(len(quote.lines)))
        with event:
            return record(self, unit, replace(quote, lines=tuple(kept)), tuple(names[: len(kept)]), *more, **named)

    with mock.patch.object(Bookings, "_record", lenient):
        yield


def _counting(wanted: int) -> Any:
    append = UnitOfWork.append

    def told(self: UnitOfWork, event: Any) -> Any:
        return append(self, replace(event, count=wanted) if isinstance(event, BookingSold) else event)

    return told


@contextlib.contextmanager
def extras_not_said() -> Iterator[None]:
    """Extras are paid for and not written down."""
    append = UnitOfWork.append

    def silent(self: UnitOfWork, event: Any) -> Any:
        return append(self, replace(event, extras=()) if isinstance(event, BookingSold) else event)

    with mock.patch.object(UnitOfWork, "append", silent):
        yield


@contextlib.contextmanager
def shares_rounded_down() -> Iterator[None]:
    """The hub gives each trip of a booking its share of the extras, rounded down: a fen is left over."""

    def down(extras_minor: int, fares_minor: Any) -> list[int]:
        weights = list(fares_minor) if any(fares_minor) else [1] * len(fares_minor)
        return [extras_minor * weight // (sum(weights) + 1) for weight in weights]

    with mock.patch("cloud.domains.ticketing.office.bookings.shares", down):
        yield


@contextlib.contextmanager
def laps_not_counted() -> Iterator[None]:
    """A child on a lap takes nothing, so nobody looks how many there are."""
    with mock.patch.object(Inventory, "take_lap", lambda *_: LAP):
        yield


@contextlib.contextmanager
def serial_used_twice() -> Iterator[None]:
    """The number of a ticket that was given back at once is given to the next one."""
    following, sold = tickets.next_serial, tickets.apply_sold

    def again(connection: Any) -> int:
        last = following(connection)
        gone = connection.execute("SELECT 1 FROM refund WHERE serial = ?", (last - 1,)).fetchone()
        return last - 1 if gone else last

    def overwritten(connection: Any, seq: int, stamp: Any, event: TicketSold) -> None:
        connection.execute("DELETE FROM ticket WHERE serial = ?", (event.serial,))
        connection.execute("DELETE FROM refund WHERE serial = ?", (event.serial,))
        sold(connection, seq, stamp, event)

    with mock.patch.object(tickets, "next_serial", again), mock.patch.dict(tickets.APPLIERS, {TicketSold: overwritten}):
        yield


@contextlib.contextmanager
def reissued_stays_good() -> Iterator[None]:
    """A new paper is sold without the old one being given back."""
    append = UnitOfWork.append
    reissue = Reissuing._reissue

    def hasty(self: Reissuing, unit: UnitOfWork, *words: Any) -> None:
        def dropped(own: UnitOfWork, event: Any) -> Any:
            return None if isinstance(event, TicketRefunded) else append(own, event)

        with mock.patch.object(UnitOfWork, "append", dropped):
            reissue(self, unit, *words)

    with mock.patch.object(Reissuing, "_reissue", hasty):
        yield


@contextlib.contextmanager
def paid_out_again() -> Iterator[None]:
    """Whether a request was paid is not looked at: whoever asks again is paid again."""
    request = asked.request

    def forgetful(connection: Any, epoch: int, request_no: int) -> Any:
        row = request(connection, epoch, request_no)
        return row._replace(paid_ms=None) if row is not None and connection.in_transaction else row

    with mock.patch.object(asked, "request", forgetful):
        yield


@contextlib.contextmanager
def denied_is_paid() -> Iterator[None]:
    """A box pays as soon as the hub has said a word, whichever."""
    word = asked.word

    def hopeful(connection: Any, epoch: int, request_no: int) -> Any:
        found = word(connection, epoch, request_no)
        return replace(found, approved=True) if found is not None else None

    with mock.patch.object(asked, "word", hopeful):
        yield


MUTANTS: Final = {
    "booking_in_part": booking_in_part,
    "extras_not_said": extras_not_said,
    "shares_rounded_down": shares_rounded_down,
    "laps_not_counted": laps_not_counted,
    "serial_used_twice": serial_used_twice,
    "reissued_stays_good": reissued_stays_good,
    "paid_out_again": paid_out_again,
    "denied_is_paid": denied_is_paid,
}
