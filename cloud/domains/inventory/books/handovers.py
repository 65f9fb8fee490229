"""Handovers as the books see them: whether a giver really signed, for whom, and which were heard of already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.desk import Desk
from cloud.domains.inventory.books.ledger import GrantLine, Holder, Where
from cloud.domains.inventory.tables import grant_moved
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from cloud.kernel.tables import node_key
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import Handover, open_handover, read_handover
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey

Pairs = tuple[tuple[int, int], ...]
Grants = Mapping[int, tuple[Where, GrantLine]]
HANDED: Final = (TripHandedOver, TripTakenOver)
_MOVED = (
    "number", "pos", "trip_no", "day", "node_no", "node_epoch", "sell_until_ms", "cells", "signed", "from_node_no",
    "from_epoch", "given",
)  # fmt: skip
_GIVEN: Final = (
    sa.update(grant_moved).values(given=True).where(grant_moved.c.number.in_(sa.bindparam("numbers", expanding=True)))
)


class HandoverBooks:
    """Of one batch."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._known: dict[int, bytes] = {}
        self._rows: list[tuple[object, ...]] = []
        self._given: set[int] = set()

    def expect(self, signed: bytes) -> set[Where]:
        """The dated trip that a handover is about; none where it can't be read."""
        try:
            given = open_handover(signed)
        except Malformed:
            return set()
        column = grant_moved.c
        found = self._tx.execute(sa.select(column.signed).where(column.number == given.number)).scalar()
        if found is not None:
            self._known[given.number] = bytes(found)
        return {(given.trip_no, given.day)}

    def believed(self, received: Received, event: TripHandedOver | TripTakenOver) -> Handover:
        """What the giver signed. Raises :class:`Quarantine`: ``handover_forged``, or ``handover_other`` where the log that
        says so is neither the giver's nor that of the one box that may take it."""
        logs: list[tuple[int, int]] = []

        def find(kid: bytes) -> VerifyKey | None:
            column = node_key.c
            row = self._tx.execute(
                sa.select(column.public, column.node_no, column.epoch).where(column.kid == kid)
            ).first()
            if row is None:
                return None
            logs.append((row.node_no, row.epoch))
            return VerifyKey(bytes(row.public))

        try:
            given = read_handover(event.signed, find)
        except Malformed as error:
            raise Quarantine("handover_forged", error.code) from None
        giver, taker = (given.from_node_no, given.from_epoch), (given.to_node_no, given.to_epoch)
        if logs[0] != giver or (given.trip_no, given.day) != (event.trip_no, event.day) or giver == taker:
            raise Quarantine("handover_forged", "of another log or trip")
        if received.log != (giver if isinstance(event, TripHandedOver) else taker):
            raise Quarantine("handover_other", f"from {giver[0]} to {taker[0]}")
        return given

    def known(self, number: int, signed: bytes) -> bool:
        """Whether the other end said the same before. Raises :class:`Quarantine` ``handover_twice`` for one number with
        two handovers."""
        before = self._known.get(number)
        if before is not None and before != hashlib.sha256(signed).digest():
            raise Quarantine("handover_twice", str(number))
        return before is not None

    def heard(self, event: TripHandedOver | TripTakenOver, given: Handover, desk: Desk) -> None:
        """The other end has spoken as well. What the giver sold of it before, it must have taken back by now.

        Raises :class:`Quarantine` ``handover_sold``.
        """
        if not isinstance(event, TripHandedOver) or given.number not in desk.book.unheard:
            return
        self._given.add(given.number)
        if desk.given(given.number):
            raise Quarantine("handover_sold", str(given.number))

    def move(self, received: Received, given: Handover, signed: bytes, desk: Desk, grants: Grants) -> GrantLine:
        """Take the cells out of the giver's lines and make the taker's of them; all or none. What the giver had sold is judged
        by its own word alone: its taker may be heard before what it took back.

        Raises :class:`Quarantine`: ``handover_amended``, ``handover_not_held``, ``handover_sold``.
        """
        if received.amended:
            # Another end of the giver's log may have sold these seats: they stay its own.
            raise Quarantine("handover_amended", str(given.number))
        holder, reserved, until_ms = (given.from_node_no, given.from_epoch), desk.book.reserved, given.sell_until_ms
        parts = _parts(given, grants, holder, received.pos, reserved)
        cells: Cells = {}
        for _, back in parts:
            c.add(cells, back, reserved)
        told = received.log == holder
        if told and not c.covers(desk.unsold(holder), cells, reserved):
            raise Quarantine("handover_sold", str(given.number))
        for line, back in parts:
            c.add(line.returned, back, reserved)
            desk.give_back(holder, back, received.pos)
            until_ms = min(until_ms, line.sell_until_ms)
        taker = (given.to_node_no, given.to_epoch)
        moved = GrantLine(given.number, taker, until_ms, cells, moved=received.pos)
        desk.take_in(moved)
        if not told:
            desk.book.unheard[given.number] = holder, cells
        self._keep(moved, (given.trip_no, given.day), signed, (*holder, told))
        return moved

    def _keep(self, line: GrantLine, where: Where, signed: bytes, giver: tuple[int, int, bool]) -> None:
        digest = hashlib.sha256(signed).digest()
        self._known[line.grant_id] = digest
        row = (
            line.grant_id, line.moved, *where, *line.holder, line.sell_until_ms, c.encode(line.cells), digest, *giver,
        )  # fmt: skip
        self._rows.append(row)

    def flush(self) -> None:
        """Write what was moved."""
        insert_rows(self._tx, grant_moved, _MOVED, self._rows)
        for some in chunks(sorted(self._given)):
            self._tx.execute(_GIVEN, {"numbers": some})


def pairs_of(seats: Pairs, counts: Pairs, reserved: bool) -> Cells | None:
    """Cells that an event names; None when they are of the other kind, negative, named twice or none at all."""
    pairs, other = (seats, counts) if reserved else (counts, seats)
    found: Cells = {}
    c.add(found, dict(pairs), reserved)
    if other or not found or len(found) != len(pairs) or min(found.values()) <= 0:
        return None
    return found


def _parts(given: Handover, grants: Grants, holder: Holder, pos: int, reserved: bool) -> list[tuple[GrantLine, Cells]]:
    """The lines that a handover takes from, with what: all of it the giver's, and none twice."""
    found = []
    for grant_id, seats, counts in given.grants:
        where, line = grants.get(grant_id, (None, None))
        if line is None or line.holder != holder or line.made >= pos or where != (given.trip_no, given.day):
            raise Quarantine("handover_not_held", str(grant_id))
        back = pairs_of(seats, counts, reserved)
        if back is None or not c.covers(c.minus(line.cells, line.returned, reserved), back, reserved):
            raise Quarantine("handover_not_held", str(grant_id))
        found.append((line, back))
    if len({line.grant_id for line, _ in found}) != len(found):
        raise Quarantine("handover_not_held", "a grant twice")
    return found
