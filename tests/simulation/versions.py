"""Software of several versions on one line: boxes that were updated before the hub or after it, a hub newer than they.

An older box says what the first version said and no more, and reads unpacked answers only. A newer end says more: further
fields at the end of its message, further things in its report, a higher number of the protocol.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from edge.kernel.exchange import Exchanger
from sync.kernel import cbor, cose, exchange, lean, wire
from sync.kernel.exchange import Request, Response
from sync.kernel.ports import Signer

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

OLDER: Final = "older"
NEWER: Final = "newer"
SAME: Final = "the same"
VERSIONS: Final = (OLDER, NEWER)
FIRST_FIELDS: Final = 10
_encode_request, _encode_response = exchange.encode_request, exchange.encode_response
_encode_lean, _ask = lean.encode_request, Exchanger._ask


@contextlib.contextmanager
def several_versions(world: World) -> Iterator[None]:
    """As long as this lasts, each end of a line speaks as its version does."""

    def encode_request(request: Request, signer: Signer, *more: Any, **named: Any) -> bytes:
        box = _box_of(world, signer)
        if box is None or box.version == SAME:
            return _encode_request(request, signer, *more, **named)
        if box.version == OLDER:
            world.fired["older_box"] += 1
            body = _body(_encode_request(replace(request, packings=()), signer, *more, **named))[:FIRST_FIELDS]
            return cose.sign1(wire.pack(cbor.encode(body), wire.RAW), signer, exchange._UP)
        world.fired["newer_box"] += 1
        reported = {**request.reported, "luggage": {"pieces": 2}}
        body = _body(_encode_request(replace(request, reported=reported), signer, *more, **named))
        return cose.sign1(wire.pack(cbor.encode(_more_of(body)), wire.GZIP), signer, exchange._UP)

    def encode_response(response: Response, request: bytes, signer: Signer, *more: Any, **named: Any) -> bytes:
        answer = _encode_response(response, request, signer, *more, **named)
        if world.hub.version == SAME:
            return answer
        world.fired["newer_hub"] += 1
        packing = cose.parse(answer).payload[0]
        body = wire.pack(cbor.encode(_more_of(_body(answer))), packing)
        return cose.sign1(body, signer, exchange._DOWN + hashlib.sha256(request).digest())

    def ask(self: Exchanger, request: Request, hub_key: cose.FindKey) -> Response:
        box = _box_of(world, self._signer)
        self._lean = self._lean and (box is None or box.version != OLDER)
        return _ask(self, request, hub_key)

    def encode_lean(request: Request, signer: Signer, *more: Any, **named: Any) -> bytes:
        box = _box_of(world, signer)
        if box is not None and box.version == NEWER:
            request = replace(request, reported={**request.reported, "luggage": {"pieces": 2}})
        return _encode_lean(request, signer, *more, **named)

    with (
        mock.patch.object(exchange, "encode_request", encode_request),
        mock.patch.object(exchange, "encode_response", encode_response),
        mock.patch.object(lean, "encode_request", encode_lean),
        mock.patch.object(Exchanger, "_ask", ask),
    ):
        yield


def _box_of(world: World, signer: Signer) -> Box | None:
    return next((box for box in world.boxes if box.node is not None and box.node.signer is signer), None)


def _body(message: bytes) -> list[Any]:
    return list(cbor.decode(wire.unpack(cose.parse(message).payload, exchange.MAX_PLAIN_BYTES)))


def _more_of(body: list[Any]) -> list[Any]:
    return [body[0] + 1, *body[1:], "luggage", [3, b"red"]]
