"""The bare limits: the rows that the node has just written, written once more with nothing around them.

One process, one connection, WAL with synchronous=FULL, one commit for each sale or boarding, one signature made (sell)
or checked (board) for each; no HTTP, no domain code, no look-ups.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge.bootstrap import open_database
from edge.kernel.settings import Settings
from sync.domains import EVENTS
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ticketing.events import TicketSold
from sync.kernel.keys import Ed25519Signer

Statement = tuple[str, tuple[Any, ...]]
SIGNER = Ed25519Signer(b"key of the bare limit, 32 bytes.")


def head_of(folder: Path) -> int:
    """Sequence of the last event in a node's log."""
    with sqlite3.connect(folder / "node.sqlite") as connection:
        return int(connection.execute("SELECT coalesce(max(seq), 0) FROM event_log").fetchone()[0])


def sales_per_s(node: Path, after_seq: int, scratch: Path) -> float:
    """Sales a second: log row, ticket, seat or place taken, idempotency key; each committed and signed."""
    return _replay(list(_sale_rows(node, after_seq)), scratch, SIGNER.sign)


def bookings_per_s(node: Path, after_seq: int, scratch: Path, riders: int) -> float:
    """Bookings a second: their events, tickets, travellers, seats, one key; one commit and a signature a ticket each."""

    def sign_all(event: bytes) -> None:
        for _ in range(riders):
            SIGNER.sign(event)

    return _replay(list(_booking_rows(node, after_seq, riders)), scratch, sign_all)


def boardings_per_s(node: Path, after_seq: int, scratch: Path) -> float:
    """Boardings a second: log row and boarding; each committed, after one signature was checked."""
    signatures = {event: SIGNER.sign(event) for _, event in _events(node, after_seq)}
    key = SIGNER.verify_key
    return _replay(list(_boarding_rows(node, after_seq)), scratch, lambda event: key.verifies(signatures[event], event))


def _replay(work: list[tuple[bytes, list[Statement]]], scratch: Path, crypt: Callable[[bytes], object]) -> float:
    scratch.mkdir()
    database = open_database(Settings(data=scratch))
    connection = database.writer
    begun = time.perf_counter()
    for event, statements in work:
        crypt(event)
        connection.execute("BEGIN IMMEDIATE")
        for query, values in statements:
            connection.execute(query, values)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    database.close()
    return len(work) / seconds


def _events(node: Path, after_seq: int) -> list[tuple[int, bytes]]:
    with sqlite3.connect(node / "node.sqlite") as connection:
        return connection.execute(
            "SELECT seq, event FROM event_log WHERE seq > ? ORDER BY seq", (after_seq,)
        ).fetchall()


def _sale_rows(node: Path, after_seq: int) -> Iterator[tuple[bytes, list[Statement]]]:
    with sqlite3.connect(node / "node.sqlite") as connection:
        tickets = {row[1]: row for row in connection.execute("SELECT * FROM ticket WHERE seq > ?", (after_seq,))}
        keys = {row[1]: row for row in connection.execute("SELECT * FROM sale_key")}
    for seq, event in _events(node, after_seq):
        sold = EVENTS.decode(event).event
        if not isinstance(sold, TicketSold):
            continue
        ticket = tickets[seq]
        marks = ", ".join("?" * len(ticket))
        yield (
            event,
            [
                ("INSERT INTO event_log VALUES (?, ?)", (seq, event)),
                (f"INSERT INTO ticket VALUES ({marks})", ticket),
                *_taken(sold),
                (f"INSERT INTO sale_key VALUES ({', '.join('?' * len(keys[sold.serial]))})", keys[sold.serial]),
            ],
        )


def _booking_rows(node: Path, after_seq: int, riders: int) -> Iterator[tuple[bytes, list[Statement]]]:
    """What one booking wrote at a time: from the sale of its first rider up to that of the next booking's."""
    with sqlite3.connect(node / "node.sqlite") as connection:
        rows = {
            table: {row[1]: row for row in connection.execute(f"SELECT * FROM {table} WHERE seq > ?", (after_seq,))}
            for table in ("ticket", "traveller", "booking")
        }
        keys = {row[1]: row for row in connection.execute("SELECT * FROM sale_key")}
    found: list[Statement] = []
    first, left = b"", riders
    for seq, event in _events(node, after_seq):
        known = EVENTS.decode(event).event
        if isinstance(known, TicketSold):
            if left == 0:
                yield first, found
                found, first, left = [], event, riders
            first, left = first or event, left - 1
            found += _taken(known)
            if known.serial in keys:
                found.append(_insert("sale_key", keys[known.serial]))
        found.append(("INSERT INTO event_log VALUES (?, ?)", (seq, event)))
        found += [_insert(table, by_seq[seq]) for table, by_seq in rows.items() if seq in by_seq]
    if left == 0:
        yield first, found


def _insert(table: str, row: tuple[Any, ...]) -> Statement:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row


def _taken(sold: TicketSold) -> Iterator[Statement]:
    if sold.seat:
        mask = (1 << sold.to_idx) - (1 << sold.from_idx)
        yield (
            "INSERT INTO sold_seat VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET mask = mask | excluded.mask",
            (sold.trip_no, sold.day, sold.seat, mask),
        )
        return
    for leg in range(sold.from_idx, sold.to_idx):
        yield (
            "INSERT INTO sold_place VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET places = places + 1",
            (sold.trip_no, sold.day, leg),
        )


def _boarding_rows(node: Path, after_seq: int) -> Iterator[tuple[bytes, list[Statement]]]:
    with sqlite3.connect(node / "node.sqlite") as connection:
        boarded = {row[0]: row for row in connection.execute("SELECT * FROM boarded")}
    for seq, event in _events(node, after_seq):
        found = EVENTS.decode(event).event
        if isinstance(found, TicketBoarded):
            row = boarded[found.ticket_id]
            yield (
                event,
                [
                    ("INSERT INTO event_log VALUES (?, ?)", (seq, event)),
                    (f"INSERT INTO boarded VALUES ({', '.join('?' * len(row))})", row),
                ],
            )
