"""Clerks and their PINs, with the hub away: hashes come down by exchange, guessing is stopped here.

After five wrong PINs a clerk is locked, five minutes at first and twice as long each time; the box as a whole after
forty. The lock counts monotonic time of this boot and starts again after a restart, so that neither pulling the plug
nor setting the clock shortens it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Final

from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.kernel import operations, pins
from sync.kernel.errors import Refusal
from sync.kernel.events import ClerkLocked
from sync.kernel.ports import Ids

TRIES: Final = 5
BOX_TRIES: Final = 40
FIRST_LOCK_S: Final = 300
SESSION_MS: Final = 12 * 3_600_000
ROLES: Final = ("clerk", "agent", "gate", "admin", "driver")
_BOX: Final = 0


@dataclass(frozen=True)
class Clerk:
    """Somebody who may sign in here."""

    clerk_no: int
    name: str
    roles: tuple[str, ...]


def keep_clerk(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``clerk/N``."""
    connection.execute("DELETE FROM clerk WHERE clerk_no = ?", (int(rest[0]),))
    if body is not None:
        clerk = operations.Clerk.from_bytes(body)
        connection.execute(
            "INSERT INTO clerk (clerk_no, name, roles, pin_hash) VALUES (?, ?, ?, ?)",
            (clerk.clerk_no, clerk.name, " ".join(clerk.roles), clerk.pin_hash),
        )


class Accounts:
    """Sign-in by PIN, and bearer tokens for the API."""

    def __init__(self, database: Database, scribe: Scribe, keeper: TimeKeeper, ids: Ids, boot_id: bytes) -> None:
        self._database, self._scribe, self._keeper, self._ids = database, scribe, keeper, ids
        self._boot = boot_id
        # Sessions end with the boot, so they need no disk: hash of the token → clerk, and when it was opened.
        self._sessions: dict[bytes, tuple[int, int]] = {}

    def clerks(self) -> list[Clerk]:
        """Everybody who may sign in."""
        rows = self._database.read().execute("SELECT clerk_no, name, roles FROM clerk ORDER BY clerk_no")
        return [Clerk(number, name, tuple(roles.split())) for number, name, roles in rows]

    def clerk(self, clerk_no: int) -> Clerk | None:
        """One of them."""
        return self._database.memory.get(("clerk", clerk_no), lambda: self._read_clerk(clerk_no))

    def _read_clerk(self, clerk_no: int) -> Clerk | None:
        row = self._database.read().execute("SELECT name, roles FROM clerk WHERE clerk_no = ?", (clerk_no,)).fetchone()
        return Clerk(clerk_no, row[0], tuple(row[1].split())) if row else None

    def sign_in(self, clerk_no: int, pin: str) -> Clerk:
        """The clerk behind number and PIN. Raises :class:`Refusal`: ``pin_locked`` (minutes), ``pin_wrong`` (left)."""
        connection = self._database.read()
        self._refuse_while_locked(connection, clerk_no)
        row = connection.execute("SELECT pin_hash FROM clerk WHERE clerk_no = ?", (clerk_no,)).fetchone()
        found = self.clerk(clerk_no)
        if row is None or found is None or not pins.pin_matches(pin, row[0]):
            left = self._scribe.write(lambda unit: self._missed(unit, clerk_no, known=row is not None))
            raise Refusal("pin_wrong", status=401, field="pin", left=left)
        if connection.execute("SELECT 1 FROM pin_guess WHERE clerk_no = ?", (clerk_no,)).fetchone():
            self._scribe.write(lambda unit: self._right(unit, clerk_no))
        return found

    def open_session(self, clerk: Clerk) -> str:
        """A bearer token for ``clerk``: good for twelve hours of this boot."""
        token = self._ids.token(24).hex()
        now = self._keeper.since_start_ms()
        for old in [key for key, (_, opened) in list(self._sessions.items()) if now - opened > SESSION_MS]:
            self._sessions.pop(old, None)
        self._sessions[_hashed(token)] = clerk.clerk_no, now
        return token

    def session(self, token: str) -> Clerk:
        """The clerk behind a bearer token. Raises :class:`Refusal` ``sign_in_first``."""
        clerk_no, opened = self._sessions.get(_hashed(token), (0, 0))
        clerk = self.clerk(clerk_no) if clerk_no and self._keeper.since_start_ms() - opened <= SESSION_MS else None
        if clerk is None:
            raise Refusal("sign_in_first", status=401)
        return clerk

    def _refuse_while_locked(self, connection: sqlite3.Connection, clerk_no: int) -> None:
        rows = connection.execute(
            "SELECT lock_s, boot, mono_ms FROM pin_guess WHERE clerk_no IN (?, ?) AND lock_s > 0", (clerk_no, _BOX)
        )
        for lock_s, boot, mono_ms in rows.fetchall():
            begun = mono_ms if boot == self._boot else 0
            left_s = lock_s - (self._keeper.since_start_ms() - begun) // 1000
            if left_s > 0:
                raise Refusal("pin_locked", status=429, field="pin", minutes=-(-left_s // 60))

    def _right(self, unit: UnitOfWork, clerk_no: int) -> None:
        self._refuse_while_locked(unit.connection, clerk_no)
        unit.connection.execute("DELETE FROM pin_guess WHERE clerk_no IN (?, ?)", (clerk_no, _BOX))

    def _missed(self, unit: UnitOfWork, clerk_no: int, known: bool) -> int:
        # Others may have guessed since the look above: a lock that they brought about stays, and counts no more.
        self._refuse_while_locked(unit.connection, clerk_no)
        failed = self._count(unit, clerk_no, TRIES) if known else 0
        box = self._count(unit, _BOX, BOX_TRIES)
        if known and failed % TRIES == 0:
            lock_s = FIRST_LOCK_S * 2 ** min(failed // TRIES - 1, 6)
            unit.append(ClerkLocked(clerk_no, failed, self._keeper.wall_ms() + lock_s * 1000))
        if box % BOX_TRIES == 0:
            unit.append(ClerkLocked(_BOX, box, self._keeper.wall_ms() + FIRST_LOCK_S * 1000))
        return TRIES - failed % TRIES if known and failed % TRIES else (0 if known else TRIES - 1)

    def _count(self, unit: UnitOfWork, clerk_no: int, tries: int) -> int:
        row = unit.connection.execute("SELECT failed FROM pin_guess WHERE clerk_no = ?", (clerk_no,)).fetchone()
        failed = (row[0] if row else 0) + 1
        lock_s = FIRST_LOCK_S * 2 ** min(failed // tries - 1, 6) if failed % tries == 0 else 0
        unit.connection.execute(
            "INSERT OR REPLACE INTO pin_guess (clerk_no, failed, lock_s, boot, mono_ms) VALUES (?, ?, ?, ?, ?)",
            (clerk_no, failed, lock_s, self._boot, self._keeper.since_start_ms()),
        )
        return failed


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
