"""A book of seats drawn as a chart of letters: who may sell which cell, who sold it, and what is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from sqlalchemy import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.ledger import Book, Holder
from cloud.domains.inventory.books.vehicles import labels_of
from cloud.domains.timetable import service as timetable

FREE, GRANTED, SOLD, SUSPECT, CLASH = "free", "granted", "sold", "suspect", "clash"
MAX_LEGS = 200
MOVED = "→"  # a passenger whose own seat is gone sits here


@dataclass(frozen=True, slots=True)
class Cell:
    """``letters`` are those of the nodes concerned."""

    state: str
    letters: str


@dataclass(frozen=True, slots=True)
class Row:
    """One seat."""

    seat: int
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a trip with free seating, in places. ``by_holder``: letter → (held and not sold, sold)."""

    free: int
    granted: int
    sold: int
    suspect: int
    by_holder: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Chart:
    """``letters``: holder → letter. Either ``rows`` (reserved seats) or ``legs`` (free seating) is filled."""

    letters: Mapping[Holder, str]
    rows: tuple[Row, ...] = ()
    legs: tuple[Leg, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """Shares of all (seat or place, leg) cells, in percent."""

    sold: int
    held: int
    free: int


def summary(book: Book) -> Summary:
    """How much of a trip is sold, with nodes, and free."""
    whole = max(c.size(c.whole(book.reserved, book.capacity, book.legs), book.reserved), 1)
    seated = c.minus(book.sold_by_all(), book.left_behind, book.reserved)
    c.add(seated, book.moved, book.reserved)
    sold = c.size(seated, book.reserved) * 100 // whole
    free = c.size(book.free(), book.reserved) * 100 // whole
    return Summary(min(sold, 100), max(100 - sold - free, 0), free)


def chart(book: Book, labels: Mapping[int, str], suspects: set[Holder]) -> Chart:
    """The chart of one dated trip. ``suspects``: holders who can't be asked."""
    letters = {holder: _letter(index) for index, holder in enumerate(book.holders())}
    if book.reserved:
        return Chart(letters, rows=_rows(book, letters, labels, suspects))
    return Chart(letters, legs=tuple(_leg(book, letters, suspects, leg) for leg in range(min(book.legs, MAX_LEGS))))


def _letter(index: int) -> str:
    base, count = len(ascii_uppercase), index // len(ascii_uppercase)
    return ascii_uppercase[index % base] + (str(count + 1) if count else "")


def _rows(
    book: Book, letters: Mapping[Holder, str], labels: Mapping[int, str], suspects: set[Holder]
) -> tuple[Row, ...]:
    sold = {holder: c.minus(book.sold(holder), book.left_behind, True) for holder in letters}
    opened = {holder: book.open(holder) for holder in letters}
    found = []
    for seat in range(1, book.capacity + 1):
        sellers = [(holder, masks.get(seat, 0)) for holder, masks in sold.items()]
        holders = [(holder, masks.get(seat, 0)) for holder, masks in opened.items()]
        cells = [
            _cell(leg, sellers, holders, letters, suspects, book.moved.get(seat, 0))
            for leg in range(min(book.legs, MAX_LEGS))
        ]
        found.append(Row(seat, labels.get(seat, str(seat)), tuple(cells)))
    return tuple(found)


def _cell(
    leg: int,
    sellers: list[tuple[Holder, int]],
    holders: list[tuple[Holder, int]],
    letters: Mapping[Holder, str],
    suspects: set[Holder],
    moved: int,
) -> Cell:
    sold = [holder for holder, mask in sellers if mask >> leg & 1]
    if moved >> leg & 1:
        return Cell(CLASH if sold else SOLD, "".join(letters[holder] for holder in sold) + MOVED)
    if sold:
        return Cell(SOLD if len(sold) == 1 else CLASH, "".join(letters[holder] for holder in sold))
    held = [holder for holder, mask in holders if mask >> leg & 1]
    if not held:
        return Cell(FREE, "")
    state = SUSPECT if any(holder in suspects for holder in held) else GRANTED
    return Cell(state, "".join(letters[holder] for holder in held))


def _leg(book: Book, letters: Mapping[Holder, str], suspects: set[Holder], leg: int) -> Leg:
    by_holder = {letters[holder]: (book.open(holder).get(leg, 0), book.sold(holder).get(leg, 0)) for holder in letters}
    held = {holder: by_holder[letters[holder]][0] for holder in letters}
    suspect = sum(places for holder, places in held.items() if holder in suspects)
    sold = sum(places for _, places in by_holder.values())
    return Leg(book.free().get(leg, 0), sum(held.values()) - suspect, sold, suspect, by_holder)


def seat_labels(tx: Connection, trip_no: int, day: int) -> dict[int, str]:
    """Seat → what stands on it, in the vehicle that runs or else in the planned one."""
    return labels_of(tx, timetable, (trip_no, day))
