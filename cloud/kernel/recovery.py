"""A hub that was restored from an older backup: it has forgotten what it said since, and its nodes have not.

It begins a new *generation*: every operation gets a position above all that it can have given before, and numbers go on
behind a gap. Until each log that it may have told something has *presented* what it holds (cloud/kernel/presenting.py),
or a person has written that log off, the hub is *recovering*: it takes sales in, and grants no seat to anybody. That
no box is missing in its list it can't know: a person says so, and ends it. docs/decisions has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.kernel import audit
from cloud.kernel.database import head_pos, raise_counter, upsert_rows
from cloud.kernel.fold import Received
from cloud.kernel.nodes import ACTIVE, HELD, HUB, REPLACED, REWOUND, Nodes, least_number
from cloud.kernel.tables import counter, enrol_code, hub_generation, node, node_key, number_floor, operation, stream
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock, Ids

HUB_WAS_BEHIND: Final = "hub_was_behind"
# Far more than a hub can have said between a backup and its loss; the random part, so that two restores of one backup
# don't say different things at the same position.
_JUMP: Final = 1 << 32
_RANDOM_BYTES: Final = 4
_CAUSE: Final = 200
# Logs that the hub may have told something since the backup.
_TOLD: Final = (ACTIVE, REWOUND, HELD)

# Asked for at every visit, so they are made once.
_STATE: Final = sa.select(counter.c.generation, counter.c.base_pos, counter.c.recovering)
_LOG_AND_STATE: Final = sa.select(
    node_key.c.node_no, node_key.c.status, node_key.c.head_seq, node_key.c.generation,
    sa.select(counter.c.generation).scalar_subquery().label("hub_generation"),
    sa.select(counter.c.base_pos).scalar_subquery().label("base_pos"),
).where(node_key.c.kid == sa.bindparam("kid"))  # fmt: skip
_RESTORED: Final = sa.select(hub_generation.c.since_pos, hub_generation.c.started_ms)

# A table of numbers that are given in order, and how many to leave out.
Numbered = tuple[sa.Column[int], int]


@dataclass(frozen=True, slots=True)
class Generation:
    """``since_pos``: all that the backup knew; ``base_pos``: above everything that was said before this generation."""

    generation: int
    since_pos: int
    base_pos: int
    cause: str
    started_ms: int
    ended_ms: int | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A log that may hold seats which the hub has forgotten, and that has not presented them yet."""

    node_no: int
    name: str
    epoch: int
    status: str


class Recovery:
    """Begins, accounts for and ends recoveries. ``resume``: what had to wait for the end of one."""

    def __init__(
        self, nodes: Nodes, clock: Clock, ids: Ids, numbered: Sequence[Numbered], resume: Callable[[Connection], None]
    ) -> None:
        self._nodes, self._clock, self._ids, self._numbered, self._resume = nodes, clock, ids, numbered, resume

    def begin(self, tx: Connection, cause: str, seen: int = 0) -> Generation:
        """Start a new generation. ``seen``: the highest position of an operation that anybody is known to hold."""
        since, now = head_pos(tx), self._clock.wall_ms()
        shift = max(since, seen) + _JUMP + int.from_bytes(self._ids.token(_RANDOM_BYTES), "big")
        before = generation(tx)
        tx.execute(sa.update(operation).values(pos=operation.c.pos + shift))
        tx.execute(sa.update(stream).values(head=stream.c.head + shift))
        raise_counter(tx, since + shift)
        tx.execute(sa.update(counter).values(generation=before + 1, base_pos=shift, recovering=True))
        # The end of the hub's own log went with the hub: what it had sold stays held, and it begins another one.
        own = node_key.c.node_no.in_(sa.select(node.c.node_no).where(node.c.kind == HUB))
        tx.execute(sa.update(node_key).where(own, node_key.c.status == ACTIVE).values(status=REPLACED, status_ms=now))
        # A log that was barred before was told nothing since.
        told_nothing = own | node_key.c.status.not_in(_TOLD)
        tx.execute(
            sa.update(node_key).where(node_key.c.generation == before, told_nothing).values(generation=before + 1)
        )
        tx.execute(sa.update(enrol_code).where(enrol_code.c.public.is_(None)).values(withdrawn=True))
        self._skip_numbers(tx)
        fresh = Generation(before + 1, since, shift, cause[:_CAUSE], now, None, "")
        tx.execute(sa.insert(hub_generation).values(**{name: getattr(fresh, name) for name in Generation.__slots__}))
        audit.record(tx, now, "hub", "hub_restored", generation=before + 1, cause=fresh.cause)
        return fresh

    def must_present(self, tx: Connection, kid: bytes, floor: int, before_seq: int) -> bool:
        """Whether a node's log is to be presented before anything else of it is taken in or answered.

        A node that read or was acknowledged more than the hub knows of shows that the hub was restored; whether anybody
        had noticed does not matter.
        """
        key = tx.execute(_LOG_AND_STATE, {"kid": kid}).one()
        late, behind = key.generation < key.hub_generation, floor > head_pos(tx)
        # A log that has not presented yet, or not read anything since, may well be ahead of the hub: that loss is known.
        if not behind and (late or before_seq <= key.head_seq or floor <= key.base_pos):
            return bool(late)
        if key.status not in (*_TOLD, REPLACED):
            return False
        lacks = f"operations up to {floor}" if behind else f"events up to {before_seq}"
        self.begin(tx, f"node {key.node_no} has {lacks}", floor)
        self._nodes.note(tx, key.node_no, HUB_WAS_BEHIND, f"the node has {lacks}")
        return True

    def presented(self, tx: Connection, kid: bytes) -> None:
        """A log has shown all that it holds."""
        tx.execute(sa.update(node_key).where(node_key.c.kid == kid).values(generation=generation(tx)))

    def write_off(self, tx: Connection, node_no: int, reason: str, by: str, epoch: int | None = None) -> int:
        """Wait no longer for a node's logs, or for that of one ``epoch``: seats that they may hold are given to others
        at the risk of ``by``.

        Returns how many logs that were. Raises :class:`Refusal` ``recover_not_awaited``.
        """
        mine = [one.epoch for one in awaited(tx) if one.node_no == node_no and epoch in (None, one.epoch)]
        if not mine:
            raise Refusal("recover_not_awaited", node=node_no)
        logs = (node_key.c.node_no == node_no, node_key.c.epoch.in_(mine))
        tx.execute(sa.update(node_key).where(*logs).values(written_off=generation(tx)))
        audit.record(tx, self._clock.wall_ms(), by, "hub_written_off", node=node_no, logs=mine, reason=reason)
        return len(mine)

    def finish(self, tx: Connection, by: str) -> Generation:
        """Grant seats again: ``by`` says that no box is missing. Raises :class:`Refusal`: ``recover_none``, and
        ``recover_awaited`` with the names of those that have not presented yet."""
        now = current(tx)
        if now is None or now.ended_ms is not None:
            raise Refusal("recover_none")
        if missing := awaited(tx):
            raise Refusal("recover_awaited", nodes=", ".join(dict.fromkeys(one.name for one in missing)))
        ended = {"ended_ms": self._clock.wall_ms(), "ended_by": by}
        tx.execute(sa.update(hub_generation).where(hub_generation.c.generation == now.generation).values(**ended))
        tx.execute(sa.update(counter).values(recovering=False))
        self._nodes.provision_at(tx, 0)
        self._resume(tx)
        audit.record(tx, self._clock.wall_ms(), by, "hub_recovered", generation=now.generation)
        return now

    def _skip_numbers(self, tx: Connection) -> None:
        floors = []
        for column, gap in self._numbered:
            name = column.table.name
            last = tx.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()
            floors.append((name, max(int(last), least_number(tx, name)) + gap))
        upsert_rows(tx, number_floor, ("name",), ("name", "least"), floors)


class Restored:
    """How often the hub was restored from a backup, as a fold needs it."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._known: list[tuple[int, int]] | None = None

    def forgot(self, received: Received) -> bool:
        """Whether a box went by what this hub may have told it and forgotten."""
        if self._known is None:
            self._known = [(row.since_pos, row.started_ms) for row in self._tx.execute(_RESTORED)]
        heard_ms = received.envelope.stamp.hub_ms if received.envelope else 0
        return any(since < received.pos and heard_ms < started_ms for since, started_ms in self._known)


def current(tx: Connection) -> Generation | None:
    """The newest generation; None for a hub that was never restored."""
    query = sa.select(hub_generation).order_by(hub_generation.c.generation.desc()).limit(1)
    row = tx.execute(query).first()
    return None if row is None else Generation(**row._mapping)


def generation(tx: Connection) -> int:
    """Which generation this is: 1 until the hub is restored for the first time."""
    return int(tx.execute(_STATE).one().generation)


def base_pos(tx: Connection) -> int:
    """Above everything that was said before this generation; 0 in the first."""
    return int(tx.execute(_STATE).one().base_pos)


def recovering(tx: Connection) -> bool:
    """Whether no seat may be granted, because nodes may hold some that the hub has forgotten."""
    return bool(tx.execute(_STATE).one().recovering)


def awaited(tx: Connection) -> list[Awaited]:
    """Logs that have not presented in this generation and that nobody has written off, by node."""
    columns = (node_key.c.node_no, node.c.name, node_key.c.epoch, node_key.c.status)
    joined = sa.select(*columns).join(node, node.c.node_no == node_key.c.node_no)
    now = sa.select(counter.c.generation).scalar_subquery()
    missing = (node_key.c.generation < now, node_key.c.written_off < now)
    rows = tx.execute(joined.where(*missing).order_by(node_key.c.node_no, node_key.c.epoch))
    return [Awaited(*row) for row in rows]
