"""The gateway's books: payments, refunds and the callbacks that are due, in a SQLite of its own.

Everything is idempotent by the merchant's own numbers, and durable before it is answered.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sync.domains.payments.rules import CLOSED, CREATED, DONE, PAID, PROCESSING
from sync.kernel.errors import Fault, Refusal

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS payment (
    order_no TEXT PRIMARY KEY, gateway_no TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, subject TEXT NOT NULL, notify_url TEXT NOT NULL,
    state TEXT NOT NULL, paid_minor INTEGER NOT NULL, paid_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refund (
    refund_no TEXT PRIMARY KEY, order_no TEXT NOT NULL, gateway_no TEXT NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL, state TEXT NOT NULL, made_ms INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS refund_order ON refund (order_no);
CREATE TABLE IF NOT EXISTS callback (
    number INTEGER PRIMARY KEY AUTOINCREMENT, order_no TEXT NOT NULL, due_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL, way TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS fault (name TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as the gateway knows it."""

    order_no: str
    gateway_no: str
    token: str
    amount_minor: int
    currency: str
    subject: str
    notify_url: str
    state: str
    paid_minor: int
    paid_ms: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back. ``state``: processing or done."""

    refund_no: str
    order_no: str
    gateway_no: str
    amount_minor: int
    state: str
    made_ms: int


class Books:
    """One database, whichever thread asks."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "gateway.sqlite", isolation_level=None, check_same_thread=False, timeout=10)
        mode = self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        self._db.execute("PRAGMA synchronous=FULL")
        if (mode, self._db.execute("PRAGMA synchronous").fetchone()[0]) != ("wal", 2):
            raise Fault("gateway_disk", "SQLite does not keep what it is told to keep", retry=False)
        self._db.executescript(_SCHEMA)
        self._lock = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; durable when the block is left, undone when it is left by an exception."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """All rows of a question."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def payment(self, order_no: str = "", token: str = "") -> Payment | None:
        """A payment by the merchant's number, or by what its QR holds."""
        name, value = ("order_no", order_no) if order_no else ("token", token)
        rows = self.rows(f"SELECT * FROM payment WHERE {name} = ?", (value,))  # noqa: S608, one of two names
        return Payment(*rows[0]) if rows else None  # type: ignore[arg-type]

    def create(self, wanted: Payment) -> Payment:
        """The payment under the merchant's number: a new one, or the one that is there.

        Raises :class:`Refusal` ``gateway_differs`` where the number stands for other money.
        """
        with self.write() as db:
            known = self.payment(wanted.order_no)
            if known is None:
                db.execute(
                    "INSERT INTO payment VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
                    (wanted.order_no, wanted.gateway_no, wanted.token, wanted.amount_minor, wanted.currency,
                     wanted.subject, wanted.notify_url, CREATED),
                )  # fmt: skip
                return wanted
        given = (wanted.amount_minor, wanted.currency)
        if known.state != CLOSED and (known.amount_minor, known.currency) != given:
            raise Refusal("gateway_differs")
        return known

    def close(self, order_no: str, empty: Payment) -> Payment:
        """No money will be taken under this number, also where none was asked for yet (``empty``); a paid one stays."""
        with self.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO payment VALUES (?, ?, ?, 0, '', '', '', ?, 0, 0)",
                (order_no, empty.gateway_no, empty.token, CLOSED),
            )
            db.execute("UPDATE payment SET state = ? WHERE order_no = ? AND state = ?", (CLOSED, order_no, CREATED))
        return self.payment(order_no) or empty

    def pay(self, order_no: str, paid_minor: int, now_ms: int, even_closed: bool, calls: list[tuple[int, str]]) -> bool:
        """The passenger's money is here, and ``calls`` (when, which way) are due with it; False when the payment was
        closed or paid before."""
        with self.write() as db:
            changed = db.execute(
                "UPDATE payment SET state = ?, paid_minor = ?, paid_ms = ? "
                "WHERE order_no = ? AND amount_minor > 0 AND (state = ? OR (? AND state = ?))",
                (PAID, paid_minor, now_ms, order_no, CREATED, even_closed, CLOSED),
            ).rowcount
            if changed:
                due = [(order_no, due_ms, way) for due_ms, way in calls]
                db.executemany("INSERT INTO callback (order_no, due_ms, tries, way) VALUES (?, ?, 0, ?)", due)
            return changed == 1

    def refund(self, wanted: Refund) -> Refund:
        """The refund under the merchant's refund number: a new one, or the one that is there.

        Raises :class:`Refusal`: ``gateway_not_paid``, ``gateway_differs``, ``gateway_above`` (more than is left).
        """
        with self.write() as db:
            rows = db.execute("SELECT * FROM refund WHERE refund_no = ?", (wanted.refund_no,)).fetchall()
            if rows:
                known = Refund(*rows[0])
                if (known.order_no, known.amount_minor) != (wanted.order_no, wanted.amount_minor):
                    raise Refusal("gateway_differs")
                return known
            payment = self.payment(wanted.order_no)
            if payment is None or payment.state != PAID:
                raise Refusal("gateway_not_paid")
            back = db.execute(
                "SELECT coalesce(sum(amount_minor), 0) FROM refund WHERE order_no = ?", (wanted.order_no,)
            ).fetchone()[0]
            if wanted.amount_minor < 1 or back + wanted.amount_minor > payment.paid_minor:
                raise Refusal("gateway_above")
            db.execute(
                "INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?)",
                (
                    wanted.refund_no,
                    wanted.order_no,
                    wanted.gateway_no,
                    wanted.amount_minor,
                    wanted.state,
                    wanted.made_ms,
                ),
            )
            return wanted

    def settle_refunds(self) -> None:
        """What was being processed is done: refunds that were asked for once come through by the next question."""
        with self.write() as db:
            db.execute("UPDATE refund SET state = ? WHERE state = ?", (DONE, PROCESSING))

    def strikes(self, name: str) -> bool:
        """Whether the fault ``name`` is to happen now: as often as it was told, each time once less."""
        if not self.rows("SELECT 1 FROM fault WHERE name = ? AND times > 0", (name,)):
            return False
        with self.write() as db:
            return bool(db.execute("UPDATE fault SET times = times - 1 WHERE name = ? AND times > 0", (name,)).rowcount)

    def tell(self, faults: dict[str, int]) -> None:
        """Misbehave: fault → how many times from now on (0: not any more)."""
        with self.write() as db:
            db.executemany("INSERT OR REPLACE INTO fault VALUES (?, ?)", sorted(faults.items()))

    def close_file(self) -> None:
        """Leave the database."""
        self._db.close()
