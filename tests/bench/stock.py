"""What a node's grants allow it to sell, read from its own database."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

from edge.kernel.clock import RealClock
from edge.kernel.database import mask_in
from sync.kernel import days
from tests.bench.world import ZONE, Sale

CLERK_NO = 1


def stock(data: Path, seed: int = 3) -> list[Sale]:
    """All sales that the grants of a fresh node allow from tomorrow on: two rides a seat, all places on each ferry; mixed."""
    tomorrow = days.day_at(RealClock().wall_ms(), ZONE) + 1
    later = f"WHERE day >= {tomorrow} ORDER BY 1, 2, 3"
    with sqlite3.connect(data / "node.sqlite") as connection:
        seats = connection.execute(f"SELECT trip_no, day, seat, mask FROM grant_seat {later}").fetchall()
        places = connection.execute(f"SELECT trip_no, day, leg, places FROM grant_place {later}").fetchall()
    found: list[Sale] = []
    for trip_no, day, seat, stored in seats:
        mask = mask_in(stored)
        last = mask.bit_length()
        if mask == (1 << last) - 1 and last > 2:
            found += [Sale(trip_no, day, 0, 2, seat), Sale(trip_no, day, 2, last, seat)]
    for trip_no, day, leg, count in places:
        found += [Sale(trip_no, day, leg, leg + 1, None)] * count
    random.Random(seed).shuffle(found)
    return found
