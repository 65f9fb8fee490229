"""Shifts: open the drawer, sell, count it, hand it over. What must be in it is worked out of the log, never typed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.domains.shifts import store
from edge.domains.timetable.service import Names, Timetable
from edge.kernel import meta
from edge.kernel.accounts import Clerk
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.shifts import rules
from sync.domains.shifts.events import CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.shifts.rules import Drawer, Kind, Sum
from sync.domains.ticketing.events import CASH, PAYMENTS
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS

_SELLERS = frozenset({"clerk", "agent", "admin"})
_LISTED = 50
_KEY_LENGTH = 80


@dataclass(frozen=True)
class Line:
    """Of one currency and kind of payment: sales and refunds, what must be there, and, once counted, what is.

    ``counted_minor`` None: not counted (yet, or there is nothing to count). Floats and cash moved concern cash alone.
    """

    currency: str
    payment: str
    float_minor: int
    sold: int
    sold_minor: int
    refunds: int
    refunded_minor: int
    paid_in_minor: int
    paid_out_minor: int
    expected_minor: int
    counted_minor: int | None

    @property
    def difference_minor(self) -> int | None:
        """Counted less expected."""
        return None if self.counted_minor is None else self.counted_minor - self.expected_minor


@dataclass(frozen=True)
class Part:
    """Sales and refunds of one line of the timetable, or sales to one kind of rider, in one currency."""

    names: Names
    name: str
    currency: str
    sums: Sum


@dataclass(frozen=True)
class Slip:
    """A shift with all that happened in it: what a clerk hands in with the money. ``closed_ms`` None: still open."""

    shift_no: int
    clerk_no: int
    opened_ms: int
    closed_ms: int | None
    taken_from: int
    taken_by: int
    lines: tuple[Line, ...]
    pieces: tuple[tuple[str, int, int], ...]
    by_route: tuple[Part, ...]
    by_rider: tuple[Part, ...]


class Shifts:
    """The shifts domain of a node."""

    def __init__(self, database: Database, scribe: Scribe, timetable: Timetable) -> None:
        self._database, self._scribe, self._timetable = database, scribe, timetable

    def rules_today(self) -> OfficeRules:
        """The office rules that hold here now."""
        day = self._timetable.today()
        return self._database.memory.get(("office_rules", day), lambda: self._find_rules(day))

    def require_open(self, connection: sqlite3.Connection, clerk_no: int) -> None:
        """Nobody sells or refunds without a shift, where the hub wants one. Raises :class:`Refusal` ``shift_needed``.

        ``clerk_no`` 0: no clerk has a hand in it.
        """
        if clerk_no and self.rules_today().shift_required and store.open_shift(connection, clerk_no) is None:
            raise Refusal("shift_needed")

    def current(self, clerk_no: int) -> Slip | None:
        """The clerk's open shift."""
        row = store.open_shift(self._database.read(), clerk_no)
        return self._slip(row) if row else None

    def newest(self, clerk_no: int | None) -> list[store.ShiftRow]:
        """The last shifts of one clerk or of all, the newest first."""
        return store.newest(self._database.read(), clerk_no, _LISTED)

    def slip(self, shift_no: int, reader: Clerk) -> Slip:
        """A shift as its clerk, or an admin, reads it. Raises :class:`Refusal` ``shift_unknown``."""
        row = store.shift(self._database.read(), shift_no)
        if row is None or (row.clerk_no != reader.clerk_no and "admin" not in reader.roles):
            raise Refusal("shift_unknown", status=404)
        return self._slip(row)

    def open(self, clerk_no: int, float_minor: Mapping[str, int]) -> Slip:
        """Begin a shift over a drawer with ``float_minor`` (currency → minor units) in it; durable when this returns.

        Raises :class:`Refusal`: ``shift_open`` (one at a time), ``cash_amount``, ``not_enrolled``, ``box_barred``.
        """
        amounts = rules.check_amounts(float_minor, "float")
        self._scribe.require_room()
        shift_no = self._scribe.record(lambda unit: self._open(unit, clerk_no, amounts, 0))
        return self._slip_of(shift_no)

    def move_cash(self, clerk_no: int, into: bool, currency: str, amount_minor: int, reason: str, key: str) -> Slip:
        """Put cash in, or take some out. The same ``key`` again does nothing more.

        Raises :class:`Refusal`: ``shift_needed``, ``cash_amount``, ``cash_reason``, ``key_form``.
        """
        if not 8 <= len(key) <= _KEY_LENGTH or not key.isascii():
            raise Refusal("key_form", status=422, field="key")
        amounts = rules.check_amounts({currency: amount_minor}, "amount")
        if not amounts:
            raise Refusal("cash_amount", status=422, field="amount")
        index = rules.reason_index(reason)

        def work(unit: UnitOfWork) -> int:
            row = store.open_shift(unit.connection, clerk_no)
            if row is None:
                raise Refusal("shift_needed")
            if store.cash_of_key(unit.connection, key) is None:
                moved = CashMoved(row.shift_no, clerk_no, into, currency, amount_minor, index)
                seq, _ = unit.append(moved)
                store.keep_cash_key(unit.connection, key, seq)
            return row.shift_no

        return self._slip_of(self._scribe.record(work))

    def close(
        self,
        shift_no: int,
        clerk_no: int,
        counted: Mapping[Kind, int],
        pieces: Iterable[tuple[str, int, int]] = (),
        taken_by: Clerk | None = None,
    ) -> Slip:
        """End a shift: ``counted`` maps (currency, payment index) to minor units; ``pieces`` (currency, worth, how many)
        count for the cash of their currency where no sum was given. Cash that nobody counted counts as none.

        ``taken_by`` has signed in, too, and goes on with the drawer: his own shift begins with what was counted. Closing a
        closed shift gives its slip again. Raises :class:`Refusal`: ``shift_unknown``, ``cash_amount``, ``cash_pieces``,
        ``takeover_self``, ``takeover_role``, ``shift_open`` (he has one already).
        """
        given = rules.check_pieces(pieces)
        found = _checked(counted, given)
        if taken_by is not None:
            _check_successor(clerk_no, taken_by)
        row = store.shift(self._database.read(), shift_no)
        if row is None or row.clerk_no != clerk_no:
            raise Refusal("shift_unknown", status=404)
        if row.closed_seq is None:
            drawer = Drawer(shift_no, clerk_no)
            seen = _read(self._database.read(), drawer, row.opened_seq - 1)
            self._scribe.record(lambda unit: self._close(unit, row, drawer, seen, found, given, taken_by))
        return self._slip_of(shift_no)

    def _find_rules(self, day: int) -> OfficeRules:
        place = self._timetable.place()
        return rules.office_rules(store.published_rules(self._database.read()), place.place_no if place else 0, day)

    def _open(self, unit: UnitOfWork, clerk_no: int, amounts: tuple[tuple[str, int], ...], taken_from: int) -> int:
        meta.require_log(self._database, unit.connection)
        if store.open_shift(unit.connection, clerk_no) is not None:
            raise Refusal("shift_open", clerk=clerk_no)
        office, shift_no = self.rules_today(), store.next_shift_no(unit.connection)
        rule = office.name if office.shift_required else ""
        unit.append(ShiftOpened(shift_no, clerk_no, amounts, taken_from, rule))
        return shift_no

    def _close(
        self, unit: UnitOfWork, row: store.ShiftRow, drawer: Drawer, seen: int, counted: dict[Kind, int],
        pieces: tuple[tuple[str, int, int], ...], taken_by: Clerk | None,
    ) -> None:  # fmt: skip
        now = store.shift(unit.connection, row.shift_no)
        if now is None or now.closed_seq is not None:
            return
        # Most of the shift was read before this transaction began; a sale may have come in between.
        _read(unit.connection, drawer, seen)
        expected = drawer.expected()
        for kind in counted:
            expected.setdefault(kind, 0)
        lines = tuple((*kind, minor, _count_of(kind, counted)) for kind, minor in sorted(expected.items()))
        unit.append(ShiftClosed(row.shift_no, row.clerk_no, lines, pieces, taken_by.clerk_no if taken_by else 0))
        if taken_by is not None:
            left = {currency: count for currency, payment, _, count in lines if payment == CASH and count}
            self._open(unit, taken_by.clerk_no, rules.check_amounts(left, "counted"), row.shift_no)

    def _slip_of(self, shift_no: int) -> Slip:
        row = store.shift(self._database.read(), shift_no)
        if row is None:
            raise Refusal("shift_unknown", status=404)
        return self._slip(row)

    def _slip(self, row: store.ShiftRow) -> Slip:
        drawer, closed, taken_from = Drawer(row.shift_no, row.clerk_no), None, 0
        for _, event in store.events_after(self._database.read(), row.opened_seq - 1, row.closed_seq):
            drawer.add(event)
            if isinstance(event, ShiftClosed) and event.shift_no == row.shift_no:
                closed = event
            elif isinstance(event, ShiftOpened) and event.shift_no == row.shift_no:
                taken_from = event.taken_from
        return Slip(
            row.shift_no, row.clerk_no, row.opened_ms, row.closed_ms, taken_from, closed.taken_by if closed else 0,
            _lines(drawer, closed), closed.pieces if closed else (),
            self._by_route(drawer), tuple(_rider(*key, one) for key, one in sorted(drawer.riders.items())),
        )  # fmt: skip

    def _by_route(self, drawer: Drawer) -> tuple[Part, ...]:
        found: dict[tuple[str, str], Part] = {}
        for (trip_no, currency), one in sorted(drawer.trips.items()):
            names = self._timetable.line_names(trip_no)
            key = (str(sorted(names.items())) if names else str(trip_no), currency)
            part = found.setdefault(key, Part(names, "" if names else str(trip_no), currency, Sum()))
            part.sums.merge(one)
        return tuple(found.values())


def _read(connection: sqlite3.Connection, drawer: Drawer, after_seq: int) -> int:
    """Count events in; gives the sequence of the last one."""
    for seq, event in store.events_after(connection, after_seq):
        drawer.add(event)
        after_seq = seq
    return after_seq


def _checked(counted: Mapping[Kind, int], pieces: tuple[tuple[str, int, int], ...]) -> dict[Kind, int]:
    found = {(currency, CASH): minor for currency, minor in rules.worth(pieces).items()} | dict(counted)
    for (currency, payment), minor in found.items():
        rules.check_amounts({currency: minor}, "counted")
        if not 0 <= payment < len(PAYMENTS):
            raise Refusal("cash_amount", status=422, field="counted")
    return found


def _check_successor(clerk_no: int, taken_by: Clerk) -> None:
    if taken_by.clerk_no == clerk_no:
        raise Refusal("takeover_self", status=422, field="next_clerk")
    if _SELLERS.isdisjoint(taken_by.roles):
        raise Refusal("takeover_role", status=422, field="next_clerk")


def _count_of(kind: Kind, counted: Mapping[Kind, int]) -> int | None:
    """Cash is always counted; what a terminal or a gateway holds only where somebody told of it."""
    return counted.get(kind, 0 if kind[1] == CASH else None)


def _lines(drawer: Drawer, closed: ShiftClosed | None) -> tuple[Line, ...]:
    expected = drawer.expected()
    counted = {(currency, payment): count for currency, payment, _, count in closed.lines} if closed else {}
    lines = []
    for currency, payment in sorted({*expected, *counted}):
        one, cash = drawer.sum_of((currency, payment)), payment == CASH
        lines.append(
            Line(
                currency, PAYMENTS[payment] if payment < len(PAYMENTS) else str(payment),
                drawer.float_minor.get(currency, 0) if cash else 0,
                one.sold, one.sold_minor, one.refunds, one.refunded_minor,
                drawer.paid_in.get(currency, 0) if cash else 0, drawer.paid_out.get(currency, 0) if cash else 0,
                expected.get((currency, payment), 0), counted.get((currency, payment)),
            )
        )  # fmt: skip
    return tuple(lines)


def _rider(rider: int, currency: str, one: Sum) -> Part:
    return Part({}, RIDERS[rider] if rider < len(RIDERS) else str(rider), currency, one)
