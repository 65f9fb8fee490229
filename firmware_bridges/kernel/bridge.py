"""The loop of every bridge: greet, beat, repeat what is unanswered, obey commands, count nonsense."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from firmware_bridges.kernel.say import say
from firmware_bridges.kernel.session import MAX_INPUTS, Heard, Session, Taken
from firmware_bridges.kernel.settings import BridgeSettings
from firmware_bridges.kernel.store import Row, Store
from sync.kernel.devices import (
    NODE,
    About,
    Apart,
    Beat,
    Opened,
    Peer,
    Received,
    Scan,
    State,
    decode,
    make_bseq,
    parse_topic,
)
from sync.kernel.errors import Malformed

WINDOW = 100
TICK_S = 0.2
EVENTS: dict[str, type[Any]] = {"scan": Scan, "apart": Apart, "opened": Opened}


def mono_ms() -> int:
    """Milliseconds that also pass while the machine sleeps, so that no command survives a suspended night."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class Bridge:
    """A device and its node. A family adds :meth:`on_command`, :meth:`on_input` and what it ``speaks``."""

    family: ClassVar[str]
    speaks: ClassVar[str]

    def __init__(self, settings: BridgeSettings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.stopping = False
        self.counts: Counter[str] = Counter()
        self.inputs: queue.Queue[Any] = queue.Queue(MAX_INPUTS)
        self.session = Session(settings, store.boot, self.inputs)
        self._started_ms = mono_ms()
        self._node = Peer()
        self._greeted = 0
        self._beat_at_ms = 0
        self._sent: dict[int, tuple[int, int]] = {}
        self._mids: dict[int, int] = {}

    def on_command(self, kind: str, payload: bytes) -> None:
        """A command other than ``received``. May raise :class:`Malformed`."""
        raise Malformed("device_message", "command")

    def on_input(self, item: Any) -> None:
        """Something that a thread of the family put into ``inputs``."""

    def on_book(self, payload: bytes) -> None:
        """What the node tells its gates beforehand. May raise :class:`Malformed`."""

    def on_tick(self) -> None:
        """A fifth of a second has passed, or a message came."""

    def node_is_heard(self) -> bool:
        """Whether the node is there, as far as the broker tells."""
        return self._node.stamp(mono_ms()) is not None

    def run(self) -> int:
        """Until ``stopping``; then leaves with a farewell. Exit code 0."""
        self.session.start()
        say("started", device=self.settings.device, family=self.family, boot=self.store.boot)
        while not self.stopping:
            self._tick()
            try:
                self._take(self.inputs.get(timeout=TICK_S))
            except queue.Empty:
                continue
            except Malformed as error:
                self.ignore(str(error))
        self.session.stop()
        self.store.close()
        say("stopped", device=self.settings.device, ignored=dict(self.counts))
        return 0

    def up_ms(self) -> int:
        """Since this process started: the time in which the node tells this bridge its deadlines."""
        return mono_ms() - self._started_ms

    def record(self, kind: str, trace_id: str, body: Mapping[str, Any]) -> tuple[int, int]:
        """Put an event into the outbox, inside a transaction of the caller; its (bseq, seq)."""
        bseq = self.session.bseq or make_bseq(self.store.boot, 0)
        return bseq, self.store.add(kind, trace_id, body, bseq, mono_ms())

    def ignore(self, reason: str) -> None:
        """Count nonsense; the log grows with its logarithm, so that a flood does not fill the disk."""
        self.counts[reason] += 1
        count = self.counts[reason]
        if count & (count - 1) == 0:
            say("ignored", reason=reason, count=count)

    def _tick(self) -> None:
        if self.session.bseq != self._greeted:
            self._greet(self.session.bseq)
        if self._greeted and mono_ms() >= self._beat_at_ms:
            self._beat_at_ms = mono_ms() + self.settings.beat_ms
            self.session.publish("beat", Beat(self._greeted, self.up_ms()), qos=0)
        self.on_tick()
        self._repeat()

    def _greet(self, bseq: int) -> None:
        self._greeted = bseq
        self._node.forget()
        self._beat_at_ms = 0
        if bseq:
            birth = State("ready", bseq, "fake-1", int(time.time() * 1000))
            self.session.publish("about", About(self.family, self.speaks), retain=True)
            self.session.publish("state", birth, retain=True)
        say("connected" if bseq else "disconnected", bseq=bseq)

    def _repeat(self) -> None:
        """Send what is due, but only to a node that is heard: what waits in a broker would come too late."""
        now_ms = mono_ms()
        if self._node.stamp(now_ms) is None:
            return
        rows = self.store.waiting(WINDOW)
        if not rows:
            self._sent.clear()
        for row in rows:
            due_ms, tries = self._sent.get(row.seq, (0, 0))
            if now_ms >= due_ms and not self._send(row, now_ms, tries):
                return

    def _send(self, row: Row, now_ms: int, tries: int) -> bool:
        historical = row.boot != self.store.boot
        happened_at = None if historical else self._node.stamp(row.born_ms)
        known = {"bseq": row.bseq, "seq": row.seq, "trace_id": row.trace_id, "historical": historical}
        event = EVENTS[row.kind](**known, **row.body, happened_at=happened_at)
        mid = self.session.publish("evt", event, kind=row.kind)
        if mid is None:
            return False
        self._mids[mid] = row.seq
        self._sent[row.seq] = (now_ms + (self.settings.retry_ms << min(tries, 5)), tries + 1)
        return True

    def _take(self, item: Any) -> None:
        if isinstance(item, Heard):
            self._hear(item)
        elif isinstance(item, Taken):
            seq = self._mids.pop(item.mid, None)
            if seq is not None:
                self.store.taken(seq)
        elif item is not None:
            self.on_input(item)

    def _hear(self, heard: Heard) -> None:
        _, device, channel, kind = parse_topic(heard.topic)
        if device == NODE:
            self._hear_node(channel, heard)
        elif channel == "state":
            # The will of an older connection came late and stands where the birth should: say it again.
            if not heard.retained and decode(State, heard.payload).state == "lost":
                self._greeted = 0
        elif kind == "received":
            received = decode(Received, heard.payload)
            self.settle(received.bseq, received.seq)
        else:
            self.on_command(kind, heard.payload)

    def _hear_node(self, channel: str, heard: Heard) -> None:
        if channel == "state":
            self._node.hear_state(decode(State, heard.payload))
            # A node that was just born wants to know this clock at once.
            self._beat_at_ms = self._beat_at_ms if heard.retained else 0
        elif channel == "book":
            self.on_book(heard.payload)
        elif not heard.retained and self._node.hear_beat(decode(Beat, heard.payload), mono_ms()):
            self._sent.clear()

    def settle(self, bseq: int, seq: int) -> bool:
        """The node answered an event for good; True the first time."""
        first = self.store.answered(bseq, seq)
        self._sent.pop(seq, None)
        return first
