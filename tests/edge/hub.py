"""A hub that fits in a test: one node's log, operations to send, and a line that fails on command.

Written from the description of the exchange, not from the real hub, so that the two can't share a mistake.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge.bootstrap import Node
from sync.domains.inventory.elsewhere import enquiry
from sync.kernel import exchange, presentation
from sync.kernel.errors import Fault
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Operation
from sync.kernel.presentation import Presentation, Wanted
from tests.support.nodes import NOON_MS, Bench

Line = Callable[["SmallHub", bytes], bytes]


@dataclass
class SmallHub:
    """Transport of the node under test. ``line`` holds what happens to the next requests; empty: all goes well."""

    signer: Ed25519Signer
    node: Node | None = None
    log: list[bytes] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    held: set[str] = field(default_factory=lambda: {"net", "operator/1", "node/7"})
    line: deque[Line] = field(default_factory=deque)
    change: Callable[[Request, Response], Response] = lambda request, response: response
    status: int = exchange.OK
    quarantined: dict[int, str] = field(default_factory=dict)
    now_ms: int = NOON_MS
    come_back_ms: int = 0
    page: int = 10_000
    wanted: Wanted = field(default_factory=lambda: Wanted(1, 0, 0))
    presented: list[Presentation] = field(default_factory=list)
    left: dict[enquiry.Wanted, int] = field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0

    def post(self, path: str, body: bytes) -> bytes:
        if path == presentation.PATH:
            return self._presented(body)
        if path == enquiry.PATH:
            return self._counted(body)
        assert path == exchange.PATH
        self.bytes_up += len(body)
        answer = self.line.popleft()(self, body) if self.line else self.answer(body)
        self.bytes_down += len(answer)
        return answer

    def say(self, stream: str, key: str, body: bytes | None) -> int:
        """One operation more, at the next position."""
        pos = 10_001 + self.wanted.base + len(self.operations)
        self.operations.append(Operation(stream, pos, key, body))
        return pos

    def answer(self, body: bytes) -> bytes:
        assert self.node is not None
        key = self.node.signer.verify_key
        _, request = exchange.decode_request(body, lambda kid: key if kid == key.kid else None)
        self.requests.append(request)
        status, acked = self._take(request)
        response = self._read(request, status, acked)
        return exchange.encode_response(self.change(request, response), body, self.signer)

    def _presented(self, body: bytes) -> bytes:
        """A restored hub: it says what it wants until all of it has come."""
        if self.line:
            self.line.popleft()(self, body)
        _, _, said = presentation.decode(body, self.signer.verify_key)
        self.presented.append(said)
        if said.last and said.base == self.wanted.base:
            self.status = exchange.OK
        return presentation.encode_answer(self.wanted, body, self.signer)

    def _counted(self, body: bytes) -> bytes:
        """What is left of some rides in other hands, as :attr:`left` says."""
        assert self.node is not None
        if self.line:
            self.line.popleft()(self, body)
        key = self.node.signer.verify_key
        _, rides = enquiry.decode(body, lambda kid: key if kid == key.kid else None)
        left = enquiry.Left(tuple(self.left.get(ride) for ride in rides), self.now_ms)
        return enquiry.encode_answer(left, body, self.signer)

    def restore(self, since: int, base: int) -> None:
        """Everything that it says from now on stands above ``base``; the node is to present first."""
        self.wanted, self.status = Wanted(2, since, base), exchange.RESTORED
        self.operations = [replace(one, pos=one.pos + base) for one in self.operations if one.pos <= since]

    def _take(self, request: Request) -> tuple[int, int]:
        before = request.first_seq - 1
        if self.status not in (exchange.OK, exchange.RESEND):
            return self.status, len(self.log)
        if before > len(self.log):
            return exchange.RESEND, len(self.log)
        assert request.prev_hash == chain_of(self.log[:before])
        for number, event in enumerate(request.events, start=before):
            if number < len(self.log):
                assert self.log[number] == event
            else:
                self.log.append(event)
        return exchange.OK, len(self.log)

    def _read(self, request: Request, status: int, acked: int) -> Response:
        found, exceptions = [], dict(request.exceptions)
        for one in self.operations:
            if one.stream in self.held and one.pos > request.exceptions.get(one.stream, request.floor):
                found.append(one)
        sent, floor = found[: self.page], request.floor
        for one in sent:
            if one.stream in exceptions:
                exceptions[one.stream] = one.pos
            else:
                floor = one.pos
        if len(sent) == len(found):
            floor, exceptions = max([floor, *(one.pos for one in sent)]), {}
        return Response(
            status, acked, tuple(self.quarantined.items()), tuple(sent), floor, exceptions, len(sent) < len(found),
            self.now_ms, self.come_back_ms,
        )  # fmt: skip


def connect(bench: Bench) -> SmallHub:
    """Put the bench's node on a line to a hub of its own, by a restart."""
    hub = SmallHub(bench.hub)
    hub.node = bench.restart(hub)
    return hub


def chain_of(events: list[bytes]) -> bytes:
    """The chain hash, worked out the long way."""
    head = bytes(32)
    for event in events:
        head = hashlib.sha256(head + event).digest()
    return head


def kept(node: Node) -> list[bytes]:
    """The node's log as it stands on its disk."""
    return [row[0] for row in node.database.read().execute("SELECT event FROM event_log ORDER BY seq")]


def away(hub: SmallHub, body: bytes) -> bytes:
    """The request never arrives."""
    raise Fault("hub_away")


def cut(hub: SmallHub, body: bytes) -> bytes:
    """The hub takes everything in, and the line breaks before its answer."""
    hub.answer(body)
    raise Fault("hub_away")


def half(hub: SmallHub, body: bytes) -> bytes:
    """Only the first half of the answer arrives."""
    found = hub.answer(body)
    return found[: len(found) // 2]


def flipped(at: int) -> Line:
    """One bit of the answer is another."""

    def line(hub: SmallHub, body: bytes) -> bytes:
        found = bytearray(hub.answer(body))
        found[at % len(found)] ^= 0x10
        return bytes(found)

    return line


def fixed(**changes: object) -> Callable[[Request, Response], Response]:
    """An answer with these fields, whatever is true."""
    return lambda request, response: replace(response, **changes)  # type: ignore[arg-type]
