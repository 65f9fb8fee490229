"""What the web servers of a node and of the hub share: a small heap, an interpreter that goes round quickly, and no thread
that looks at an answer again and again while another writes it.

waitress has one thread for all connections (the loop) and some for the requests. A connection asks the loop to be told when
its socket takes more as soon as the first byte of an answer lies in its buffer, although the thread that wrote the byte is
about to send it. A socket nearly always takes more, so the loop went round at once, some 500 times an answer, and took the
interpreter from the very thread it waited for: with eight clients a verdict at the gate cost 5 ms of processor instead of 1.3.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3  # <malloc.h>
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 1 << 20
_TURN_S: Final = 0.001


def prepare_process() -> None:
    """To be called before the first thread of a server."""
    _keep_heap_small()
    # SQLite lets go of the interpreter at each statement, and a thread that reckons meanwhile (an answer of the hub being
    # taken apart) then keeps it for a whole turn: 5 ms as Python has it, for each statement of a sale.
    sys.setswitchinterval(_TURN_S)


def keep_what_is_loaded() -> None:
    """To be called when all is loaded: it lives as long as the process, and the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Hand free pages in the middle of the heap back to the system, after work that took much for a moment: 0.3 ms."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _keep_heap_small() -> None:
    """What a thread of a server once took is given back, or serves all of them.

    A PIN hash takes 16 MiB. glibc learns from the first of them to take such blocks from a thread's own heap, which it
    then keeps: 173 MiB after eight clerks had signed in. A bound that is set stays. And one heap is enough where the
    interpreter lets one thread work at a time; of each thread's own, what it does not use is lost to the others. Elsewhere
    than with glibc there is nothing to set.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, 1)


@contextlib.contextmanager
def left_out(module: str) -> Iterator[None]:
    """Import what would make use of ``module`` and can do without, so that it takes no memory. It can be imported later."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


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
