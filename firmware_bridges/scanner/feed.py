"""Where the fake scanner's codes come from: lines on standard input, and lines on a loopback TCP port.

One line is one code. A line that came over TCP gets one JSON line back: the verdict, or why there is none.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, cast

from sync.kernel.devices import MAX_CODE

MAX_LINE = 4 * MAX_CODE + 2
MAX_FEEDERS = 8
Reply = Callable[[dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A code as it was read; ``reply`` tells whoever fed it what came of it."""

    text: str
    reply: Reply


def read_lines(stream: BufferedIOBase, inputs: queue.Queue[Any], reply: Reply) -> None:
    """Every line of ``stream`` until its end, each at most ``MAX_LINE`` bytes; of a longer one the pieces."""
    while raw := stream.readline(MAX_LINE):
        text = raw.decode("utf-8", "replace").strip()
        if text:
            inputs.put(Line(text, reply))


def feed_from_stdin(inputs: queue.Queue[Any]) -> None:
    """In a thread of its own; the end of standard input does not end the scanner."""
    arguments = (cast(BufferedIOBase, sys.stdin.buffer), inputs, _silent)
    threading.Thread(target=read_lines, args=arguments, daemon=True, name="stdin").start()


def _silent(answer: dict[str, object]) -> None:
    """Standard output says it already."""


def feed_from_port(port: int, inputs: queue.Queue[Any]) -> Feeder:
    """Listen on 127.0.0.1:``port`` in a thread of its own."""
    feeder = Feeder(port, inputs)
    threading.Thread(target=feeder.serve_forever, daemon=True, name="feed").start()
    return feeder


class Feeder(socketserver.ThreadingTCPServer):
    """A few connections at a time, each a stream of lines."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, inputs: queue.Queue[Any]) -> None:
        self.inputs = inputs
        self.seats = threading.BoundedSemaphore(MAX_FEEDERS)
        super().__init__(("127.0.0.1", port), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = self.server
        if isinstance(server, Feeder) and server.seats.acquire(blocking=False):
            with contextlib.suppress(OSError):
                read_lines(self.rfile, server.inputs, self._reply)
            server.seats.release()

    def _reply(self, answer: dict[str, object]) -> None:
        # Called from the bridge's loop, which a feeder that reads nothing must not hold up.
        line = json.dumps(answer, ensure_ascii=False) + "\n"
        with contextlib.suppress(OSError, ValueError):
            self.connection.send(line.encode(), socket.MSG_DONTWAIT)
