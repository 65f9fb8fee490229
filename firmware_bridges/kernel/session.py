"""A bridge's line to the broker: paho's thread on one side, a queue for the bridge's own loop on the other.

Works on MQTT 3.1.1. The session is persistent and paho repeats what was not acknowledged, but neither is
relied on: the outbox repeats whatever the node has not answered.
"""

from __future__ import annotations

import contextlib
import queue
import socket
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from firmware_bridges.kernel.settings import BridgeSettings
from sync.kernel.devices import NODE, State, encode, make_bseq, topic

MAX_INPUTS = 1_000


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the broker. ``retained``: it was kept there, nobody knows since when."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The broker acknowledged the publication ``mid``."""

    mid: int


class Session:
    """Connects, comes back, and says who is there. ``bseq`` is 0 while there is no connection."""

    def __init__(self, settings: BridgeSettings, boot: int, inputs: queue.Queue[Any]) -> None:
        self.bseq = 0
        self._settings, self._inputs = settings, inputs
        self._next = make_bseq(boot, 0)
        name = f"tp-{settings.node}-{settings.device}"
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.max_queued_messages_set(MAX_INPUTS)
        self._client.reconnect_delay_set(1, 8)
        self._client.on_pre_connect = self._on_pre_connect
        self._client.on_socket_open = _no_delay
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish

    def start(self) -> None:
        """Begin to connect; returns at once and keeps trying."""
        self._client.connect_async(self._settings.host, self._settings.port, keepalive=10)
        self._client.loop_start()

    def stop(self) -> None:
        """Say farewell if there is a line, and end the thread."""
        if self.bseq:
            farewell = encode(State("disconnected", self.bseq))
            info = self._client.publish(self._topic("state"), farewell, qos=1, retain=True)
            with contextlib.suppress(ValueError, RuntimeError):
                info.wait_for_publish(1)
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, channel: str, message: Any, *, kind: str = "", qos: int = 1, retain: bool = False) -> int | None:
        """Send a message of this device; its ``mid``, or None when it was not taken."""
        if not self.bseq:
            return None
        info = self._client.publish(self._topic(channel, kind), encode(message), qos=qos, retain=retain)
        return info.mid if info.rc == mqtt.MQTT_ERR_SUCCESS else None

    def _topic(self, channel: str, kind: str = "") -> str:
        return topic(self._settings.node, self._settings.device, channel, kind)

    def _on_pre_connect(self, client: mqtt.Client, _user: Any) -> None:
        self._next += 1
        client.will_set(self._topic("state"), encode(State("lost", self._next)), qos=1, retain=True)

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            return
        node = self._settings.node
        # Who is there is told afresh on each connection; only commands may wait in the broker meanwhile.
        fresh = [self._topic("state"), topic(node, NODE, "state"), topic(node, NODE, "beat"), topic(node, NODE, "book")]
        client.subscribe([(self._topic("cmd", "+"), 1), *((one, 0) for one in fresh)])
        self.bseq = self._next
        self._put(None)

    def _on_disconnect(self, client: mqtt.Client, _user: Any, _flags: Any, _reason: Any, _more: Any) -> None:
        self.bseq = 0
        self._put(None)

    def _on_message(self, client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        # A topic that is no UTF-8 has no name to be counted under, and paho's thread must survive it.
        with contextlib.suppress(UnicodeDecodeError):
            self._put(Heard(message.topic, bytes(message.payload), message.retain))

    def _on_publish(self, client: mqtt.Client, _user: Any, mid: int, _reason: Any, _more: Any) -> None:
        self._put(Taken(mid))

    def _put(self, item: Heard | Taken | None) -> None:
        # A full queue drops: whoever sent it sends it again, and the outbox repeats what no one took.
        with contextlib.suppress(queue.Full):
            self._inputs.put_nowait(item)


def _no_delay(client: mqtt.Client, _user: Any, sock: Any) -> None:
    """Without it a small write waits for the last one's acknowledgement: 40 ms at a gate."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
