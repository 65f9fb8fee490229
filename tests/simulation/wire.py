"""Everything that crossed a line, kept: at the end nothing may stand at either end that did not come this way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.kernel import cbor, cose, exchange, wire
from sync.kernel.errors import Malformed
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
        found: set[tuple[bytes, bytes]] = set()
        for body in self.up:
            opened = _opened(body)
            if opened is not None:
                found |= {(opened[0], event) for event in opened[1][5]}
        return found

    def operations(self) -> dict[tuple[str, int], set[Op]]:
        """Disk → operations that an answer brought to it."""
        found: dict[tuple[str, int], set[Op]] = {}
        for disk, answer in self.down:
            opened = _opened(answer)
            if opened is not None:
                found.setdefault(disk, set()).update((op[0], op[1], op[2], op[3]) for op in opened[1][4])
        return found


def _opened(data: bytes) -> tuple[bytes, list[Any]] | None:
    """Key id and content of a signed message; None for one that was bent or is none of the exchange."""
    try:
        signed = cose.parse(data)
        value = cbor.decode(wire.unpack(signed.payload, exchange.MAX_PLAIN_BYTES))
    except Malformed:
        return None
    return (signed.kid, value) if type(value) is list and len(value) >= 10 else None
