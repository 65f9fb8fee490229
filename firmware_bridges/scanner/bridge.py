"""A fake barcode scanner: a code becomes a durable event, the node's verdict its acknowledgement."""

from __future__ import annotations

import secrets
from typing import Any

from firmware_bridges.kernel.bridge import Bridge, mono_ms
from firmware_bridges.kernel.say import say
from firmware_bridges.kernel.settings import BridgeSettings
from firmware_bridges.kernel.store import Store
from firmware_bridges.scanner.feed import Line, Reply
from sync.kernel.devices import Scan, Verdict, decode, encode
from sync.kernel.errors import Fault, Malformed


class Scanner(Bridge):
    """Reads, keeps, sends, shows."""

    family = "scanner"
    speaks = "evt/scan cmd/verdict"

    def __init__(self, settings: BridgeSettings, store: Store) -> None:
        super().__init__(settings, store)
        self._asked: dict[int, tuple[int, Reply]] = {}

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
        self._asked[seq] = (mono_ms(), item.reply)
        say("scanned", bseq=bseq, seq=seq, trace_id=trace_id)

    def on_command(self, kind: str, payload: bytes) -> None:
        """A verdict is shown once; its repetitions are only repetitions."""
        if kind != "verdict":
            raise Malformed("device_message", "command")
        verdict = decode(Verdict, payload)
        if not self.settle(verdict.bseq, verdict.seq):
            return
        asked_ms, reply = self._asked.pop(verdict.seq, (None, None))
        shown: dict[str, object] = {
            "bseq": verdict.bseq,
            "seq": verdict.seq,
            "trace_id": verdict.trace_id,
            "verdict": verdict.verdict,
            "code": verdict.code,
            "title": verdict.title,
            "after_ms": None if asked_ms is None else mono_ms() - asked_ms,
        }
        if reply is not None:
            reply({"event": "verdict", **shown})
        say("verdict", **shown)
