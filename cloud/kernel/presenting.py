"""What nodes lay before a restored hub, and what the hub takes back of it.

Its own signature proves a certificate and a grant: both are good again as they were. A revocation carries none. It is
taken as a claim, and the safe way: the key is *held*, its later tickets are void, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import audit, nodes, recovery, streams
from cloud.kernel.database import Database, head_pos
from cloud.kernel.nodes import ACTIVE, BY_KID, HELD, REPLACED, REWOUND, NodeInfo, Nodes
from cloud.kernel.recovery import HUB_WAS_BEHIND, Generation, Recovery
from cloud.kernel.tables import node, node_key
from sync.kernel import certificate, presentation
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.chain import GENESIS
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import VerifyKey, kid_of
from sync.kernel.operations import NET, Operation, Profile, node_stream
from sync.kernel.ports import Clock, Signer
from sync.kernel.presentation import Presentation, Wanted

NODE_KNOWN_AGAIN: Final = "node_known_again"
_MAX_NAME: Final = 60

# What a domain takes back: (transaction, (node_no, epoch) of the log that holds them, signed grants).
TakeBack = Callable[[Connection, tuple[int, int], Sequence[bytes]], None]
Enrolled = Callable[[Connection, NodeInfo], None]


class Presenting:
    """The endpoint. ``take_back`` is given grants, ``enrolled`` is told when a node turns out to have a newer log."""

    def __init__(
        self, database: Database, rescue: Recovery, node_list: Nodes, clock: Clock, signer: Signer, hub_key: VerifyKey,
        take_back: TakeBack, enrolled: Enrolled,
    ) -> None:  # fmt: skip
        self._database, self._recovery, self._nodes = database, rescue, node_list
        self._clock, self._signer, self._hub_key = clock, signer, hub_key
        self._take_back, self._enrolled = take_back, enrolled

    def answer(self, data: bytes) -> bytes:
        """The signed answer to a presentation. Raises :class:`Malformed`, or :class:`Refusal` ``enrol_key_barred``."""
        found, signed, said = presentation.decode(data, self._hub_key)
        with self._database.write() as tx:
            key = self._key(tx, found, signed, said)
            now = self._generation(tx, key, said)
            if now is not None and said.base == now.base_pos:
                self._take(tx, key, now, said)
        wanted = Wanted(1, 0, 0) if now is None else Wanted(now.generation, now.since_pos, now.base_pos)
        return presentation.encode_answer(wanted, data, self._signer)

    def keep(self, tx: Connection, node_no: int, by: str) -> None:
        """A person says that a held key is good: it was never barred. Raises :class:`Refusal` ``node_not_held``."""
        key = nodes.current_key(tx, node_no)
        if key is None or key.status != HELD:
            raise Refusal("node_not_held", node=node_no)
        values = {"status": ACTIVE, "status_detail": "", "status_ms": self._clock.wall_ms()}
        tx.execute(sa.update(node_key).where(node_key.c.kid == key.kid).values(**values))
        streams.publish(tx, NET, f"revoked/{key.kid.hex()}", None)
        self._nodes.settle(tx, node_no, HELD)
        audit.record(tx, self._clock.wall_ms(), by, "node_kept", node=node_no)

    def _key(self, tx: Connection, found: Certificate, signed: bytes, said: Presentation) -> Row[Any]:
        """The log's row; one that was forgotten is written down again, which shows that the hub was restored."""
        key = tx.execute(BY_KID, {"kid": found.key.kid}).first()
        if key is None:
            if recovery.generation(tx) == 1:
                self._recovery.begin(tx, f"node {found.node_no} has a certificate of epoch {found.epoch}", said.floor)
            self._know_again(tx, found, signed, said)
            key = tx.execute(BY_KID, {"kid": found.key.kid}).one()
        elif said.profile is not None:
            self._describe(tx, found, said)
        return key

    def _generation(self, tx: Connection, key: Row[Any], said: Presentation) -> Generation | None:
        if said.floor > head_pos(tx) and key.status in (ACTIVE, REWOUND, HELD, REPLACED):
            detail = f"operations up to {said.floor}"
            self._recovery.begin(tx, f"node {key.node_no} has {detail}", said.floor)
            self._nodes.note(tx, key.node_no, HUB_WAS_BEHIND, f"the node has {detail}")
        return recovery.current(tx)

    def _take(self, tx: Connection, key: Row[Any], now: Generation, said: Presentation) -> None:
        own, items = node_stream(key.node_no), [one for one in said.items if one.body is not None]
        grants = [one.body for one in items if one.stream == own and one.key.startswith("grant/")]
        self._take_back(tx, (key.node_no, key.epoch), [body for body in grants if body is not None])
        if key.status in (ACTIVE, REWOUND, REPLACED) and now.ended_ms is None:
            for one in items:
                if one.stream == NET and one.key.startswith("key/"):
                    self._witness(tx, one)
            for one in items:
                if one.stream == NET and one.key.startswith("revoked/"):
                    self._hold(tx, key, one)
        if said.last:
            self._recovery.presented(tx, key.kid)

    def _witness(self, tx: Connection, one: Operation) -> None:
        """Somebody else's certificate: a node that the hub has forgotten, and that may hold seats."""
        try:
            found = certificate.read(one.body or b"", self._hub_key)
            known = tx.execute(BY_KID, {"kid": found.key.kid}).first()
            if known is None:
                self._know_again(tx, found, one.body or b"", Presentation(0, 0, "", None))
        except (Malformed, Refusal):
            return

    def _know_again(self, tx: Connection, found: Certificate, signed: bytes, said: Presentation) -> None:
        where = (node_key.c.node_no == found.node_no, node_key.c.epoch == found.epoch)
        if found.node_no > nodes.MAX_NODE_NO or tx.execute(sa.select(node_key.c.kid).where(*where)).first():
            raise Refusal("enrol_key_barred", status=403)
        if tx.execute(sa.select(node.c.node_no).where(node.c.node_no == found.node_no)).first() is None:
            profile = _profile(said.profile)
            self._nodes.add_again(tx, found.node_no, said.name[:_MAX_NAME] if profile else "", profile)
        now, newer = self._clock.wall_ms(), found.epoch > nodes.find(tx, found.node_no).epoch
        if newer:
            before = (node_key.c.node_no == found.node_no, node_key.c.status.in_((ACTIVE, HELD)))
            tx.execute(sa.update(node_key).where(*before).values(status=REPLACED, status_ms=now))
            change = sa.update(node).where(node.c.node_no == found.node_no)
            tx.execute(change.values(epoch=found.epoch, provision_due_ms=0))
        before_this = recovery.generation(tx) - 1
        tx.execute(
            sa.insert(node_key).values(
                kid=kid_of(found.public), node_no=found.node_no, epoch=found.epoch, public=found.public,
                certificate=signed, head_seq=0, head_hash=GENESIS, status=ACTIVE if newer else REPLACED,
                status_detail="", status_ms=now, safe_seq=0, enrolled_ms=now,
                generation=before_this, enrolled_in=before_this,
            )
        )  # fmt: skip
        streams.publish(tx, NET, f"key/{kid_of(found.public).hex()}", signed)
        if newer:
            self._enrolled(tx, nodes.find(tx, found.node_no))
        self._nodes.note(tx, found.node_no, NODE_KNOWN_AGAIN, f"log {found.epoch}")

    def _describe(self, tx: Connection, found: Certificate, said: Presentation) -> None:
        """A node of which only its certificate had come says itself what it is."""
        info, profile = nodes.find(tx, found.node_no), _profile(said.profile)
        if profile is not None and info.name == nodes.unnamed(info.node_no) and info.epoch == found.epoch:
            self._nodes.describe(tx, info.node_no, said.name[:_MAX_NAME], profile)

    def _hold(self, tx: Connection, by: Row[Any], one: Operation) -> None:
        """Somebody says that a key is barred: it is told nothing more until a person has confirmed or denied it."""
        try:
            said, kid = Revocation.from_bytes(one.body or b""), bytes.fromhex(one.key.removeprefix("revoked/"))
        except (Malformed, ValueError):
            return
        if kid == by.kid or streams.body(tx, NET, one.key) is not None:
            return
        key = tx.execute(BY_KID, {"kid": kid}).first()
        if key is None or key.node_no != said.node_no:
            return
        streams.publish(tx, NET, one.key, one.body)
        if key.status in (ACTIVE, REWOUND):
            detail = f"as node {by.node_no} says: {said.reason}"[:200]
            values = {"status": HELD, "status_detail": detail, "status_ms": self._clock.wall_ms()}
            tx.execute(sa.update(node_key).where(node_key.c.kid == kid).values(**values))
            self._nodes.note(tx, key.node_no, HELD, detail)


def _profile(body: bytes | None) -> Profile | None:
    """What a node says that it is, if that can be."""
    try:
        found = Profile.from_bytes(body or b"")
    except Malformed:
        return None
    return found if found.kind in nodes.KINDS and 0 < found.place_no < 1 << 31 else None
