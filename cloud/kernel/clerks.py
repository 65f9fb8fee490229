"""Ticket clerks, inspectors and agents: who they are, on which nodes they may sign in, and the hash of their PIN.

The hub alone keeps this list; each node gets the clerks that it is to know, on its own stream.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import nodes, streams
from cloud.kernel.tables import Big, metadata
from sync.kernel import operations, pins
from sync.kernel.errors import Refusal
from sync.kernel.operations import node_stream
from sync.kernel.ports import Clock, Ids

ROLES: Final = ("clerk", "gate", "agent", "admin", "driver")
PIN_DIGITS: Final = 6
MAX_NAME: Final = 60

clerk = sa.Table(
    "clerk",
    metadata,
    sa.Column("clerk_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("node_nos", sa.JSON, nullable=False),
    sa.Column("pin_hash", sa.Text, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("left_ms", Big),
)


@dataclass(frozen=True, slots=True)
class ClerkInfo:
    """One clerk. ``left_ms``: when he or she left; None for those who are there."""

    clerk_no: int
    name: str
    roles: tuple[str, ...]
    node_nos: tuple[int, ...]
    left_ms: int | None


class Clerks:
    """Changes to the list, each told to the nodes in the caller's transaction."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    def add(
        self, tx: Connection, name: str, roles: Sequence[str], node_nos: Sequence[int], pin: str | None = None
    ) -> tuple[int, str]:
        """A new clerk: number and PIN, which is made up when none is given.

        Refusals: ``clerk_name``, ``clerk_roles``, ``clerk_pin``, ``node_unknown``.
        """
        pin = self.checked_pin(pin)
        number = nodes.following(tx, clerk.c.clerk_no)
        row = {"clerk_no": number, "name": _name(name), "roles": _roles(roles), "node_nos": _node_nos(tx, node_nos)}
        row |= {"pin_hash": pins.hash_pin(pin, self._ids.token(16)), "created_ms": self._clock.wall_ms()}
        tx.execute(sa.insert(clerk), row)
        _publish(tx, _row(tx, number), ())
        return number, pin

    def change(self, tx: Connection, clerk_no: int, name: str, roles: Sequence[str], node_nos: Sequence[int]) -> None:
        """Another name, other roles, other nodes. Refusals as :meth:`add`, and ``clerk_unknown``."""
        before = _row(tx, clerk_no)
        values = {"name": _name(name), "roles": _roles(roles), "node_nos": _node_nos(tx, node_nos)}
        tx.execute(sa.update(clerk).where(clerk.c.clerk_no == clerk_no).values(**values))
        _publish(tx, _row(tx, clerk_no), before.node_nos)

    def admit(self, tx: Connection, clerk_no: int, role: str, node_no: int) -> None:
        """Let somebody of this role sign in on one more node. Refusals ``clerk_unknown``, ``clerk_role``."""
        row = _row(tx, clerk_no)
        if role not in row.roles:
            raise Refusal("clerk_role", status=422, field="drivers", clerk=clerk_no)
        if node_no not in row.node_nos:
            self.change(tx, clerk_no, row.name, row.roles, [*row.node_nos, node_no])

    def new_pin(self, tx: Connection, clerk_no: int, pin: str | None = None) -> str:
        """Another PIN, made up when none is given. Refusals: ``clerk_pin``, ``clerk_unknown``."""
        _row(tx, clerk_no)
        pin = self.checked_pin(pin)
        hashed = pins.hash_pin(pin, self._ids.token(16))
        tx.execute(sa.update(clerk).where(clerk.c.clerk_no == clerk_no).values(pin_hash=hashed))
        _publish(tx, _row(tx, clerk_no), ())
        return pin

    def leave(self, tx: Connection, clerk_no: int) -> None:
        """Take a clerk off all nodes. The number is never given again. Refusal ``clerk_unknown``."""
        before = _row(tx, clerk_no)
        values = {"left_ms": self._clock.wall_ms(), "node_nos": []}
        tx.execute(sa.update(clerk).where(clerk.c.clerk_no == clerk_no).values(**values))
        for node_no in before.node_nos:
            streams.publish(tx, node_stream(node_no), f"clerk/{clerk_no}", None)

    def checked_pin(self, pin: str | None) -> str:
        """``pin``, or six random digits for None. Refusal ``clerk_pin``."""
        if pin is not None:
            if not pins.is_pin(pin):
                raise Refusal("clerk_pin", status=422, field="pin", least=pins.MIN_DIGITS, most=pins.MAX_DIGITS)
            return pin
        while True:
            made = str(int.from_bytes(self._ids.token(8), "big") % 10**PIN_DIGITS).zfill(PIN_DIGITS)
            if pins.is_pin(made):
                return made


def every(tx: Connection) -> list[ClerkInfo]:
    """All clerks by number, those who left at the end."""
    rows = tx.execute(sa.select(clerk).order_by(clerk.c.left_ms.is_not(None), clerk.c.clerk_no))
    return [_info(row) for row in rows]


def nodes_of(tx: Connection, clerk_nos: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Where each of some people may sign in; nobody who left."""
    query = sa.select(clerk.c.clerk_no, clerk.c.node_nos).where(
        clerk.c.clerk_no.in_(clerk_nos), clerk.c.left_ms.is_(None)
    )
    return {row.clerk_no: tuple(row.node_nos) for row in tx.execute(query)} if clerk_nos else {}


def find(tx: Connection, clerk_no: int) -> ClerkInfo:
    """One clerk who is there. Refusal ``clerk_unknown``."""
    return _info(_row(tx, clerk_no))


def _row(tx: Connection, clerk_no: int) -> Row[tuple[object, ...]]:
    found = tx.execute(sa.select(clerk).where(clerk.c.clerk_no == clerk_no, clerk.c.left_ms.is_(None))).first()
    if found is None:
        raise Refusal("clerk_unknown", status=404, clerk=clerk_no)
    return found


def _info(row: Row[tuple[object, ...]]) -> ClerkInfo:
    return ClerkInfo(row.clerk_no, row.name, tuple(row.roles), tuple(row.node_nos), row.left_ms)


def _publish(tx: Connection, row: Row[tuple[object, ...]], before: Sequence[int]) -> None:
    body = operations.Clerk(row.clerk_no, row.name, tuple(row.roles), row.pin_hash).to_bytes()
    for node_no in row.node_nos:
        streams.publish(tx, node_stream(node_no), f"clerk/{row.clerk_no}", body)
    for node_no in set(before) - set(row.node_nos):
        streams.publish(tx, node_stream(node_no), f"clerk/{row.clerk_no}", None)


def _name(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Refusal("clerk_name", status=422, field="name", most=MAX_NAME)
    return name


def _roles(roles: Sequence[str]) -> list[str]:
    if not roles or not set(roles) <= set(ROLES):
        raise Refusal("clerk_roles", status=422, field="roles", roles=", ".join(ROLES))
    return [role for role in ROLES if role in roles]


def _node_nos(tx: Connection, node_nos: Sequence[int]) -> list[int]:
    return [nodes.find(tx, node_no).node_no for node_no in sorted(set(node_nos))]
