"""Dated trips of which one node alone is granted seats: the box that runs them, from shortly before they leave.

It may then take a seat whose passenger is missing for left, and sell it on. So nothing that comes back to the hub from then
on may go to anybody else, whatever the box can be told of it. Who became sole seller stays it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books.ledger import Where
from cloud.domains.inventory.tables import sole_seller
from cloud.kernel import streams
from cloud.kernel.database import chunks, select_pairs
from sync.domains.inventory.operations import SoleSeller
from sync.kernel.operations import trip_stream

_SOLE: Final = "SELECT trip_no, day, node_no FROM sole_seller WHERE (trip_no, day) IN {pairs}"


def others_trips(tx: Connection, places: Iterable[Where], node_no: int) -> set[Where]:
    """Those dated trips of which a node other than ``node_no`` is the sole seller."""
    found: set[Where] = set()
    for some in chunks(places, 200):
        found |= {(trip_no, day) for trip_no, day, owner in select_pairs(tx, _SOLE, some) if owner != node_no}
    return found


def make_sole(tx: Connection, where: Where, node_no: int) -> bool:
    """Grant seats of a dated trip to this node alone from now on, and tell it; False where somebody is it already.

    The trip's stream holds every refund that was heard before, so the node hears of those first.
    """
    column = sole_seller.c
    there = sa.select(column.pos).where(column.trip_no == where[0], column.day == where[1])
    if tx.execute(there).first() is not None:
        return False
    pos = streams.publish(
        tx, trip_stream(*where), f"{SoleSeller.PREFIX}/{where[0]}/{where[1]}", SoleSeller(node_no).to_bytes()
    )
    tx.execute(sa.insert(sole_seller).values(trip_no=where[0], day=where[1], node_no=node_no, pos=pos))
    return True
