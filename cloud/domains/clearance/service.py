"""What stations said of departures, and where a ferry's count and its pier's differ."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.clearance.tables import departure_said, passenger_count
from sync.kernel import hlc


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. ``state``: cleared, refused or undone; ``lacks``: codes."""

    node_no: int
    trip_no: int
    day: int
    state: str
    vehicle: str
    aboard: int
    capacity: int
    lacks: tuple[str, ...]
    said_ms: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A ferry: counted on board and at the pier; None where nobody counted there. ``known``: whom the counting box had boarded
    then, of the pier where that counted, else of the ship."""

    trip_no: int
    day: int
    on_board: int | None
    at_pier: int | None
    known: int

    @property
    def difference(self) -> int:
        """People on board more than were let through as far as one knows; below zero: fewer."""
        through = self.known if self.at_pier is None else self.at_pier
        return (through if self.on_board is None else self.on_board) - through


def said(tx: Connection, limit: int = 200) -> list[Said]:
    """The last answers, newest first."""
    rows = tx.execute(sa.select(departure_said).order_by(departure_said.c.pos.desc()).limit(limit))
    return [
        Said(
            row.node_no, row.trip_no, row.day, row.state, row.vehicle, row.aboard, row.capacity,
            tuple(row.lacks.split()), hlc.wall_ms_of(row.said_hlc),
        )
        for row in rows
    ]  # fmt: skip


def counted(tx: Connection, limit: int = 200) -> list[Counted]:
    """Dated trips of which people were counted, newest first, those that differ in front."""
    found: dict[tuple[int, int], dict[bool, tuple[int, int]]] = {}
    for row in tx.execute(sa.select(passenger_count).order_by(passenger_count.c.pos.desc()).limit(2 * limit)):
        found.setdefault((row.trip_no, row.day), {})[bool(row.on_board)] = (row.counted, row.known)
    lines = []
    for where, both in found.items():
        board, pier = both.get(True), both.get(False)
        known = pier[1] if pier else board[1] if board else 0
        lines.append(Counted(*where, board[0] if board else None, pier[0] if pier else None, known))
    return sorted(lines, key=lambda one: one.difference == 0)
