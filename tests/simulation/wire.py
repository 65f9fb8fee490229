"""Everything that crossed a line, kept: at the end nothing may stand at either end that did not come this way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sync.kernel import cbor, cose, exchange, lean, rows, wire
from sync.kernel.errors import Malformed
from sync.kernel.rows import Reader
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box

Op = tuple[str, int, str, bytes | None]
MOST_DOWN = exchange.DOWN_BUDGET_BYTES + 64 * 1024


class Wire:
    """Messages in both directions, undecoded until somebody asks."""

    def __init__(self) -> None:
        self.up: list[bytes] = []
        self.down: list[tuple[tuple[str, int], bytes]] = []
        self.largest_up = self.largest_down = 0
        self._events: tuple[int, set[tuple[bytes, bytes]]] = (0, set())

    def went_up(self, body: bytes) -> None:
        """A request reached the hub as it was sent."""
        self.up.append(body)

    def came_down(self, box: Box, answer: bytes) -> None:
        """A box got this as the hub gave it."""
        self.down.append(((box.name, box.renewals), answer))

    def bound(self, body: bytes, answer: bytes) -> None:
        """No message is larger than was agreed."""
        self.largest_up, self.largest_down = max(self.largest_up, len(body)), max(self.largest_down, len(answer))
        if len(body) > exchange.MAX_REQUEST_BYTES or len(answer) > MOST_DOWN:
            raise Violation("message_size", f"{len(body)} bytes up, {len(answer)} bytes down")

    def events(self) -> set[tuple[bytes, bytes]]:
        """(key id, event) of all that ever reached the hub."""
        known, found = self._events
        for body in self.up[known:]:
            kid, events = _sent(body)
            found |= {(kid, event) for event in events}
        self._events = len(self.up), found
        return found

    def operations(self) -> dict[tuple[str, int], set[Op]]:
        """Disk → operations that an answer brought to it."""
        found: dict[tuple[str, int], set[Op]] = {}
        for disk, answer in self.down:
            found.setdefault(disk, set()).update((op[0], op[1], op[2], op[3]) for op in _told(answer))
        return found


def _sent(data: bytes) -> tuple[bytes, Sequence[bytes]]:
    """Key id and events of a request; none for one that was bent or is none of the exchange."""
    try:
        if not cose.is_bare(data):
            signed = cose.parse(data)
            return signed.kid, _full(signed.payload)[5]
        signed = cose.parse_bare(data)
        outer = Reader(signed.payload)
        outer.number(), outer.take(lean.HASH_BYTES)
        plain, said = _lean(outer.rest(), 2)
        return signed.kid, said.get(5, []) if plain.done else rows.unpack(plain.rest())
    except (Malformed, IndexError, TypeError):
        return b"", ()


def _told(data: bytes) -> list[Any]:
    """Operations of an answer."""
    try:
        if not cose.is_bare(data):
            return list(_full(cose.parse(data).payload)[4])
        said = _lean(cose.parse_bare(data).payload, 5)[1]
        return [*said.get(2, []), *(said.get(5, [])[2:] or [[]])[0]]
    except (Malformed, IndexError, TypeError):
        return []


def _full(payload: bytes) -> Any:
    return cbor.decode(wire.unpack(payload, exchange.MAX_PLAIN_BYTES))


def _lean(packed: bytes, numbers: int) -> tuple[Reader, dict[int, Any]]:
    """What stands behind the first numbers of a message in protocol 2, and its map."""
    plain = Reader(wire.unpack(packed, exchange.MAX_PLAIN_BYTES))
    for _ in range(numbers):
        plain.number()
    length = plain.number()
    return plain, cbor.decode(plain.take(length)) if length else {}
