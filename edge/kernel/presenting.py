"""The node's side of a hub that was restored from an older backup: it shows what the hub has forgotten, and reads anew.

What the hub had told it since the backup is presented first, with the certificate. Then all streams are read again from
their beginning; what the hub did not say again by the end of that is valid no longer. Until then everything stays as
it was, and sales go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Final

from edge.kernel import log, meta
from edge.kernel.database import Database
from edge.kernel.handing import Tail, hand_in
from edge.kernel.scribe import Scribe, UnitOfWork
from edge.kernel.streams import Streams
from sync.kernel import chain, presentation
from sync.kernel.errors import Fault
from sync.kernel.operations import NET, Operation, node_stream
from sync.kernel.ports import Signer, Transport
from sync.kernel.presentation import MAX_ITEM_BYTES, MAX_ITEMS, PREFIXES, Presentation, Wanted

_KINDS: Final = tuple(f"{prefix}/" for prefix in PREFIXES)


class Presenter:
    """Presents, and sweeps out what was not said again."""

    def __init__(
        self, database: Database, scribe: Scribe, streams: Streams, signer: Signer, transport: Transport
    ) -> None:
        self._database, self._scribe, self._streams = database, scribe, streams
        self._signer, self._transport = signer, transport

    def present(self) -> int:
        """Show the hub everything that it asks for; gives the requests made. Safe to repeat, and goes on where the line
        broke. Raises :class:`Fault` and :class:`sync.kernel.errors.Malformed`."""
        wanted, requests = self._send(0), 1
        if not wanted.base:
            return requests
        self._scribe.write(lambda unit: self._read_anew(unit, wanted))
        last = False
        while not last:
            after = meta.get(self._database.read(), "presented_pos", 0)
            items, last = self._items(after, wanted)
            answer, requests = self._send(wanted.base, items, last), requests + 1
            if answer != wanted:
                raise Fault("hub_restored")  # once more since we asked: the next visit begins again
            self._scribe.write(partial(_shown, pos=items[-1].pos if items else after))
        return requests

    def sweep(self, chunk: int, pause: Callable[[], None]) -> None:
        """Everything was read anew: what stands at a position of before is gone. In small transactions, as ever."""
        base, (floor, behind) = self._base(), self._streams.cursor(self._database.read())
        if not base or behind or floor <= base:
            return
        while self._scribe.write(lambda unit: self._streams.drop_up_to(unit.connection, base, chunk)) == chunk:
            pause()
        self._scribe.write(lambda unit: meta.put(unit.connection, anew_above=0))

    def _base(self) -> int:
        return int(meta.get(self._database.read(), "anew_above", 0))

    def _send(self, base: int, items: tuple[Operation, ...] = (), last: bool = False) -> Wanted:
        connection = self._database.read()
        identity = meta.identity(connection)
        if identity is None:
            raise Fault("not_enrolled", retry=False)
        top = connection.execute("SELECT coalesce(max(pos), 0) FROM stream_operation").fetchone()[0]
        profile = meta.get(connection, "profile")
        said = Presentation(base, top, identity.name, profile, items, last)
        data = presentation.encode(said, identity.certificate, self._signer)
        return presentation.decode_answer(self._transport.post(presentation.PATH, data), data, identity.hub_key)

    def _read_anew(self, unit: UnitOfWork, wanted: Wanted) -> None:
        if meta.get(unit.connection, "anew_above", 0) == wanted.base:
            return
        meta.put(unit.connection, anew_above=wanted.base, presented_pos=wanted.since)
        for past in log.past_epochs(unit.connection):
            # The hub may lack the end of those, too; it keeps what it does not know.
            events = [one for _, one in log.past_events(unit.connection, past)]
            hand_in(unit, Tail(past, 0, chain.GENESIS, events))
        streams = meta.get(unit.connection, "subscribed", "").split()
        unit.connection.executemany(
            "INSERT OR REPLACE INTO stream_behind (stream, pos) VALUES (?, 0)", [(stream,) for stream in streams]
        )

    def _items(self, after: int, wanted: Wanted) -> tuple[tuple[Operation, ...], bool]:
        """What comes behind position ``after``, and whether that is all."""
        rows = _after(self._database.read(), after, wanted.base)
        items: list[Operation] = []
        size = 0
        for found in rows:
            size += len(found.body or b"") + len(found.key)
            if items and (size > MAX_ITEM_BYTES or len(items) == MAX_ITEMS):
                return tuple(items), False
            items.append(found)
        return tuple(items), True


def _shown(unit: UnitOfWork, pos: int) -> None:
    meta.put(unit.connection, presented_pos=pos)


def _after(connection: sqlite3.Connection, after: int, base: int) -> list[Operation]:
    own = node_stream(meta.get(connection, "node_no", 0))
    rows = connection.execute(
        "SELECT stream, pos, key, body FROM stream_operation WHERE stream IN (?, ?) AND pos > ? AND pos <= ? "
        "AND body IS NOT NULL ORDER BY pos",
        (own, NET, after, base),
    )
    return [Operation(*row) for row in rows if row[2].startswith(_KINDS)]
