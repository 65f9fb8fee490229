"""Nodes as the hub knows them: who they are, what streams they hold, whether their log may still grow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import streams
from cloud.kernel.database import insert_rows, next_pos
from cloud.kernel.tables import issue, node, node_key, number_floor, place, subscription
from sync.kernel.certificate import Revocation
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET, Profile, Subscriptions, node_stream, place_stream
from sync.kernel.ports import Clock
from sync.kernel.ticket import check_codes

KINDS: Final = ("station", "village", "pier", "vehicle")
# The hub's own node: it sells what other sellers ask for (cloud/kernel/ownnode.py). Nobody adds or enrols one.
HUB: Final = "hub"
ACTIVE: Final = "active"
FORKED: Final = "forked"
REWOUND: Final = "rewound"
REVOKED: Final = "revoked"
REPLACED: Final = "replaced"
# Somebody says that it was barred before the hub was restored: it is told nothing until a person has decided.
HELD: Final = "held"
MAX_NODE_NO: Final = 99_999

# The log of a key, by its id: everything that a node sends begins with this.
BY_KID: Final = sa.select(node_key).where(node_key.c.kid == sa.bindparam("kid"))
_BY_NUMBER: Final = sa.select(node).where(node.c.node_no == sa.bindparam("which"))
_BY_NAME: Final = sa.select(node).where(node.c.name == sa.bindparam("which"))
_BY_KIND: Final = sa.select(node).where(node.c.kind == sa.bindparam("which"))
_STREAMS: Final = sa.select(subscription.c.stream, subscription.c.since_pos).where(
    subscription.c.node_no == sa.bindparam("node_no"), subscription.c.active
)
_CURRENT_KEY: Final = (
    sa.select(node_key)
    .join(node, sa.and_(node.c.node_no == node_key.c.node_no, node.c.epoch == node_key.c.epoch))
    .where(node.c.node_no == sa.bindparam("node_no"))
)
_PROVISION_AT: Final = (
    sa.update(node).where(node.c.node_no == sa.bindparam("which")).values(provision_due_ms=sa.bindparam("due_ms"))
)
_ACTIVE: Final = (
    sa.update(subscription)
    .where(subscription.c.node_no == sa.bindparam("node"), subscription.c.stream == sa.bindparam("name"))
    .values(active=sa.bindparam("on"))
)

LastSerial = Callable[[Connection, int, int], int]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One row of ``node``."""

    node_no: int
    name: str
    kind: str
    place_no: int
    names: dict[str, str]
    stop_nos: tuple[int, ...]
    low_water: int
    epoch: int
    provision_due_ms: int
    codes: tuple[int, int]


class Nodes:
    """``last_serial(tx, node_no, epoch)`` says up to which ticket a log was accepted, for revocations."""

    def __init__(self, clock: Clock, last_serial: LastSerial) -> None:
        self._clock = clock
        self._last_serial = last_serial

    def add_place(self, tx: Connection, names: Mapping[str, str]) -> int:
        """A station, point or pier that several nodes may share. Returns its number."""
        place_no = following(tx, place.c.place_no)
        tx.execute(sa.insert(place).values(place_no=place_no, names=dict(names)))
        return place_no

    def add(
        self,
        tx: Connection,
        name: str,
        kind: str,
        stop_nos: Sequence[int],
        names: Mapping[str, str],
        place_no: int | None = None,
        low_water: int = 2,
    ) -> int:
        """A node that is not enrolled yet; its number. Raises :class:`Refusal`: ``node_kind``, ``node_name_taken``."""
        if kind not in KINDS:
            raise Refusal("node_kind", status=422, field="kind", kinds=", ".join(KINDS))
        if tx.execute(sa.select(node.c.node_no).where(node.c.name == name)).first():
            raise Refusal("node_name_taken", field="name", name=name)
        node_no = following(tx, node.c.node_no)
        if node_no > MAX_NODE_NO:
            raise Refusal("node_numbers_used_up")
        if place_no is None:
            place_no = self.add_place(tx, names or {"en": name})
        self._insert(
            tx, node_no, name, Profile(place_no, kind, dict(names) or {"en": name}, tuple(stop_nos), low_water)
        )
        return node_no

    def add_own(self, tx: Connection, names: Mapping[str, str]) -> int:
        """The hub's own node; its number."""
        node_no = following(tx, node.c.node_no)
        profile = Profile(self.add_place(tx, names), HUB, dict(names), (), 0)
        self._insert(tx, node_no, _free_name(tx, HUB, node_no), profile)
        return node_no

    def add_again(self, tx: Connection, node_no: int, name: str, profile: Profile | None) -> None:
        """A node that the hub gave its number before it was restored. Without ``profile`` it is a station that sells
        nowhere, until its box says more."""
        if profile is None:
            names = {"en": str(node_no)}
            profile = Profile(self.add_place(tx, names), KINDS[0], names, ())
        self._know_place(tx, profile)
        self._insert(tx, node_no, _free_name(tx, name, node_no), profile)

    def describe(self, tx: Connection, node_no: int, name: str, profile: Profile) -> None:
        """What a node that was known by its certificate alone says of itself."""
        self._know_place(tx, profile)
        values = {"name": _free_name(tx, name, node_no), "kind": profile.kind, "place_no": profile.place_no}
        values |= {"names": dict(profile.names), "stop_nos": list(profile.stop_nos), "low_water": profile.low_water}
        values |= {"area_code": profile.area_code, "station_code": profile.station_code}
        tx.execute(sa.update(node).where(node.c.node_no == node_no).values(**values))
        self.publish_profile(tx, node_no)
        self.set_streams(tx, node_no, [NET, place_stream(profile.place_no)])

    def _know_place(self, tx: Connection, profile: Profile) -> None:
        if tx.execute(sa.select(place.c.place_no).where(place.c.place_no == profile.place_no)).first() is None:
            tx.execute(sa.insert(place).values(place_no=profile.place_no, names=dict(profile.names)))

    def _insert(self, tx: Connection, node_no: int, name: str, profile: Profile) -> None:
        tx.execute(
            sa.insert(node).values(
                node_no=node_no,
                name=name,
                kind=profile.kind,
                place_no=profile.place_no,
                names=dict(profile.names),
                stop_nos=list(profile.stop_nos),
                low_water=profile.low_water,
                area_code=profile.area_code,
                station_code=profile.station_code,
                epoch=0,
                created_ms=self._clock.wall_ms(),
                provision_due_ms=0,
            )
        )
        self.publish_profile(tx, node_no)
        tx.execute(
            sa.insert(subscription).values(node_no=node_no, stream=node_stream(node_no), since_pos=0, active=True)
        )
        self.set_streams(tx, node_no, [NET, place_stream(profile.place_no)])

    def set_codes(self, tx: Connection, node_no: int, area_code: int, station_code: int) -> None:
        """Division and station that stand in the ticket numbers of a node. Raises :class:`Refusal`: ``area_code``,
        ``station_code``."""
        check_codes(area_code, station_code)
        values = {"area_code": area_code, "station_code": station_code}
        tx.execute(sa.update(node).where(node.c.node_no == node_no).values(**values))
        self.publish_profile(tx, node_no)

    def publish_profile(self, tx: Connection, node_no: int) -> None:
        """Tell the box what it is."""
        info = find(tx, node_no)
        profile = Profile(info.place_no, info.kind, info.names, info.stop_nos, info.low_water, *info.codes)
        streams.publish(tx, node_stream(node_no), "profile", profile.to_bytes())

    def set_streams(self, tx: Connection, node_no: int, wanted: Iterable[str]) -> None:
        """The streams that a node is to hold from now on, and no others."""
        own = node_stream(node_no)
        chosen, held = sorted({*wanted, own}), streams_of(tx, node_no)
        if set(chosen) == set(held):
            return
        pos = streams.publish(tx, own, "subscriptions", Subscriptions(tuple(chosen)).to_bytes())
        mine = subscription.c.node_no == node_no
        known = set(tx.execute(sa.select(subscription.c.stream).where(mine)).scalars())
        changes = [(name, name in chosen) for name in known if (name in chosen) != (name in held)]
        if changes:
            tx.execute(_ACTIVE, [{"node": node_no, "name": name, "on": on} for name, on in changes])
        fresh = [name for name in chosen if name not in known]
        rows = [(node_no, name, pos, True) for name in fresh]
        insert_rows(tx, subscription, ("node_no", "stream", "since_pos", "active"), rows)

    def subscribe(self, tx: Connection, node_no: int, more: Iterable[str]) -> None:
        """Add streams to those that a node holds."""
        self.set_streams(tx, node_no, [*streams_of(tx, node_no), *more])

    def unsubscribe(self, tx: Connection, node_no: int, gone: Iterable[str]) -> None:
        """Take streams away from a node; it forgets what they brought."""
        leaving = set(gone)
        self.set_streams(tx, node_no, [name for name in streams_of(tx, node_no) if name not in leaving])

    def revoke(self, tx: Connection, node_no: int, reason: str, status: str = REVOKED) -> None:
        """Bar the node's present log for ever: what was accepted stands, later tickets of its key are void."""
        key = current_key(tx, node_no)
        if key is None:
            raise Refusal("node_not_enrolled", node=node_no)
        self.bar(tx, key, status, reason, key.head_seq)

    def bar(self, tx: Connection, key: Row[tuple[object, ...]], status: str, reason: str, safe_seq: int) -> None:
        """Mark one log as ``status`` and publish where its key ends. ``safe_seq``: the log is sure up to there."""
        now = self._clock.wall_ms()
        tx.execute(
            sa.update(node_key)
            .where(node_key.c.kid == key.kid)
            .values(status=status, status_detail=reason, status_ms=now, safe_seq=safe_seq)
        )
        self._publish_end(tx, key, reason, now)
        self.note(tx, key.node_no, status, reason)

    def move_end(self, tx: Connection, node_no: int, epoch: int) -> None:
        """More tickets of a barred log are in the books than when it was barred: gates honour them from now on."""
        mine = (node_key.c.node_no == node_no, node_key.c.epoch == epoch, node_key.c.status.in_((REVOKED, FORKED)))
        key = tx.execute(sa.select(node_key).where(*mine)).first()
        if key is not None:
            self._publish_end(tx, key, key.status_detail, key.status_ms)

    def _publish_end(self, tx: Connection, key: Row[Any], reason: str, at_ms: int) -> None:
        last = max(self._last_serial(tx, key.node_no, key.epoch), _barred_after(tx, key.kid))
        body = Revocation(key.node_no, last, at_ms, reason).to_bytes()
        streams.publish(tx, NET, f"revoked/{key.kid.hex()}", body)

    def note(self, tx: Connection, node_no: int, code: str, detail: str) -> None:
        """An issue that an admin should see; the same one is noted once while it is open."""
        same = (issue.c.node_no == node_no, issue.c.code == code, issue.c.closed_ms.is_(None))
        if tx.execute(sa.select(issue.c.issue_no).where(*same)).first() is None:
            values = {"node_no": node_no, "code": code, "detail": detail, "seen_ms": self._clock.wall_ms()}
            tx.execute(sa.insert(issue).values(issue_no=next_pos(tx), **values))

    def settle(self, tx: Connection, node_no: int, code: str) -> None:
        """Close an issue that is over."""
        same = (issue.c.node_no == node_no, issue.c.code == code, issue.c.closed_ms.is_(None))
        tx.execute(sa.update(issue).where(*same).values(closed_ms=self._clock.wall_ms()))

    def provision_at(self, tx: Connection, due_ms: int, node_no: int | None = None) -> None:
        """When seats and streams are looked over next: for one node, or for all (after a new timetable)."""
        if node_no is None:
            tx.execute(sa.update(node).values(provision_due_ms=due_ms))
        else:
            tx.execute(_PROVISION_AT, {"which": node_no, "due_ms": due_ms})


def find(tx: Connection, which: int | str) -> NodeInfo:
    """A node by number or name. Raises :class:`Refusal` (``node_unknown``, 404)."""
    row = tx.execute(_BY_NUMBER if isinstance(which, int) else _BY_NAME, {"which": which}).first()
    if row is None:
        raise Refusal("node_unknown", status=404, field="node", node=which)
    return _info(row)


def own(tx: Connection) -> NodeInfo | None:
    """The hub's own node; None before it sold anything."""
    row = tx.execute(_BY_KIND, {"which": HUB}).first()
    return None if row is None else _info(row)


def every(tx: Connection) -> list[NodeInfo]:
    """All nodes by number."""
    return [_info(row) for row in tx.execute(sa.select(node).order_by(node.c.node_no))]


def current_key(tx: Connection, node_no: int) -> Row[tuple[object, ...]] | None:
    """The ``node_key`` row of the node's present epoch; None before it was enrolled."""
    return tx.execute(_CURRENT_KEY, {"node_no": node_no}).first()


def streams_of(tx: Connection, node_no: int) -> dict[str, int]:
    """Stream → position since when the node is subscribed to it."""
    rows = tx.execute(_STREAMS, {"node_no": node_no})
    return {row.stream: row.since_pos for row in rows}


def following(tx: Connection, column: sa.Column[int]) -> int:
    """The next number of a table whose numbers are never given twice, not even by a hub that was restored."""
    last = int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one())
    return max(last, least_number(tx, column.table.name)) + 1


def least_number(tx: Connection, name: str) -> int:
    """Numbers of table ``name`` up to here are given no more, whether or not a row has them."""
    return int(tx.execute(sa.select(number_floor.c.least).where(number_floor.c.name == name)).scalar() or 0)


def unnamed(node_no: int) -> str:
    """The name of a node that has not said its own yet."""
    return f"node-{node_no}"


def _free_name(tx: Connection, name: str, node_no: int) -> str:
    mine = sa.select(node.c.node_no).where(node.c.name == name, node.c.node_no != node_no)
    return unnamed(node_no) if not name else f"{name}-{node_no}" if tx.execute(mine).first() else name


def _barred_after(tx: Connection, kid: object) -> int:
    """The serial after which a key's tickets are void already; 0 if nobody said so."""
    body = streams.body(tx, NET, f"revoked/{bytes(kid).hex()}")  # type: ignore[call-overload]
    return Revocation.from_bytes(body).last_serial if body else 0


def _info(row: Row[tuple[object, ...]]) -> NodeInfo:
    return NodeInfo(
        row.node_no, row.name, row.kind, row.place_no, row.names, tuple(row.stop_nos), row.low_water, row.epoch,
        row.provision_due_ms, (row.area_code, row.station_code),
    )  # fmt: skip
