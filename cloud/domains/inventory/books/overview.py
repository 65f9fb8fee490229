"""The books as people read them: what is free, granted, sold, suspect, and at whose risk; and acts on suspect seats.

A cell counts once: *consumed* if anybody sold it, else *suspect* or *granted* if a node holds it, else *free*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.ledger import Book, GrantLine, Holder, Where, load
from cloud.domains.inventory.service import books_of
from cloud.domains.inventory.tables import dated_trip, risk_release, seat_clash, seat_grant
from cloud.kernel.contact import Contact, Contacts
from cloud.kernel.database import next_pos
from cloud.kernel.nodes import ACTIVE
from cloud.kernel.recovery import recovering
from cloud.kernel.settings import Settings
from cloud.kernel.tables import node, node_key
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock

Disturbed = Callable[[Connection, Iterable[Where]], Mapping[Where, tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class HolderLine:
    """One node's part of a dated trip, in (seat or place, leg) cells and, for reserved seats, by seat."""

    node_no: int
    node_epoch: int
    node_name: str
    granted: int
    open: int
    sold: int
    suspect: bool
    seats: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class TripInventory:
    """A dated trip: ``all`` = ``free`` + ``granted`` + ``consumed`` + ``suspect``; ``over`` is sold beyond ``all``."""

    trip_no: int
    day: int
    kind: str
    capacity: int
    legs: int
    departs_ms: int
    all: int
    free: int
    granted: int
    consumed: int
    suspect: int
    at_risk: int
    over: int
    clashes: int
    holders: list[HolderLine] = field(default_factory=list)
    free_cells: Mapping[int, int] = field(default_factory=dict)


class InventoryView:
    """Reads the books; ``release_at_risk`` is the one act. ``disturbed``: dated trip → (kind, minutes late)."""

    def __init__(self, contacts: Contacts, settings: Settings, clock: Clock, disturbed: Disturbed) -> None:
        self._contacts, self._settings, self._clock, self._disturbed = contacts, settings, clock, disturbed

    def trip(self, tx: Connection, trip_no: int, day: int) -> TripInventory:
        """Everything about one dated trip. Raises :class:`Refusal` (``trip_not_sold``)."""
        book = books_of(tx, (trip_no, day))
        names = {row.node_no: row.name for row in tx.execute(sa.select(node.c.node_no, node.c.name))}
        silent = self._suspects(tx, book)
        parts = _parts(book, silent)
        clashes = sa.select(sa.func.count()).where(seat_clash.c.trip_no == trip_no, seat_clash.c.day == day)
        return TripInventory(
            trip_no=trip_no,
            day=day,
            kind="reserved" if book.reserved else "free",
            capacity=book.capacity,
            legs=book.legs,
            departs_ms=book.departs_ms,
            clashes=tx.execute(clashes).scalar_one(),
            holders=[_line(book, holder, names, silent) for holder in book.holders()],
            free_cells=book.free(),
            **parts,
        )

    def suspect_grants(self, tx: Connection) -> list[GrantLine]:
        """Grants of trips still under way, with unsold seats whose node is barred or silent past its selling time."""
        under_way = dated_trip.c.ends_ms > self._clock.wall_ms()
        rows = tx.execute(sa.select(dated_trip.c.trip_no, dated_trip.c.day).where(under_way))
        books = load(tx, [(row.trip_no, row.day) for row in rows])
        found = []
        for book in books.values():
            silent = self._suspects(tx, book)
            open_of = {holder: book.open(holder) for holder in silent}
            found += [line for line in book.grants if line.holder in silent and open_of[line.holder]]
        return found

    def release_at_risk(self, tx: Connection, grant_id: int, places: int, reason: str, by: str) -> int:
        """Give up to ``places`` suspect seats of a grant back to the hub although the node may have sold them.

        Returns how many. Raises :class:`Refusal`: ``hub_recovering``, ``grant_unknown``, ``grant_not_suspect``,
        ``at_risk_budget``, ``no_seat``.
        """
        if recovering(tx):
            raise Refusal("hub_recovering")
        row = tx.execute(sa.select(seat_grant).where(seat_grant.c.grant_id == grant_id)).first()
        if row is None:
            raise Refusal("grant_unknown", status=404, grant=grant_id)
        book = books_of(tx, (row.trip_no, row.day))
        line = next(line for line in book.grants if line.grant_id == grant_id)
        if line.holder not in self._suspects(tx, book):
            raise Refusal("grant_not_suspect", grant=grant_id)
        left = self._settings.at_risk_budget - _spent(tx, (row.trip_no, row.day))
        if not 0 < places <= left:
            raise Refusal("at_risk_budget", left=left)
        chosen, count = _choose(book, line, places)
        values = {"grant_id": grant_id, "trip_no": row.trip_no, "day": row.day, "cells": c.encode(chosen)}
        values |= {"places": count, "reason": reason, "by": by, "made_ms": self._clock.wall_ms()}
        tx.execute(sa.insert(risk_release).values(release_id=next_pos(tx), **values))
        return count

    def _suspects(self, tx: Connection, book: Book) -> set[Holder]:
        """Logs that hold seats of this trip and are barred, replaced, or silent since before their selling ended."""
        keys = {(row.node_no, row.epoch): row.status for row in tx.execute(sa.select(node_key))}
        heard, now = self._contacts.every(tx), self._clock.wall_ms()
        where = (book.trip_no, book.day)
        late_ms = self._disturbed(tx, [where]).get(where, ("", 0))[1] * 60_000
        return {line.holder for line in book.grants if _silent(line, keys.get(line.holder), heard, now - late_ms)}


def _silent(line: GrantLine, status: str | None, heard: Mapping[int, Contact], now: int) -> bool:
    if status != ACTIVE:
        return True
    contact = heard.get(line.holder[0])
    return now > line.sell_until_ms and (contact is None or contact.last_contact_ms < line.sell_until_ms)


def _parts(book: Book, silent: set[Holder]) -> dict[str, int]:
    whole = c.whole(book.reserved, book.capacity, book.legs)
    total = c.size(whole, book.reserved)
    sold = c.minus(book.sold_by_all(), book.left_behind, book.reserved)
    c.add(sold, book.moved, book.reserved)
    over = c.size(c.minus(sold, whole, book.reserved), book.reserved)
    consumed = c.size(sold, book.reserved) - over
    held: dict[bool, Cells] = {False: {}, True: {}}
    for holder in book.holders():
        c.add(held[holder in silent], book.open(holder), book.reserved)
    left = c.minus(whole, sold, book.reserved)
    suspect = _common(left, held[True], book.reserved)
    granted = _common(c.minus(left, suspect, book.reserved), held[False], book.reserved)
    counts = {"suspect": c.size(suspect, book.reserved), "granted": c.size(granted, book.reserved)}
    released = sum(c.size(some, book.reserved) for line in book.grants for _, some in line.releases)
    free = total - consumed - counts["suspect"] - counts["granted"]
    return {"all": total, "free": free, "consumed": consumed, "at_risk": released, "over": over, **counts}


def _common(cells: Cells, more: Cells, reserved: bool) -> Cells:
    both = {key: (cells[key] & more[key]) if reserved else min(cells[key], more[key]) for key in cells.keys() & more}
    return {key: value for key, value in both.items() if value}


def _line(book: Book, holder: Holder, names: Mapping[int, str], silent: set[Holder]) -> HolderLine:
    held, sold = book.held(holder), book.sold(holder)
    return HolderLine(
        node_no=holder[0],
        node_epoch=holder[1],
        node_name=names.get(holder[0], str(holder[0])),
        granted=c.size(held, book.reserved),
        open=c.size(book.open(holder), book.reserved),
        sold=c.size(sold, book.reserved),
        suspect=holder in silent,
        seats=held if book.reserved else {},
    )


def _spent(tx: Connection, where: Where) -> int:
    column = risk_release.c
    query = sa.select(sa.func.coalesce(sa.func.sum(column.places), 0))
    return int(tx.execute(query.where(column.trip_no == where[0], column.day == where[1])).scalar_one())


def _choose(book: Book, line: GrantLine, places: int) -> tuple[Cells, int]:
    """Seats of one grant that are neither returned, sold nor released yet, the first by number."""
    open_cells = book.open(line.holder)
    left = c.minus(c.minus(line.cells, line.returned, book.reserved), line.released(book.reserved), book.reserved)
    usable = _common(left, open_cells, book.reserved)
    if not usable:
        raise Refusal("no_seat")
    if book.reserved:
        chosen = dict(sorted(usable.items())[:places])
        return chosen, len(chosen)
    count = min(places, max(usable.values()))
    return {leg: min(n, count) for leg, n in usable.items()}, count
