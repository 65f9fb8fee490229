"""Operations: what the hub says, on streams. The only thing that travels down.

The hub keeps the newest operation of each (stream, key); its position comes from one counter that grows in commit
order. So reading "all keys of my streams above position p, in order" is at once the snapshot (p = 0), the catching
up and the compacted history: replacing an operation moves its key to the end, and nothing is ever read twice.

An operation's body is canonical CBOR, or None for a key that is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from sync.kernel import cbor, records
from sync.kernel.errors import Malformed

MAX_KEY: Final = 120
MAX_BODY_BYTES: Final = 512 * 1024

NET: Final = "net"


def operator_stream(agency_no: int) -> str:
    """Reference data of one operator."""
    return f"operator/{agency_no}"


def place_stream(place_no: int) -> str:
    """What all nodes of one station, point or pier share."""
    return f"place/{place_no}"


def trip_stream(trip_no: int, day: int) -> str:
    """One trip on one service date."""
    return f"trip/{trip_no}/{day}"


def node_stream(node_no: int) -> str:
    """One node: its profile, clerks, grants, duties."""
    return f"node/{node_no}"


@dataclass(frozen=True, slots=True)
class Operation:
    """``body`` under ``key`` on ``stream`` as of ``pos`` (hub position)."""

    stream: str
    pos: int
    key: str
    body: bytes | None


class Record:
    """Base of the dataclasses that stand in operation bodies; ``PREFIX`` is the first part of their keys."""

    PREFIX: ClassVar[str]

    def to_bytes(self) -> bytes:
        """Canonical body."""
        return cbor.encode(records.to_body(self))

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """Read a body. Raises :class:`Malformed`."""
        return records.from_body(cls, cbor.decode(body, MAX_BODY_BYTES))


@dataclass(frozen=True, slots=True)
class Subscriptions(Record):
    """Key ``subscriptions`` on a node's stream: all streams that the node is to hold."""

    PREFIX: ClassVar[str] = "subscriptions"
    streams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile(Record):
    """Key ``profile`` on a node's stream: what this box is. ``kind``: station, village, pier or vehicle.

    ``area_code`` (six digits of GB/T 2260) and ``station_code`` (up to three) stand in printed ticket numbers; 0: none.
    """

    PREFIX: ClassVar[str] = "profile"
    place_no: int
    kind: str
    names: dict[str, str]
    stop_nos: tuple[int, ...]
    low_water: int = 2
    area_code: int = 0
    station_code: int = 0


@dataclass(frozen=True, slots=True)
class Clerk(Record):
    """Key ``clerk/N``. ``pin_hash`` as of :mod:`sync.kernel.pins`; ``roles`` of clerk, gate, agent, admin, driver."""

    PREFIX: ClassVar[str] = "clerk"
    clerk_no: int
    name: str
    roles: tuple[str, ...]
    pin_hash: str


def split_key(key: str) -> tuple[str, tuple[str, ...]]:
    """``grant/17`` as ``("grant", ("17",))``. Raises :class:`Malformed` (``operation_key``)."""
    if not key or len(key) > MAX_KEY or not key.isascii():
        raise Malformed("operation_key", key[:MAX_KEY])
    prefix, *rest = key.split("/")
    return prefix, tuple(rest)


def check_wire(item: Any) -> Operation:
    """An operation from its wire array ``[stream, pos, key, body]``. Raises :class:`Malformed`."""
    if type(item) is not list or len(item) != 4:
        raise Malformed("operation_shape")
    stream, pos, key, body = item
    if type(stream) is not str or type(pos) is not int or type(key) is not str or type(body) not in (bytes, type(None)):
        raise Malformed("operation_shape")
    if pos < 0 or not stream or len(stream) > MAX_KEY or not stream.isascii() or " " in stream:
        raise Malformed("operation_shape")
    if body is not None and len(body) > MAX_BODY_BYTES:
        raise Malformed("operation_size")
    split_key(key)
    return Operation(stream, pos, key, body)
