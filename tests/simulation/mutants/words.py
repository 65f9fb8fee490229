"""What a box does on the hub's word, done without it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Final
from unittest import mock

from edge.domains.boarding.service import Boarding
from sync.kernel.ticket import TicketId


@contextlib.contextmanager
def taken_back_before_the_word() -> Iterator[None]:
    """A seat is taken back as soon as somebody asks for the money, and not when the hub has said yes."""
    void_of = Boarding.void_of

    def eager(self: Boarding, log: tuple[int, int], connection: sqlite3.Connection) -> list[TicketId]:
        rows = connection.execute("SELECT ticket_id FROM refund_request WHERE epoch = 0")
        asked = [TicketId.from_bytes(row[0]) for row in rows]
        return [*void_of(self, log, connection), *(one for one in asked if (one.node_no, one.epoch) == log)]

    with mock.patch.object(Boarding, "void_of", eager):
        yield


MUTANTS: Final = {"taken_back_before_the_word": taken_back_before_the_word}
