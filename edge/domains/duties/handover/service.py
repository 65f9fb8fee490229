"""Giving a trip to another box, and taking one: see docs/decisions/0028-swap.md.

The giver gives its seats up in its own log, durably, before anybody sees the code. The code is for one log of one box; that
box takes it once, however often it is scanned. So every seat on every leg has one owner, whatever fails in between: what was
shown and never scanned is lost to both until the hub brings it to the taker, and is never sold twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Protocol

from edge.domains.duties import store
from edge.domains.duties.service import Duties, TripNow, Where
from edge.kernel import meta
from edge.kernel.database import Database
from edge.kernel.directory import Directory
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.duties import operations as ops
from sync.domains.duties import rules
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import Aboard, GrantPart, Handover
from sync.domains.duties.rules import Run
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Ids, Signer


class Seats(Protocol):
    """The inventory as a handover sees it."""

    def give_over(self, connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[tuple[GrantPart, ...], int]:
        """What could still be sold of a dated trip here, and until when."""


class Handovers:
    """``aboard`` gives who boarded a dated trip here."""

    def __init__(
        self, database: Database, scribe: Scribe, duties: Duties, seats: Seats, directory: Directory, signer: Signer,
        ids: Ids, aboard: Callable[[sqlite3.Connection, int, int], list[Aboard]],
    ) -> None:  # fmt: skip
        self._database, self._scribe, self._duties, self._seats = database, scribe, duties, seats
        self._directory, self._signer, self._ids, self._aboard = directory, signer, ids, aboard

    def give(self, where: Where, driver_no: int, to_node_no: int) -> list[str]:
        """Hand a trip over to a box, with all seats that are left here; the frames for its screen, durable when they are
        given. Raises :class:`Refusal`: ``handover_self``, ``handover_unknown_box``, ``handover_large``, ``trip_over``.
        """
        own = self._identity()
        if to_node_no == own.node_no:
            raise Refusal("handover_self", status=422, field="to_node_no")
        taker = self._box(to_node_no)

        def words(unit: UnitOfWork) -> Iterable[TripHandedOver]:
            run = self._duties.run(unit.connection, where)
            grants, until_ms = self._seats.give_over(unit.connection, *where)
            number = ops.LEAST_NUMBER | int.from_bytes(self._ids.token(7), "big")
            boxes = (own.node_no, own.epoch, taker.node_no, taker.epoch)
            given = _state(number, where, boxes, run, grants, until_ms, self._aboard(unit.connection, *where))
            signed = ops.sign_handover(given, self._signer, own.certificate)
            yield TripHandedOver(*where, driver_no, to_node_no, signed)

        self._duties.append(where, words)
        return self.frames(where)

    def frames(self, where: Where) -> list[str]:
        """The frames of the last handover of a trip, again; none where it was never handed over."""
        found = [
            event for _, _, event in store.words(self._database.read(), *where) if isinstance(event, TripHandedOver)
        ]
        return ops.to_frames(found[-1].signed) if found else []

    def waiting(self) -> list[Handover]:
        """What the hub passed on and nobody has taken here yet."""
        connection, found = self._database.read(), []
        for signed in store.handovers_told(connection):
            given = ops.open_handover(signed)
            if not _taken(connection, given):
                found.append(given)
        return found

    def take_told(self, number: int, driver_no: int) -> TripNow:
        """Take one of :meth:`waiting`. Raises as :meth:`take`, and ``handover_none``."""
        for signed in store.handovers_told(self._database.read()):
            if ops.open_handover(signed).number == number:
                return self._take(signed, driver_no)
        raise Refusal("handover_none", status=404)

    def take(self, texts: Iterable[str], driver_no: int) -> TripNow:
        """Go on with a trip whose frames were scanned; scanned again it changes nothing.

        Raises :class:`Refusal`: ``handover_frames``, ``handover_damaged``, ``handover_unknown_giver``,
        ``handover_not_here`` (for another box, or another log of this one), ``trip_running``.
        """
        return self._take(ops.from_frames(texts), driver_no)

    def _take(self, signed: bytes, driver_no: int) -> TripNow:
        own = self._identity()
        given = self._believed(signed, own.hub_key)
        if (given.to_node_no, given.to_epoch) != (own.node_no, own.epoch):
            raise Refusal("handover_not_here", status=422, field="frames", node=given.to_node_no)
        where = (given.trip_no, given.day)
        if _taken(self._database.read(), given):
            return self._duties.of(*where)

        def words(unit: UnitOfWork) -> Iterable[TripTakenOver]:
            if not _taken(unit.connection, given):
                self._duties.refuse_while_running(unit.connection, where)
                vehicle = store.last_vehicle(unit.connection)[: rules.MAX_VEHICLE]
                yield TripTakenOver(*where, driver_no, vehicle, signed)

        self._duties.append(where, words)
        return self._duties.of(*where)

    def _believed(self, signed: bytes, hub: VerifyKey) -> Handover:
        """What a giver signed whom the hub certified. Raises ``handover_damaged``, ``handover_unknown_giver``."""
        try:
            carried = ops.carried_key(signed, hub)
            giver: list[Certificate] = []

            def find(kid: bytes) -> VerifyKey | None:
                known = self._directory.issuer(kid) or carried
                if known is None or known.key.kid != kid or self._directory.revoked_after(kid) is not None:
                    return None
                giver.append(known)
                return known.key

            given = ops.read_handover(signed, find)
        except Malformed as error:
            code = "handover_unknown_giver" if error.code == "cose_unknown_key" else "handover_damaged"
            raise Refusal(code, status=422, field="frames") from None
        if (giver[0].node_no, giver[0].epoch) != (given.from_node_no, given.from_epoch):
            raise Refusal("handover_damaged", status=422, field="frames")
        return given

    def _box(self, node_no: int) -> Certificate:
        """The present log of another box, as the directory knows it."""
        known = self._directory.of_node(node_no)
        if known is None:
            raise Refusal("handover_unknown_box", status=422, field="to_node_no", node=node_no)
        return known

    def _identity(self) -> meta.Identity:
        own = meta.known_identity(self._database)
        if own is None:
            raise Refusal("not_enrolled", status=503)
        return own


def _taken(connection: sqlite3.Connection, given: Handover) -> bool:
    words = store.words(connection, given.trip_no, given.day)
    return any(
        isinstance(event, TripTakenOver) and ops.open_handover(event.signed).number == given.number
        for _, _, event in words
    )


def _state(
    number: int, where: Where, boxes: tuple[int, int, int, int], run: Run, grants: tuple[GrantPart, ...], until_ms: int,
    aboard: list[Aboard],
) -> Handover:  # fmt: skip
    ends = -1 if run.ends_idx is None else run.ends_idx
    return Handover(
        number, *where, *boxes, run.started_ms or 0, run.idx, run.standing, ends, run.delay_minutes, run.reason, run.note,
        grants, until_ms, tuple(aboard),
    )  # fmt: skip
