"""The node's side of the exchange: what it sends, what it believes, and when it asks again.

It stands beside the server: reading the log takes no lock, and a large answer is applied in small transactions, so that
no sale waits for the line.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final

from edge.kernel import log, meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.presenting import Presenter
from edge.kernel.repair import Repair
from edge.kernel.scribe import Scribe, UnitOfWork
from edge.kernel.streams import CHUNK, Streams
from sync.kernel import exchange, lean
from sync.kernel.cose import FindKey
from sync.kernel.errors import Fault, Malformed, YipiaoError
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import Operation
from sync.kernel.ports import Ids, Signer, Transport
from sync.kernel.serving import give_back

MAX_ROUNDS: Final = 10_000
_LONGEST_S: Final = 6 * 3_600.0
_LONGEST_AWAY_S: Final = 900.0
_MOST_JITTER_S: Final = 10.0
_UP_BYTES: Final = 512 * 1024
_BREATH_S: Final = 0.002
_RESTS: Final = 2
_LONGEST_REST_S: Final = 0.5  # a disk that stood still must not keep the line waiting as well
_GOING_ON: Final = (exchange.OK, exchange.RESEND, exchange.REPLACED)
# What a hub says that does not know this box's key.
_FORGOTTEN: Final = "cose_unknown_key"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Of one visit to the hub. ``error`` is the code of what went wrong, None when nothing did."""

    rounds: int
    events_up: int
    operations_down: int
    come_back_ms: int
    error: str | None = None


class Exchanger:
    """Talks to the hub. ``before`` runs ahead of each visit (returning of seats); ``report`` gives what to report."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        streams: Streams,
        keeper: TimeKeeper,
        signer: Signer,
        transport: Transport,
        report: Callable[[], dict[str, Any]],
        before: Callable[[], object],
    ) -> None:
        self._database, self._scribe, self._streams = database, scribe, streams
        self._keeper, self._signer, self._transport = keeper, signer, transport
        self._report, self._before = report, before
        self._presenter = Presenter(database, scribe, streams, signer, transport)
        self._presented = False
        self._number = 0
        self._lean = self._quiet = False
        self._repair = Repair(database, scribe, streams, keeper)
        self._reported: dict[str, Any] = {}
        self._turn = threading.Lock()
        self.last_error: str | None = None
        self.last_contact_mono_ms: int | None = None

    def visit(self) -> Outcome:
        """Exchange until neither side has more. Never raises: what went wrong is in the outcome and in ``last_error``."""
        with self._turn:
            rounds = up = down = come_back = 0
            try:
                self._scribe.begin()
                self._before()
                self._presented = False
                while rounds < MAX_ROUNDS:
                    request, got, answer = self._round_or_present()
                    rounds += 1
                    up, down, come_back = up + len(request.events), down + got, answer.come_back_ms
                    if not (self._looks_again(request, answer) or self._more(request, answer, got)):
                        break
                if answer.status == exchange.OK:
                    self._presenter.sweep(CHUNK, _breathe)
                self.last_error = None if answer.status == exchange.OK else _name(answer.status)
            except YipiaoError as error:
                self.last_error = error.code
            except sqlite3.Error as error:
                self.last_error = getattr(error, "sqlite_errorname", "database")
            except Exception:
                # Whatever the line brought: the next visit must come, or the box would never be heard of again.
                _logger.exception("visit to the hub failed")
                self.last_error = "exchange_failed"
            return Outcome(rounds, up, down, come_back, self.last_error)

    def waiting(self) -> bool:
        """Whether the log has events that the hub does not hold yet; also when the disk does not say."""
        try:
            return self._scribe.log.head.seq > int(meta.get(self._database.read(), "sent_from", 0))
        except sqlite3.Error:
            return True

    def _looks_again(self, request: Request, answer: Response) -> bool:
        """Whether the comparing of digests goes on at once; after news as well, which came in its place."""
        if not request.check:
            return False
        return self._repair.take(answer.found) if answer.found else bool(answer.operations) and not answer.more

    def _more(self, request: Request, answer: Response, got: int) -> bool:
        if answer.status == exchange.RESEND:
            return answer.acked_seq != request.first_seq - 1  # else the same would be asked again
        if answer.status not in _GOING_ON:
            return False
        waits = self._scribe.log.head.seq > answer.acked_seq and bool(request.events)
        return answer.more or waits or (got > 0 and bool(self._streams.cursor(self._database.read())[1]))

    def _round_or_present(self) -> tuple[Request, int, Response]:
        """A round; where the hub turns out to be restored, another one once this log was presented, once a visit."""
        try:
            found = self._round()
        except Fault as error:
            # The hub's refusal, not an answer that was bent on its way.
            if error.code != _FORGOTTEN or isinstance(error, Malformed) or self._presented:
                raise
            self._present_or(error)
        else:
            if found[2].status != exchange.RESTORED or self._presented:
                return found
            self._presented = True
            self._presenter.present()
        return self._round()

    def _present_or(self, forgotten: Fault) -> None:
        """Show the certificate to a hub that does not know this box; where that is no use either, it stays so."""
        self._presented = True
        try:
            self._presenter.present()
        except Fault as refused:
            raise (refused if refused.retry else forgotten) from None

    def _round(self) -> tuple[Request, int, Response]:
        connection = self._database.read()
        identity = meta.identity(connection)
        if identity is None:
            raise Fault("not_enrolled", retry=False)
        request, reported = self._request(connection, identity.epoch)
        answer = self._ask(request, _only(identity.hub_key))
        self._lean = answer.speaks >= lean.PROTOCOL
        self._keeper.saw_hub(answer.hub_ms)
        if answer.status != exchange.RESTORED:  # that one has told nothing yet: by its time no sale is judged
            self._scribe.hub_ms = answer.hub_ms
        self.last_contact_mono_ms = self._keeper.clock.mono_ms()
        if answer.status in _GOING_ON and answer.acked_seq > self._scribe.log.head.seq:
            # The hub holds more of this log than this disk does: an older state was put back here.
            answer = replace(answer, status=exchange.REWOUND)
        self._quiet = not (answer.more or answer.exceptions)
        got = self._take(request, answer)
        self._reported = reported
        return request, got, answer

    def _ask(self, request: Request, hub_key: FindKey) -> Response:
        """The hub's answer; in protocol 2 when it speaks that, and in full when it does not want it today."""
        if self._lean:
            self._lean = False
            data = lean.encode_request(request, self._signer)
            try:
                return lean.decode_response(self._transport.post(exchange.PATH, data), data, hub_key)
            except Fault as refused:
                if refused.retry:
                    self._lean = True
                    raise
        data = exchange.encode_request(request, self._signer)
        return exchange.decode_response(self._transport.post(exchange.PATH, data), data, hub_key)

    def _request(self, connection: sqlite3.Connection, epoch: int) -> tuple[Request, dict[str, Any]]:
        acked = meta.get(connection, "sent_from", 0)
        floor, behind = self._streams.cursor(connection)
        report = self._report()
        changed = {name: value for name, value in report.items() if self._reported.get(name) != value}
        events = tuple(log.slice_after(connection, acked, exchange.MAX_EVENTS, _UP_BYTES))
        waiting = self._scribe.log.head.seq - acked - len(events)
        if waiting > 0:
            changed["waiting"] = waiting  # said anew each time: not to say it means none
        self._number += 1
        request = Request(
            epoch=epoch,
            number=self._number,
            first_seq=acked + 1,
            prev_hash=log.hash_at(connection, acked),
            events=events,
            floor=floor,
            exceptions=behind,
            reported=changed,
            check=self._repair.ask() if self._lean and self._quiet else (),
        )
        return request, report

    def _take(self, request: Request, answer: Response) -> int:
        got, asked, took_s = 0, self._scribe.asked, 0.0
        for chunk in _chunks(answer.operations, CHUNK):
            if self._scribe.asked != asked:
                # Somebody sells meanwhile: theirs is most of the time, and what each chunk made them forget.
                asked = self._scribe.asked
                _breathe(min(_RESTS * took_s, _LONGEST_REST_S))
            begun_s = time.perf_counter()
            got += self._scribe.write(partial(self._apply, chunk=chunk))
            took_s = time.perf_counter() - begun_s
        if self._changes(request, answer):
            self._scribe.write(lambda unit: self._settle(unit, request, answer))
        return got

    def _apply(self, unit: UnitOfWork, chunk: list[Operation]) -> int:
        return self._streams.apply(unit.connection, chunk)

    def _changes(self, request: Request, answer: Response) -> bool:
        return (
            bool(request.events or answer.operations or answer.quarantined or request.exceptions)
            or answer.floor != request.floor
            or _name(answer.status) != meta.get(self._database.read(), "hub_status", _name(exchange.OK))
        )

    def _settle(self, unit: UnitOfWork, request: Request, answer: Response) -> None:
        connection = unit.connection
        self._streams.move(connection, answer.floor, answer.exceptions, request.exceptions)
        connection.executemany("INSERT OR REPLACE INTO quarantined (seq, code) VALUES (?, ?)", answer.quarantined)
        meta.put(connection, hub_status=_name(answer.status), last_hub_ms=answer.hub_ms)
        if answer.status in _GOING_ON:
            meta.put(connection, sent_from=answer.acked_seq)
            meta.put(connection, acked_seq=max(answer.acked_seq, meta.get(connection, "acked_seq", 0)))


class Schedule:
    """When to visit: at the hub's word and a little later, so that boxes don't come together; backing off while the hub is
    away. A long pause is for a box with nothing to hand in: with a sale in its log it comes after its own setting.

    ``after`` is done behind each visit, and never raises.
    """

    def __init__(self, exchanger: Exchanger, after: Callable[[], object], every_s: int, ids: Ids) -> None:
        self._exchanger, self._after, self._every_s, self._ids = exchanger, after, every_s, ids
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="exchange", daemon=True)

    def start(self) -> None:
        """Begin; the first visit comes at once."""
        self._thread.start()

    def soon(self) -> None:
        """Visit without waiting for the turn (somebody asked for seats)."""
        self._wake.set()

    def stop(self) -> None:
        """End after the visit under way."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def pause_s(self, outcome: Outcome) -> float:
        """Seconds until the next visit after ``outcome``."""
        if outcome.error is None:
            self._failures = 0
            if outcome.come_back_ms:
                told_s = min(outcome.come_back_ms / 1000, _LONGEST_S)
                # Never before its turn: the hub keeps that for it.
                return told_s + min(told_s * 0.15, _MOST_JITTER_S) * self._dice()
            return self._about(float(self._every_s))
        self._failures = min(self._failures + 1, 6)
        return self._about(min(float(self._every_s) * 2 ** (self._failures - 1), 16.0 * self._every_s, _LONGEST_AWAY_S))

    def _about(self, seconds: float) -> float:
        return seconds * (0.85 + 0.3 * self._dice())

    def _dice(self) -> float:
        return int.from_bytes(self._ids.token(2), "big") / 65_536

    def turn(self) -> Outcome:
        """A visit, and what is done behind it."""
        outcome = self._exchanger.visit()
        self._after()
        if outcome.events_up + outcome.operations_down > CHUNK:
            give_back()
        return outcome

    def _run(self) -> None:
        while not self._stop.is_set():
            outcome = self.turn()
            self._rest(self.pause_s(outcome), outcome.error is None)
            self._wake.clear()

    def _rest(self, pause_s: float, well: bool) -> None:
        """Wait for the next visit: until somebody wakes it, or a sale has waited for as long as the setting says."""
        step_s = max(self._about(float(self._every_s)), 1.0)
        while pause_s > 0 and not self._wake.wait(min(step_s, pause_s)):
            pause_s -= step_s
            if well and self._exchanger.waiting():
                return


def _breathe(least_s: float = 0.0) -> None:
    """The pen goes to whoever grabs it first: without a pause that is this thread, again and again."""
    time.sleep(max(least_s, _BREATH_S))


def _only(key: VerifyKey) -> Callable[[bytes], VerifyKey | None]:
    return lambda kid: key if kid == key.kid else None


def _name(status: int) -> str:
    return exchange.STATUS_NAMES.get(status, f"status_{status}")


def _chunks(items: Iterable[Any], size: int) -> Iterable[list[Any]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
