"""The node's side of MQTT: hears its devices, answers them, and drives their commands home.

The bus decides nothing and keeps nothing. What a scan means is the domain's ``on_scan``, which makes its
verdict (and a command that follows from it) durable in one transaction before it returns; what has to reach a
device stands in the domain's :class:`Outbox`. Both may be asked again, since a broker can die any time.
All work is done in a thread of its own: a broker that is away, or slow, delays neither a sale nor a page.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sync.kernel import devices as wire
from sync.kernel.devices import NODE, VerdictWord
from sync.kernel.errors import Malformed
from sync.kernel.ports import Clock

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

log = logging.getLogger(__name__)
MAX_INPUTS = 1_000
MAX_DEVICES = 64
TICK_S = 0.2
BOOK_EVERY_MS = 10_000
COMMANDS: dict[str, type[Any]] = {"open": wire.Open}
Outcome = Literal["opened", "expired", "unanswered"]
Heard = tuple[str, bytes, bool]
"""Topic, payload, and whether the broker had kept it for nobody knows how long."""


@dataclass(frozen=True, slots=True)
class BusSettings:
    """``node`` names this node in topics. A scan older than ``fresh_ms`` reaches the domain as historical."""

    node: str
    host: str = "127.0.0.1"
    port: int = 1883
    beat_ms: int = 2_000
    retry_ms: int = 1_000
    fresh_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What the scanner shows: a word, a code (``[A-Za-z0-9._:-]``), a title of at most 200 characters."""

    verdict: VerdictWord
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do once, before ``expires_at_ms`` of this node's wall clock (at most a minute ahead)."""

    cmd_id: str
    device: str
    kind: str
    body: Mapping[str, str]
    expires_at_ms: int


def open_command(device: str, verdict_id: str, trace_id: str, expires_at_ms: int) -> Command:
    """Open ``device`` once: the ``cmd_id`` follows from the verdict, so that there is never a second."""
    body = {"verdict_id": verdict_id, "trace_id": trace_id}
    return Command(f"open-{verdict_id}", device, "open", body, expires_at_ms)


class OnScan(Protocol):
    """The domain's answer to a scan, durable before it is returned."""

    def __call__(self, device: str, bseq: int, seq: int, code: str, trace_id: str, historical: bool) -> ScanAnswer:
        """The same (device, bseq, seq) always gets the same answer and causes nothing new.

        ``historical``: nobody stands at the gate any more, so record it but open nothing. An exception leaves
        the scan unanswered: the scanner keeps it and sends it again, at growing intervals.
        """


class OnOpened(Protocol):
    """The domain's record that a gate opened, durable before it returns; the same key again: no change."""

    def __call__(self, device: str, bseq: int, seq: int, cmd_id: str, verdict_id: str, trace_id: str) -> None:
        """May come after :meth:`Outbox.done` said ``unanswered``, and more than once."""


class CutOff(Protocol):
    """The domain's part for gates that cannot reach their node."""

    def book(self) -> object | None:
        """A message of :mod:`sync.kernel.devices`' kind that every device keeps beforehand; None when there is nothing to say."""

    def on_apart(self, device: str, apart: wire.Apart) -> ScanAnswer:
        """What a device decided by itself, durable before this returns; the same (device, bseq, seq) again: no change."""


class Outbox(Protocol):
    """Commands that are decided and not done, in the node's own database."""

    def pending(self) -> Sequence[Command]:
        """The oldest commands without an outcome, at most some hundred."""

    def done(self, cmd_id: str, outcome: Outcome) -> None:
        """Never pending again. ``unanswered``: its time is over and the device has not said a word."""


@dataclass(frozen=True, slots=True)
class BusStatus:
    """For the admin: is there a broker, the state of each device, and what was ignored how often."""

    connected: bool
    devices: dict[str, str]
    counts: dict[str, int]


@dataclass(slots=True)
class _Order:
    command: Command
    ends_ms: int
    due_ms: int = 0


class DeviceBus:
    """One a node. ``start`` returns at once; ``stop`` ends within a second or two."""

    def __init__(
        self, settings: BusSettings, on_scan: OnScan, on_opened: OnOpened, outbox: Outbox, clock: Clock,
        cut_off: CutOff | None = None,
    ) -> None:  # fmt: skip
        self._settings, self._on_scan, self._on_opened = settings, on_scan, on_opened
        self._outbox, self._clock, self._cut_off = outbox, clock, cut_off
        self._book: object | None = None
        self._book_at_ms = 0
        self._counts: Counter[str] = Counter()
        self._devices: dict[str, wire.Peer] = {}
        self._orders: dict[str, _Order] = {}
        self._inputs: queue.Queue[Heard | None] = queue.Queue(MAX_INPUTS)
        self._started_ms = clock.mono_ms()
        self._boot = secrets.randbits(28)
        self._line = _Line(settings, self._boot, self._inputs)
        self._greeted = self._beat_at_ms = self._drain_at_ms = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="devices")

    def start(self) -> None:
        """Begin to connect and to work."""
        self._line.start()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is at hand, say farewell, leave the rest to the outboxes."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join(5)
        self._line.stop()

    def wake(self) -> None:
        """There may be new commands in the outbox. From any thread; never waits."""
        self._drain_at_ms = 0
        with contextlib.suppress(queue.Full):
            self._inputs.put_nowait(None)

    def status(self) -> BusStatus:
        """A copy; from any thread."""
        devices = {name: peer.state for name, peer in list(self._devices.items())}
        return BusStatus(self._line.bseq != 0, devices, dict(self._counts))

    def _work(self) -> None:
        while not self._stopping:
            try:
                self._tick()
                heard = self._inputs.get(timeout=TICK_S)
                if heard is not None:
                    self._hear(*heard)
            except queue.Empty:
                continue
            except Malformed as error:
                self._counts[str(error)] += 1
            except Exception:
                # A domain that can't answer now must not end the bus: the device keeps the event.
                self._counts["failed"] += 1
                log.exception("device message not handled")

    def _tick(self) -> None:
        now_ms = self._clock.mono_ms()
        if self._line.bseq != self._greeted:
            self._greet(self._line.bseq)
        if self._greeted and now_ms >= self._beat_at_ms:
            self._beat_at_ms = now_ms + self._settings.beat_ms
            beat = wire.Beat(self._greeted, now_ms - self._started_ms)
            self._line.publish(NODE, "beat", beat, qos=0)
        if now_ms >= self._drain_at_ms:
            self._drain_at_ms = now_ms + self._settings.retry_ms
            self._drain(now_ms)
        if self._cut_off and self._greeted and now_ms >= self._book_at_ms:
            self._book_at_ms = now_ms + BOOK_EVERY_MS
            self._tell_book(self._cut_off.book())

    def _tell_book(self, book: object | None) -> None:
        """Kept by the broker for devices that come later; said again only when it changed."""
        if book is not None and book != self._book and self._line.publish(NODE, "book", book, retain=True):
            self._book = book

    def _greet(self, bseq: int) -> None:
        self._greeted = bseq
        self._book, self._book_at_ms = None, 0
        self._beat_at_ms = 0
        for device in self._devices.values():
            device.forget()
        if bseq:
            birth = wire.State("ready", bseq, ts_ms=max(0, self._clock.wall_ms()))
            self._line.publish(NODE, "state", birth, retain=True)

    def _drain(self, now_ms: int) -> None:
        pending = self._outbox.pending()
        self._orders = {one.cmd_id: self._orders.get(one.cmd_id) or self._order(one, now_ms) for one in pending}
        for order in list(self._orders.values()):
            if now_ms > order.ends_ms + 2 * self._settings.retry_ms:
                self._finish(order.command.cmd_id, order.command.device, "unanswered")
            elif order.due_ms <= now_ms < order.ends_ms:
                self._try(order, now_ms)

    def _try(self, order: _Order, now_ms: int) -> None:
        try:
            self._send(order, now_ms)
        except (KeyError, TypeError, Malformed):
            # Nothing that a device could read; its time will end, and those behind it do not wait for that.
            self._counts["unsendable"] += 1

    def _order(self, command: Command, now_ms: int) -> _Order:
        """From now on the monotonic clock counts: a wall clock set back must not lengthen its life."""
        left_ms = min(max(0, command.expires_at_ms - self._clock.wall_ms()), wire.MAX_LIFE_MS)
        return _Order(command, now_ms + left_ms)

    def _send(self, order: _Order, now_ms: int) -> None:
        command = order.command
        device = self._devices.get(command.device)
        expires_at = device.stamp(order.ends_ms) if device else None
        if expires_at is None:
            return
        message = COMMANDS[command.kind](cmd_id=command.cmd_id, expires_at=expires_at, **command.body)
        if self._line.publish(command.device, "cmd", message, kind=command.kind):
            order.due_ms = now_ms + self._settings.retry_ms

    def _finish(self, cmd_id: str, device: str, outcome: Outcome) -> None:
        order = self._orders.get(cmd_id)
        if order and order.command.device == device:
            self._outbox.done(cmd_id, outcome)
            del self._orders[cmd_id]

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        _, name, channel, kind = wire.parse_topic(topic)
        if name == NODE:
            # The will of an older connection came late and stands where the birth should: say it again.
            if channel == "state" and not retained and wire.decode(wire.State, payload).state == "lost":
                self._greeted = 0
            return
        if channel == "ack":
            ack = wire.decode(wire.Ack, payload)
            self._finish(ack.cmd_id, name, ack.result)
        elif channel == "evt":
            self._hear_event(name, kind, payload)
        else:
            self._hear_presence(name, channel, payload, retained)

    def _hear_event(self, name: str, kind: str, payload: bytes) -> None:
        if kind == "scan":
            self._hear_scan(name, wire.decode(wire.Scan, payload))
        elif kind == "apart" and self._cut_off:
            apart = wire.decode(wire.Apart, payload)
            self._answer(name, apart, self._cut_off.on_apart(name, apart))
        elif kind == "opened":
            opened = wire.decode(wire.Opened, payload)
            self._on_opened(name, opened.bseq, opened.seq, opened.cmd_id, opened.verdict_id, opened.trace_id)
            self._finish(opened.cmd_id, name, "opened")
            self._line.publish(name, "cmd", wire.Received(opened.bseq, opened.seq), kind="received")
        else:
            raise Malformed("device_message", "event")

    def _hear_scan(self, name: str, scan: wire.Scan) -> None:
        age_ms = wire.age_ms(scan.happened_at, self._boot, self._clock.mono_ms() - self._started_ms)
        # A stamp lags, so one that lies ahead tells of a machine that slept: then the age is not known either.
        fresh = age_ms is not None and -1_000 <= age_ms <= self._settings.fresh_ms
        historical = scan.historical or not fresh
        answer = self._on_scan(name, scan.bseq, scan.seq, scan.code, scan.trace_id, historical)
        self._answer(name, scan, answer)
        self._drain_at_ms = 0

    def _answer(self, name: str, asked: wire.Scan | wire.Apart, said: ScanAnswer) -> None:
        verdict = wire.Verdict(asked.bseq, asked.seq, asked.trace_id, said.verdict, said.code, said.title)
        self._line.publish(name, "cmd", verdict, kind="verdict")

    def _hear_presence(self, name: str, channel: str, payload: bytes, retained: bool) -> None:
        device = self._devices.get(name) or wire.Peer()
        if channel == "state":
            device.hear_state(wire.decode(wire.State, payload))
            # A device that was just born wants to know this clock at once.
            self._beat_at_ms = self._beat_at_ms if retained else 0
        elif not retained and device.hear_beat(wire.decode(wire.Beat, payload), self._clock.mono_ms()):
            self._hasten(name)
        if name not in self._devices and len(self._devices) >= MAX_DEVICES:
            raise Malformed("device_message", "too_many_devices")
        self._devices[name] = device

    def _hasten(self, name: str) -> None:
        """The device is back: what it may have missed goes out again now."""
        self._drain_at_ms = 0
        for order in self._orders.values():
            if order.command.device == name:
                order.due_ms = 0


class _Line:
    """paho's thread: connects, comes back, hands over what it hears. ``bseq`` is 0 without a connection."""

    def __init__(self, settings: BusSettings, boot: int, inputs: queue.Queue[Heard | None]) -> None:
        # Here, for a box without devices needs not hold it in memory.
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.bseq = 0
        self._settings, self._inputs = settings, inputs
        self._next = wire.make_bseq(boot, 0)
        self._state = wire.topic(settings.node, NODE, "state")
        name = f"tp-{settings.node}-{NODE}"
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.max_queued_messages_set(MAX_INPUTS)
        self._client.reconnect_delay_set(1, 8)
        self._client.on_pre_connect = self._on_pre_connect
        self._client.on_socket_open = self._on_socket_open
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def start(self) -> None:
        self._client.connect_async(self._settings.host, self._settings.port, keepalive=10)
        self._client.loop_start()

    def stop(self) -> None:
        if self.bseq:
            farewell = wire.encode(wire.State("disconnected", self.bseq))
            info = self._client.publish(self._state, farewell, qos=1, retain=True)
            with contextlib.suppress(ValueError, RuntimeError):
                info.wait_for_publish(1)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, device: str, channel: str, message: Any, *, kind: str = "", **how: Any) -> bool:
        if not self.bseq:
            return False
        name = wire.topic(self._settings.node, device, channel, kind)
        info = self._client.publish(name, wire.encode(message), **{"qos": 1, **how})
        return not info.rc

    def _on_pre_connect(self, client: mqtt.Client, _user: Any) -> None:
        self._next += 1
        client.will_set(self._state, wire.encode(wire.State("lost", self._next)), qos=1, retain=True)

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            return
        mine = wire.topic(self._settings.node, "+", "")
        # Who is there is told afresh on each connection; only what happened may wait in the broker meanwhile.
        wanted = [("state", 0), ("beat", 0), ("evt/+", 1), ("ack", 1)]
        client.subscribe([(f"{mine}/{channel}", qos) for channel, qos in wanted])
        self.bseq = self._next
        self._put(None)

    def _on_disconnect(self, client: mqtt.Client, _user: Any, _flags: Any, _reason: Any, _more: Any) -> None:
        self.bseq = 0
        self._put(None)

    def _on_message(self, client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        # A topic that is no UTF-8 has no name to be counted under, and paho's thread must survive it.
        with contextlib.suppress(UnicodeDecodeError):
            self._put((message.topic, bytes(message.payload), message.retain))

    def _put(self, item: Heard | None) -> None:
        # A full queue drops: whoever sent it sends it again until it is answered.
        with contextlib.suppress(queue.Full):
            self._inputs.put_nowait(item)

    @staticmethod
    def _on_socket_open(client: mqtt.Client, _user: Any, sock: Any) -> None:
        # Without it a small write waits for the last one's acknowledgement: 40 ms at a gate.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
