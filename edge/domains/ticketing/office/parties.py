"""Riders and extras of an order of several, as they are shown."""

from __future__ import annotations

import sqlite3

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.fares import Fares
from edge.domains.ticketing.office.shown import Extra, OrderRider
from edge.domains.timetable.service import Timetable
from sync.domains.ticketing.events import PROOFS
from sync.kernel.ticket import RIDERS

Party = tuple[tuple[OrderRider, ...], tuple[Extra, ...]]


def party_of(
    connection: sqlite3.Connection, order_no: int, timetable: Timetable, inventory: Inventory, fares: Fares
) -> Party:
    """Who rides by an order of several, and what goes along; nothing of an order of one."""
    riders = tuple(
        OrderRider(
            timetable.ride(*one.where), one.seat, inventory.label(one.trip_no, one.seat), RIDERS[one.rider],
            PROOFS[one.proof], one.price_minor,
        )
        for one in booked.riders_of(connection, order_no)
    )  # fmt: skip
    extras = booked.extras_of(connection, order_no) if riders else []
    names = {code: names for code, _, names in fares.rules(riders[0].ride.trip_no).extras} if extras else {}
    return riders, tuple(Extra(one.code, names.get(one.code, {}), one.count, one.price_minor) for one in extras)
