"""Gates of one place that cannot reach their node: what each keeps on a disk of its own, and has still to tell."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from firmware_bridges.scanner import alone
from sync.domains.boarding.cutoff.apart import Book
from sync.kernel import devices
from sync.kernel.devices import Apart

if TYPE_CHECKING:
    from tests.simulation.boxes import Box

A_PLACE: Final = 2
FIRST_BOOT: Final = 1


class Gate:
    """A scanner with the production code's own tables. ``waiting``: what it decided and its node has not acknowledged;
    ``told``: disk of a node → tickets that this gate let in and that the node has written down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.disk = sqlite3.connect(":memory:", isolation_level=None)
        self.disk.executescript(alone.SCHEMA)
        self.seq = 0
        self.waiting: list[Apart] = []
        self.let_in: set[bytes] = set()
        self.told: dict[tuple[str, int], set[bytes]] = {}

    @property
    def book(self) -> Book | None:
        """What its node said last."""
        return alone.kept_book(self.disk)

    @property
    def next_scan(self) -> int:
        """The number of what is read next."""
        return self.seq + 1

    def hear(self, book: Book) -> None:
        """The node's word, over the bus."""
        alone.keep_book(self.disk, devices.encode(book))

    def decide(self, code: str, book: Book, at_ms: int) -> str:
        """Let in, or refuse with a reason; either is on its disk, and is to be told."""
        self.disk.execute("BEGIN")
        reason = alone.decide(self.disk, code, book, at_ms)
        self.disk.execute("COMMIT")
        said = Apart(FIRST_BOOT, self.seq + 2, "trace", True, FIRST_BOOT, self.next_scan, code, reason, at_ms)
        self.seq += 2
        self.waiting.append(devices.decode(Apart, devices.encode(said)))
        return reason


class Gates:
    """Of all places: two each, made when first used."""

    def __init__(self) -> None:
        self._of: dict[str, list[Gate]] = {}

    def of(self, box: Box) -> list[Gate]:
        """Those of one box."""
        if box.name not in self._of:
            self._of[box.name] = [Gate(f"{box.name}-gate-{number}") for number in range(A_PLACE)]
        return self._of[box.name]

    def all(self) -> list[tuple[str, Gate]]:
        """(name of the box, gate)."""
        return [(name, gate) for name, gates in self._of.items() for gate in gates]
