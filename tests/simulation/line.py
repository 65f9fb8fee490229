"""The way from a box to the hub: what is lost, doubled, late, cut or bent on it, and what happens meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sync.kernel import exchange
from sync.kernel.errors import Fault
from tests.simulation.disks import Crash
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

KEPT: Final = 6


class Line:
    """One box's way to the hub, as its transport. ``kept``: its last requests, which a network may bring again.
    ``reached``: how many of its requests came to the hub. ``_given``: answers as the hub gave them, to tell them from those
    that were bent on the way."""

    def __init__(self, world: World, box: Box) -> None:
        self._world, self._box = world, box
        self.down_until_ms = self.one_way_until_ms = self.posts = self.reached = 0
        self.kept: list[bytes] = []
        self.answers: list[bytes] = []
        self._given: set[bytes] = set()

    def post(self, path: str, body: bytes) -> bytes:
        """The answer that came through. Raises :class:`Fault` as the real transport does."""
        world = self._world
        world.trace.saw(body)
        self.posts += 1
        if self.posts > world.most_rounds:
            raise Violation("endless_visit", f"{self._box.name} asked {self.posts} times in one visit")
        if world.time.now_ms < self.down_until_ms:
            world.fired["outage"] += 1
            raise Fault("hub_away")
        self._meanwhile()
        trouble = world.mix.line.draw(world.rng)
        if trouble and (path == exchange.PATH or trouble in ENROLLING):
            answer = TROUBLES[trouble](self, path, body)
        else:
            answer = self.bring(path, body)
        if world.time.now_ms < self.one_way_until_ms:
            self.lose("one_way")
        self._keep(body, answer)
        if answer in self._given:
            world.wire.came_down(self._box, answer)
        self._meanwhile()
        return answer

    def bring(self, path: str, body: bytes, process: int | None = None) -> bytes:
        """The request reaches the hub."""
        self.reached += 1
        self._world.wire.went_up(body)
        answer = self._world.hub.post(path, body, process)
        self._world.wire.bound(body, answer)
        self._given.add(answer)
        self._world.trace.saw(hashlib.sha256(answer).digest())
        return answer

    def bring_quietly(self, path: str, body: bytes, process: int | None = None) -> None:
        """The request reaches the hub, and nobody waits for the answer."""
        try:
            self.bring(path, body, process)
        except Fault:
            return

    def lose(self, name: str) -> None:
        """Nothing came back."""
        self._world.fired[name] += 1
        raise Fault("hub_away")

    def _keep(self, body: bytes, answer: bytes) -> None:
        self.kept, self.answers = [*self.kept[1 - KEPT :], body], [*self.answers[1 - KEPT :], answer]

    def _meanwhile(self) -> None:
        """People go on while a request is on its way."""
        if self._world.meanwhile(self._box) and self._box.node is None:
            raise Crash


def _request_lost(line: Line, _path: str, _body: bytes) -> bytes:
    line.lose("request_lost")
    return b""


def _answer_lost(line: Line, path: str, body: bytes) -> bytes:
    line.bring(path, body)
    line.lose("answer_lost")
    return b""


def _request_twice(line: Line, path: str, body: bytes) -> bytes:
    line._world.fired["request_twice"] += 1
    first = line.bring(path, body)
    if line._world.draw(2):
        line.bring_quietly(path, body)
        return first
    return line.bring(path, body)


def _request_late(line: Line, path: str, body: bytes) -> bytes:
    """It arrives hours later, behind requests that were made after it."""
    before = line.reached

    def arrive() -> None:
        line._world.fired["reordered"] += line.reached > before
        line.bring_quietly(path, body)

    line._world.later(arrive)
    line.lose("request_late")
    return b""


def _delayed(line: Line, path: str, body: bytes) -> bytes:
    """Minutes on the way, both there and back."""
    line._world.fired["delayed"] += 1
    line._world.wait_minutes()
    answer = line.bring(path, body)
    line._world.wait_minutes()
    return answer


def _request_replayed(line: Line, path: str, body: bytes) -> bytes:
    if line.kept:
        line._world.fired["request_replayed"] += 1
        line.bring_quietly(path, line.kept[line._world.draw(len(line.kept))])
    return line.bring(path, body)


def _request_cut(line: Line, path: str, body: bytes) -> bytes:
    line._world.fired["request_cut"] += 1
    return line._world.hub.post(path, body[: line._world.draw(len(body))])


def _request_flipped(line: Line, path: str, body: bytes) -> bytes:
    line._world.fired["request_flipped"] += 1
    return line._world.hub.post(path, _flipped(line, body))


def _answer_cut(line: Line, path: str, body: bytes) -> bytes:
    line._world.fired["answer_cut"] += 1
    answer = line.bring(path, body)
    return answer[: line._world.draw(len(answer))]


def _answer_flipped(line: Line, path: str, body: bytes) -> bytes:
    line._world.fired["answer_flipped"] += 1
    return _flipped(line, line.bring(path, body))


def _answer_old(line: Line, path: str, body: bytes) -> bytes:
    answer = line.bring(path, body)
    if not line.answers:
        return answer
    line._world.fired["answer_old"] += 1
    return line.answers[line._world.draw(len(line.answers))]


def _raced(line: Line, path: str, body: bytes) -> bytes:
    """Between this request's look and its turn to write, another process does something: the same request, an older
    one, or what another box sends."""
    world = line._world
    others = [box.line for box in world.boxes if box.line.kept]
    rival = world.draw(3)

    def race(busy: int) -> None:
        free = [number for number in world.hub.up() if number != busy]
        if not free:
            return
        world.fired["hub_raced"] += 1
        if rival == 0 or not others:
            line.bring_quietly(path, body, free[0])
        else:
            other = others[world.draw(len(others))]
            other.bring_quietly(exchange.PATH, other.kept[-1], free[0])

    world.hub.race = race
    try:
        return line.bring(path, body)
    finally:
        world.hub.race = None


def _flipped(line: Line, data: bytes) -> bytes:
    bent = bytearray(data)
    bent[line._world.draw(len(bent))] ^= 1 << line._world.draw(8)
    return bytes(bent)


TROUBLES: Final[dict[str, Callable[[Line, str, bytes], bytes]]] = {
    "request_lost": _request_lost,
    "answer_lost": _answer_lost,
    "request_twice": _request_twice,
    "request_late": _request_late,
    "delayed": _delayed,
    "request_replayed": _request_replayed,
    "request_cut": _request_cut,
    "request_flipped": _request_flipped,
    "answer_cut": _answer_cut,
    "answer_flipped": _answer_flipped,
    "answer_old": _answer_old,
    "hub_raced": _raced,
}
ENROLLING: Final = ("request_lost", "answer_lost", "request_twice", "request_cut", "request_flipped", "answer_cut")
