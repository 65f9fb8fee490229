"""Rows of the office: its rules besides those of refunds, and which ticket took the place of which."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from sync.domains.ticketing.events import PASSENGER, TicketRebooked, TicketReissued
from sync.domains.ticketing.operations import FareRules, RealNameRules, RebookRules
from sync.kernel.errors import Refusal
from sync.kernel.events import Stamp
from sync.kernel.operations import Record
from sync.kernel.ticket import TicketId

if TYPE_CHECKING:
    from edge.domains.ticketing.service import Ticket

REFERENCE_TABLES = ("office_rules",)
STATE_TABLES = ("replacement",)
# Kind of a set of rules, as its key names it → the record.
RULES: dict[str, type[Record]] = {"rebook": RebookRules, "fare": FareRules, "realname": RealNameRules}


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``ruleset/KIND/SCOPE/DAY`` of a kind in :data:`RULES`."""
    where = (rest[0], rest[1], int(rest[2]))
    connection.execute("DELETE FROM office_rules WHERE kind = ? AND scope = ? AND from_day = ?", where)
    if body is not None:
        RULES[rest[0]].from_bytes(body)
        connection.execute("INSERT INTO office_rules (kind, scope, from_day, body) VALUES (?, ?, ?, ?)", (*where, body))


def apply_rebooked(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketRebooked) -> None:
    """A ticket takes the place of another."""
    connection.execute(
        "INSERT OR IGNORE INTO replacement (serial, new_serial, reason, times) VALUES (?, ?, ?, ?)",
        (TicketId.from_bytes(event.ticket_id).serial, event.serial, event.reason, event.times),
    )


def apply_reissued(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketReissued) -> None:
    """A new paper for the same ride; that is no rebooking."""
    serial = TicketId.from_bytes(event.ticket_id).serial
    before = replaces(connection, serial)
    connection.execute(
        "INSERT OR IGNORE INTO replacement (serial, new_serial, reason, times) VALUES (?, ?, ?, ?)",
        (serial, event.serial, PASSENGER, before.times if before else 0),
    )


APPLIERS = {TicketRebooked: apply_rebooked, TicketReissued: apply_reissued}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The log ended: its serials mean nothing in the next one, and its tickets are exchanged no more."""
    connection.execute("DELETE FROM replacement")


class Replaced(NamedTuple):
    """``serial``: of the other ticket. ``times``: how often the journey was rebooked when the newer one was sold."""

    serial: int
    reason: int
    times: int


def replaced_by(connection: sqlite3.Connection, serial: int) -> Replaced | None:
    """What took the place of a ticket of the present log."""
    query = "SELECT new_serial, reason, times FROM replacement WHERE serial = ?"
    row = connection.execute(query, (serial,)).fetchone()
    return Replaced(*row) if row else None


def replaces(connection: sqlite3.Connection, serial: int) -> Replaced | None:
    """What a ticket of the present log took the place of."""
    query = "SELECT serial, reason, times FROM replacement WHERE new_serial = ?"
    row = connection.execute(query, (serial,)).fetchone()
    return Replaced(*row) if row else None


def exchanged_under(connection: sqlite3.Connection, sold: tuple[int, int | None] | None, old: Ticket) -> int:
    """The serial of the ticket that was ``sold`` under a key, if it took the place of ``old``. Raises :class:`Refusal`
    ``key_form``."""
    serial, epoch = sold or (0, None)
    found = replaces(connection, serial)
    if epoch is not None or found is None or found.serial != old.ticket_id.serial:
        raise Refusal("key_form", status=422, field="key")
    return serial


def rebook_rules(connection: sqlite3.Connection) -> list[RebookRules]:
    """All sets of rules for rebooking that the hub has told of."""
    rows = connection.execute("SELECT body FROM office_rules WHERE kind = 'rebook' ORDER BY scope, from_day")
    return [RebookRules.from_bytes(row[0]) for row in rows]


def fare_rules(connection: sqlite3.Connection) -> tuple[FareRules, ...]:
    """All sets of fare rules that the hub has told of."""
    rows = connection.execute("SELECT body FROM office_rules WHERE kind = 'fare' ORDER BY scope, from_day")
    return tuple(FareRules.from_bytes(row[0]) for row in rows)


def real_name_rules(connection: sqlite3.Connection) -> tuple[RealNameRules, ...]:
    """All sets that say where travellers are named."""
    rows = connection.execute("SELECT body FROM office_rules WHERE kind = 'realname' ORDER BY scope, from_day")
    return tuple(RealNameRules.from_bytes(row[0]) for row in rows)
