"""Protocol 2 of the exchange: the same request and answer, without what the other end knows or can work out.

* No COSE header bytes (:func:`sync.kernel.cose.sign_bare`), and no field that has its usual value.
* Of the chain hash before the first event only 8 bytes. The signature covers all 32 as external data, so the hub checks
  it with the hash that it holds itself. A hub that holds no such hash, or another, refuses with ``exchange_full``: it can
  tell nothing from a request whose signature it can't check, and the node says it again in protocol 1, hash and all.
* A few events go as :mod:`sync.kernel.rows`; many as they are, for zstd finds more in those.

Only the first sequence and the 8 bytes stand outside the packing: nothing unsigned is ever unpacked. A node speaks
protocol 2 once an answer of its hub said that the hub does; a refusal of any kind takes it back to protocol 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from sync.kernel import cbor, cose, exchange, rows, wire
from sync.kernel.errors import Malformed
from sync.kernel.exchange import MAX_PLAIN_BYTES, MAX_REQUEST_BYTES, Request, Response
from sync.kernel.ports import Signer
from sync.kernel.rows import Reader

PROTOCOL: Final = 2
HASH_BYTES: Final = 8
_UP: Final = b"yipiao up 2"
_DOWN: Final = b"yipiao down 2"
_USUAL_EPOCH: Final = 1
_USUAL_PACKINGS: Final = (wire.ZSTD, wire.GZIP)

# What stands in the map of a request, and of an answer, when it is not as usual.
_EPOCH, _EXCEPTIONS, _REPORTED, _PACKINGS, _EVENTS, _CHECK = 1, 2, 3, 4, 5, 6
_QUARANTINED, _OPERATIONS, _BEHIND, _MORE, _FOUND = 1, 2, 3, 4, 5

# (key id, sequence) → chain hash of that log after that event, as this hub holds it; None for one that it does not.
HashAt = Callable[[bytes, int], bytes | None]


def encode_request(request: Request, signer: Signer, packing: int = wire.ZSTD) -> bytes:
    """Signed, packed bytes of ``request``."""
    few = rows.pack(request.events)
    said: dict[int, Any] = {
        _EXCEPTIONS: dict(request.exceptions),
        _REPORTED: dict(request.reported),
        _EVENTS: list(request.events) if few is None else [],
        _CHECK: list(request.check),
    }
    said = {key: value for key, value in said.items() if value}
    if request.epoch != _USUAL_EPOCH:
        said[_EPOCH] = request.epoch
    if request.packings != _USUAL_PACKINGS:
        said[_PACKINGS] = list(request.packings)
    plain = rows.number(request.number) + rows.number(request.floor) + _map(said) + (few or b"")
    payload = rows.number(request.first_seq) + request.prev_hash[:HASH_BYTES] + wire.pack(plain, packing)
    return cose.sign_bare(payload, signer, _UP + request.prev_hash)


def decode_request(data: bytes, find_key: cose.FindKey, hash_at: HashAt) -> tuple[bytes, Request]:
    """Key id of the signing node, and its request. Raises :class:`Malformed` on anything out of form or bound, and
    ``exchange_full`` where the hub holds no chain hash that fits."""
    signed = cose.parse_bare(data, MAX_REQUEST_BYTES)
    reader = Reader(signed.payload)
    first_seq, short = reader.number(), reader.take(HASH_BYTES)
    key = find_key(signed.kid)
    if key is None:
        raise Malformed("cose_unknown_key", signed.kid.hex())
    previous = hash_at(signed.kid, first_seq - 1) if 1 <= first_seq < rows.LARGEST else None
    if previous is None or previous[:HASH_BYTES] != short:
        raise Malformed("exchange_full", f"no such event before {first_seq}")
    cose.check(signed, lambda _kid: key, _UP + previous)
    plain = Reader(wire.unpack(reader.rest(), MAX_PLAIN_BYTES))
    number, floor, said = plain.number(), plain.number(), _read_map(plain)
    events = rows.unpack(plain.rest()) if not plain.done else said.get(_EVENTS, [])
    body = [
        PROTOCOL, said.get(_EPOCH, _USUAL_EPOCH), number, first_seq, previous, events, floor,
        said.get(_EXCEPTIONS, {}), said.get(_REPORTED, {}), said.get(_PACKINGS, list(_USUAL_PACKINGS)),
        said.get(_CHECK, []),
    ]  # fmt: skip
    return signed.kid, exchange.read_request(body)


def encode_response(response: Response, request: bytes, signer: Signer, packing: int = wire.ZSTD) -> bytes:
    """Signed, packed bytes of ``response`` to the request whose bytes were ``request``."""
    said: dict[int, Any] = {
        _QUARANTINED: [list(item) for item in response.quarantined],
        _OPERATIONS: [[op.stream, op.pos, op.key, op.body] for op in response.operations],
        _BEHIND: dict(response.exceptions),
        _MORE: response.more,
        _FOUND: list(response.found),
    }
    numbers = (response.status, response.acked_seq, response.floor, response.hub_ms, response.come_back_ms)
    plain = b"".join(map(rows.number, numbers)) + _map({key: value for key, value in said.items() if value})
    return cose.sign_bare(wire.pack(plain, packing), signer, _DOWN + hashlib.sha256(request).digest())


def decode_response(data: bytes, request: bytes, find_key: cose.FindKey) -> Response:
    """The hub's answer to ``request``. Raises :class:`Malformed`, also for an answer to another request."""
    signed = cose.check(cose.parse_bare(data), find_key, _DOWN + hashlib.sha256(request).digest())
    plain = Reader(wire.unpack(signed.payload, MAX_PLAIN_BYTES))
    status, acked, floor, hub_ms, come_back_ms = [plain.number() for _ in range(5)]
    said = _read_map(plain)
    body = [
        PROTOCOL, status, acked, said.get(_QUARANTINED, []), said.get(_OPERATIONS, []), floor, said.get(_BEHIND, {}),
        said.get(_MORE, False), hub_ms, come_back_ms, PROTOCOL, said.get(_FOUND, []),
    ]  # fmt: skip
    return exchange.read_response(body)


def _map(said: dict[int, Any]) -> bytes:
    data = cbor.encode(said) if said else b""
    return rows.number(len(data)) + data


def _read_map(plain: Reader) -> dict[int, Any]:
    length = plain.number()
    said = cbor.decode(plain.take(length), MAX_PLAIN_BYTES) if length else {}
    if type(said) is not dict:
        raise Malformed("exchange_shape")
    return said
