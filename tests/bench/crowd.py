"""Simulated nodes, and the one loop that carries their requests to the hub.

A node here is what the hub can see of one: a key, a log, a cursor, and the obedience of ``edge/kernel/exchange.py`` to what
the hub says. Each request has a connection of its own, as a node's has, with the same lines of header.
"""

from __future__ import annotations

import errno
import heapq
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketSold
from sync.kernel import chain, exchange, lean
from sync.kernel.events import Stamp
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import Ed25519Signer, VerifyKey

TIMEOUT_S: Final = 20.0  # as the node's transport has it
CHECKED_EVERY: Final = 20
_TICK_S: Final = 1.0


class Node:
    """One node. ``seats``: what it may still sell of its one departure."""

    __slots__ = (
        "_epoch", "_exceptions", "_hash", "_number", "_ride", "_serial", "_signer", "acked", "events", "failures",
        "floor", "seats",
    )  # fmt: skip

    def __init__(
        self, signer: Ed25519Signer, floor: int, epoch: int, trip_no: int, day: int, to_idx: int, seats: list[int]
    ) -> None:
        self._signer, self.floor, self._epoch = signer, floor, epoch
        self._ride, self.seats = (trip_no, day, 0, to_idx), list(seats)
        self._number = self._serial = self.acked = self.failures = 0
        self._hash = chain.GENESIS
        self._exceptions: dict[str, int] = {}
        self.events: tuple[bytes, ...] = ()

    def sell(self) -> None:
        """One ticket of what was granted; it waits to be handed in."""
        self._serial += 1
        now_ms = time.time_ns() // 1_000_000
        sold = TicketSold(
            self._serial, *self._ride, self.seats.pop(), 0, 1_500, "CNY", 0, 11, 0, now_ms // 1000 + 86_400
        )
        stamp = Stamp(now_ms << 16, 60_000, now_ms)
        self.events = (*self.events, EVENTS.encode(sold, stamp))

    def request(self) -> bytes:
        """The next signed request, as a node makes it that knows that its hub speaks protocol 2."""
        self._number += 1
        return lean.encode_request(
            Request(
                self._epoch, self._number, self.acked + 1, self._hash, self.events, self.floor, self._exceptions
            ),
            self._signer,
        )  # fmt: skip

    def take(self, answer: Response) -> bool:
        """Act on an answer; whether the node would ask again at once."""
        if answer.status != exchange.OK or answer.quarantined:
            raise RuntimeError(f"the hub answered status {answer.status}, quarantined {answer.quarantined}")
        got = answer.acked_seq - self.acked
        self._hash = chain.head(self._hash, self.events[:got])
        self.acked, self.events = answer.acked_seq, self.events[got:]
        self.floor, self._exceptions = answer.floor, dict(answer.exceptions)
        return answer.more or bool(self.events)


@dataclass
class Seen:
    """What the nodes saw: milliseconds of each exchange, and refused or broken connections."""

    durations_ms: list[float] = field(default_factory=list)
    began_s: float = 0.0
    ended_s: float = 0.0
    away: int = 0

    @property
    def per_s(self) -> float:
        """Exchanges a second."""
        return len(self.durations_ms) / (self.ended_s - self.began_s)


@dataclass(slots=True)
class _Call:
    node: Node
    request: bytes
    due_s: float
    begun_s: float
    socket: socket.socket
    unsent: bytes
    received: bytes = b""


# After an answer: seconds of ``time.perf_counter`` at which the node comes again; None when it is content.
Next = Callable[[Node, Response, float, float], float | None]


class Crowd:
    """Carries requests of many nodes to ``port``, at most ``width`` at the same time; answers are read with ``key``."""

    def __init__(self, port: int, key: VerifyKey, width: int, pause_s: Callable[[Node], float]) -> None:
        self._address, self._key, self._width, self._pause_s = ("127.0.0.1", port), key, width, pause_s
        self._head = f"POST {exchange.PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/cbor\r\n"
        self._poll = select.epoll()
        self._calls: dict[int, _Call] = {}
        self._due: list[tuple[float, int, Node, bytes | None]] = []
        self._order = 0
        self.seen = Seen()

    def visit(self, nodes: Iterable[tuple[Node, float, bytes | None]], after: Next) -> Seen:
        """Let ``nodes`` come at their times (with the bytes of a request that was signed before, or None), until all are
        content."""
        for node, due_s, request in nodes:
            self._queue(due_s, node, request)
        self.seen = Seen(began_s=time.perf_counter())
        while self._due or self._calls:
            now = time.perf_counter()
            while self._due and self._due[0][0] <= now and len(self._calls) < self._width:
                due_s, _, node, request = heapq.heappop(self._due)
                self._begin(node, due_s, request or node.request())
            wait = min(self._due[0][0] - now, _TICK_S) if self._due and len(self._calls) < self._width else _TICK_S
            for number, _ in self._poll.poll(max(wait, 0)):
                self._go_on(self._calls[number], after)
            self._give_up(now)
        self.seen.ended_s = time.perf_counter()
        return self.seen

    def _queue(self, due_s: float, node: Node, request: bytes | None = None) -> None:
        self._order += 1
        heapq.heappush(self._due, (due_s, self._order, node, request))

    def _begin(self, node: Node, due_s: float, request: bytes) -> None:
        line = socket.socket()
        line.setblocking(False)
        code = line.connect_ex(self._address)
        message = f"{self._head}Content-Length: {len(request)}\r\n\r\n".encode() + request
        call = _Call(node, request, due_s, time.perf_counter(), line, message)
        self._calls[line.fileno()] = call
        self._poll.register(line.fileno(), select.EPOLLOUT)
        if code not in (0, errno.EINPROGRESS):
            self._away(call)

    def _go_on(self, call: _Call, after: Next) -> None:
        try:
            if call.unsent:
                call.unsent = call.unsent[call.socket.send(call.unsent) :]
                if not call.unsent:
                    self._poll.modify(call.socket.fileno(), select.EPOLLIN)
                return
            data = call.socket.recv(65_536)
        except OSError:
            self._away(call)
            return
        call.received += data
        body = _body(call.received)
        if body is not None:
            self._answered(call, body, after)
        elif not data:
            self._away(call)

    def _answered(self, call: _Call, body: bytes, after: Next) -> None:
        now = time.perf_counter()
        self._hang_up(call)
        self.seen.durations_ms.append((now - call.begun_s) * 1000)
        if not call.received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(call.received[:300].decode("latin-1"))
        next_s = self._act(call, body, now, after)
        if next_s is not None:
            self._queue(next_s, call.node)

    def _act(self, call: _Call, body: bytes, now: float, after: Next) -> float | None:
        call.node.failures = 0
        answer = self._read(call, body)
        again = call.node.take(answer)
        return now if again else after(call.node, answer, call.due_s, now)

    def _read(self, call: _Call, body: bytes) -> Response:
        """Of each so many answers one is verified as a node does it; of the others the signature is taken on trust."""
        if len(self.seen.durations_ms) % CHECKED_EVERY == 0:
            return lean.decode_response(body, call.request, lambda kid: self._key if kid == self._key.kid else None)
        return lean.decode_response(body, call.request, lambda kid: _Trusting(self._key.public))

    def _away(self, call: _Call) -> None:
        """As ``Schedule`` of the node backs off."""
        self._hang_up(call)
        self.seen.away += 1
        call.node.failures += 1
        self._queue(time.perf_counter() + self._pause_s(call.node), call.node)

    def _give_up(self, now: float) -> None:
        while self._calls:
            oldest = next(iter(self._calls.values()))
            if now - oldest.begun_s < TIMEOUT_S:
                return
            self._away(oldest)

    def _hang_up(self, call: _Call) -> None:
        del self._calls[call.socket.fileno()]
        call.socket.close()


class Stones(Crowd):
    """Nodes that send their bytes and ask nothing of the answer."""

    def _act(self, call: _Call, body: bytes, now: float, after: Next) -> float | None:
        return None


class _Trusting(VerifyKey):
    def verifies(self, signature: bytes, message: bytes) -> bool:
        return True


def _body(received: bytes) -> bytes | None:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = received[:end].lower()
    start = head.index(b"content-length:") + 15
    length = int(head[start:].split(b"\r\n", 1)[0])
    return received[end + 4 :] if len(received) - end - 4 >= length else None
