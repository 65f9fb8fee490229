"""Dated trips of which one node alone is granted seats: the box that runs them, from shortly before they leave.

It may then take a seat whose passenger is missing for left, and sell it on. So nothing that comes back to the hub from then
on may go to anybody else, whatever the box can be told of it. Who became sole seller stays it, until that box hands the trip
over to another: its log says nothing of the trip's seats any more then, so there is one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books.ledger import Where
from cloud.domains.inventory.tables import seat_freed, sole_moved, sole_seller
from cloud.kernel import streams
from cloud.kernel.database import chunks, select_pairs
from sync.domains.inventory.operations import SoleSeller
from sync.kernel.operations import trip_stream

_SOLE: Final = "SELECT trip_no, day, node_no, pos FROM sole_seller WHERE (trip_no, day) IN {pairs}"
_MOVED: Final = "SELECT trip_no, day, node_no, pos FROM sole_moved WHERE (trip_no, day) IN {pairs} ORDER BY pos"
# (from which position on, which node), in that order.
Owners = list[tuple[int, int]]


def owners(tx: Connection, places: Iterable[Where]) -> dict[Where, Owners]:
    """Dated trip → its sole sellers, one after the other."""
    found: dict[Where, Owners] = {}
    for some in chunks(places, 200):
        for query in (_SOLE, _MOVED):
            for trip_no, day, node_no, pos in select_pairs(tx, query, some):
                found.setdefault((trip_no, day), []).append((pos, node_no))
    return found


def owner_at(known: Owners, pos: int) -> int:
    """Who was the sole seller when the hub heard of something at ``pos``; 0 for nobody."""
    return next((node_no for since, node_no in reversed(known) if since <= pos), 0)


def others_trips(tx: Connection, places: Iterable[Where], node_no: int) -> set[Where]:
    """Those dated trips of which a node other than ``node_no`` is the sole seller."""
    return {where for where, known in owners(tx, places).items() if known[-1][1] != node_no}


def make_sole(tx: Connection, where: Where, node_no: int) -> bool:
    """Grant seats of a dated trip to this node alone from now on, and tell it; False where somebody is it already.

    The trip's stream holds every refund that was heard before, so the node hears of those first.
    """
    column = sole_seller.c
    there = sa.select(column.pos).where(column.trip_no == where[0], column.day == where[1])
    if tx.execute(there).first() is not None:
        return False
    pos = _tell(tx, where, SoleSeller(node_no))
    tx.execute(sa.insert(sole_seller).values(trip_no=where[0], day=where[1], node_no=node_no, pos=pos))
    return True


def pass_on(tx: Connection, where: Where, from_no: int, to_no: int) -> None:
    """The box that ran a trip has said that it gave it to another: that is the sole seller from now on, and is told whose seats
    were taken over before. Nothing happens where the giver was not the sole seller."""
    known = owners(tx, [where]).get(where)
    if known is None or known[-1][1] != from_no:
        return
    column = seat_freed.c
    mine = (column.trip_no == where[0], column.day == where[1])
    left = tuple(bytes(one) for one in tx.execute(sa.select(column.ticket_id).where(*mine)).scalars())
    pos = _tell(tx, where, SoleSeller(to_no, tuple(sorted(left))))
    tx.execute(sa.insert(sole_moved).values(trip_no=where[0], day=where[1], node_no=to_no, pos=pos))


def _tell(tx: Connection, where: Where, said: SoleSeller) -> int:
    return streams.publish(tx, trip_stream(*where), f"{SoleSeller.PREFIX}/{where[0]}/{where[1]}", said.to_bytes())
