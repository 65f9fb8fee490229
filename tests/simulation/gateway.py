"""Paying by phone: the sandbox gateway with its own books, which is told to misbehave, and the lines to it from the boxes.

It keeps its own time and is never restored: what it says is what happened to the money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from firmware_bridges.gateway.books import Books
from firmware_bridges.gateway.desk import FAULTS, Desk
from sync.kernel.errors import Fault
from tests.simulation.chance import SeededIds
from tests.simulation.times import WrongClock

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

KEY: Final = b"what the gateway and all boxes of a world share"
URL: Final = "http://gateway.sim"
# Fault of the gateway → how the run counts it.
FIRED: Final = {name: f"gateway_{name}" for name in FAULTS}


class Shown(NamedTuple):
    """A payment whose QR somebody saw: at which box, on which of its disks, for which of its orders, and when first."""

    box: Box
    disk: tuple[str, int]
    order_no: str
    sale_no: int
    at_ms: int


class SimulatedGateway:
    """``shown``: payments that somebody may make; ``waiting``: those of them whose tickets nobody has taken."""

    def __init__(self, world: World) -> None:
        self._world = world
        folder = world.folder / "gateway"
        self.books = Books(folder)
        self.key_file = folder / "key"
        self.key_file.write_bytes(KEY)
        clock = WrongClock(world.time)
        self.desk = Desk(self.books, clock, SeededIds(f"{world.seed} gateway"), "yipiao", KEY, URL)
        self._clock = clock
        self.shown: dict[str, Shown] = {}
        self.waiting: dict[str, Shown] = {}

    def show(self, shown: Shown) -> None:
        """Somebody saw the QR of a payment."""
        self.waiting[shown.order_no] = self.shown.setdefault(shown.order_no, shown)

    def line(self, box: Box) -> GatewayLine:
        """The way from a box."""
        return GatewayLine(self._world, self, box)

    def misbehave(self, name: str, times: int) -> None:
        """From now on so many times."""
        self.books.tell({name: times})

    def armed(self) -> dict[str, int]:
        """What it still is to do wrong."""
        return {str(name): int(str(times)) for name, times in self.books.rows("SELECT name, times FROM fault")}

    def watched(self, before: dict[str, int]) -> None:
        """Count what struck since ``before``."""
        for name, times in self.armed().items():
            self._world.fired[FIRED[name]] += max(before.get(name, 0) - times, 0)

    def calm(self) -> None:
        """It behaves."""
        self.books.tell(dict.fromkeys(FAULTS, 0))

    def due(self) -> list[tuple[int, str, str]]:
        """(number, payment, way) of callbacks whose time has come."""
        query = "SELECT number, order_no, way FROM callback WHERE due_ms <= ? ORDER BY due_ms, number"
        rows = self.books.rows(query, (self._clock.wall_ms(),))
        return [(int(str(number)), str(order_no), str(way)) for number, order_no, way in rows]

    def delivered(self, number: int) -> None:
        """A callback was heard, or nobody will ever hear it."""
        with self.books.write() as db:
            db.execute("DELETE FROM callback WHERE number = ?", (number,))


class GatewayLine:
    """A box's way to the gateway: away while the box's own line is."""

    def __init__(self, world: World, gateway: SimulatedGateway, box: Box) -> None:
        self._world, self._gateway, self._box = world, gateway, box

    def post(self, path: str, body: bytes) -> bytes:
        """The gateway's answer. Raises :class:`Fault` as the real transport does."""
        if self._world.time.now_ms < self._box.line.down_until_ms:
            raise Fault("hub_away")
        before = self._gateway.armed()
        answer = self._gateway.desk.answer(path, body)
        self._gateway.watched(before)
        if answer.body is None or answer.status != 200:
            raise Fault("hub_away")
        return answer.body
