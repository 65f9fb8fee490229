"""Wrong passphrases, counted against the name and against the address, in the database: locking outlives a restart."""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel.tables import Big, metadata
from sync.kernel.errors import Refusal

FREE_BY_NAME: Final = 5
FREE_BY_ADDRESS: Final = 20
FIRST_LOCK_MS: Final = 60_000
LONGEST_LOCK_MS: Final = 3_600_000
FORGET_MS: Final = 86_400_000
_DOUBLINGS: Final = 6

guess = sa.Table(
    "guess",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_ms", Big, nullable=False),
    sa.Column("locked_until_ms", Big, nullable=False),
)


def keys(name: str, address: str) -> tuple[str, str]:
    """What a try counts against. Names are hashed: people type passphrases into the wrong field."""
    return _name_key(name), f"address {address[:64]}"


def refuse_locked(tx: Connection, of: tuple[str, ...], now_ms: int) -> None:
    """Raise :class:`Refusal` ``sign_in_locked`` while one of the keys is locked."""
    until_ms = tx.execute(sa.select(sa.func.max(guess.c.locked_until_ms)).where(guess.c.key.in_(of))).scalar()
    if until_ms and now_ms < until_ms:
        minutes = -(-(until_ms - now_ms) // 60_000)
        raise Refusal("sign_in_locked", status=429, field="passphrase", minutes=minutes)


def count_failure(tx: Connection, of: tuple[str, ...], now_ms: int) -> None:
    """One more wrong try. Past the free ones each locks twice as long as the one before, up to an hour."""
    tx.execute(sa.delete(guess).where(guess.c.last_ms < now_ms - FORGET_MS))
    for key in of:
        failures = (tx.execute(sa.select(guess.c.failures).where(guess.c.key == key)).scalar() or 0) + 1
        over = failures - (FREE_BY_NAME if key.startswith("name ") else FREE_BY_ADDRESS)
        locked_ms = min(FIRST_LOCK_MS << min(over, _DOUBLINGS), LONGEST_LOCK_MS) if over >= 0 else 0
        row = {"key": key, "failures": failures, "last_ms": now_ms, "locked_until_ms": now_ms + locked_ms}
        tx.execute(sa.delete(guess).where(guess.c.key == key))
        tx.execute(sa.insert(guess), row)


def forget(tx: Connection, name: str) -> None:
    """The right passphrase came, or a new one was given."""
    tx.execute(sa.delete(guess).where(guess.c.key == _name_key(name)))


def _name_key(name: str) -> str:
    return f"name {hashlib.sha256(name.encode(errors='replace')).hexdigest()[:32]}"
