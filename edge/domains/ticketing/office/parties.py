"""Riders and extras of an order of several, and seats of tickets, as they are shown."""

from __future__ import annotations

import sqlite3

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.fares import Fares
from edge.domains.ticketing.office.shown import NO_SEAT, Extra, OrderRider
from edge.domains.timetable.service import Timetable
from sync.domains.disruption.operations import Reseated
from sync.domains.ticketing.events import PROOFS
from sync.kernel.ticket import RIDERS

Party = tuple[tuple[OrderRider, ...], tuple[Extra, ...]]


def party_of(
    connection: sqlite3.Connection, order_no: int, timetable: Timetable, inventory: Inventory, fares: Fares
) -> Party:
    """Who rides by an order of several, and what goes along; nothing of an order of one."""
    riders = tuple(
        OrderRider(
            timetable.ride(*one.where), one.seat, inventory.label(one.trip_no, one.day, one.seat), RIDERS[one.rider],
            PROOFS[one.proof], one.price_minor,
        )
        for one in booked.riders_of(connection, order_no)
    )  # fmt: skip
    extras = booked.extras_of(connection, order_no) if riders else []
    names = {code: names for code, _, names in fares.rules(riders[0].ride.trip_no).extras} if extras else {}
    return riders, tuple(Extra(one.code, names.get(one.code, {}), one.count, one.price_minor) for one in extras)


def seat_labels(
    timetable: Timetable, inventory: Inventory, row: store.SoldRow, reseated: Reseated | None
) -> tuple[str, str]:
    """What stands on the seat where a ticket's passenger sits, and on the one that stands on its paper."""
    sold, changed = row.event, timetable.vehicle_changed(row.event.trip_no, row.event.day)
    if changed is None or (reseated is None and row.sold_ms >= changed.at_ms):
        label = inventory.label(sold.trip_no, sold.day, sold.seat)
        return label, label
    planned = inventory.label(sold.trip_no, None, sold.seat)
    if reseated is not None and not reseated.placed:
        return NO_SEAT, planned
    return inventory.label(sold.trip_no, sold.day, reseated.seat if reseated else sold.seat), planned
