"""The exchange: one request, one answer, both directions. Shapes, bounds and signing in protocol 1; no line of its own.

Protocol 1 says everything in full and is what a node begins with; protocol 2 is :mod:`sync.kernel.lean`.

The node's request is its batch: one COSE_Sign1 over the packed request covers all events in it through the chain.
The hub's answer is signed with the request's hash as purpose, so an answer fits no other request.

Cursors: all streams of a node share one ``floor`` position; ``exceptions`` names streams that are behind it (newly
subscribed ones start at 0). In the quiet case a cursor is one integer, however many streams a node holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sync.kernel import cbor, cose, wire
from sync.kernel.errors import Malformed
from sync.kernel.operations import Operation, check_wire
from sync.kernel.ports import Signer

PATH: Final = "/sync/v1/exchange"
PROTOCOL: Final = 1
MAX_EVENTS: Final = 2_000
MAX_UP_BYTES: Final = 1024 * 1024
MAX_PLAIN_BYTES: Final = 4 * 1024 * 1024
MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024
DOWN_BUDGET_BYTES: Final = 64 * 1024
MAX_STREAMS: Final = 4_000
_UP: Final = b"yipiao up 1"
_DOWN: Final = b"yipiao down 1"

OK: Final = 0
RESEND: Final = 1
FORKED: Final = 2
REWOUND: Final = 3
REVOKED: Final = 4
# The node began another log: this one is taken in to its end, and is told nothing.
REPLACED: Final = 5
# The hub was restored from a backup: the node first presents what it holds (sync/kernel/presentation.py).
RESTORED: Final = 6
STATUS_NAMES: Final = {
    OK: "ok", RESEND: "resend", FORKED: "log_forked", REWOUND: "log_rewound", REVOKED: "revoked", REPLACED: "log_replaced",
    RESTORED: "hub_restored",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What a node says. ``prev_hash`` is the chain hash before ``first_seq``; ``reported`` only what changed.

    ``check``: digests of what it holds of its streams (:mod:`sync.kernel.repair`), in protocol 2 now and then.
    """

    epoch: int
    number: int
    first_seq: int
    prev_hash: bytes
    events: tuple[bytes, ...]
    floor: int
    exceptions: Mapping[str, int] = field(default_factory=dict)
    reported: Mapping[str, Any] = field(default_factory=dict)
    packings: tuple[int, ...] = (wire.ZSTD, wire.GZIP)
    check: tuple[bytes, ...] = ()
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True)
class Response:
    """What the hub says. ``acked_seq``: the hub holds the node's log without a gap up to here, durably.

    ``speaks``: the highest protocol of this hub. ``found``: what came of the node's ``check``.
    """

    status: int
    acked_seq: int
    quarantined: tuple[tuple[int, str], ...]
    operations: tuple[Operation, ...]
    floor: int
    exceptions: Mapping[str, int]
    more: bool
    hub_ms: int
    come_back_ms: int
    speaks: int = PROTOCOL
    found: tuple[Any, ...] = ()


def encode_request(request: Request, signer: Signer, packing: int = wire.ZSTD) -> bytes:
    """Signed, packed bytes of ``request``."""
    body: list[Any] = [
        PROTOCOL, request.epoch, request.number, request.first_seq, request.prev_hash, list(request.events),
        request.floor, dict(request.exceptions), dict(request.reported), list(request.packings),
    ]  # fmt: skip
    return cose.sign1(wire.pack(cbor.encode(body), packing), signer, _UP)


def decode_request(data: bytes, find_key: cose.FindKey) -> tuple[bytes, Request]:
    """Key id of the signing node, and its request. Raises :class:`Malformed` on anything out of form or bound."""
    signed = cose.verify1(data, find_key, _UP, MAX_REQUEST_BYTES)
    body = cbor.decode(wire.unpack(signed.payload, MAX_PLAIN_BYTES), MAX_PLAIN_BYTES)
    if type(body) is not list or not body or type(body[0]) is not int:
        raise Malformed("exchange_shape")
    if body[0] > PROTOCOL and len(body) < 10:
        raise Malformed("exchange_protocol", str(body[0]))
    return signed.kid, read_request([PROTOCOL, *body[1:10]])


def read_request(body: list[Any]) -> Request:
    """A request from its fields in order, each looked at. Raises :class:`Malformed`."""
    try:
        protocol, epoch, number, first, previous, events, floor, exceptions, reported, packings, *more = body
    except ValueError:
        raise Malformed("exchange_shape") from None
    numbers = (epoch, number, first, floor)
    if not all(type(value) is int and value >= 0 for value in numbers) or type(previous) is not bytes:
        raise Malformed("exchange_shape")
    if type(events) not in (list, tuple) or not all(type(event) is bytes for event in events) or first < 1:
        raise Malformed("exchange_shape")
    if len(previous) != 32 or len(events) > MAX_EVENTS or sum(map(len, events)) > MAX_UP_BYTES + 64 * 1024:
        raise Malformed("exchange_size")
    if type(reported) is not dict or type(packings) is not list or not all(type(item) is int for item in packings):
        raise Malformed("exchange_shape")
    check = more[0] if more else []
    if type(check) is not list or not all(type(item) is bytes for item in check):
        raise Malformed("exchange_shape")
    return Request(
        epoch, number, first, previous, tuple(events), floor, _positions(exceptions), reported, tuple(packings),
        tuple(check), protocol,
    )  # fmt: skip


def encode_response(response: Response, request: bytes, signer: Signer, packing: int = wire.ZSTD) -> bytes:
    """Signed, packed bytes of ``response`` to the request whose bytes were ``request``."""
    body: list[Any] = [
        PROTOCOL, response.status, response.acked_seq, [list(item) for item in response.quarantined],
        [[op.stream, op.pos, op.key, op.body] for op in response.operations],
        response.floor, dict(response.exceptions), response.more, response.hub_ms, response.come_back_ms,
    ]  # fmt: skip
    if response.speaks > PROTOCOL:
        body.append(response.speaks)
    return cose.sign1(wire.pack(cbor.encode(body), packing), signer, _DOWN + hashlib.sha256(request).digest())


def decode_response(data: bytes, request: bytes, find_key: cose.FindKey) -> Response:
    """The hub's answer to ``request``. Raises :class:`Malformed`, also for an answer to another request."""
    signed = cose.verify1(data, find_key, _DOWN + hashlib.sha256(request).digest())
    body = cbor.decode(wire.unpack(signed.payload, MAX_PLAIN_BYTES), MAX_PLAIN_BYTES)
    if type(body) is not list:
        raise Malformed("exchange_shape")
    return read_response(body[:11])


def read_response(body: list[Any]) -> Response:
    """An answer from its fields in order, each looked at. Raises :class:`Malformed`."""
    try:
        _, status, acked, quarantined, operations, floor, exceptions, more, hub_ms, come_back_ms, *rest = body
        held = tuple((int(seq), str(code)) for seq, code in quarantined)
    except (ValueError, TypeError):
        raise Malformed("exchange_shape") from None
    if not all(type(value) is int and value >= 0 for value in (status, acked, floor, hub_ms, come_back_ms)):
        raise Malformed("exchange_shape")
    if type(operations) is not list or type(more) is not bool:
        raise Malformed("exchange_shape")
    speaks = rest[0] if rest and type(rest[0]) is int else PROTOCOL
    found = rest[1] if len(rest) > 1 else []
    if type(found) is not list:
        raise Malformed("exchange_shape")
    told = tuple(check_wire(item) for item in operations)
    return Response(
        status, acked, held, told, floor, _positions(exceptions), more, hub_ms, come_back_ms, speaks, tuple(found)
    )


def _positions(value: Any) -> dict[str, int]:
    if type(value) is not dict or len(value) > MAX_STREAMS:
        raise Malformed("exchange_shape")
    if not all(type(stream) is str and type(pos) is int and pos >= 0 for stream, pos in value.items()):
        raise Malformed("exchange_shape")
    return value
