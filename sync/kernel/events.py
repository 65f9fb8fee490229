"""Events: what happened on a node, in the node's own order. The only thing that travels up.

An event is the canonical CBOR array ``[type, version, hlc, mono_ms, hub_ms, body]``:

* ``type``, ``version``: which dataclass the body is (``sync/domains/*/events.py``),
* ``hlc``: hybrid logical time (:mod:`sync.kernel.hlc`),
* ``mono_ms``: monotonic milliseconds since the start that the last :class:`NodeStarted` before it records,
* ``hub_ms``: the last hub time that the node had seen, 0 for never,
* ``body``: the dataclass's fields in order; the last ones are left out as far as they have their defaults.

Its sequence is its place in the log and is covered by the chain, so it costs no byte.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

from sync.kernel import cbor, columns, records
from sync.kernel.errors import Malformed

MAX_EVENT_BYTES: Final = 16 * 1024
# One that carries others may be as large as the largest of them, and its wrapping.
MAX_CARRIER_BYTES: Final = 48 * 1024
_PARTS: Final = 6
# No software ever had as many; a larger one is looked at by itself.
_MAX_VERSION: Final = 0xFFFF


class Event:
    """Base of every event dataclass: ``TYPE`` is its number for ever, ``VERSION`` grows when fields are added."""

    __slots__ = ()
    TYPE: ClassVar[int]
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """The node's process came up. Later events count ``mono_ms`` from here."""

    TYPE: ClassVar[int] = 1
    boot_id: bytes
    software: str


@dataclass(frozen=True, slots=True)
class ClerkLocked(Event):
    """Too many wrong PINs for one clerk; ``until_ms`` is the node's own claim of when it ends."""

    TYPE: ClassVar[int] = 5
    clerk_no: int
    attempts: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class TailHandedIn(Event):
    """A part of this node's log ``epoch`` that the hub had not acknowledged when the box began its present log.

    ``events`` are the bytes of events ``first_seq`` and following as they stand in the old log, ``prev_hash`` is the
    chain hash before them. The hub keeps them aside until a person decides; an old log says nothing by itself.
    """

    TYPE: ClassVar[int] = 6
    epoch: int
    first_seq: int
    prev_hash: bytes
    events: tuple[bytes, ...]


class Stamp(NamedTuple):
    """When, by which clocks. ``hlc`` as in :mod:`sync.kernel.hlc`, the others in ms."""

    hlc: int
    mono_ms: int
    hub_ms: int


class Envelope(NamedTuple):
    """An event with its stamp. ``event`` is None when this software does not know the type or can't read the version."""

    type: int
    version: int
    stamp: Stamp
    event: Event | None
    body: list[Any]


# As their own constructors, which are Python's and not the interpreter's.
_stamp: Final = partial(tuple.__new__, Stamp)
_envelope: Final = partial(tuple.__new__, Envelope)


class Registry:
    """The event types that a process knows: built once from the explicit lists of the domains."""

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        self._kinds: dict[int, type[Event]] = {}
        for kind in kinds:
            if kind.TYPE in self._kinds:
                raise ValueError(f"event type {kind.TYPE} is there twice")
            self._kinds[kind.TYPE] = kind

    def __iter__(self) -> Any:
        return iter(self._kinds.values())

    def encode(self, event: Event, stamp: Stamp) -> bytes:
        """Bytes of ``event``. Raises :class:`Malformed`: ``event_size`` above 16 KiB (48 for one that carries others),
        ``record_shape`` when a field holds what its type does not allow, since nobody could read it again."""
        body, plain = records.short_body(event), records.plain_types(type(event))
        if plain is None or tuple(map(type, body)) != plain[: len(body)]:
            records.from_body(type(event), body)
        data = cbor.encode([event.TYPE, event.VERSION, stamp.hlc, stamp.mono_ms, stamp.hub_ms, body])
        if len(data) > largest(data):
            raise Malformed("event_size")
        return data

    def decode(self, data: bytes) -> Envelope:
        """Read an event. An unknown type, or a known one with a body that does not fit a *newer* version, comes back
        with ``event`` None and is kept; a body that does not fit its own version raises ``record_shape``."""
        value = cbor.decode(data, largest(data))
        if type(value) is not list or len(value) != 6 or not all(type(item) is int for item in value[:5]):
            raise Malformed("event_shape")
        number, version, hlc, mono_ms, hub_ms, body = value
        if type(body) is not list or min(number, version, hlc, mono_ms, hub_ms) < 0:
            raise Malformed("event_shape")
        kind = self._kinds.get(number)
        return Envelope(number, version, Stamp(hlc, mono_ms, hub_ms), self._read(kind, version, body), body)

    def decode_plain(self, items: Sequence[bytes]) -> Sequence[Envelope | None]:
        """As :meth:`decode` for each of a batch, many times as fast: where it is of a known type with plain fields, and within
        the bounds of :mod:`sync.kernel.columns`. None in the place of any other, which is to be looked at by itself."""
        nothing: list[Envelope | None] = [None] * len(items)
        values = cbor.read_many(items) if max(map(len, items), default=0) <= MAX_EVENT_BYTES else None
        if not values or set(map(type, values)) != {list} or set(map(len, values)) != {_PARTS}:
            return nothing
        *heads, bodies = zip(*values, strict=True)
        if set(map(type, bodies)) != {list} or set(map(type, heads[0])) != {int}:
            return nothing
        events, total = self._plain_events(heads[0], bodies)
        made = [event is not None for event in events]
        sizes = [columns.size(tuple(itertools.compress(head, made)), int) for head in heads] if any(made) else [None]
        if None in sizes or max(itertools.compress(heads[1], made)) > _MAX_VERSION:
            return nothing
        total += sum(made) + sum(size or 0 for size in sizes)
        if total != sum(map(len, itertools.compress(items, made))):
            return nothing  # one is not in canonical form
        numbers, versions, *times = heads
        found = map(
            _envelope, zip(numbers, versions, map(_stamp, zip(*times, strict=True)), events, bodies, strict=True)
        )
        return list(found) if all(made) else [one if one.event is not None else None for one in found]

    def _plain_events(self, numbers: Sequence[int], bodies: Sequence[list[Any]]) -> tuple[list[Event | None], int]:
        """The events of known types with plain fields, each in its place, and the bytes of their bodies."""
        found: list[Event | None] = [None] * len(numbers)
        alike: dict[tuple[int, int], list[int]] = {}
        for place, key in enumerate(zip(numbers, map(len, bodies), strict=True)):
            alike.setdefault(key, []).append(place)
        total = 0
        for (number, _), places in alike.items():
            kind = self._kinds.get(number)
            made = records.many(kind, [bodies[place] for place in places]) if kind else None
            if made is None:
                continue
            total += made[1]
            for place, event in zip(places, made[0], strict=True):
                found[place] = event
        return found, total

    def _read(self, kind: type[Event] | None, version: int, body: list[Any]) -> Event | None:
        if kind is None:
            return None
        try:
            return records.from_body(kind, body)
        except Malformed:
            if version > kind.VERSION:
                return None
            raise


def largest(data: bytes) -> int:
    """How large an event of this type may be: the type is the second byte, behind the head of the array."""
    return MAX_CARRIER_BYTES if data[1:2] == bytes((TailHandedIn.TYPE,)) else MAX_EVENT_BYTES
