"""Grants that the hub gave before it was restored from an older backup, taken back into the books as nodes present them.

Each carries the hub's signature, so it is as good as on the day it was given. What the hub has given to somebody else
since, because a person no longer waited for the node, is at risk: a sale there is found and named as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.grants import kept_laps, store_grants
from cloud.domains.inventory.books.ledger import Book, GrantLine, Holder, Where
from cloud.domains.inventory.books.reopened import open_again
from cloud.domains.inventory.tables import risk_release, seat_grant
from cloud.kernel import nodes, recovery, streams
from cloud.kernel.database import chunks, next_pos
from cloud.kernel.ports import Timetable
from sync.domains.inventory.operations import Grant, read_grant
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock

PURPOSE: Final = "again"
REASON: Final = "given to others after the hub was restored, and before this node was heard"
BY: Final = "hub"


class GrantsAgain:
    """Takes grants back. What this hub never signed, or gave to another node, is left out."""

    def __init__(self, timetable: Timetable, hub_key: VerifyKey, clock: Clock) -> None:
        self._timetable, self._hub_key, self._clock = timetable, hub_key, clock

    def take_back(self, tx: Connection, holder: Holder, bodies: Sequence[bytes]) -> None:
        """Write down the grants that a log holds and the hub does not know; those of a present log are told again."""
        unknown = self._unknown(tx, holder, bodies)
        books = ledger.load(tx, [(grant.trip_no, grant.day) for _, grant in unknown])
        open_again(tx, self._timetable, books, [grant for _, grant in unknown])
        found = [(body, one) for body, one in unknown if books[one.trip_no, one.day].reserved == bool(one.seats)]
        now, base = self._clock.wall_ms(), recovery.base_pos(tx)
        rows, dared = [], []
        for _, one in found:
            where, book, cells = (one.trip_no, one.day), books[one.trip_no, one.day], _cells(one)
            dared.append((one.grant_id, where, _given_since(book, holder, cells, base), book.reserved))
            fewer = dict(one.fewer_laps)
            book.grants.append(GrantLine(one.grant_id, holder, one.sell_until_ms, cells, fewer_laps=fewer))
            book.grant_epoch = max(book.grant_epoch, one.epoch)
            terms = (one.epoch, one.sell_until_ms, PURPOSE, now, c.encode(cells), kept_laps(fewer))
            rows.append((one.grant_id, *where, *holder, *terms))
        store_grants(tx, rows, {where: book.grant_epoch for where, book in books.items()})
        for grant_id, where, cells, reserved in dared:
            if cells:
                _release(tx, grant_id, where, cells, reserved, now)
        if nodes.find(tx, holder[0]).epoch == holder[1]:
            told = [(f"grant/{one.grant_id}", body) for body, one in found]
            streams.publish_many(tx, node_stream(holder[0]), told)

    def _unknown(self, tx: Connection, holder: Holder, bodies: Sequence[bytes]) -> list[tuple[bytes, Grant]]:
        found = {}
        for body in bodies:
            try:
                grant = read_grant(body, self._hub_key)
            except Malformed:
                continue
            if grant.node_no == holder[0] and bool(grant.seats) != bool(grant.counts):
                found[grant.grant_id] = body, grant
        for some in chunks(list(found)):
            known = tx.execute(sa.select(seat_grant.c.grant_id).where(seat_grant.c.grant_id.in_(some))).scalars()
            for grant_id in known.all():
                del found[grant_id]
        return [found[grant_id] for grant_id in sorted(found)]


def _cells(grant: Grant) -> Cells:
    found: Cells = {}
    c.add(found, dict(grant.seats or grant.counts), bool(grant.seats))
    return found


def _given_since(book: Book, holder: Holder, cells: Cells, base: int) -> Cells:
    """What of ``cells`` others were granted in this generation."""
    given: Cells = {}
    for line in book.grants:
        if line.grant_id > base and not line.moved and line.holder != holder:
            c.add(given, c.minus(line.cells, line.returned, book.reserved), book.reserved)
    if book.reserved:
        both = {seat: mask & given.get(seat, 0) for seat, mask in cells.items()}
    else:
        left = book.free()
        both = {leg: min(given.get(leg, 0), max(n - left.get(leg, 0), 0)) for leg, n in cells.items()}
    return {key: value for key, value in both.items() if value}


def _release(tx: Connection, grant_id: int, where: Where, cells: Cells, reserved: bool, now_ms: int) -> None:
    values: dict[str, object] = {"release_id": next_pos(tx), "grant_id": grant_id, "trip_no": where[0], "day": where[1]}
    values |= {"cells": c.encode(cells), "places": len(cells) if reserved else max(cells.values())}
    tx.execute(sa.insert(risk_release).values(**values, reason=REASON, by=BY, made_ms=now_ms))
