"""How dated trips run other than planned, in a word or two for a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.engine import Connection

from cloud.domains.disruption import service as disruptions
from cloud.domains.inventory.books.vehicles import changed_among
from sync.domains.disruption.rules import CANCELLED

Where = tuple[int, int]


class Mark(NamedTuple):
    """``text`` names a text of the catalogue; ``minutes`` late, 0 for what is not late."""

    level: str
    text: str
    minutes: int = 0


def marks(tx: Connection, places: Iterable[Where]) -> dict[Where, list[Mark]]:
    """Dated trip → its marks, for those of some that do not run as planned."""
    wanted = list(dict.fromkeys(places))
    found: dict[Where, list[Mark]] = {}
    for where, (kind, minutes) in disruptions.disturbed(tx, wanted).items():
        mark = Mark("bad", "ride_cancelled") if kind == CANCELLED else Mark("warn", "ride_delayed", minutes)
        found[where] = [mark]
    for where in changed_among(tx, wanted):
        found.setdefault(where, []).append(Mark("warn", "console_vehicle_other"))
    return found
