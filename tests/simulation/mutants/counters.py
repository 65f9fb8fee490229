"""Positions and epochs that are used twice, or become visible out of order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

import sqlalchemy as sa

from cloud.domains.inventory.books.grants import GrantBatch
from cloud.kernel import database
from cloud.kernel.tables import counter

BLOCK = 2_000


@contextlib.contextmanager
def epoch_used_twice() -> Iterator[None]:
    """The epoch of a trip grows in memory and is not written down."""
    flush = GrantBatch.flush

    def forgetful(self: GrantBatch) -> None:
        self._epochs = {}
        flush(self)

    with mock.patch.object(GrantBatch, "flush", forgetful):
        yield


@contextlib.contextmanager
def position_goes_down() -> Iterator[None]:
    """The counter is stored one too low, so that the last position is given a second time."""
    store = database._store_counter

    def short(connection: Any) -> None:
        pos, before = connection.info[database._POS], connection.info[database._POS_AT_START]
        connection.info[database._POS] = pos - 1 if pos > before + 1 else pos
        store(connection)

    with mock.patch.object(database, "_store_counter", short):
        yield


@contextlib.contextmanager
def positions_by_blocks() -> Iterator[None]:
    """Each process takes positions from a block of its own, as from a PostgreSQL sequence with a cache: what one commits
    later stands before what another committed earlier."""
    blocks: dict[int, list[int]] = {}

    def take(connection: Any) -> None:
        block = blocks.get(id(connection.engine), [0, 0])
        if block[1] - block[0] < BLOCK // 2:
            first = int(connection.execute(sa.select(counter.c.pos)).scalar_one())
            connection.execute(sa.update(counter).values(pos=first + BLOCK))
            block = [first, first + BLOCK]
        connection.info["block"] = block
        connection.info[database._POS] = connection.info[database._POS_AT_START] = block[0]

    def store(connection: Any) -> None:
        block = connection.info.pop("block")
        connection.info.pop(database._POS_AT_START)
        blocks[id(connection.engine)] = [connection.info.pop(database._POS), block[1]]

    with mock.patch.object(database, "_take_counter", take), mock.patch.object(database, "_store_counter", store):
        yield


MUTANTS: Final = {
    "epoch_used_twice": epoch_used_twice,
    "position_goes_down": position_goes_down,
    "positions_by_blocks": positions_by_blocks,
}
