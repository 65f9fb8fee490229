"""A new key and a new log in the same data folder: the way out for a box that was copied, put back, or revoked, and how a
healthy box changes its key.

Everything stays: the old log as it was, what its tickets and boardings mean here, and what the hub did not have of it
yet, which the new log hands in. One transaction divides before from after. The new key waits in a file of its own
until then, so that whatever is cut off can be done again, or finished by the next start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.kernel import log, meta
from edge.kernel.database import Database
from edge.kernel.enrolment import introduce, keep_welcome, next_key_file, own_key
from edge.kernel.exchange import Exchanger
from edge.kernel.handing import Tail, hand_in
from edge.kernel.scribe import Scribe, UnitOfWork
from edge.kernel.streams import Streams
from sync.kernel import chain
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Fault, Refusal
from sync.kernel.ports import Ids, Transport

# A hub that was put back to before this box was enrolled.
_UNKNOWN: Final = "cose_unknown_key"
STOPPED: Final = "re_enrolled"


@dataclass(frozen=True)
class Domains:
    """The domains' part: ``end_log`` of the fold, ``closing`` of what stands beside it (both in the transaction that
    divides), ``give_back`` of all seats before a healthy log ends."""

    end_log: Callable[[sqlite3.Connection, int], None]
    closing: Callable[[UnitOfWork, int], None]
    give_back: Callable[[], int]


@dataclass(frozen=True)
class Renewed:
    """``handed_in``: events of the old log that the new one hands to the hub."""

    welcome: Welcome
    handed_in: int


class Renewal:
    """Ends this box's log and begins another."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        streams: Streams,
        exchanger: Exchanger,
        key_file: Path,
        ids: Ids,
        domains: Domains,
    ) -> None:
        self._database, self._scribe, self._streams, self._exchanger = database, scribe, streams, exchanger
        self._key_file, self._ids, self._domains = key_file, ids, domains

    def re_enrol(self, code: str, transport: Transport) -> Renewed:
        """Go on under a new key with the one-time ``code``. Afterwards this process writes nothing more: start anew.

        Safe to repeat with the same code after a lost answer or a crash. Raises :class:`Refusal`: ``not_enrolled``,
        ``enrol_other_node``, ``enrol_epoch_old``, and as :func:`edge.kernel.enrolment.introduce`; :class:`Fault` while
        the hub is away, with nothing changed.
        """
        identity = meta.identity(self._database.read())
        if identity is None:
            raise Refusal("not_enrolled")
        known = self._last_visit()
        waiting = next_key_file(self._key_file)
        try:
            welcome = introduce(code, own_key(waiting, self._ids), transport)
            self._check(identity, welcome)
        except (Refusal, Fault) as error:
            if error.code in ("enrol_key_barred", "enrol_key_taken", "enrol_epoch_old", "enrol_other_node"):
                waiting.unlink(missing_ok=True)  # a key that was used up: the next try makes another
            raise
        handed_in = self._scribe.write(lambda unit: self._divide(unit, identity.epoch, welcome, known))
        waiting.replace(self._key_file)
        self._scribe.stopped = STOPPED
        return Renewed(welcome, handed_in)

    def _last_visit(self) -> bool:
        """Hand in under the old key what still can be. False when the hub does not know this log at all."""
        outcome = self._exchanger.visit()
        if outcome.error is None and self._domains.give_back():
            outcome = self._exchanger.visit()
        if outcome.error is None and self._unsent():
            raise Fault("exchange_first")
        if outcome.error not in (None, *meta.BARRED, _UNKNOWN):
            raise Fault(str(outcome.error))
        return outcome.error != _UNKNOWN

    def _unsent(self) -> int:
        return self._scribe.log.head.seq - int(meta.get(self._database.read(), "sent_from", 0))

    def _check(self, identity: meta.Identity, welcome: Welcome) -> None:
        if (welcome.node_no, welcome.hub_public) != (identity.node_no, identity.hub_key.public):
            raise Refusal("enrol_other_node", node=welcome.name)
        if welcome.epoch <= identity.epoch:
            # Two tickets would carry one number.
            raise Refusal("enrol_epoch_old", epoch=welcome.epoch, known=identity.epoch)

    def _divide(self, unit: UnitOfWork, epoch: int, welcome: Welcome, known: bool) -> int:
        connection = unit.connection
        sent = int(meta.get(connection, "sent_from", 0)) if known else 0
        tails = [
            Tail(epoch, sent, log.hash_at(connection, sent), [one for _, one in log.events_after(connection, sent)])
        ]
        if not known:
            # The hub is older than this log, so it may lack the end of those before as well.
            for past in log.past_epochs(connection):
                tails.append(Tail(past, 0, chain.GENESIS, [one for _, one in log.past_events(connection, past)]))
        self._domains.closing(unit, epoch)
        self._domains.end_log(connection, epoch)
        self._scribe.log.begin_anew(epoch)
        self._streams.withdraw(connection, "grant")
        connection.execute("DELETE FROM quarantined")
        keep_welcome(connection, welcome)
        meta.put(connection, hub_status="ok", sent_from=0, acked_seq=0)
        for tail in sorted(tails):
            hand_in(unit, tail)
        return sum(len(tail.events) for tail in tails)
