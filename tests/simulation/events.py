"""Events of a newer version: what a box that was updated first would send to a hub that was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from edge.bootstrap import Node
from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class LuggageTaken(Event):
    """A type that this software does not know."""

    TYPE: ClassVar[int] = 4_000
    pieces: int
    label: str


@dataclass(frozen=True, slots=True)
class SeatsAskedLater(Event):
    """A known type whose newer version has other fields."""

    TYPE: ClassVar[int] = 20
    VERSION: ClassVar[int] = 9
    wish: str


@dataclass(frozen=True, slots=True)
class SeatsAskedAlso(Event):
    """A known type with one field more at its end."""

    TYPE: ClassVar[int] = 20
    VERSION: ClassVar[int] = 2
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    count: int
    wish: str


FUTURE: Final[tuple[Event, ...]] = (
    LuggageTaken(2, "红色箱子"),
    SeatsAskedLater("by the window"),
    SeatsAskedAlso(999_999, 2_400, 0, 1, 1, "together"),
)


def record(node: Node, event: Event) -> int:
    """Append it as the newer software would; gives its sequence."""
    return node.scribe.write(lambda unit: unit.append(event)[0])
