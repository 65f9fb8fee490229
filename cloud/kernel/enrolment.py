"""Making a box known: one-time codes, and the endpoint that turns a code into a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.kernel import nodes, recovery, streams
from cloud.kernel.nodes import ACTIVE, HELD, HUB, REPLACED, REWOUND, NodeInfo
from cloud.kernel.settings import Settings
from cloud.kernel.tables import enrol_code, node, node_key
from sync.kernel import certificate, days, enrolment
from sync.kernel.certificate import Certificate
from sync.kernel.chain import GENESIS
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer, kid_of
from sync.kernel.operations import NET
from sync.kernel.ports import Clock, Ids

MAX_EPOCH: Final = 99
SKIPPED_EPOCHS: Final = 3

Enrolled = Callable[[Connection, NodeInfo], None]


class Enrolment:
    """``enrolled`` is told of every new epoch of a node, in the same transaction."""

    def __init__(self, settings: Settings, clock: Clock, ids: Ids, signer: Ed25519Signer, enrolled: Enrolled) -> None:
        self._settings, self._clock, self._ids, self._signer = settings, clock, ids, signer
        self._enrolled = enrolled

    def new_code(self, tx: Connection, node_no: int) -> str:
        """A code for a node. Codes given before and not used yet are good no longer.

        Raises :class:`Refusal`: ``node_unknown``, ``node_is_hub`` (no box is the hub's own node).
        """
        if nodes.find(tx, node_no).kind == HUB:
            raise Refusal("node_is_hub")
        unused = (enrol_code.c.node_no == node_no, enrol_code.c.public.is_(None))
        tx.execute(sa.update(enrol_code).where(*unused).values(withdrawn=True))
        secret = self._ids.token(enrolment.SECRET_BYTES)
        tx.execute(
            sa.insert(enrol_code).values(
                code_id=enrolment.code_id(secret),
                code_key=enrolment.code_key(secret),
                node_no=node_no,
                created_ms=self._clock.wall_ms(),
                withdrawn=False,
            )
        )
        return enrolment.code_text(secret)

    def enrol(self, tx: Connection, data: bytes) -> bytes:
        """The answer to an enrolment request. The same code and key get the same answer however often they ask.

        Raises :class:`sync.kernel.errors.Malformed`, or :class:`Refusal`: ``enrol_code_unknown``,
        ``enrol_code_withdrawn``, ``enrol_code_old``, ``enrol_code_used``, ``enrol_key_taken``, ``enrol_key_barred``.
        """
        code, public, proof = enrolment.decode_request(data)
        row = tx.execute(sa.select(enrol_code).where(enrol_code.c.code_id == code)).first()
        if row is None or not enrolment.proof_holds(row.code_key, public, proof):
            raise Refusal("enrol_code_unknown", status=403)
        if row.public is not None:
            if row.public != public:
                raise Refusal("enrol_code_used", status=403)
            return bytes(row.welcome)
        self._check_code(row)
        info = nodes.find(tx, row.node_no)
        known = tx.execute(sa.select(node_key).where(node_key.c.kid == kid_of(public))).first()
        key = self._known(known, info) if known else self.certify(tx, info, public, self.next_epoch(tx, info))
        answer = enrolment.encode_welcome(self._welcome(info, key), row.code_key, public)
        used = sa.update(enrol_code).where(enrol_code.c.code_id == code)
        tx.execute(used.values(public=public, welcome=answer))
        return answer

    def renew(self, tx: Connection, info: NodeInfo) -> None:
        """A newer certificate for the same key, once a third of its time is left: a box that visits now and then never
        sees the end of it."""
        key = nodes.current_key(tx, info.node_no)
        if key is None or key.status != ACTIVE:
            return
        old = certificate.read(key.certificate, self._signer.verify_key)
        today = days.day_at(self._clock.wall_ms(), "UTC")
        if old.until_day - today > self._settings.certificate_days // 3:
            return
        signed = certificate.issue(replace(old, until_day=today + self._settings.certificate_days), self._signer)
        tx.execute(sa.update(node_key).where(node_key.c.kid == key.kid).values(certificate=signed))
        streams.publish(tx, NET, f"key/{key.kid.hex()}", signed)

    def _check_code(self, row: Row[Any]) -> None:
        if row.withdrawn:
            raise Refusal("enrol_code_withdrawn", status=403)
        if self._clock.wall_ms() - row.created_ms > self._settings.code_valid_days * days.DAY_MS:
            raise Refusal("enrol_code_old", status=403)

    def _known(self, key: Row[Any], info: NodeInfo) -> tuple[int, bytes]:
        """The same box once more, with a newer code."""
        if key.node_no != info.node_no:
            raise Refusal("enrol_key_taken", status=403)
        if key.status != ACTIVE or key.epoch != info.epoch:
            raise Refusal("enrol_key_barred", status=403)
        return key.epoch, key.certificate

    def next_epoch(self, tx: Connection, info: NodeInfo) -> int:
        """The epoch of a node's next log. Raises :class:`Refusal` ``enrol_epochs_used_up``."""
        epoch = info.epoch + 1 + self._skipped(tx, info, recovery.generation(tx))
        if epoch > MAX_EPOCH:
            raise Refusal("enrol_epochs_used_up")
        return epoch

    def certify(self, tx: Connection, info: NodeInfo, public: bytes, epoch: int) -> tuple[int, bytes]:
        """Begin log ``epoch`` of a node, which starts at 1 with the key ``public``; gives epoch and certificate."""
        now, generation = self._clock.wall_ms(), recovery.generation(tx)
        today = days.day_at(now, "UTC")
        # From the day before: a box may live where it is still yesterday.
        span = today - 1, today + self._settings.certificate_days
        signed = certificate.issue(Certificate(info.node_no, epoch, public, *span), self._signer)
        before = (node_key.c.node_no == info.node_no, node_key.c.status.in_((ACTIVE, REWOUND, HELD)))
        tx.execute(sa.update(node_key).where(*before).values(status=REPLACED, status_ms=now))
        tx.execute(
            sa.insert(node_key).values(
                kid=kid_of(public),
                node_no=info.node_no,
                epoch=epoch,
                public=public,
                certificate=signed,
                head_seq=0,
                head_hash=GENESIS,
                status=ACTIVE,
                status_detail="",
                status_ms=now,
                safe_seq=0,
                enrolled_ms=now,
                generation=generation,
                enrolled_in=generation,
            )
        )
        tx.execute(sa.update(node).where(node.c.node_no == info.node_no).values(epoch=epoch, provision_due_ms=0))
        streams.publish(tx, NET, f"key/{kid_of(public).hex()}", signed)
        self._enrolled(tx, nodes.find(tx, info.node_no))
        return epoch, signed

    def _skipped(self, tx: Connection, info: NodeInfo, generation: int) -> int:
        """Epochs that a hub which was lost may have given to this node: left out once in each generation."""
        mine = sa.select(sa.func.max(node_key.c.enrolled_in)).where(node_key.c.node_no == info.node_no)
        return SKIPPED_EPOCHS if (tx.execute(mine).scalar() or 1) < generation else 0

    def _welcome(self, info: NodeInfo, key: tuple[int, bytes]) -> Welcome:
        epoch, signed = key
        return Welcome(info.node_no, epoch, self._signer.public, signed, self._clock.wall_ms(), info.name)
