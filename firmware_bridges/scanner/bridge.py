"""A fake barcode scanner: a code becomes a durable event, the node's verdict its acknowledgement.

Where the node is not heard, or does not answer in time, the scanner decides by itself: amber at best, kept here and told
to the node as soon as it is there.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from firmware_bridges.kernel.bridge import Bridge, mono_ms
from firmware_bridges.kernel.say import say
from firmware_bridges.kernel.settings import BridgeSettings
from firmware_bridges.kernel.store import Store
from firmware_bridges.scanner import alone
from firmware_bridges.scanner.feed import Line
from sync import catalogue
from sync.domains.boarding import rules
from sync.domains.boarding.cutoff.apart import Book
from sync.kernel.devices import Scan, Verdict, VerdictWord, decode, encode
from sync.kernel.errors import Fault, Malformed

ALONE_AFTER_MS = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that somebody holds before the scanner, waiting for a verdict since ``at_ms``."""

    at_ms: int
    bseq: int
    trace_id: str
    line: Line


class Scanner(Bridge):
    """Reads, keeps, sends, shows."""

    family = "scanner"
    speaks = "evt/scan evt/apart cmd/verdict"

    def __init__(self, settings: BridgeSettings, store: Store) -> None:
        super().__init__(settings, store)
        self._asked: dict[int, Asked] = {}
        self._texts = catalogue.load()
        store.db.executescript(alone.SCHEMA)
        self._book = alone.kept_book(store.db)

    def on_book(self, payload: bytes) -> None:
        """The node tells what to know where it can't be asked."""
        with self.store.write() as db:
            self._book = alone.keep_book(db, payload)

    def on_tick(self) -> None:
        """Nobody waits before a scanner for a node that is away."""
        late_ms = mono_ms() - ALONE_AFTER_MS if self.node_is_heard() else mono_ms()
        for seq in [seq for seq, asked in self._asked.items() if asked.at_ms <= late_ms]:
            if self._book is not None:
                self._decide_alone(seq, self._asked.pop(seq), self._book)

    def on_input(self, item: Any) -> None:
        """A code was read: it is kept before anything is said about it."""
        if not isinstance(item, Line):
            return
        trace_id = secrets.token_hex(8)
        try:
            encode(Scan(0, 0, trace_id, False, item.text))
            with self.store.write():
                bseq, seq = self.record("scan", trace_id, {"code": item.text})
        except Malformed:
            item.reply({"event": "unreadable"})
            self.ignore("unreadable")
            return
        except Fault as full:
            item.reply({"event": full.code})
            self.ignore(full.code)
            return
        self._asked[seq] = Asked(mono_ms(), bseq, trace_id, item)
        say("scanned", bseq=bseq, seq=seq, trace_id=trace_id)

    def on_command(self, kind: str, payload: bytes) -> None:
        """A verdict is shown once; its repetitions are only repetitions."""
        if kind != "verdict":
            raise Malformed("device_message", "command")
        verdict = decode(Verdict, payload)
        if not self.settle(verdict.bseq, verdict.seq):
            return
        self._show(verdict, self._asked.pop(verdict.seq, None))

    def _show(self, verdict: Verdict, asked: Asked | None) -> None:
        shown: dict[str, object] = {
            "bseq": verdict.bseq,
            "seq": verdict.seq,
            "trace_id": verdict.trace_id,
            "verdict": verdict.verdict,
            "code": verdict.code,
            "title": verdict.title,
            "after_ms": None if asked is None else mono_ms() - asked.at_ms,
        }
        if asked is not None:
            asked.line.reply({"event": "verdict", **shown})
        say("verdict", **shown)

    def _decide_alone(self, seq: int, asked: Asked, book: Book) -> None:
        """The decision is on the disk, and on its way to the node, before anybody sees it."""
        at_ms = int(time.time() * 1000)
        with self.store.write() as db:
            reason = alone.decide(db, asked.line.text, book, at_ms)
            self.store.withdraw(seq)
            body = {"scan_bseq": asked.bseq, "scan_seq": seq, "code": asked.line.text, "reason": reason, "at_ms": at_ms}
            self.record("apart", asked.trace_id, body)
        word: VerdictWord = "INVALID" if reason else "WARNING"
        title = self._texts.text(f"reason_{reason}" if reason else rules.APART, "zh-Hans")
        self._show(Verdict(asked.bseq, seq, asked.trace_id, word, reason or rules.APART, title), asked)
