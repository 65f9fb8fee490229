"""What the web servers of a node and of the hub share: no thread looks at an answer again and again while another writes it.

waitress has one thread for all connections (the loop) and some for the requests. A connection asks the loop to be told when
its socket takes more as soon as the first byte of an answer lies in its buffer, although the thread that wrote the byte is
about to send it. A socket nearly always takes more, so the loop went round at once, some 500 times an answer, and took the
interpreter from the very thread it waited for: with eight clients a verdict at the gate cost 5 ms of processor instead of 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Unhurried:
    """Put before waitress's ``HTTPChannel``: asks to be written by the loop only what a thread has left over."""

    _writing = False

    def writable(self) -> bool:
        """Whether the loop has something to send. Above the high-water mark it has, since the thread then waits for it."""
        channel: Any = self
        waits_for_loop = channel.total_outbufs_len > channel.adj.outbuf_high_watermark
        return bool(super().writable() and (waits_for_loop or not self._writing))  # type: ignore[misc]

    def write_soon(self, data: Any) -> int:
        """As waitress: take ``data`` and send what the socket takes. The loop is woken for the rest, once it may."""
        self._writing = True
        try:
            return int(super().write_soon(data))  # type: ignore[misc]
        finally:
            self._writing = False
            if self.writable():
                channel: Any = self
                channel.server.pull_trigger()


def use_channel(server: Any, channel_class: type) -> Any:
    """Let ``server``, made by waitress's ``create_server``, take new connections as ``channel_class``; gives it back.

    A host with several addresses has a listener for each, all in one map.
    """
    listeners: Mapping[int, Any] = server.map if hasattr(server, "map") else server._map
    for listener in listeners.values():
        if hasattr(listener, "channel_class"):
            listener.channel_class = channel_class
    return server
