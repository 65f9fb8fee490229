"""Who may look into the hub and who may change it: people with passphrases, their sessions, their API tokens.

Nothing here has a default: the first admin is made on the command line with a passphrase that the first sign-in must
change. Secrets are kept as hashes; wrong tries are counted by :mod:`cloud.kernel.guesses`.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel import guesses
from cloud.kernel.audit import record
from cloud.kernel.database import Database
from cloud.kernel.tables import Big, metadata
from sync.kernel import enrolment, pins
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock, Ids

# An operator's own office: it sees what is said of its operator, and nothing else.
OPERATOR: Final = "operator"
VIEWER: Final = "viewer"
ADMIN: Final = "admin"
# Each may open what those before it may.
ROLES: Final = (OPERATOR, VIEWER, ADMIN)
MIN_PASSPHRASE: Final = 12
MAX_PASSPHRASE: Final = 200
MAX_NAME: Final = 60
IDLE_MS: Final = 30 * 60_000
LONGEST_SESSION_MS: Final = 12 * 3_600_000
TOUCH_MS: Final = 5 * 60_000
TOKEN_NAME: Final = 12
TOKEN_MARK: Final = "yph_"  # noqa: S105 (what tokens begin with, not one)

admin = sa.Table(
    "admin",
    metadata,
    sa.Column("admin_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("passphrase", sa.Text, nullable=False),
    sa.Column("must_change", sa.Boolean, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("disabled_ms", Big),
    sa.Column("agency_no", sa.Integer, nullable=False, server_default="0"),
)
admin_session = sa.Table(
    "admin_session",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("admin_no", sa.Integer, sa.ForeignKey("admin.admin_no"), nullable=False, index=True),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("seen_ms", Big, nullable=False),
)
api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("admin_no", sa.Integer, sa.ForeignKey("admin.admin_no"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Admin:
    """A person who is signed in. ``must_change``: came with a one-time passphrase and may only choose another.
    ``agency_no``: whose office it is, for an operator's account; else 0."""

    admin_no: int
    name: str
    role: str
    must_change: bool
    agency_no: int = 0

    def may(self, role: str) -> bool:
        """Whether this person has at least ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Accounts:
    """Admins of the hub. Every method is one transaction unless it takes ``tx``."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def audit(self, tx: Connection, who: str, act: str, **details: Any) -> None:
        """As :func:`cloud.kernel.audit.record`, at the hub's present time."""
        record(tx, self._clock.wall_ms(), who, act, **details)

    def add(self, name: str, role: str, by: str, agency_no: int = 0) -> str:
        """A new admin; the first sign-in with the returned passphrase must choose another. ``agency_no``: of an operator's
        account.

        Raises :class:`Refusal`: ``admin_name``, ``admin_role``, ``admin_operator``, ``admin_exists``.
        """
        name = " ".join(unicodedata.normalize("NFC", name).split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise Refusal("admin_name", status=422, field="name", most=MAX_NAME)
        if role not in ROLES:
            raise Refusal("admin_role", status=422, field="role", role=role)
        if (role == OPERATOR) != (agency_no > 0):
            raise Refusal("admin_operator", status=422, field="agency_no")
        passphrase = self._one_time()
        hashed = self._hash(passphrase)
        with self._database.write() as tx:
            if tx.execute(sa.select(admin.c.admin_no).where(admin.c.name == name)).first():
                raise Refusal("admin_exists", field="name", name=name)
            number = (tx.execute(sa.select(sa.func.max(admin.c.admin_no))).scalar() or 0) + 1
            row = {"admin_no": number, "name": name, "role": role, "passphrase": hashed, "must_change": True}
            tx.execute(sa.insert(admin), {**row, "created_ms": self._clock.wall_ms(), "agency_no": agency_no})
            self.audit(tx, by, "admin_added", name=name, role=role, **({"operator": agency_no} if agency_no else {}))
        return passphrase

    def reset(self, name: str, by: str) -> str:
        """A new one-time passphrase; sessions and tokens end. Refusal ``admin_unknown``."""
        passphrase = self._one_time()
        hashed = self._hash(passphrase)
        with self._database.write() as tx:
            number = self._number(tx, name)
            self._end_all(tx, number)
            guesses.forget(tx, name)
            self._update(tx, number, passphrase=hashed, must_change=True)
            self.audit(tx, by, "admin_reset", name=name)
        return passphrase

    def disable(self, name: str, by: str) -> None:
        """Shut ``name`` out at once. Refusal ``admin_unknown``."""
        with self._database.write() as tx:
            number = self._number(tx, name)
            self._end_all(tx, number)
            self._update(tx, number, disabled_ms=self._clock.wall_ms())
            self.audit(tx, by, "admin_disabled", name=name)

    def names(self) -> list[str]:
        """Names of all admins who may sign in."""
        with self._database.read() as tx:
            return list(tx.execute(sa.select(admin.c.name).where(admin.c.disabled_ms.is_(None))).scalars())

    def sign_in(self, name: str, passphrase: str, address: str) -> str:
        """A session's token for the right passphrase. Refusals: ``sign_in_wrong``, ``sign_in_locked``."""
        now_ms = self._clock.wall_ms()
        keys = guesses.keys(name, address)
        with self._database.read() as tx:
            guesses.refuse_locked(tx, keys, now_ms)
            row = tx.execute(sa.select(admin).where(admin.c.name == name, admin.c.disabled_ms.is_(None))).first()
        # An unknown name costs the same time as a known one.
        right = pins.pin_matches(_normal(passphrase), row.passphrase if row else _NOBODY)
        token = self._ids.token(32)
        with self._database.write() as tx:
            if row is None or not right:
                guesses.count_failure(tx, keys, now_ms)
                self.audit(tx, name[:MAX_NAME], "sign_in_failed", address=address)
            else:
                guesses.forget(tx, name)
                session = {"token_hash": _digest(token), "admin_no": row.admin_no}
                tx.execute(sa.insert(admin_session), {**session, "created_ms": now_ms, "seen_ms": now_ms})
                self.audit(tx, row.name, "signed_in", address=address)
        if row is None or not right:
            raise Refusal("sign_in_wrong", status=401, field="passphrase")
        return token.hex()

    def session(self, token: str) -> Admin | None:
        """Who the session ``token`` is of; None when it ended (30 minutes idle, 12 hours in all)."""
        now_ms = self._clock.wall_ms()
        hashed = _digest(_bytes(token))
        query = sa.select(admin, admin_session.c.created_ms.label("since_ms"), admin_session.c.seen_ms)
        query = query.join(admin_session, admin_session.c.admin_no == admin.c.admin_no)
        with self._database.read() as tx:
            row = tx.execute(query.where(admin_session.c.token_hash == hashed)).first()
        if row is None or row.disabled_ms is not None:
            return None
        if not 0 <= now_ms - row.since_ms < LONGEST_SESSION_MS or now_ms - row.seen_ms >= IDLE_MS:
            return None
        if now_ms - row.seen_ms >= TOUCH_MS:
            with self._database.write() as tx:
                touched = sa.update(admin_session).where(admin_session.c.token_hash == hashed)
                tx.execute(touched.values(seen_ms=now_ms))
        return _admin(row)

    def sign_out(self, token: str, who: str) -> None:
        """End one session, and forget those that ended by themselves."""
        oldest_ms = self._clock.wall_ms() - LONGEST_SESSION_MS
        with self._database.write() as tx:
            of_token = admin_session.c.token_hash == _digest(_bytes(token))
            tx.execute(sa.delete(admin_session).where(of_token | (admin_session.c.created_ms < oldest_ms)))
            self.audit(tx, who, "signed_out")

    def change_passphrase(self, person: Admin, old: str, new: str, repeated: str) -> None:
        """Choose another passphrase; all sessions and tokens end.

        Refusals: ``passphrase_wrong``, ``passphrase_short``, ``passphrase_differs``, ``passphrase_same``.
        """
        with self._database.read() as tx:
            stored = tx.execute(sa.select(admin.c.passphrase).where(admin.c.admin_no == person.admin_no)).scalar_one()
        if not pins.pin_matches(_normal(old), stored):
            raise Refusal("passphrase_wrong", status=422, field="old")
        _check_passphrase(old, new, repeated, person.name)
        hashed = self._hash(new)
        with self._database.write() as tx:
            self._end_all(tx, person.admin_no)
            self._update(tx, person.admin_no, passphrase=hashed, must_change=False)
            self.audit(tx, person.name, "passphrase_changed")

    def new_token(self, person: Admin, label: str) -> str:
        """An API token with the rights of ``person``, shown once: sent as ``Authorization: Bearer …``."""
        token = self._ids.token(32)
        row = {"token_hash": _digest(token), "admin_no": person.admin_no, "label": label[:MAX_NAME]}
        with self._database.write() as tx:
            tx.execute(sa.insert(api_token), {**row, "created_ms": self._clock.wall_ms()})
            self.audit(tx, person.name, "token_added", label=label[:MAX_NAME])
        return TOKEN_MARK + token.hex()

    def tokens(self, person: Admin) -> list[tuple[str, str, int]]:
        """(name, label, made when) of this person's API tokens. The name is the beginning of a hash: no secret."""
        columns = api_token.c
        query = sa.select(columns.token_hash, columns.label, columns.created_ms).order_by(columns.created_ms)
        with self._database.read() as tx:
            rows = tx.execute(query.where(columns.admin_no == person.admin_no)).all()
        return [(row.token_hash.hex()[:TOKEN_NAME], row.label, row.created_ms) for row in rows]

    def drop_token(self, person: Admin, name: str) -> None:
        """End the API token called ``name``. Refusal ``token_unknown``."""
        with self._database.write() as tx:
            rows = tx.execute(sa.select(api_token).where(api_token.c.admin_no == person.admin_no)).all()
            found = next((row for row in rows if row.token_hash.hex()[:TOKEN_NAME] == name), None)
            if found is None:
                raise Refusal("token_unknown", status=404)
            tx.execute(sa.delete(api_token).where(api_token.c.token_hash == found.token_hash))
            self.audit(tx, person.name, "token_dropped", label=found.label)

    def bearer(self, text: str) -> Admin | None:
        """Who the API token ``text`` is of."""
        query = sa.select(admin).join(api_token, api_token.c.admin_no == admin.c.admin_no)
        hashed = _digest(_bytes(text.removeprefix(TOKEN_MARK)))
        with self._database.read() as tx:
            row = tx.execute(query.where(api_token.c.token_hash == hashed, admin.c.disabled_ms.is_(None))).first()
        return _admin(row) if row is not None and not row.must_change else None

    def _one_time(self) -> str:
        return enrolment.code_text(self._ids.token(enrolment.SECRET_BYTES))

    def _hash(self, passphrase: str) -> str:
        return pins.hash_pin(_normal(passphrase), self._ids.token(16))

    def _number(self, tx: Connection, name: str) -> int:
        found = tx.execute(sa.select(admin.c.admin_no).where(admin.c.name == name)).scalar()
        if found is None:
            raise Refusal("admin_unknown", status=404, field="name", name=name)
        return int(found)

    def _update(self, tx: Connection, number: int, **values: Any) -> None:
        tx.execute(sa.update(admin).where(admin.c.admin_no == number).values(**values))

    def _end_all(self, tx: Connection, number: int) -> None:
        tx.execute(sa.delete(admin_session).where(admin_session.c.admin_no == number))
        tx.execute(sa.delete(api_token).where(api_token.c.admin_no == number))


_NOBODY: Final = pins.hash_pin("nobody", bytes(16))


def _admin(row: sa.Row[Any]) -> Admin:
    return Admin(row.admin_no, row.name, row.role, row.must_change, row.agency_no)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(b"yipiao token" + token).digest()


def _bytes(token: str) -> bytes:
    try:
        return bytes.fromhex(token)
    except ValueError:
        return b""


def _normal(passphrase: str) -> str:
    return unicodedata.normalize("NFKC", passphrase[:MAX_PASSPHRASE])


def _check_passphrase(old: str, new: str, repeated: str, name: str) -> None:
    if len(new) < MIN_PASSPHRASE or len(set(new)) < MIN_PASSPHRASE // 2 or name.casefold() == new.casefold():
        raise Refusal("passphrase_short", status=422, field="new", least=MIN_PASSPHRASE)
    if new == old:
        raise Refusal("passphrase_same", status=422, field="new")
    if new != repeated:
        raise Refusal("passphrase_differs", status=422, field="repeated")
