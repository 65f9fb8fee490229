"""Rows of the register."""

from __future__ import annotations

import sqlite3
from typing import TypeVar

from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts, VoidCards
from sync.kernel.operations import Record

REFERENCE_TABLES = ("register_fact", "void_card")
STATE_TABLES: tuple[str, ...] = ()
R = TypeVar("R", bound=Record)
_PUT = "INSERT OR REPLACE INTO register_fact (kind, number, mark, body) VALUES (?, ?, ?, ?)"


def keep_operator(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``operator-facts/N``."""
    _keep(connection, OperatorFacts.PREFIX, rest, body, OperatorFacts.from_bytes(body).uscc if body else "")


def keep_vehicle(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``vehicle/N``."""
    _keep(connection, VehicleFacts.PREFIX, rest, body, VehicleFacts.from_bytes(body).plate if body else "")


def keep_driver(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``driver/N``."""
    _keep(connection, DriverFacts.PREFIX, rest, body, DriverFacts.from_bytes(body).name if body else "")


def keep_permit(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``permit/N``."""
    _keep(connection, PermitFacts.PREFIX, rest, body, PermitFacts.from_bytes(body).permit_no if body else "")


def keep_void_cards(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``void-cards/BLOCK``."""
    block = int(rest[0])
    connection.execute("DELETE FROM void_card WHERE block = ?", (block,))
    cards = VoidCards.from_bytes(body).cards if body is not None else ()
    connection.executemany(
        "INSERT OR REPLACE INTO void_card (card_no, block, reason, from_day) VALUES (?, ?, ?, ?)",
        [(card_no, block, reason, day) for card_no, reason, day in cards],
    )


PROJECTIONS = {
    OperatorFacts.PREFIX: keep_operator,
    VehicleFacts.PREFIX: keep_vehicle,
    DriverFacts.PREFIX: keep_driver,
    PermitFacts.PREFIX: keep_permit,
    VoidCards.PREFIX: keep_void_cards,
}


def fact(connection: sqlite3.Connection, kind: type[R], number: int) -> R | None:
    """What was told under a number."""
    query = "SELECT body FROM register_fact WHERE kind = ? AND number = ?"
    row = connection.execute(query, (kind.PREFIX, number)).fetchone()
    return kind.from_bytes(row[0]) if row else None


def marked(connection: sqlite3.Connection, kind: type[R], mark: str) -> list[tuple[int, R]]:
    """(number, what was told) of those with a mark: a code, a plate, a name, a permit's number."""
    query = "SELECT number, body FROM register_fact WHERE kind = ? AND mark = ? ORDER BY number"
    return [(row[0], kind.from_bytes(row[1])) for row in connection.execute(query, (kind.PREFIX, mark))]


def every(connection: sqlite3.Connection, kind: type[R]) -> list[tuple[int, R]]:
    """(number, what was told) of all of a kind."""
    query = "SELECT number, body FROM register_fact WHERE kind = ? ORDER BY mark, number"
    return [(row[0], kind.from_bytes(row[1])) for row in connection.execute(query, (kind.PREFIX,))]


def void(connection: sqlite3.Connection, card_no: int) -> tuple[int, int] | None:
    """(reason, from which day) of a card that is no good."""
    return connection.execute("SELECT reason, from_day FROM void_card WHERE card_no = ?", (card_no,)).fetchone()


def _keep(connection: sqlite3.Connection, kind: str, rest: tuple[str, ...], body: bytes | None, mark: str) -> None:
    number = int(rest[0])
    connection.execute("DELETE FROM register_fact WHERE kind = ? AND number = ?", (kind, number))
    if body is not None:
        connection.execute(_PUT, (kind, number, mark, body))
