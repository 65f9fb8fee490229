"""Scanners and gates of the device bus, answered by the boarding domain.

A scan's verdict, the boarding event and the command to open are one transaction: after a crash at any point the
scanner asks again and gets the same answer, and a gate opens once for a ticket.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.domains.boarding import store
from edge.domains.boarding.service import Boarding, Verdict
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.devices import BusSettings, Command, DeviceBus, Outcome, ScanAnswer, open_command
from edge.kernel.directory import Directory
from edge.kernel.scribe import Scribe, UnitOfWork
from edge.kernel.settings import Settings
from sync.catalogue import Catalogue
from sync.domains.boarding import rules
from sync.domains.boarding.cutoff.apart import MAX_KEYS, Book, key_line
from sync.domains.boarding.events import GateOpened
from sync.kernel.devices import Apart, VerdictWord
from sync.kernel.ports import Clock

OPEN_FOR_MS = 15_000
_WORDS: dict[str, VerdictWord] = {rules.GREEN: "VALID", rules.AMBER: "WARNING", rules.RED: "INVALID"}


class Scanning:
    """``on_scan`` and ``on_opened`` of the bus, its outbox of commands, and its gates that are cut off."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        boarding: Boarding,
        catalogue: Catalogue,
        gate_device: str,
        directory: Directory,
    ) -> None:
        self._database, self._scribe, self._keeper = database, scribe, keeper
        self._boarding, self._catalogue, self._gate = boarding, catalogue, gate_device
        self._directory = directory
        self._known: tuple[int, dict[tuple[int, int], bytes]] = (-1, {})

    def on_scan(self, device: str, bseq: int, seq: int, code: str, trace_id: str, historical: bool) -> ScanAnswer:
        """The verdict for a scan; the same scan again gets the same verdict."""
        scan = (device, bseq, seq)
        known = store.answer(self._database.read(), scan)
        if known is not None:
            return _answer(known)
        current = self._boarding.current()
        if current is None:
            return ScanAnswer("ERROR", "no_trip", self._catalogue.text("reason_no_trip", "zh-Hans"))
        judged, claims = self._boarding.judge(code, *current, None)

        def work(unit: UnitOfWork) -> tuple[str, str, str]:
            again = store.answer(unit.connection, scan)
            if again is not None:
                return again
            verdict = self._boarding.record(unit, judged, claims, current, device, 0, code)
            said = (_WORDS[verdict.colour], verdict.reason or verdict.colour, self._title(verdict))
            store.keep_answer(unit.connection, scan, said)
            if verdict.colour != rules.RED and self._gate and not historical:
                self._open(unit, verdict, trace_id)
            return said

        return _answer(self._scribe.record(work))

    def on_apart(self, device: str, apart: Apart) -> ScanAnswer:
        """What a gate decided by itself while it was cut off: recorded once, and nothing opens for it any more."""
        asked, scan = (device, apart.bseq, apart.seq), (device, apart.scan_bseq, apart.scan_seq)

        def work(unit: UnitOfWork) -> tuple[str, str, str]:
            told = store.answer(unit.connection, asked)
            if told is not None:
                return told
            # The node may have heard the scan before: who was let in here as well as there is aboard once.
            heard = store.answer(unit.connection, scan)
            if apart.reason:
                self._boarding.turned_away(unit, apart.code, apart.reason, device)
            elif heard is None or heard[0] == _WORDS[rules.RED]:
                self._boarding.let_in(unit, apart.code, device, apart.at_ms)
            said: tuple[VerdictWord, str, str] = ("WARNING", rules.APART, self._catalogue.text("apart", "zh-Hans"))
            for key in (asked, scan):
                store.keep_answer(unit.connection, key, said)
            return said

        return _answer(self._scribe.record(work))

    def book(self) -> Book | None:
        """What this box's gates need where they are cut off: the trip that it boards, and who sold for it."""
        current, identity = self._boarding.current(), meta.known_identity(self._database)
        if current is None or identity is None:
            return None
        sold = store.sellers(self._database.read(), *current) | {(identity.node_no, identity.epoch)}
        kids = [self._logs()[log] for log in sorted(sold) if log in self._logs()]
        keys = [self._key_line(kid) for kid in kids[:MAX_KEYS]]
        return Book(*current, identity.hub_key.public.hex(), tuple(line for line in keys if line))

    def _logs(self) -> dict[tuple[int, int], bytes]:
        """Read again when somebody was added or taken away: there may be thousands."""
        count = self._directory.count()
        if self._known[0] != count:
            self._known = (count, self._directory.logs())
        return self._known[1]

    def _key_line(self, kid: bytes) -> str:
        found = self._directory.issuer(kid)
        return key_line(found, self._directory.revoked_after(kid)) if found else ""

    def on_opened(self, device: str, bseq: int, seq: int, cmd_id: str, verdict_id: str, trace_id: str) -> None:
        """A gate says that it opened: recorded once."""
        self._scribe.record(lambda unit: self._opened(unit, device, cmd_id, verdict_id))

    def pending(self) -> Sequence[Command]:
        """Commands that wait to be done."""
        return [
            open_command(row.device, row.verdict_id, row.trace_id, row.expires_at_ms)
            for row in store.pending_commands(self._database.read())
        ]

    def done(self, cmd_id: str, outcome: Outcome) -> None:
        """A command's end."""
        self._scribe.record(lambda unit: store.finish_command(unit.connection, cmd_id, outcome))

    def _open(self, unit: UnitOfWork, verdict: Verdict, trace_id: str) -> None:
        expires = self._keeper.clock.wall_ms() + OPEN_FOR_MS
        command = open_command(self._gate, verdict.ticket_id.hex(), trace_id, expires)
        store.add_command(
            unit.connection,
            store.CommandRow(command.cmd_id, self._gate, verdict.ticket_id.hex(), trace_id, expires),
        )

    def _opened(self, unit: UnitOfWork, device: str, cmd_id: str, verdict_id: str) -> None:
        try:
            ticket_id = bytes.fromhex(verdict_id)
        except ValueError:
            return
        store.finish_command(unit.connection, cmd_id, "opened")
        known = unit.connection.execute("SELECT 1 FROM gate_opened WHERE ticket_id = ?", (ticket_id,)).fetchone()
        if known is None and store.boarded(unit.connection, ticket_id) is not None:
            unit.append(GateOpened(ticket_id, device))

    def _title(self, verdict: Verdict) -> str:
        key = f"reason_{verdict.reason}" if verdict.reason else f"verdict_{verdict.colour}"
        return " ".join(part for part in (self._catalogue.text(key, "zh-Hans"), verdict.seat_label) if part)[:200]


def start_bus(settings: Settings, scanning: Scanning, identity: meta.Identity | None, clock: Clock) -> DeviceBus | None:
    """The node's device bus, started; None when no broker is set."""
    if not settings.mqtt_port:
        return None
    name = f"node-{identity.node_no if identity else 0}"
    bus = DeviceBus(
        BusSettings(node=name, host=settings.mqtt_host, port=settings.mqtt_port),
        scanning.on_scan, scanning.on_opened, scanning, clock, scanning,
    )  # fmt: skip
    bus.start()
    return bus


def _answer(said: tuple[str, str, str]) -> ScanAnswer:
    word: VerdictWord = next((word for word in _WORDS.values() if word == said[0]), "ERROR")
    return ScanAnswer(word, said[1], said[2])
