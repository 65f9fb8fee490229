"""Accounts of other sellers, and the keys with which their programs sign in."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.sellers.tables import seller, seller_key, seller_payment, seller_sum, seller_terms
from cloud.kernel.database import next_pos
from cloud.kernel.nodes import following
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock, Ids

READ: Final = "read"
SELL: Final = "sell"
REFUND: Final = "refund"
SCOPES: Final = (READ, SELL, REFUND)
MAX_NAME: Final = 60
MAX_LIMIT_MINOR: Final = 1 << 50
_MARK: Final = "yps_"
_KEY_NAME: Final = 12
_TERMS: Final = (
    sa.select(seller_terms.c.commission_per_mille)
    .where(seller_terms.c.seller_no == seller.c.seller_no)
    .order_by(seller_terms.c.from_ms.desc())
    .limit(1)
    .correlate(seller)
    .scalar_subquery()
)
_SELLER: Final = sa.select(seller, _TERMS.label("commission_per_mille"))
_OF_KEY: Final = (
    sa.select(seller, seller_key.c.scopes, seller_key.c.key_hash, _TERMS.label("commission_per_mille"))
    .join(seller_key, seller_key.c.seller_no == seller.c.seller_no)
    .where(seller_key.c.key_hash == sa.bindparam("hash"), seller_key.c.ended_ms.is_(None), seller.c.closed_ms.is_(None))
)


@dataclass(frozen=True, slots=True)
class Seller:
    """Somebody who sells our rides. ``commission_per_mille``: by the newest terms; ``closed_ms``: None while it sells."""

    seller_no: int
    name: str
    limit_minor: int
    commission_per_mille: int
    created_ms: int
    closed_ms: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A seller's program that showed a good key, and what it may. ``key_name``: the beginning of a hash, no secret."""

    seller: Seller
    scopes: tuple[str, ...]
    key_name: str


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as people list it."""

    name: str
    label: str
    scopes: tuple[str, ...]
    created_ms: int
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Of a seller in one currency: ``owed_minor`` is what it sold, without refunds and what it has paid."""

    currency: str
    tickets: int
    sold_minor: int
    refunds: int
    refunded_minor: int
    paid_minor: int

    @property
    def owed_minor(self) -> int:
        """What the seller's credit is used for. Commission counts when it is settled."""
        return self.sold_minor - self.refunded_minor - self.paid_minor


class SellerAccounts:
    """Changes to accounts and keys, each in the caller's transaction."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    def add(self, tx: Connection, name: str, limit_minor: int, commission_per_mille: int) -> int:
        """A new seller; its number. Raises :class:`Refusal`: ``seller_name``, ``seller_exists``, ``seller_limit``,
        ``seller_commission``."""
        chosen = " ".join(unicodedata.normalize("NFC", name).split())
        if not 1 <= len(chosen) <= MAX_NAME or not chosen.isprintable():
            raise Refusal("seller_name", status=422, field="name", most=MAX_NAME)
        _check(limit_minor, commission_per_mille)
        if tx.execute(sa.select(seller.c.seller_no).where(seller.c.name == chosen)).first():
            raise Refusal("seller_exists", field="name", name=chosen)
        number, now = following(tx, seller.c.seller_no), self._clock.wall_ms()
        tx.execute(sa.insert(seller).values(seller_no=number, name=chosen, limit_minor=limit_minor, created_ms=now))
        self._agree(tx, number, commission_per_mille)
        return number

    def change(self, tx: Connection, number: int, limit_minor: int, commission_per_mille: int) -> None:
        """Another credit limit, other terms from now on. Raises as :meth:`add`, and ``seller_unknown``."""
        _check(limit_minor, commission_per_mille)
        before = find(tx, number)
        tx.execute(sa.update(seller).where(seller.c.seller_no == number).values(limit_minor=limit_minor))
        if before.commission_per_mille != commission_per_mille:
            self._agree(tx, number, commission_per_mille)

    def bar(self, tx: Connection, number: int, barred: bool) -> None:
        """Shut a seller out at once, or let it sell again. What it sold stands."""
        find(tx, number)
        since = self._clock.wall_ms() if barred else None
        tx.execute(sa.update(seller).where(seller.c.seller_no == number).values(closed_ms=since))

    def new_key(self, tx: Connection, number: int, label: str, scopes: Sequence[str]) -> str:
        """A key, shown once. Raises :class:`Refusal`: ``seller_unknown``, ``seller_scopes``."""
        find(tx, number)
        chosen = [scope for scope in SCOPES if scope in scopes]
        if not chosen or set(scopes) - set(SCOPES):
            raise Refusal("seller_scopes", status=422, field="scopes", scopes=", ".join(SCOPES))
        secret = self._ids.token(32)
        row = {"key_hash": _hash(secret), "seller_no": number, "label": label[:MAX_NAME], "scopes": chosen}
        tx.execute(sa.insert(seller_key).values(**row, created_ms=self._clock.wall_ms()))
        return _MARK + secret.hex()

    def key_name(self, text: str) -> str:
        """What a key is called in lists."""
        return _name_of(_hash(_secret(text)))

    def end_key(self, tx: Connection, number: int, name: str) -> None:
        """A key is good no longer. Raises :class:`Refusal` ``seller_key_unknown``."""
        rows = tx.execute(sa.select(seller_key.c.key_hash).where(seller_key.c.seller_no == number)).scalars()
        found = next((bytes(row) for row in rows if _name_of(row) == name), None)
        if found is None:
            raise Refusal("seller_key_unknown", status=404)
        ended = sa.update(seller_key).where(seller_key.c.key_hash == found, seller_key.c.ended_ms.is_(None))
        tx.execute(ended.values(ended_ms=self._clock.wall_ms()))

    def pay(self, tx: Connection, number: int, currency: str, amount_minor: int, reference: str, by: str) -> None:
        """Money came from a seller, or went back to it. Raises :class:`Refusal`: ``seller_unknown``, ``seller_amount``."""
        find(tx, number)
        if not amount_minor or abs(amount_minor) > MAX_LIMIT_MINOR or not (currency.isascii() and len(currency) == 3):
            raise Refusal("seller_amount", status=422, field="amount")
        values = {"seller_no": number, "currency": currency.upper(), "amount_minor": amount_minor, "by": by}
        values |= {"reference": reference[:200], "paid_ms": self._clock.wall_ms(), "payment_no": next_pos(tx)}
        tx.execute(sa.insert(seller_payment).values(**values))

    def _agree(self, tx: Connection, number: int, commission_per_mille: int) -> None:
        now = self._clock.wall_ms()
        same = (seller_terms.c.seller_no == number, seller_terms.c.from_ms == now)
        tx.execute(sa.delete(seller_terms).where(*same))
        values = {"seller_no": number, "from_ms": now, "commission_per_mille": commission_per_mille}
        tx.execute(sa.insert(seller_terms).values(**values))


def find(tx: Connection, number: int) -> Seller:
    """A seller by number. Raises :class:`Refusal` ``seller_unknown``."""
    row = tx.execute(_SELLER.where(seller.c.seller_no == number)).first()
    if row is None:
        raise Refusal("seller_unknown", status=404, seller=number)
    return _seller(row)


def named(tx: Connection, name: str) -> Seller | None:
    """A seller by name."""
    row = tx.execute(_SELLER.where(seller.c.name == name)).first()
    return None if row is None else _seller(row)


def every(tx: Connection) -> list[Seller]:
    """All sellers by number."""
    return [_seller(row) for row in tx.execute(_SELLER.order_by(seller.c.seller_no))]


def keys_of(tx: Connection, number: int) -> list[KeyLine]:
    """The keys of a seller, the oldest first."""
    rows = tx.execute(sa.select(seller_key).where(seller_key.c.seller_no == number).order_by(seller_key.c.created_ms))
    return [KeyLine(_name_of(row.key_hash), row.label, tuple(row.scopes), row.created_ms, row.ended_ms) for row in rows]


def caller(tx: Connection, text: str) -> Caller | None:
    """Whose the key ``text`` is; None for one that is not good, or whose seller is shut out."""
    row = tx.execute(_OF_KEY, {"hash": _hash(_secret(text))}).first()
    return None if row is None else Caller(_seller(row), tuple(row.scopes), _name_of(row.key_hash))


def balances(tx: Connection, number: int) -> list[Balance]:
    """What a seller sold, gave back and paid, by currency."""
    sums = {row.currency: row for row in tx.execute(sa.select(seller_sum).where(seller_sum.c.seller_no == number))}
    column = seller_payment.c
    query = sa.select(column.currency, sa.func.sum(column.amount_minor)).where(column.seller_no == number)
    paid = {currency: int(amount) for currency, amount in tx.execute(query.group_by(column.currency))}
    found = []
    for currency in sorted(sums.keys() | paid):
        row = sums.get(currency)
        sold = (row.tickets, row.sold_minor) if row else (0, 0)
        back = (row.refunds, row.refunded_minor) if row else (0, 0)
        found.append(Balance(currency, sold[0], sold[1], back[0], back[1], paid.get(currency, 0)))
    return found


def _check(limit_minor: int, commission_per_mille: int) -> None:
    if not 0 <= limit_minor <= MAX_LIMIT_MINOR:
        raise Refusal("seller_limit", status=422, field="limit")
    if not 0 <= commission_per_mille <= 1000:
        raise Refusal("seller_commission", status=422, field="commission")


def _seller(row: sa.Row[Any]) -> Seller:
    return Seller(
        row.seller_no, row.name, row.limit_minor, row.commission_per_mille or 0, row.created_ms, row.closed_ms
    )


def _secret(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix(_MARK))
    except ValueError:
        return b""


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(b"yipiao seller key" + secret).digest()


def _name_of(key_hash: bytes) -> str:
    return bytes(key_hash).hex()[:_KEY_NAME]
