"""Gates that let in whom they should not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from unittest import mock

from cloud.domains.boarding.apply import BoardingApplier
from edge.domains.boarding import store
from edge.domains.boarding.devices import Scanning
from edge.domains.boarding.service import Boarding
from edge.kernel.directory import Directory
from firmware_bridges.scanner import alone
from sync.domains.boarding.events import BoardedApart
from sync.kernel.ticket import parse


@contextlib.contextmanager
def board_checked_outside() -> Iterator[None]:
    """Whether a ticket was used is looked up before the transaction that boards it."""

    def check(self: Boarding, code: str, trip_no: int, day: int, gate: str, clerk_no: int, stop_idx: Any = None) -> Any:
        judged, claims = self.judge(code, trip_no, day, stop_idx)
        first = store.boarded(self._database.read(), judged.ticket_id)
        self._keeper.wall_ms()
        with mock.patch.object(store, "boarded", lambda *_: first):
            return self._scribe.record(
                lambda unit: self.record(unit, judged, claims, (trip_no, day), gate, clerk_no, code)
            )

    with mock.patch.object(Boarding, "check", check):
        yield


@contextlib.contextmanager
def revocation_unread() -> Iterator[None]:
    """A gate checks the signature and the certificate, and forgets that a key can be revoked."""
    with mock.patch.object(Directory, "revoked_after", lambda _self, _kid: None):
        yield


@contextlib.contextmanager
def conflict_dropped() -> Iterator[None]:
    """The hub keeps the first boarding of a ticket, and forgets the second one."""
    board = BoardingApplier._board

    def first_only(self: BoardingApplier, received: Any, event: Any) -> None:
        if event.ticket_id not in self._first:
            board(self, received, event)

    with mock.patch.object(BoardingApplier, "_board", first_only):
        yield


@contextlib.contextmanager
def apart_overwrites_first() -> Iterator[None]:
    """What a gate that was cut off tells later takes the place of what the hub knew before."""
    board = BoardingApplier._board

    def last(self: BoardingApplier, received: Any, event: Any) -> None:
        if isinstance(event, BoardedApart) and self._first.pop(event.ticket_id, None) is not None:
            self._boarded = [row for row in self._boarded if row[0] != event.ticket_id]
            self._undone.append(event.ticket_id)
        board(self, received, event)

    with mock.patch.object(BoardingApplier, "_board", last):
        yield


@contextlib.contextmanager
def apart_known_unsaid() -> Iterator[None]:
    """A node that knows a passenger to be aboard writes nothing down of the second gate that let the ticket in."""
    let_in = Boarding.let_in

    def once(self: Boarding, unit: Any, code: str, gate: str, at_ms: int) -> None:
        if store.boarded(unit.connection, parse(code).claims.ticket_id.to_bytes()) is None:
            let_in(self, unit, code, gate, at_ms)

    with mock.patch.object(Boarding, "let_in", once):
        yield


@contextlib.contextmanager
def apart_told_again() -> Iterator[None]:
    """A node takes what a gate says for new each time that it hears it."""
    on_apart = Scanning.on_apart

    def forgetful(self: Scanning, device: str, apart: Any) -> Any:
        with mock.patch.object(store, "answer", lambda *_words: None):
            return on_apart(self, device, apart)

    with mock.patch.object(Scanning, "on_apart", forgetful):
        yield


@contextlib.contextmanager
def apart_boards_every_trip() -> Iterator[None]:
    """A gate that is cut off asks for a good signature, and not for which trip the ticket is."""

    def judge(code: str, book: Any) -> Any:
        claims = parse(code).claims
        return plain(code, replace(book, trip_no=claims.trip_no, day=claims.day))

    plain = alone.judge
    with mock.patch.object(alone, "judge", judge):
        yield


@contextlib.contextmanager
def boarding_after_refund_unnoticed() -> Iterator[None]:
    """A ticket that was given back and boarded elsewhere is no conflict where the refund was heard first."""
    with mock.patch.object(BoardingApplier, "_clash", _unless_boarded(BoardingApplier._clash)):
        yield


def _unless_boarded(clash: Any) -> Any:
    def quiet(self: BoardingApplier, received: Any, event: Any, first: int, code: str) -> None:
        if code != "boarded_refunded":
            clash(self, received, event, first, code)

    return quiet


MUTANTS: Final = {
    "conflict_dropped": conflict_dropped,
    "apart_overwrites_first": apart_overwrites_first,
    "apart_known_unsaid": apart_known_unsaid,
    "apart_told_again": apart_told_again,
    "apart_boards_every_trip": apart_boards_every_trip,
    "boarding_after_refund_unnoticed": boarding_after_refund_unnoticed,
    "board_checked_outside": board_checked_outside,
    "revocation_unread": revocation_unread,
}
