"""Children on laps: what boxes may have sold or still sell, and what of the vehicle's tenth is left to the hub.

A box sells for a tenth of the seats in its hands, and asks nobody. So the hub promises a lap of its own only where the tenths
of all boxes leave one of the vehicle's over, and a grant that would use up what was promised says by how many fewer its box may
sell.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.ledger import Book, Holder
from cloud.domains.inventory.tables import lap_promised
from cloud.kernel.database import upsert_rows
from sync.domains.inventory.rules import free_children
from sync.kernel.errors import Refusal

_PROMISED = ("trip_no", "day", "node_no", "cells")


def most_of(book: Book, holder: Holder) -> Cells:
    """Leg → the most children that one log may have sold or may sell.

    It knows the first so many of its grants: which, nobody here can tell; and of its returns it knows more than the hub. So it
    is the most of what any of these would let it sell. What it sold counts also where it gave the seats back since.
    """
    most = dict(book.laps.get(holder, {}))
    for held, fewer in _hands(book, holder):
        for leg in range(book.legs):
            most[leg] = max(most.get(leg, 0), _tenth(book, held, fewer, leg))
    return most


def _hands(book: Book, holder: Holder) -> Iterator[tuple[Cells, Cells]]:
    """What a log held behind each of its grants, and by how many fewer children it may sell then; the same two, grown."""
    held: Cells = {}
    fewer: Cells = {}
    for line in book.grants:
        if line.holder == holder:
            c.add(held, c.minus(line.cells, line.returned, book.reserved), book.reserved)
            c.add(fewer, line.fewer_laps, False)
            yield held, fewer


def _tenth(book: Book, held: Cells, fewer: Cells, leg: int) -> int:
    return free_children(c.places_on(held, leg, book.reserved)) - fewer.get(leg, 0)


def room(book: Book, own_no: int) -> Cells:
    """Leg → how many more children the hub may promise, whatever boxes sell; below 0 where another vehicle has fewer seats.
    ``own_no``: the hub's own node, for which a promise counts and no tenth."""
    found = {leg: free_children(book.capacity) - book.promised.get(leg, 0) for leg in range(book.legs)}
    for holder in {line.holder for line in book.grants} | set(book.laps):
        if holder[0] != own_no:
            most = most_of(book, holder)
            found = {leg: left - most.get(leg, 0) for leg, left in found.items()}
    return found


def fewer_for(book: Book, holder: Holder, cells: Cells) -> Cells:
    """Leg → by how many fewer children than a tenth of its seats a box may sell once it is granted ``cells`` as well, so that the
    promises of the hub hold. Never less than it might before."""
    if not book.promised and not book.laps:
        return {}
    left, before = room(book, book.own_no), most_of(book, holder)
    hands = list(_hands(book, holder))
    held, fewer = hands[-1] if hands else (dict[int, int](), dict[int, int]())
    c.add(held, cells, book.reserved)
    found = {}
    for leg in range(book.legs):
        over = _tenth(book, held, fewer, leg) - before.get(leg, 0) - max(left[leg], 0)
        if over > 0:
            found[leg] = over
    return found


def promise(book: Book, own_no: int, from_idx: int, to_idx: int) -> None:
    """Keep room on a lap for the hub's own node. Raises :class:`Refusal` ``free_children_full``."""
    left, legs = room(book, own_no), range(from_idx, to_idx)
    if any(left[leg] < 1 for leg in legs):
        raise Refusal("free_children_full", field="passenger_type")
    book.own_no = own_no
    c.add(book.promised, dict.fromkeys(legs, 1), False)


def forget(book: Book, from_idx: int, to_idx: int) -> None:
    """A child that was promised a lap does not come."""
    book.promised = c.minus(book.promised, dict.fromkeys(range(from_idx, to_idx), 1), False)


def store(tx: Connection, book: Book) -> None:
    """Write down what is promised of a dated trip."""
    row = (book.trip_no, book.day, book.own_no, c.encode(book.promised))
    upsert_rows(tx, lap_promised, _PROMISED[:2], _PROMISED, [row])
