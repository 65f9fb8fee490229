"""Trips on their way from one box to another: codes that a driver showed, who may take them, and what went along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cbor2

from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box

Disk = tuple[str, int]
Where = tuple[int, int]
Log = tuple[int, int]
Pairs = tuple[tuple[int, int], ...]


class Given(NamedTuple):
    """A handover as its bytes say, read with nothing but CBOR. ``parts``: (grant, (seat, legs), (leg, places))."""

    number: int
    where: Where
    giver: Log
    taker: Log
    parts: tuple[tuple[int, Pairs, Pairs], ...]
    until_ms: int
    aboard: frozenset[bytes]

    @property
    def cells(self) -> set[tuple[int, int]]:
        """(seat, leg) of every seat that went along."""
        masks = [pair for _, seats, _ in self.parts for pair in seats]
        return {(seat, leg) for seat, mask in masks for leg in range(mask.bit_length()) if mask >> leg & 1}


class Shown(NamedTuple):
    """A code on a driver's screen. ``unsure``: of a box whose log is not the only one of its identity."""

    frames: tuple[str, ...]
    given: Given
    disk: Disk
    unsure: bool


class Codes:
    """``shown``: all codes so far. ``aboard``: disk → tickets that came aboard with a trip that was taken there.

    ``unsure``: disk and trip, of a taker whose giver may have given the same seats twice.
    """

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.aboard: dict[Disk, set[bytes]] = {}
        self.unsure: set[tuple[Disk, Where]] = set()
        self._taken: set[tuple[Disk, int]] = set()

    def show(self, box: Box, frames: list[str], signed: bytes) -> Given:
        """A driver sees a code; the same again is one."""
        given, disk = read_given(signed), (box.name, box.renewals)
        known = next((one for one in self.shown if one.given.number == given.number), None)
        if known is None:
            unsure = box.tainted or (disk, given.where) in self.unsure
            self.shown.append(Shown(tuple(frames), given, disk, unsure))
        elif known.frames != tuple(frames):
            raise Violation("handover_changed", f"{box.name} shows handover {given.number} in another way")
        return given

    def take(self, box: Box, shown: Shown) -> None:
        """A box said that it goes on with a trip: those who were aboard are, and board no more."""
        given, disk = shown.given, (box.name, box.renewals)
        if box.identity() != given.taker:
            raise Violation("handover_other", f"{box.name} took trip {given.where}, which was given to {given.taker}")
        if (disk, given.number) not in self._taken:  # scanned again it changes nothing, whoever got off meanwhile
            self._taken.add((disk, given.number))
            self.aboard.setdefault(disk, set()).update(given.aboard)

    def perhaps_take(self, box: Box, shown: Shown) -> None:
        """A box may go on with a trip: of seats that were given away twice it sells some twice."""
        if box.tainted or shown.unsure:
            self.unsure.add(((box.name, box.renewals), shown.given.where))

    def put_back(self, box: Box, boarded: set[bytes]) -> None:
        """An older state is on the disk: so many it still knows to be aboard."""
        disk = (box.name, box.renewals)
        self.aboard[disk] = self.aboard.get(disk, set()) & boarded
        self._taken = {one for one in self._taken if one[0] != disk}

    def board(self, box: Box, ticket_id: bytes) -> None:
        """Somebody is let in who did not come along already."""
        if ticket_id in self.aboard.get((box.name, box.renewals), set()) and not box.tainted:
            raise Violation(
                "boarded_again", f"{box.name} let ticket {ticket_id.hex()} in, which came aboard with its trip"
            )


def read_given(signed: bytes) -> Given:
    """What stands in a handover."""
    body: list[Any] = cbor2.loads(cbor2.loads(signed).value[2])
    number, trip_no, day, from_no, from_epoch, to_no, to_epoch = body[:7]
    parts = tuple((one, _pairs(seats), _pairs(counts)) for one, seats, counts in body[14])
    aboard = frozenset(line[0] for line in body[16])
    return Given(number, (trip_no, day), (from_no, from_epoch), (to_no, to_epoch), parts, body[15], aboard)


def _pairs(found: Any) -> Pairs:
    return tuple((first, second) for first, second in found)
