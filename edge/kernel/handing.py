"""Events of logs that this box wrote before its present one, handed in as events of the present one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from edge.kernel.scribe import UnitOfWork
from sync.kernel import chain
from sync.kernel.events import TailHandedIn

_CHUNK_BYTES: Final = 24 * 1024


class Tail(NamedTuple):
    """Events of one log behind ``after_seq``, with the chain hash there."""

    epoch: int
    after_seq: int
    prev_hash: bytes
    events: list[bytes]


def hand_in(unit: UnitOfWork, tail: Tail) -> None:
    """Append events of an older log, as large as a request can carry them."""
    sent, previous = tail.after_seq, tail.prev_hash
    for chunk in _chunks(tail.events):
        unit.append(TailHandedIn(tail.epoch, sent + 1, previous, chunk))
        sent, previous = sent + len(chunk), chain.head(previous, chunk)


def _chunks(tail: list[bytes]) -> Iterator[tuple[bytes, ...]]:
    chunk: list[bytes] = []
    size = 0
    for event in tail:
        if chunk and size + len(event) > _CHUNK_BYTES:
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(event)
        size += len(event) + 3
    if chunk:
        yield tuple(chunk)
